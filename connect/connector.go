package connect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/value"
)

// flowLifetime is how long a person may take in the browser.
const flowLifetime = 10 * time.Minute

// maxData is the largest data of a connection, and of what is installed, as JSON.
const maxData = 64 << 10

// Connector makes, tests and changes connections. It is safe for concurrent use.
type Connector struct {
	Engine *engine.Engine
	Store  Store
	// RedirectURI is where providers send the person back to, such as
	// https://example.com/oauth/cb/app. It never comes from a request. One that ends in a
	// slash is completed by the name that Make's documents give: app-oauth1 for OAuth 1.0,
	// app for OAuth 2.0.
	RedirectURI string
	// StateInCallback adds a state to the callback of OAuth 1.0, which binds the answer to
	// the flow also where the provider gives no token back. Only for a RedirectURI that no
	// provider has registered to the letter (connections.md 5.4).
	StateInCallback bool
	Now             func() time.Time // nil means time.Now
	NewState        func() string    // of OAuth 2.0; nil means random
	Timezone        string
	Functions       *js.Sandbox       // runs the apps' own functions; nil when none can be called
	Debug           func(text string) // receives what functions hand to debug; nil drops it

	flights flights
}

func (c *Connector) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

func (c *Connector) newState() string {
	if c.NewState != nil {
		return c.NewState()
	}
	return NewSecret()
}

// Request is the wish for a connection.
type Request struct {
	Name       string
	Parameters *value.Collection // what the person typed
	Scope      []string          // of the component and of the person, beside the default
	Session    string            // secret of the browser or listener that begins the flow
	ConnID     int64             // re-authorize this connection; 0 makes a new one
	EndUser    string            // of the record; "" leaves that of one that is re-authorized

	// AllowAccountChange lets a re-authorization be for another account (CN-22).
	AllowAccountChange bool
}

// Started is what comes of a [Request]: a finished connection, or a page to visit first.
type Started struct {
	Record   *Record // nil while the person has to visit Redirect
	Redirect string
	PIN      bool // the provider shows a code that has to be typed in (oob)
	Warnings []string
}

// redirectURI is where a provider sends the person back to for a connection of type t.
func (c *Connector) redirectURI(t *Type) string {
	switch {
	case !strings.HasSuffix(c.RedirectURI, "/"):
		return c.RedirectURI
	case t.Kind == OAuth1:
		return c.RedirectURI + "app-oauth1"
	}
	return c.RedirectURI + "app"
}

// Create makes a connection or begins to. Nothing is stored before everything has
// succeeded, an open flow excepted.
func (c *Connector) Create(ctx context.Context, t *Type, q Request) (*Started, error) {
	data := value.NewCollection(4)
	for name, v := range q.Parameters.All() {
		data.Set(name, v)
	}
	if err := t.complete(data); err != nil {
		return nil, err
	}
	if err := fits("the connection's data", data); err != nil {
		return nil, err
	}
	if q.ConnID == 0 {
		if _, err := c.Store.ConnectionNamed(ctx, q.Name); err == nil {
			return nil, &Error{Reason: Configuration, Message: fmt.Sprintf("a connection named %q exists", q.Name), Hint: "choose another name, or reauthorize it", Cause: ErrNameTaken}
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	s := &steps{c: c, t: t, name: q.Name, connID: q.ConnID, anyAccount: q.AllowAccountChange, endUser: q.EndUser, scope: t.RequestedScope(q.Scope...),
		data: data, temp: value.Object(), redirectURI: c.redirectURI(t)}
	return s.begin(ctx, q.Session)
}

// complete sets defaults and reports required parameters that are missing.
func (t *Type) complete(data *value.Collection) error {
	var missing []string
	for _, f := range t.Fields {
		if data.Get(f.Name).IsEmpty() && !f.Default.IsNil() {
			data.Set(f.Name, f.Default)
		}
		if f.Required && data.Get(f.Name).IsEmpty() {
			missing = append(missing, f.Name)
		}
	}
	if len(missing) > 0 {
		return &Error{Reason: Configuration, Message: "missing parameter " + strings.Join(missing, ", "), Hint: "give it with --param " + missing[0] + "=…"}
	}
	return nil
}

// Test runs the check of a connection: the request of a basic one, info of OAuth 1.0.
// It stores nothing.
func (c *Connector) Test(ctx context.Context, t *Type, record *Record) error {
	_, err := c.verify(ctx, t, record, record.Data)
	return err
}

func (c *Connector) verify(ctx context.Context, t *Type, record *Record, data *value.Collection) (*steps, error) {
	s := c.walk(t, record)
	s.data = data.Clone()
	return s, s.leg(ctx, s.course().check)
}

// walk is a walk through steps of a connection that exists.
func (c *Connector) walk(t *Type, record *Record) *steps {
	return &steps{c: c, t: t, name: record.Name, connID: record.ID, scope: record.Scope, data: record.Data.Clone(), temp: value.Object(), redirectURI: c.redirectURI(t)}
}

func sameJSON(a, b value.Value) bool { return string(a.AppendJSON(nil)) == string(b.AppendJSON(nil)) }

// Use completes the input of a component's run with the connection it works with.
func (c *Connector) Use(ctx context.Context, t *Type, record *Record, in engine.Input) (engine.Input, error) {
	data := record.Data.Clone()
	data.Set("__IMTCONN__", value.Number(float64(record.ID)))
	in.Connection = value.FromCollection(data)
	in.OAuth1 = t.Kind == OAuth1
	in.Secrets = append(in.Secrets, t.Secrets(record.Data)...)
	s := c.walk(t, record)
	in.ConnectionOAuth = s.signing()
	if t.rootOAuth == nil {
		return in, nil
	}
	root, err := c.Engine.Start(t.rootOAuth, s.input()).OAuth(ctx)
	in.ConnectionOAuth = iml.Merge(in.ConnectionOAuth, root)
	return in, err
}

// MarkBroken stores that a connection has to be authorized again. It gives way to
// whatever changed the connection in the meantime, such as the authorization itself.
func (c *Connector) MarkBroken(ctx context.Context, record *Record, reason string) error {
	changed := *record
	changed.Broken = reason
	err := c.Store.UpdateConnection(ctx, &changed)
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
