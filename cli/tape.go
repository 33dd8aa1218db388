package cli

import (
	"context"
	"net/netip"

	"github.com/cleat-run/cleat/cassette"
	"github.com/cleat-run/cleat/engine"
	"github.com/spf13/cobra"
)

// tapeFlags let a run be recorded, or answered from a recording.
type tapeFlags struct {
	record, replay string

	recorder *cassette.Recorder
	player   *cassette.Player
}

func (t *tapeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.record, "record", "", "write the requests and answers to this `file`, secrets masked")
	cmd.Flags().StringVar(&t.replay, "replay", "", "answer from this recorded `file` in its order; no network is touched")
}

// secrets is what recordings hide: what the run knows by value, and what the engine
// never shows by name.
func secrets() cassette.Options {
	return cassette.Options{
		Mask:   func(ctx context.Context, text string) string { return engine.MaskFrom(ctx).Text(text) },
		Secret: engine.IsSecretName,
	}
}

// begin puts the recorder or the player into the options of the engine.
func (t *tapeFlags) begin(o *engine.Options) error {
	switch {
	case t.record != "" && t.replay != "":
		return usagef("leave one out", "--record and --replay exclude each other")
	case t.record != "":
		t.recorder = cassette.NewRecorder(secrets())
		o.Wrap = t.recorder.Wrap
	case t.replay != "":
		tape, err := cassette.Load(t.replay)
		if err != nil {
			return err
		}
		t.player = cassette.NewPlayer(tape, cassette.InOrder, secrets())
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
