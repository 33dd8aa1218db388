package cleat

import (
	"context"
	"fmt"
	"slices"

	"github.com/cleat-run/cleat/connect"
)

// AliasError says that a connection type is another app's: it is connected there
// (connections.md CN-8).
type AliasError struct {
	ID    string // of the connection type
	Alias string // name of the connection type that it stands for
}

// Error names both connection types.
func (e *AliasError) Error() string {
	return fmt.Sprintf("connection %q is the connection %q of another app", e.ID, e.Alias)
}

// aliases are the connection types of other apps that stand behind some of the app's own:
// Make's names of them say which app they belong to.
func (a *App) aliases(ids []string) []string {
	var all []string
	for _, id := range ids {
		if c := a.Connection(id); c != nil && c.AliasTo != "" {
			all = append(all, c.AliasTo)
		}
	}
	return all
}

// Aliased reports whether a connection type is another app's that the component works with.
func (c *Component) Aliased(id string) bool {
	return slices.Contains(c.App.aliases(c.Connections), id)
}

// Accepts reports whether a connection is of a type that the component works with: one of
// its own app, or the other app's that an alias stands for. Without a type of its own the
// component takes any connection of its app.
func (c *Component) Accepts(record *connect.Record) bool {
	if record.App != c.App.Name {
		return c.Aliased(record.Type)
	}
	if own := c.App.Connection(record.Type); own != nil && own.AliasTo != "" {
		return false
	}
	return len(c.Connections) == 0 || slices.Contains(c.Connections, record.Type)
}

// ConnectionType is the type of a connection that the app is used with: one of its own or,
// behind an alias, of the app that the connection was made with.
func (rt *Runtime) ConnectionType(ctx context.Context, a *App, record *connect.Record) (*connect.Type, error) {
	if record.App == a.Name {
		return a.ConnectionType(record.Type)
	}
	owner, err := Load(record.Root)
	if err != nil {
		return nil, fmt.Errorf("read the app of connection %q: %w", record.Name, err)
	}
	if owner.Name != record.App {
		return nil, fmt.Errorf("connection %q belongs to the app %q; %s is %q", record.Name, record.App, record.Root, owner.Name)
	}
	if owner, err = rt.installed(ctx, owner); err != nil {
		return nil, err
	}
	return owner.ConnectionType(record.Type)
}
