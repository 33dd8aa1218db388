package scaffold

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/examples"
)

// Component says what is to be made. Kind and ID are required; a connection of the gallery
// has an id of its own.
type Component struct {
	Kind  app.Kind
	ID    string // local id
	Label string // "" means the id
	// Type is that of connections ([ConnectionTypes]), webhooks ([WebhookTypes]) and
	// modules ([ModuleTypes]); RPCs and functions have none.
	Type string
	// Provider takes a connection from the gallery, see [Providers].
	Provider   string
	Connection string // id of the connection that modules, webhooks and RPCs use, "" for none
	Webhook    string // id of the webhook of an instant trigger
}

// ConnectionTypes are the types of connections, as Make's editor offers them
// (components.md 2).
func ConnectionTypes() []string {
	return []string{"apikey", "basic", "oauth", "oauth-1", "oauth-clicre", "oauth-refresh", "oauth-resowncre", "other"}
}

// WebhookTypes are the types of webhooks.
func WebhookTypes() []string { return []string{"web", "web-shared"} }

// ModuleTypes are the types of modules.
func ModuleTypes() []string {
	return []string{"action", "search", "trigger", "instant_trigger", "universal", "responder"}
}

// Providers are the names of the gallery, sorted.
func Providers() []string {
	entries, _ := fs.ReadDir(examples.Providers(), ".") // embedded
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// InvalidError says that a component cannot be made as it is described.
type InvalidError struct{ Message, Hint string }

// Error returns the message.
func (e *InvalidError) Error() string { return e.Message }

func invalid(hint, format string, args ...any) error {
	return &InvalidError{fmt.Sprintf(format, args...), hint}
}

// types are the types that a kind has, nil when it has none.
func types(kind app.Kind) []string {
	switch kind {
	case app.ConnectionKind:
		return ConnectionTypes()
	case app.WebhookKind:
		return WebhookTypes()
	case app.ModuleKind:
		return ModuleTypes()
	}
	return nil
}

// oauth reports whether c is a connection by OAuth of either version.
func (c Component) oauth() bool {
	return c.Kind == app.ConnectionKind && strings.HasPrefix(c.Type, "oauth")
}

// has reports whether a component like c has the section (components.md 2.1, only for).
func (c Component) has(s app.Section) bool {
	switch c.Kind {
	case app.ModuleKind:
		return app.ModuleType(c.Type).Uses(s.Name)
	case app.ConnectionKind:
		return c.oauth() || s.Key == "communication" || s.Key == "params" || s.Key == "common"
	}
	return true
}

// fileOf is where the code of a section goes by default (components.md 2.1).
func (c Component) fileOf(s app.Section) string {
	name := kebab(c.ID)
	part := kebab(s.Key)
	if c.oauth() && s.Key == "communication" {
		part = "oauth-communication"
	}
	ext := "iml.json"
	switch {
	case s.Shape == app.Script:
		ext = "js"
	case s.Key == "common":
		ext = "json"
	}
	return path.Join(string(c.Kind)+"s", name, name+"."+part+"."+ext)
}

// kebab writes an id as Make's editor names files.
func kebab(id string) string {
	var b strings.Builder
	for i, r := range id {
		upper := r >= 'A' && r <= 'Z'
		if upper && i > 0 && id[i-1] != '-' && (id[i-1] < 'A' || id[i-1] > 'Z') {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
