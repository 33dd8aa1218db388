package bus_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/cleat-run/cleat/bus"
)

// testSettings opens a bus over streams that an older version made, and over those of a
// newer one.
func testSettings(t *testing.T, open opener) {
	o := bus.Options{Prefix: "settings", Dir: t.TempDir()}
	b := open(t, o)
	must(t, b.PublishHook(t.Context(), delivery("h", "")))
	js, err := jetstream.New(b.Conn())
	must(t, err)
	change := func(version string) {
		t.Helper()
		stream, err := js.Stream(t.Context(), b.StreamName("HOOKS_0"))
		must(t, err)
		config := stream.CachedInfo().Config
		config.Metadata, config.Duplicates = map[string]string{"cleat-settings": version}, time.Minute
		_, err = js.UpdateStream(t.Context(), config)
		must(t, err)
	}
	for _, c := range []struct {
		version string
		want    time.Duration
	}{{"0", 2 * time.Minute}, {"9", time.Minute}} {
		change(c.version)
		shut(t, b)
		b = open(t, o)
		js, err = jetstream.New(b.Conn())
		must(t, err)
		stream, err := js.Stream(t.Context(), b.StreamName("HOOKS_0"))
		must(t, err)
		if got := stream.CachedInfo().Config.Duplicates; got != c.want {
			t.Errorf("over version %s: ids are known for %v, want %v", c.version, got, c.want)
		}
		must(t, b.PublishHook(t.Context(), delivery("h", "")))
	}
}
