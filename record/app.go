package record

import (
	"context"
	"time"
)

// App is an app that a team has uploaded.
type App struct {
	ID      string // app_…
	Name    string // of the manifest, unique in a team
	Label   string
	Active  int // number of the version that runs
	Created time.Time
	Updated time.Time
}

// Version is one upload of an app.
type Version struct {
	App      string // id
	Number   int    // from 1
	Declared string // the version that the app gives itself
	Digest   string // SHA-256 of the archive, hexadecimal
	Size     int64  // of the archive
	Errors   int    // findings of lint
	Warnings int
	By       string // user or token
	Created  time.Time
}

// Apps keeps the apps of a team. Archives are stored encrypted, for code may hold secrets.
type Apps interface {
	// InsertVersion stores the archive, a ZIP, as the next version of the app named
	// a.Name, which is made when there is none, and sets the rest of a and v. With
	// activate, and with the first version, it is the one that runs. The same archive as
	// that of the newest version makes no new one.
	InsertVersion(ctx context.Context, a *App, v *Version, archive []byte, activate bool) error
	Apps(ctx context.Context) ([]*App, error)
	App(ctx context.Context, id string) (*App, error)
	AppNamed(ctx context.Context, name string) (*App, error)
	Versions(ctx context.Context, app string) ([]*Version, error)
	// Archive returns the ZIP of a version.
	Archive(ctx context.Context, app string, number int) ([]byte, error)
	Activate(ctx context.Context, app string, number int) error
	// DeleteApp removes an app with its versions; ErrConflict while connections, triggers
	// or hooks use it.
	DeleteApp(ctx context.Context, id string) error
}
