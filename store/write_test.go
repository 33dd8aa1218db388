package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
)

// Changes that share a transaction have each an error of their own.
func TestChangesTogether(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openStore(t, store.Options{Dir: t.TempDir()})
	if err := s.InsertConnection(ctx, &connect.Record{Name: "taken"}); err != nil {
		t.Fatal(err)
	}
	if err := s.ForTeam(2).PutRuns(ctx, &record.Run{ID: "run_theirs"}); err != nil {
		t.Fatal(err)
	}
	tx, err := s.Writer().Begin() // all wait for it
	if err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(ctx)
	var (
		group, asked sync.WaitGroup
		failed       = make([]error, 60)
	)
	for i := range failed {
		asked.Add(1)
		group.Go(func() {
			r, ctx := &connect.Record{Name: fmt.Sprint(i)}, ctx
			switch i % 4 {
			case 1:
				r.Name = "taken"
			case 2:
				ctx = canceled
			}
			asked.Done()
			if i%4 == 3 { // fails behind its first statement
				failed[i] = s.PutRuns(ctx, &record.Run{ID: fmt.Sprint("run_", i)}, &record.Run{ID: "run_theirs"})
			} else {
				failed[i] = s.InsertConnection(ctx, r)
			}
		})
	}
	asked.Wait()
	cancel()
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	all, err := s.Connections(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stored := make(map[string]bool)
	for _, r := range all {
		stored[r.Name] = true
	}
	for i, err := range failed {
		want := []error{nil, connect.ErrNameTaken, err, record.ErrNotFound}[i%4] // one that was canceled may be made or not
		if !errors.Is(err, want) || stored[fmt.Sprint(i)] != (err == nil) {
			t.Errorf("change %d: stored %v, error %v", i, stored[fmt.Sprint(i)], err)
		}
		if _, err := s.Run(ctx, fmt.Sprint("run_", i)); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("half of change %d is stored: %v", i, err)
		}
	}
}

// When one change ends the transaction that it shares, the others are made all the same.
func TestFullDiskTogether(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openStore(t, store.Options{Dir: t.TempDir()})
	if _, err := s.Writer().Exec("pragma max_page_count = 120"); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	small, big := make([]error, 20), make([]error, 20)
	for i := range small {
		group.Go(func() { small[i] = s.AppendAudit(ctx, &record.Audit{Detail: fmt.Sprint(i)}) })
		group.Go(func() {
			big[i] = s.PutRuns(ctx, &record.Run{Transcript: []byte(strings.Repeat("x", 900_000))})
		})
	}
	group.Wait()
	for i := range small {
		if small[i] != nil {
			t.Errorf("a small change: %v", small[i])
		}
		if big[i] == nil || !strings.Contains(big[i].Error(), "the disk is full") {
			t.Errorf("one that does not fit: %v", big[i])
		}
	}
	if lines, err := s.Audits(ctx, record.Page{}); err != nil || len(lines) != len(small) {
		t.Errorf("%d lines, error %v, want %d", len(lines), err, len(small))
	}
}

// A change that comes when the store is closed, or while that happens, is told so.
func TestChangeAfterClose(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for s.AppendAudit(t.Context(), &record.Audit{}) == nil {
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	group.Wait()
	if err := s.AppendAudit(t.Context(), &record.Audit{}); err == nil || !strings.Contains(err.Error(), "the store is closed") {
		t.Errorf("got %v", err)
	}
}

// benchChanges measures durable changes, by one goroutine and by 32.
func benchChanges(b *testing.B, open func(b *testing.B) *store.Store) {
	for _, change := range []struct {
		name string
		do   func(ctx context.Context, s *store.Store, trigger string, version int64) error
	}{
		{"PutRuns", func(ctx context.Context, s *store.Store, _ string, _ int64) error {
			return s.PutRuns(ctx, &record.Run{Kind: "module", App: "photos", Component: "list", State: record.Succeeded, Started: time.Now(), Transcript: benchTranscript})
		}},
		{"EndPoll", func(ctx context.Context, s *store.Store, trigger string, version int64) error {
			return s.EndPoll(ctx, trigger, &record.PollEnd{State: poll.State{Version: version}, NextAt: time.Now(),
				Events: []*record.Event{{Source: trigger, App: "photos", Bundle: benchTranscript}}, Run: &record.Run{Started: time.Now()}})
		}},
		{"Delivery", func(ctx context.Context, s *store.Store, _ string, _ int64) error {
			d := &record.Delivery{Hook: 7, Received: time.Now(), Request: benchTranscript}
			if _, err := s.BeginDelivery(ctx, d); err != nil {
				return err
			}
			return s.EndDelivery(ctx, d.ID, d.Fence, &record.DeliveryEnd{State: record.DeliveryDone, Events: []*record.Event{{Source: "hook_7", Bundle: benchTranscript}}})
		}},
	} {
		for _, workers := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/%d", change.name, workers), func(b *testing.B) {
				s := open(b)
				triggers := make([]string, workers)
				for i := range triggers {
					triggers[i] = fmt.Sprint("trg_", i)
					if err := s.InsertTrigger(b.Context(), &record.Trigger{ID: triggers[i], Name: triggers[i]}); err != nil {
						b.Fatal(err)
					}
				}
				var group sync.WaitGroup
				b.ResetTimer()
				for i := range workers {
					group.Go(func() {
						for n := range (b.N + workers - 1 - i) / workers {
							if err := change.do(b.Context(), s, triggers[i], int64(n)); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				group.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
			})
		}
	}
}

var benchTranscript = []byte(strings.Repeat("x", 1000))

func BenchmarkChangesSQLite(b *testing.B) {
	benchChanges(b, func(b *testing.B) *store.Store { return openStore(b, store.Options{Dir: b.TempDir()}) })
}

// The server of the tests does not wait for the disk; see internal/pgtest.
func BenchmarkChangesPostgres(b *testing.B) {
	benchChanges(b, func(b *testing.B) *store.Store { return openPostgres(b, 1)[0] })
}
