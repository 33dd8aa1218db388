package work

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleat-run/cleat/record"
)

// beaten are records that answer the beats of a run one after the other.
type beaten struct {
	Records
	TeamRecords
	answers chan error
	at      []time.Time
}

func (b *beaten) OfTeam(int64) TeamRecords { return b }

func (b *beaten) BeatRun(context.Context, string) error {
	b.at = append(b.at, time.Now())
	return <-b.answers
}

// TestBeat: a run says every ten seconds that it is at work, through failures of the
// records, until somebody has ended it.
func TestBeat(t *testing.T) {
	t.Parallel()
	for _, ended := range []error{record.ErrFenced, record.ErrNotFound} {
		synctest.Test(t, func(t *testing.T) {
			records := &beaten{answers: make(chan error, 4)}
			for _, err := range []error{nil, errors.New("away"), nil, ended} {
				records.answers <- err
			}
			begun, stopped := time.Now(), false
			(&Node{Records: records, Log: slog.New(slog.DiscardHandler)}).Beat(t.Context(), 1, "run_1", func() { stopped = true })
			if !stopped || len(records.at) != 4 || time.Since(begun) != 4*beatEvery {
				t.Errorf("stopped %v after beats at %v", stopped, records.at)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithTimeout(t.Context(), 25*time.Second)
		defer end()
		records := &beaten{answers: make(chan error, 4)}
		records.answers <- nil
		records.answers <- nil
		(&Node{Records: records}).Beat(ctx, 1, "run_1", func() { t.Error("a run that came to its end is stopped") })
		if len(records.at) != 2 {
			t.Errorf("beats at %v", records.at)
		}
	})
}

// TestLookout: a run whose node says nothing for a minute is ended, unless the records were
// away in that minute.
func TestLookout(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	run := &record.Run{ID: "run_1", Kind: "module", State: record.Running, Started: b.now(), Node: "dead"}
	if err := b.team.PutRuns(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	o, reachable := &lookout{node: b.Node}, b.Records
	for _, step := range []struct {
		after time.Duration
		away  bool
		beat  bool
		ends  bool
	}{
		{after: 0}, {after: 40 * time.Second},
		{after: 15 * time.Second, beat: true}, {after: 10 * time.Second}, // 65 s, but it was heard
		{after: 45 * time.Second, away: true}, // the records come back, and nobody could beat
		{after: 15 * time.Second}, {after: 59 * time.Second},
		{after: 2 * time.Second, ends: true},
	} {
		b.pass(step.after)
		if step.beat {
			if err := b.team.BeatRun(t.Context(), run.ID); err != nil {
				t.Fatal(err)
			}
		}
		if b.Records = reachable; step.away {
			b.Records = unreachable{reachable}
		}
		if err := o.look(t.Context()); (err != nil) != step.away {
			t.Fatalf("%+v: %v", step, err)
		}
		got, err := b.team.Run(t.Context(), run.ID)
		if err != nil || (got.State == record.Failed) != step.ends {
			t.Fatalf("%+v: the run is %+v, %v", step, got, err)
		}
		if step.ends && (got.Error != "the node that ran it ended" || got.ErrorType != "ExecutionInterruptedError" || !got.Ended.Equal(b.now())) {
			t.Errorf("it ended as %+v", got)
		}
	}
}
