package bus_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/cleat-run/cleat/bus"
)

// TestNothingIsLeft uses everything of a bus and looks for goroutines after Close.
func TestNothingIsLeft(t *testing.T) {
	before := goleak.IgnoreCurrent()
	b, err := bus.Open(t.Context(), bus.Options{Dir: t.TempDir(), MaxBytes: 8 << 20, MinFree: 1})
	must(t, err)
	done := make(chan string, 10)
	hooks(t, b, 12, func(_ context.Context, j *bus.Job) bus.Outcome { done <- "hook"; return bus.Ack() })
	turns(t, b, 2, func(_ context.Context, j *bus.Job) bus.Outcome { done <- "turn"; return bus.Pause() })
	running(t, func(ctx context.Context) error {
		return b.RunPolls(ctx, bus.PollRunner{Workers: 2, Handle: func(context.Context, string, int) bus.Outcome { done <- "poll"; return bus.Ack() }})
	})
	running(t, func(ctx context.Context) error {
		return b.Hold(ctx, "scheduler", "main", "me", func(ctx context.Context) { done <- "held"; <-ctx.Done() })
	})
	s, err := b.Subscribe(t.Context(), bus.Filter{}, 0)
	must(t, err)
	must(t, b.Emit("acme", "r", "step", nil))
	_, err = s.Next(t.Context())
	must(t, err)
	must(t, b.PublishHook(t.Context(), delivery("h", "")))
	must(t, b.PublishSequential(t.Context(), delivery("h", "")))
	_, err = b.OfferPolls(t.Context(), []string{"t"})
	must(t, err)
	for range 4 {
		<-done
	}
	shut(t, b)
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

// TestRestartInPlace is what happens when room is made on a disk that was really full.
func TestRestartInPlace(t *testing.T) {
	t.Parallel()
	b := embedded(t, bus.Options{AckWait: time.Second})
	var got tally
	hooks(t, b, 12, func(_ context.Context, j *bus.Job) bus.Outcome { got.add(j.ID); return bus.Ack() })
	s, err := b.Subscribe(t.Context(), bus.Filter{}, 0)
	must(t, err)
	defer s.Close()
	must(t, b.Emit("acme", "r", "before", nil))
	before, err := s.Next(t.Context())
	must(t, err)
	var sent []string
	ctx, cancel := context.WithCancel(t.Context())
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for ctx.Err() == nil {
			if d := delivery("h", ""); b.PublishHook(context.Background(), d) == nil {
				sent = append(sent, d.ID)
			}
		}
	}()
	eventually(t, 5*time.Second, "it works", func() bool { return got.len() > 20 })
	must(t, b.Revive(t.Context()))
	n := got.len()
	eventually(t, 20*time.Second, "it works again", func() bool { return got.len() > n+20 })
	cancel()
	<-finished
	eventually(t, 10*time.Second, "nothing is lost", func() bool { return strings.HasPrefix(got.missing(sent), "0 ") })

	eventually(t, 10*time.Second, "events flow again", func() bool {
		must(t, b.Emit("acme", "r", "after", nil))
		next, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		e, err := s.Next(next)
		return err == nil && e.Kind == "after" && e.ID > before.ID
	})
}

func TestStoreIsEncrypted(t *testing.T) {
	t.Parallel()
	secret := "a secret of a customer"
	o := bus.Options{Dir: t.TempDir(), StoreKey: []byte("0123456789abcdef0123456789abcdef"), MinFree: 1, MaxBytes: 8 << 20}
	b, err := bus.Open(t.Context(), o)
	must(t, err)
	must(t, b.PublishHook(t.Context(), delivery("h", secret)))
	shut(t, b)
	must(t, filepath.WalkDir(o.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s holds it", path)
		}
		return err
	}))
	for _, key := range []string{"", "fedcba9876543210fedcba9876543210"} {
		wrong := o
		if wrong.StoreKey = nil; key != "" {
			wrong.StoreKey = []byte(key)
		}
		_, err := bus.Open(t.Context(), wrong)
		if want := "folder " + o.Dir + ": its store has another key"; err == nil || err.Error() != want {
			t.Fatalf("with key %q: %v, want %s", key, err, want)
		}
	}
	b = open(t, o)
	got := make(chan string, 1)
	hooks(t, b, 1, func(_ context.Context, j *bus.Job) bus.Outcome { got <- string(j.Body); return bus.Ack() })
	if body := <-got; body != secret {
		t.Errorf("came back as %q", body)
	}
}

func TestOneProcessPerFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	embedded(t, bus.Options{Dir: dir})
	_, err := bus.Open(t.Context(), bus.Options{Dir: dir})
	if want := "folder " + dir + ": another process uses it"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDiskGuard(t *testing.T) {
	t.Parallel()
	b := embedded(t, bus.Options{MinFree: 1 << 60})
	for name, err := range map[string]error{
		"publishing":            b.PublishHook(t.Context(), delivery("h", "")),
		"publishing in order":   b.PublishSequential(t.Context(), delivery("h", "")),
		"asking whether it can": b.Ready(t.Context()),
	} {
		if want := "the disk is almost full"; err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
