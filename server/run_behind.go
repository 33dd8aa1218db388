package server

import (
	"context"
	"net/http"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/trace"
	"github.com/cleat-run/cleat/value"
)

// runLater answers when the run is on record, and runs it behind.
func (s *Server) runLater(ctx context.Context, t *task) (*runOutput, error) {
	if err := s.records.OfTeam(t.team).PutRuns(ctx, t.run); err != nil {
		t.release()
		return nil, err
	}
	id := t.run.ID
	s.background.Go(func() { s.runBehind(context.WithoutCancel(ctx), t) })
	return answered(http.StatusAccepted, []byte(`{"run":"`+id+`"}`+"\n")), nil
}

const eventBatch = 200

// runBehind runs a task whose bundles become events. All of them are stored before its
// record says how it ended. As long as it is at work it says so: what dies with its node is
// ended by another one.
func (s *Server) runBehind(ctx context.Context, t *task) {
	defer t.release()
	ctx, cancel := context.WithTimeout(ctx, s.Limits.Run)
	defer cancel()
	defer s.cancels.add(t.run.ID, cancel)()
	ctx, span := s.Node.Trace.Start(ctx, trace.Internal, "run")
	defer span.End()
	go s.Node.Beat(ctx, t.team, t.run.ID, cancel)
	out := &backlog{server: s, task: t}
	_, err := s.work(ctx, t, func(bundle value.Value) error { return out.add(ctx, bundle) })
	if stored := out.store(context.WithoutCancel(ctx)); err == nil {
		err = stored
	}
	s.ended(ctx, t, err)
}

// backlog are bundles of a task that are not yet events.
type backlog struct {
	server *Server
	task   *task
	events []*record.Event
}

func (b *backlog) add(ctx context.Context, bundle value.Value) error {
	now, run := b.server.Now(), b.task.run
	b.events = append(b.events, &record.Event{ID: record.NewID("evt", now), Source: run.ID, App: run.App, Run: run.ID, Created: now, Bundle: bundle.AppendJSON(nil)})
	if len(b.events) < eventBatch {
		return nil
	}
	return b.store(ctx)
}

func (b *backlog) store(ctx context.Context) error {
	kept := b.events
	if b.events = nil; len(kept) == 0 {
		return nil
	}
	err := b.server.records.OfTeam(b.task.team).AppendEvents(ctx, kept...)
	if err != nil {
		b.server.Log.Error("the bundles of a run are not stored", "run", b.task.run.ID, "error", err)
		return err
	}
	b.server.Stored(b.task.team, kept)
	return nil
}
