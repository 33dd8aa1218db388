package cli

import (
	"context"
	"errors"
	"net/netip"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/cassette"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
	"github.com/spf13/cobra"
)

// tapeFlags let a run be recorded, or answered from a recording.
type tapeFlags struct {
	record, replay string

	tape     *cassette.Tape // of --replay
	recorder *cassette.Recorder
	player   *cassette.Player
}

func (t *tapeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.record, "record", "", "write the requests and answers to this `file`, secrets masked")
	cmd.Flags().StringVar(&t.replay, "replay", "", "answer from this recorded `file` in its order; no network and no stored connection is touched")
}

// secrets is what recordings hide: what the run knows by value, and what the engine
// never shows by name.
func secrets() cassette.Options {
	return cassette.Options{
		Mask:   func(ctx context.Context, text string) string { return engine.MaskFrom(ctx).Text(text) },
		Secret: engine.IsSecretName,
	}
}

// load reads the recording of --replay.
func (t *tapeFlags) load() (err error) {
	if t.record != "" && t.replay != "" {
		return usagef("leave one out", "--record and --replay exclude each other")
	}
	if t.replay != "" {
		t.tape, err = cassette.Load(t.replay)
	}
	return err
}

// suffices reports whether a recording says with which connection of the app it was made, as
// far as the component needs one. One of another app, behind an alias, is looked for in the
// store: the recording does not know that app.
func (t *tapeFlags) suffices(c *cleat.Component) bool {
	if t.tape == nil || t.tape.Connection == nil {
		return t.tape != nil && len(c.Connections) == 0
	}
	return !c.Aliased(t.tape.Connection.Type)
}

// store puts the connection of the recording into a store of its own, which is gone when it
// is closed: nothing is sent with it, and its secrets are as masked as those of the requests
// that it is compared with. So are the common data that are installed.
func (t *tapeFlags) store(ctx context.Context, a *cleat.App) (openedStore, *connect.Record, error) {
	record, err := t.connection(a)
	if err != nil {
		return nil, nil, err
	}
	records, err := openScratch(ctx)
	if err != nil {
		return nil, nil, err
	}
	if record != nil {
		err = records.InsertConnection(ctx, record)
	}
	if err == nil {
		err = installMasked(ctx, records, a)
	}
	if err != nil {
		return nil, nil, errors.Join(err, records.Close())
	}
	return records, record, nil
}

// connection is that of the recording, nil when there is none.
func (t *tapeFlags) connection(a *cleat.App) (*connect.Record, error) {
	used := t.tape.Connection
	if used == nil {
		return nil, nil
	}
	typ, err := a.ConnectionType(used.Type)
	if err != nil {
		return nil, unknownComponent(err)
	}
	record := &connect.Record{Name: "recorded", App: a.Name, Type: used.Type, Kind: typ.Kind, Scope: used.Scope, Data: value.NewCollection(0)}
	if data := used.Data.Collection(); data != nil {
		record.Data = data.Clone()
	}
	return record, nil
}

// installMasked installs an app with what recordings show in place of common data.
func installMasked(ctx context.Context, records connect.Installations, a *cleat.App) error {
	scopes, err := a.Installables()
	if err != nil {
		return err
	}
	for _, scope := range scopes {
		i := &connect.Installation{App: a.Name, Connection: scope.Connection, Common: value.NewCollection(len(scope.Lacking))}
		for _, name := range scope.Lacking {
			i.Common.Set(name, value.Text(engine.Redacted))
		}
		if err := records.PutInstallation(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// uses keeps with a recording which connection it was made with.
func (t *tapeFlags) uses(ctx context.Context, rt *cleat.Runtime, a *cleat.App, record *connect.Record) error {
	if t.recorder == nil || record == nil {
		return nil
	}
	typ, err := rt.ConnectionType(ctx, a, record)
	if err == nil {
		t.recorder.Use(cassette.Connection{Type: record.Type, Scope: record.Scope, Data: value.FromCollection(typ.Shown(record.Data))})
	}
	return err
}

// begin puts the recorder or the player into the options of the engine.
func (t *tapeFlags) begin(o *engine.Options) error {
	switch {
	case t.record != "":
		t.recorder = cassette.NewRecorder(secrets())
		o.Wrap = t.recorder.Wrap
	case t.tape != nil:
		t.player = cassette.NewPlayer(t.tape, cassette.InOrder, secrets())
		o.Transport = t.player
		// Nothing is dialled, so that there is nothing to guard.
		o.Egress = engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}}
	}
	return nil
}

// end writes the recording, of a failed run too, and tells which recorded requests nobody
// made.
func (t *tapeFlags) end(f *factory, failed error) error {
	if t.recorder != nil {
		return t.recorder.Save(t.record)
	}
	if t.player != nil && failed == nil {
		for _, left := range t.player.Unused() {
			f.warn("recorded but not made: " + left)
		}
	}
	return nil
}
