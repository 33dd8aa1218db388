package work

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/record"
)

// Catalog loads the apps of teams and compiles their components, each once for each
// version. It is safe for concurrent use. Now is the clock, time.Now when nil.
type Catalog struct {
	Records Records
	Now     func() time.Time

	mu   sync.Mutex
	apps map[catalogKey]*entry
}

type catalogKey struct {
	team int64
	name string
}

// entry is an app in the catalog. Its lock is held while the app is loaded, so that of
// many who want it one does the work.
type entry struct {
	mu     sync.Mutex
	loaded *App
	looked time.Time
}

// trust is how long a version counts as the active one without looking: so long after it
// was changed by another node a run may still be of the version before.
const trust = time.Second

// App is an app of a team in its active version. It is immutable and safe for concurrent
// use.
type App struct {
	*cleat.App
	ID      string
	Version int

	parts sync.Map // of part to *compiled
}

// App returns the active version of the team's app with the given name, or
// [record.ErrNotFound].
func (c *Catalog) App(ctx context.Context, team int64, name string) (*App, error) {
	e := c.entry(catalogKey{team, name})
	e.mu.Lock()
	defer e.mu.Unlock()
	now := c.now()
	if e.loaded != nil && now.Sub(e.looked) < trust {
		return e.loaded, nil
	}
	a, err := c.Records.OfTeam(team).AppNamed(ctx, name)
	if err != nil {
		c.Forget(team, name)
		return nil, err
	}
	if e.loaded == nil || e.loaded.ID != a.ID || e.loaded.Version != a.Active {
		loaded, err := c.Version(ctx, team, a, a.Active)
		if err != nil {
			return nil, err
		}
		e.loaded = loaded
	}
	e.looked = now
	return e.loaded, nil
}

func (c *Catalog) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

func (c *Catalog) entry(key catalogKey) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.apps == nil {
		c.apps = map[catalogKey]*entry{}
	}
	if c.apps[key] == nil {
		c.apps[key] = &entry{}
	}
	return c.apps[key]
}

// ConnectionType compiles a connection type of an app with the common data that the team has
// installed the app with.
func (c *Catalog) ConnectionType(ctx context.Context, team int64, a *App, id string) (*connect.Type, error) {
	installed, err := a.Installed(ctx, c.Records.OfTeam(team))
	if err != nil {
		return nil, err
	}
	return installed.ConnectionType(id)
}

// Forget lets the next one who asks look at the records: another version is active, or the
// app is gone.
func (c *Catalog) Forget(team int64, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.apps, catalogKey{team, name})
}

// Version loads a version of an app, active or not.
func (c *Catalog) Version(ctx context.Context, team int64, a *record.App, number int) (*App, error) {
	archive, err := c.Records.OfTeam(team).Archive(ctx, a.ID, number)
	if err != nil {
		return nil, err
	}
	loaded, err := Open(archive, a.Name)
	if err != nil {
		return nil, fmt.Errorf("version %d of app %s: %w", number, a.ID, err)
	}
	return &App{App: loaded, ID: a.ID, Version: number}, nil
}

// Open loads an app from the ZIP of it. An empty name leaves it that of its folder, which
// not every archive has.
func Open(archive []byte, name string) (*cleat.App, error) {
	definition, found, err := app.LoadZIP(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, err
	}
	if name != "" {
		if definition.Label == definition.Name { // it has none of its own
			definition.Label = name
		}
		definition.Name = name
	}
	return cleat.NewApp(definition, found), nil
}

// part names a component of an app as it is compiled: a module may be a polling trigger.
type part struct{ how, id string }

// compiled is a component and what was wrong with it.
type compiled struct {
	once      sync.Once
	component *cleat.Component
	err       error
}

func (a *App) compile(how, id string, compile func(string) (*cleat.Component, error)) (*cleat.Component, error) {
	known, ok := a.parts.Load(part{how, id})
	if !ok {
		if !a.has(how, id) {
			return compile(id) // names that are no component's do not fill the memory
		}
		known, _ = a.parts.LoadOrStore(part{how, id}, &compiled{})
	}
	c := known.(*compiled)
	c.once.Do(func() { c.component, c.err = compile(id) })
	return c.component, c.err
}

func (a *App) has(how, id string) bool {
	switch how {
	case "rpc":
		return a.App.App.RPC(id) != nil
	case "webhook":
		return a.App.App.Webhook(id) != nil
	}
	return a.App.App.Module(id) != nil
}

// Module is [cleat.App.Module], compiled once.
func (a *App) Module(id string) (*cleat.Component, error) {
	return a.compile("module", id, a.App.Module)
}

// RPC is [cleat.App.RPC], compiled once.
func (a *App) RPC(id string) (*cleat.Component, error) { return a.compile("rpc", id, a.App.RPC) }

// Trigger is [cleat.App.Trigger], compiled once.
func (a *App) Trigger(id string) (*cleat.Component, error) {
	return a.compile("trigger", id, a.App.Trigger)
}

// Webhook is [cleat.App.Webhook], compiled once.
func (a *App) Webhook(id string) (*cleat.Component, error) {
	return a.compile("webhook", id, a.App.Webhook)
}

// InstantTrigger is [cleat.App.InstantTrigger], compiled once.
func (a *App) InstantTrigger(id string) (*cleat.Component, error) {
	return a.compile("instant", id, a.App.InstantTrigger)
}

// Connection returns the record of a connection with an app that it belongs to; a zero id
// is no connection.
func Connection(ctx context.Context, records connect.Store, id int64) (*connect.Record, error) {
	if id == 0 {
		return nil, nil
	}
	r, err := records.Connection(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("connection %d: %w", id, err)
	}
	return r, nil
}
