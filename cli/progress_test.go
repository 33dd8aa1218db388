package cli

import (
	"bytes"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleat-run/cleat/engine"
)

// A person sees that something happens, and the line is gone where bundles are printed.
func TestProgressKeepsOutOfTheBundles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		screen := &notifying{told: true} // a terminal shows both streams
		f := &factory{std: Streams{Out: screen, Err: screen, IsTerminal: true}}
		p := f.progress()
		wait := func(d time.Duration) {
			<-time.After(d)
			synctest.Wait()
		}
		wait(900 * time.Millisecond)
		if screen.String() != "" {
			t.Errorf("a word too early: %q", screen)
		}
		wait(200 * time.Millisecond)
		p.exchange(engine.Exchange{})
		wait(time.Second)
		print := func() error { _, err := io.WriteString(screen, "{}\n"); return err }
		if err := p.bundle(print); err != nil {
			t.Fatal(err)
		}
		p.bundle(print)
		wait(time.Second)
		p.end()
		want := "\r\x1b[K0 requests, 0 bundles, 1s \r\x1b[K1 request, 0 bundles, 2s \r\x1b[K{}\n{}\n\r\x1b[K1 request, 2 bundles, 3s \r\x1b[K"
		if got := screen.String(); got != want {
			t.Errorf("the screen\n got %q\nwant %q", got, want)
		}
	})
}

func TestProgressIsForPeopleOnly(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*factory{
		"no terminal": {}, "json": {json: true, std: Streams{IsTerminal: true}}, "trace": {trace: true, std: Streams{IsTerminal: true}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var errs bytes.Buffer
			f.std.Err = &errs
			p := f.progress()
			<-time.After(time.Minute)
			p.end()
			if errs.Len() > 0 {
				t.Errorf("%s: %q", name, &errs)
			}
		})
	}
}
