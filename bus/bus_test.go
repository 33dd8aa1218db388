package bus_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// open opens a bus in a folder of its own and closes it in the end.
func open(t testing.TB, o bus.Options) *bus.Bus {
	t.Helper()
	if o.Dir == "" && len(o.Servers) == 0 {
		o.Dir = t.TempDir()
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 20
	}
	if o.MinFree == 0 {
		o.MinFree = 1
	}
	b, err := bus.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, b) })
	return b
}

func shut(t testing.TB, b *bus.Bus) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Error(err)
	}
}

func delivery(hook string, body string) bus.Delivery {
	return bus.Delivery{ID: bus.NewID(), Tenant: "acme", Hook: hook, Received: time.Now(),
		Source: "192.0.2.1", Head: []byte(`{"method":"POST"}`), Body: []byte(body)}
}

// running runs do until the test stops it, or ends.
func running(t testing.TB, do func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, bus.ErrClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestHooks(t *testing.T) {
	b := open(t, bus.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))})
	got := make(chan *bus.Job, 100)
	for i := range 20 {
		if err := b.PublishHook(t.Context(), delivery(fmt.Sprintf("hook_%d", i), "x")); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	running(t, func(ctx context.Context) error {
		return b.RunHooks(ctx, bus.Runner{Workers: 4, Handle: func(_ context.Context, j *bus.Job) bus.Outcome {
			got <- j
			return bus.Ack()
		}})
	})
	for range 20 {
		<-got
	}
	t.Log(time.Since(begin))
}

func TestPolls(t *testing.T) {
	b := open(t, bus.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))})
	for range 2 {
		o, err := b.OfferPolls(t.Context(), []string{"a", "b"})
		t.Log(o, err)
	}
	got := make(chan string, 100)
	running(t, func(ctx context.Context) error {
		return b.RunPolls(ctx, bus.PollRunner{Workers: 4, Handle: func(_ context.Context, id string, attempt int) bus.Outcome {
			got <- id
			return bus.Ack()
		}})
	})
	t.Log(<-got, <-got)
}

func TestLease(t *testing.T) {
	b := open(t, bus.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))})
	l, err := b.Acquire(t.Context(), "token", "c1", "me", 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Acquire(t.Context(), "token", "c1", "you", 2*time.Second)
	t.Log(err)
	t.Log(l.Extend(t.Context(), time.Second))
	t.Log(l.Release(t.Context()))
	l, err = b.Acquire(t.Context(), "token", "c1", "you", time.Second)
	t.Log(l != nil, err)
	begin := time.Now()
	for {
		if _, err = b.Acquire(t.Context(), "token", "c1", "me", time.Second); err == nil {
			break
		}
	}
	t.Log(time.Since(begin))
	t.Log(l.Extend(t.Context(), time.Second), l.Release(t.Context()))
}

func TestTurns(t *testing.T) {
	b := open(t, bus.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))})
	got := make(chan string, 100)
	running(t, func(ctx context.Context) error {
		return b.RunTurns(ctx, bus.Runner{Workers: 4, Handle: func(_ context.Context, j *bus.Job) bus.Outcome {
			got <- string(j.Body)
			return bus.Ack()
		}})
	})
	for i := range 20 {
		if err := b.PublishSequential(t.Context(), delivery("h1", fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		t.Log(<-got)
	}
}

func TestEvents(t *testing.T) {
	b := open(t, bus.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))})
	s, err := b.Subscribe(t.Context(), bus.Filter{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 3 {
		b.Emit("acme", "r1", "step", []byte("x"))
	}
	var first bus.Event
	for i := range 3 {
		e, err := s.Next(t.Context())
		if i == 0 {
			first = e
		}
		t.Log(e, err)
	}
	s2, err := b.Subscribe(t.Context(), bus.Filter{Run: "r1"}, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(s2.Next(t.Context()))
	t.Log(s2.Next(t.Context()))
	s3, err := b.Subscribe(t.Context(), bus.Filter{Run: "r1"}, 1)
	t.Log(s3.Next(t.Context()))
}
