package connect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/value"
)

// identifying are the parameters that say who the client is and what it asks for. When
// one of them changes, the tokens of before are worth nothing (connections.md CN-21).
var identifying = []string{"consumerKey", "consumerSecret", "clientId", "clientSecret", "scopes", "additionalScopes"}

// Edit changes parameters of a connection after the check has passed with the new ones;
// where no person is needed for it, after the whole flow has. An empty password means
// unchanged; only editable parameters can change, and with one that decides where
// requests go the secrets have to be entered again (connections.md CN-20, CN-21). Nothing
// is stored on a failure.
func (c *Connector) Edit(ctx context.Context, t *Type, record *Record, parameters *value.Collection) (*Record, error) {
	s, kept := c.walk(t, record), *record
	kept.Data = record.Data.Clone()
	changed, err := s.enter(&kept, parameters)
	if err != nil {
		return nil, err
	}
	if err := s.recheck(ctx, changed); err != nil {
		return nil, err
	}
	return s.update(ctx, &kept)
}

// Reentered returns what the person typed for a connection, with what they type now put over
// it by the rules of [Connector.Edit]: the parameters to authorize it again with (CN-22).
func (t *Type) Reentered(record *Record, parameters *value.Collection) (*value.Collection, error) {
	s, kept := &steps{t: t, data: record.Data.Clone()}, *record
	kept.Data = record.Data.Clone()
	if _, err := s.enter(&kept, parameters); err != nil {
		return nil, err
	}
	return t.typed(s.data), nil
}

// recheck proves what was entered: with the check, or with the whole flow when the tokens
// of before are worth nothing any more.
func (s *steps) recheck(ctx context.Context, changed []string) error {
	page := s.t.plans[authorize] != nil
	anew := slices.IndexFunc(changed, func(name string) bool { return !page || s.t.address[name] || slices.Contains(identifying, name) })
	switch {
	case s.t.Kind == Basic || anew < 0:
		return s.leg(ctx, s.course().check)
	case page:
		return &Error{Reason: Configuration, Message: fmt.Sprintf("with another %q the connection has to be authorized again", changed[anew]),
			Hint: fmt.Sprintf("cleat connections reauthorize NAME --param %s=…", changed[anew])}
	}
	s.data = s.t.typed(s.data)
	if err := s.legs(ctx, s.course().before); err != nil {
		return err
	}
	return s.legs(ctx, s.course().after)
}

// enter puts what the person typed over the data and returns the names that changed.
// Secrets that must not go to another address are taken out of kept.
func (s *steps) enter(kept *Record, parameters *value.Collection) (changed []string, err error) {
	moved := false
	for name, v := range parameters.All() {
		f := s.t.Field(name)
		switch {
		case f == nil:
			return nil, &Error{Reason: Configuration, Message: fmt.Sprintf("the connection has no parameter %q", name)}
		case f.Type == "password" && v.IsEmpty(), sameJSON(s.data.Get(name), v):
			continue
		case !f.Editable:
			return nil, &Error{Reason: Configuration, Message: fmt.Sprintf("the parameter %q cannot be changed later", name), Hint: "make a new connection"}
		}
		s.data.Set(name, v)
		changed = append(changed, name)
		moved = moved || s.t.address[name] && !s.t.IsSecret(name)
	}
	if !moved {
		return changed, nil
	}
	for _, name := range slices.Clone(kept.Data.Names()) {
		if s.t.IsSecret(name) && parameters.Get(name).IsEmpty() {
			s.data.Delete(name)
			kept.Data.Delete(name)
		}
	}
	if err := s.t.complete(s.data); err != nil {
		return nil, err
	}
	return changed, nil
}

// moved reports whether the parameters of another address are among new data: secrets of
// before must not go there (connections.md CN-20).
func (t *Type) moved(before, after *value.Collection) bool {
	for name := range t.address {
		if !t.IsSecret(name) && !sameJSON(before.Get(name), after.Get(name)) {
			return true
		}
	}
	return false
}

// typed are the parameters among the data.
func (t *Type) typed(data *value.Collection) *value.Collection {
	typed := value.NewCollection(len(t.Fields))
	for _, f := range t.Fields {
		if v, ok := data.Lookup(f.Name); ok {
			typed.Set(f.Name, v)
		}
	}
	return typed
}

// addresses finds the parameters that occur in an address of the connection, the base or
// a component: those that decide where the secrets go.
func (t *Type) addresses(a *app.App, c *app.Connection) {
	t.address = map[string]bool{}
	codes := []*app.Code{c.API, a.Base}
	for _, m := range a.Modules {
		codes = append(codes, m.API, m.Epoch)
	}
	for _, r := range a.RPCs {
		codes = append(codes, r.API)
	}
	for _, code := range codes {
		urls(code.Root(), func(text string) {
			for _, f := range t.Fields {
				if mentions(text, f.Name) {
					t.address[f.Name] = true
				}
			}
		})
	}
}

// urls calls do for each url and baseUrl below a node.
func urls(n *jsonc.Node, do func(text string)) {
	if n == nil {
		return
	}
	for _, m := range n.Members {
		if text, ok := m.Value.Str(); ok && (m.Name() == "url" || m.Name() == "baseUrl") {
			do(text)
		}
		urls(m.Value, do)
	}
	for _, element := range n.Elements {
		urls(element, do)
	}
}

// mentions reports whether an expression reads a value of the connection.
func mentions(text, name string) bool {
	for _, root := range []string{"parameters.", "connection.", "data."} {
		if _, rest, ok := strings.Cut(text, root+name); ok && (rest == "" || !strings.ContainsRune("_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", rune(rest[0]))) {
			return true
		}
	}
	return false
}
