package work

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/record"
)

// History stores the runs that nothing else depends on, many in one transaction. It is
// safe for concurrent use; Close it.
type History struct {
	records Records
	log     *slog.Logger
	queue   chan kept
	ended   chan struct{}
	closing sync.Once
}

type kept struct {
	team int64
	run  *record.Run
}

const (
	historyQueue = 4096
	historyBatch = 512
	historyPause = 50 * time.Millisecond // how long runs are collected
)

// NewHistory returns a history that writes to records.
func NewHistory(records Records, log *slog.Logger) *History {
	h := &History{records: records, log: log, queue: make(chan kept, historyQueue), ended: make(chan struct{})}
	go h.write()
	return h
}

// Add stores a run soon. It waits when the disk cannot follow: history must not grow in
// memory.
func (h *History) Add(ctx context.Context, team int64, run *record.Run) {
	select {
	case h.queue <- kept{team, run}:
	case <-ctx.Done():
	}
}

// Close stores what waits. Nothing may be added any more.
func (h *History) Close() {
	h.closing.Do(func() { close(h.queue) })
	<-h.ended
}

func (h *History) write() {
	defer close(h.ended)
	for first := range h.queue {
		time.Sleep(historyPause)
		batch := map[int64][]*record.Run{first.team: {first.run}}
		for n := 1; n < historyBatch && len(h.queue) > 0; n++ {
			next := <-h.queue
			batch[next.team] = append(batch[next.team], next.run)
		}
		for team, runs := range batch {
			if err := h.records.OfTeam(team).PutRuns(context.Background(), runs...); err != nil {
				h.log.Error("the history of runs is not stored", "team", team, "runs", len(runs), "error", err)
			}
		}
	}
}

// Transcript collects the exchanges of a run for its record, up to
// [record.MaxTranscript]. It belongs to one goroutine.
type Transcript struct {
	exchanges []json.RawMessage
	size      int
	count     int
}

// Take adds an exchange.
func (t *Transcript) Take(x engine.Exchange) {
	t.count++
	text, err := json.Marshal(x)
	if err != nil || t.size+len(text) > record.MaxTranscript {
		x.RequestBody, x.ResponseBody, x.RequestHeader, x.ResponseHeader = "", "", nil, nil
		text, err = json.Marshal(x)
	}
	if err == nil && t.size+len(text) <= record.MaxTranscript {
		t.exchanges = append(t.exchanges, text)
		t.size += len(text) + 1
	}
}

// End completes the record of a run that ended with err at now.
func (t *Transcript) End(run *record.Run, err error, now time.Time) {
	run.Ended, run.Exchanges, run.State = now, t.count, record.Succeeded
	if len(t.exchanges) > 0 {
		run.Transcript, _ = json.Marshal(t.exchanges)
	}
	if err == nil {
		return
	}
	run.State, run.Error = record.Failed, err.Error()
	if errors.Is(err, context.Canceled) {
		run.State = record.Cancelled
	}
	if e, ok := errors.AsType[*engine.Error](err); ok {
		run.ErrorType, run.Error = e.Type, e.Message
	}
}
