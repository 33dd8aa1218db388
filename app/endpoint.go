package app

import "github.com/cleat-run/cleat/source"

// Endpoint is one API operation for AI callers.
type Endpoint struct {
	ID               string
	Label            string
	Description      string
	AttachedAccounts []string        // local ids of connections
	Annotations      map[string]bool // readOnlyHint, destructiveHint, idempotentHint, openWorldHint, arbitraryCallHint
	Meta             Meta

	API, Scope                        *Code
	InputParameters, OutputParameters *Code
	Context                           *source.File // markdown with front matter; nil when there is none
}

func (e *Endpoint) id() string { return e.ID }

func (e *Endpoint) section(name string) **Code {
	switch name {
	case "api":
		return &e.API
	case "scope":
		return &e.Scope
	case "inputParameters":
		return &e.InputParameters
	case "outputParameters":
		return &e.OutputParameters
	}
	return nil
}
