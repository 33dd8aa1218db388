package app

import "slices"

// Module is a step that the app offers.
type Module struct {
	ID               string
	Label            string
	Description      string
	Type             ModuleType
	Crud             string // create, read, update, delete, or "" for several
	Connection       string // local id, like the other references
	AltConnection    string
	Webhook          string // of an instant trigger
	AttachedAccounts []string
	Meta             Meta

	API, Epoch         *Code
	Parameters, Expect *Code // static and mappable
	Interface, Samples *Code
	Scope              *Code
}

// ModuleType is a type of module, spelled as makecomapp.json does.
type ModuleType string

// The types of modules that an app can make.
const (
	Trigger        ModuleType = "trigger"
	Action         ModuleType = "action"
	Search         ModuleType = "search"
	InstantTrigger ModuleType = "instant_trigger"
	Responder      ModuleType = "responder"
	Universal      ModuleType = "universal"
)

// moduleTypes are the types with their numbers in Make's API and the sections that Make
// has for them (components.md 1.2).
var moduleTypes = []struct {
	id       int
	name     ModuleType
	sections []string
}{
	{1, Trigger, []string{"api", "epoch", "parameters", "interface", "samples", "scope"}},
	{4, Action, []string{"api", "parameters", "expect", "interface", "samples", "scope"}},
	{9, Search, []string{"api", "parameters", "expect", "interface", "samples", "scope"}},
	{10, InstantTrigger, []string{"api", "parameters", "interface", "samples"}},
	{11, Responder, []string{"api", "parameters", "expect"}},
	{12, Universal, []string{"api", "parameters", "expect", "interface", "samples", "scope"}},
}

// Known reports whether t is one of the types that an app can make.
func (t ModuleType) Known() bool {
	for _, known := range moduleTypes {
		if known.name == t {
			return true
		}
	}
	return false
}

// Uses reports whether modules of type t use the section with the given API name.
func (t ModuleType) Uses(section string) bool {
	for _, known := range moduleTypes {
		if known.name == t {
			return slices.Contains(known.sections, section)
		}
	}
	return true
}

// ID returns the number of the type in Make's API, 0 when there is none.
func (t ModuleType) ID() int {
	for _, known := range moduleTypes {
		if known.name == t {
			return known.id
		}
	}
	return 0
}

func moduleTypeByID(id int) (ModuleType, bool) {
	for _, known := range moduleTypes {
		if known.id == id {
			return known.name, true
		}
	}
	return "", false
}

func (m *Module) id() string { return m.ID }

func (m *Module) section(name string) **Code {
	switch name {
	case "api":
		return &m.API
	case "epoch":
		return &m.Epoch
	case "parameters":
		return &m.Parameters
	case "expect":
		return &m.Expect
	case "interface":
		return &m.Interface
	case "samples":
		return &m.Samples
	case "scope":
		return &m.Scope
	}
	return nil
}
