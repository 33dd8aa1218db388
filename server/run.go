package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/trace"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/work"
)

type runInput struct {
	Stream bool `query:"stream" doc:"Bundles as NDJSON, each as soon as it is there"`
	Async  bool `query:"async" doc:"Answer at once with the id of the run; its bundles are in the event log"`
	Body   struct {
		App        string `json:"app" doc:"Name or id"`
		Module     string `json:"module" doc:"Id of an action, a search or a universal module"`
		Connection string `json:"connection,omitempty" example:"con_7"`
		Parameters Object `json:"parameters,omitempty"`
		Limit      int    `json:"limit,omitempty" minimum:"0" doc:"Most bundles wanted"`
		Retries    int    `json:"retries,omitempty" minimum:"0" maximum:"5" doc:"How often a refused or lost request is repeated"`
	}
}

type ran struct {
	Run      string   `json:"run" doc:"Id of the run"`
	Bundles  []JSON   `json:"bundles,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// lineEnd is the last line of a stream.
type lineEnd struct {
	Run     string   `json:"run"`
	Bundles int64    `json:"bundles"`
	Error   *Problem `json:"error,omitempty"`
}

func (s *Server) runRoutes() {
	const tag = "Runs"
	register(s, route{id: "runModule", method: http.MethodPost, path: "/v1/run", tag: tag, scope: record.RunModules, acts: true, answer: ran{}, stream: "application/x-ndjson", later: true, summary: "Run a module",
		text: "Answers with the bundles. With `?stream=1` they come as `application/x-ndjson` while pages arrive: lines of `{\"bundle\":…}`, then one " +
			"`{\"end\":{\"run\",\"bundles\",\"error\"?}}`. With `?async=1` the answer is 202 and the id of the run; its bundles are events whose source is that id."}, s.runModule)
	register(s, route{id: "runRPC", method: http.MethodPost, path: "/v1/rpc", tag: tag, scope: record.RunModules, summary: "Run an RPC"}, s.runRPC)
}

// task is a run that is about to begin.
type task struct {
	team       int64
	component  *cleat.Component
	input      cleat.Input
	run        *record.Run
	transcript *work.Transcript
	release    func()
}

// task finds what a run needs and takes a place for it.
func (s *Server) task(ctx context.Context, a *Actor, kind, appName, connection string, find func(*work.App) (*cleat.Component, error)) (*task, error) {
	opened, err := s.openApp(ctx, a, appName)
	if err != nil {
		return nil, err
	}
	c, err := find(opened)
	if err != nil {
		return nil, err
	}
	account, err := s.connectionOf(ctx, a, connection)
	if err != nil {
		return nil, err
	}
	t := &task{team: a.Team, component: c, input: cleat.Input{Connection: account}, transcript: &work.Transcript{},
		run: &record.Run{ID: record.NewID("run", s.Now()), Kind: kind, App: opened.Name, Component: c.ID, By: a.ID, State: record.Running, Started: s.Now(), Node: s.Node.Name}}
	if account != nil {
		t.run.Connection = account.ID
	}
	t.input.Log = func(x engine.Exchange) {
		t.transcript.Take(x)
		s.emit(t.team, t.run, x)
	}
	t.release, err = s.runs.enter(a.Team, t.run.Connection, s.Limits)
	return t, err
}

// bundles runs the task, hands on its bundles and stores how it ended. It must be called
// once for each task.
func (s *Server) bundles(ctx context.Context, t *task, each func(value.Value) error) (warnings []string, err error) {
	defer t.release()
	ctx, cancel := context.WithTimeout(ctx, s.Limits.Run)
	defer cancel()
	defer s.cancels.add(t.run.ID, cancel)()
	ctx, span := s.Node.Trace.Start(ctx, trace.Internal, "run")
	defer span.End()
	warnings, err = s.work(ctx, t, each)
	s.ended(ctx, t, err)
	return warnings, err
}

// work runs the task and hands on its bundles.
func (s *Server) work(ctx context.Context, t *task, each func(value.Value) error) (warnings []string, err error) {
	run, err := s.Node.Teams.Of(t.team).Start(ctx, t.component, t.input)
	if err == nil {
		for bundle, failed := range run.Bundles(ctx) {
			if err = failed; err == nil {
				t.run.Bundles++
				err = each(bundle)
			}
			if err != nil {
				break
			}
		}
		warnings = run.Warnings()
	}
	return warnings, err
}

// ended stores how a task ended.
func (s *Server) ended(ctx context.Context, t *task, err error) {
	t.transcript.End(t.run, err, s.Now())
	work.TraceRun(ctx, t.run, err)
	s.History.Add(context.WithoutCancel(ctx), t.team, t.run)
	s.metrics.ran(t.run)
}

func (s *Server) runModule(ctx context.Context, a *Actor, in *runInput) (*runOutput, error) {
	t, err := s.task(ctx, a, "module", in.Body.App, in.Body.Connection, func(opened *work.App) (*cleat.Component, error) { return opened.Module(in.Body.Module) })
	if err != nil {
		return nil, err
	}
	t.input.Parameters, t.input.Limit, t.input.Retries = in.Body.Parameters.given(), in.Body.Limit, in.Body.Retries
	switch {
	case in.Async:
		return s.runLater(ctx, t)
	case in.Stream:
		return &runOutput{ContentType: "application/x-ndjson", Body: func(hc huma.Context) { s.stream(hc, t) }}, nil
	}
	// Each bundle is written once, where it stands in the answer.
	answer := append(make([]byte, 0, 4096), `{"run":"`+t.run.ID+`","bundles":[`...)
	warnings, err := s.bundles(ctx, t, func(bundle value.Value) error {
		if t.run.Bundles > 1 {
			answer = append(answer, ',')
		}
		if answer = bundle.AppendJSON(answer); int64(len(answer)) > s.Limits.Answer {
			p := s.tooMuch("the bundles")
			p.Hint += ", or for a stream with ?stream=1"
			return p
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	answer = append(answer, ']')
	if len(warnings) > 0 {
		text, _ := json.Marshal(warnings) // cannot fail: texts only
		answer = append(append(answer, `,"warnings":`...), text...)
	}
	return answered(http.StatusOK, append(answer, '}', '\n')), nil
}

// tooMuch refuses an answer that would be larger than one may be.
func (s *Server) tooMuch(what string) *Problem {
	p := problem(http.StatusUnprocessableEntity, "too_large", "%s: more than %d bytes", what, s.Limits.Answer)
	p.Hint = "ask for fewer with limit"
	return p
}

// runOutput is an answer that is written by hand, for it may be a stream.
type runOutput struct {
	ContentType string `header:"Content-Type"`
	Body        func(huma.Context)
}

func answered(status int, answer []byte) *runOutput {
	return &runOutput{ContentType: "application/json", Body: func(hc huma.Context) {
		hc.SetStatus(status)
		_, _ = hc.BodyWriter().Write(answer)
	}}
}

// stream writes bundles as they come. A failure can only be told in the last line. A
// reader that is gone, or takes nothing any more, ends the run.
func (s *Server) stream(hc huma.Context, t *task) {
	_, w := humago.Unwrap(hc)
	flush := func() { _ = http.NewResponseController(w).Flush() } // where it cannot be, the end sends all
	last := time.Time{}
	_, err := s.bundles(hc.Context(), t, func(bundle value.Value) error {
		line := append(bundle.AppendJSON([]byte(`{"bundle":`)), '}', '\n')
		if _, err := w.Write(line); err != nil {
			return fmt.Errorf("nobody reads the answer: %w: %w", err, context.Canceled)
		}
		if now := time.Now(); now.Sub(last) > 50*time.Millisecond {
			last = now
			flush()
		}
		return nil
	})
	end := lineEnd{Run: t.run.ID, Bundles: t.run.Bundles}
	if err != nil {
		end.Error = problemOf(err)
	}
	writeJSON(w, struct {
		End lineEnd `json:"end"`
	}{end})
	flush()
}

type rpcInput struct {
	Body struct {
		App        string `json:"app"`
		RPC        string `json:"rpc"`
		Connection string `json:"connection,omitempty"`
		Parameters Object `json:"parameters,omitempty"`
		Limit      int    `json:"limit,omitempty" minimum:"0"`
	}
}

type rpcAnswer struct {
	Run    string `json:"run"`
	Result []JSON `json:"result"`
}

func (s *Server) runRPC(ctx context.Context, a *Actor, in *rpcInput) (*body[rpcAnswer], error) {
	t, err := s.task(ctx, a, "rpc", in.Body.App, in.Body.Connection, func(opened *work.App) (*cleat.Component, error) { return opened.RPC(in.Body.RPC) })
	if err != nil {
		return nil, err
	}
	t.input.Parameters, t.input.Limit = in.Body.Parameters.given(), in.Body.Limit
	out := &body[rpcAnswer]{rpcAnswer{Run: t.run.ID, Result: []JSON{}}}
	var size int64
	_, err = s.bundles(ctx, t, func(item value.Value) error {
		if size += int64(len(item.AppendJSON(nil))); size > s.Limits.Answer {
			return s.tooMuch("the result")
		}
		out.Body.Result = append(out.Body.Result, JSON{item})
		return nil
	})
	return out, err
}

// gates bound how much runs at once, of a team and of a connection.
type gates struct {
	mu   sync.Mutex
	open map[string]int
}

func (g *gates) enter(team, connection int64, l Limits) (leave func(), err error) {
	teamKey := fmt.Sprintf("team %d", team)
	connectKey := fmt.Sprintf("connection %d %d", team, connection)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.open[teamKey] >= l.PerTeam:
		return nil, busy(http.StatusTooManyRequests, "too_many_runs", time.Second, "the team has %d runs at once already", l.PerTeam)
	case connection != 0 && g.open[connectKey] >= l.PerConnect:
		return nil, busy(http.StatusTooManyRequests, "too_many_runs", time.Second, "the connection has %d runs at once already", l.PerConnect)
	}
	if g.open == nil {
		g.open = map[string]int{}
	}
	keys := []string{teamKey}
	if connection != 0 {
		keys = append(keys, connectKey)
	}
	for _, key := range keys {
		g.open[key]++
	}
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, key := range keys {
			if g.open[key]--; g.open[key] == 0 {
				delete(g.open, key)
			}
		}
	}), nil
}

// cancels ends runs of this node that somebody wants to end.
type cancels struct {
	mu   sync.Mutex
	open map[string]context.CancelFunc
}

func (c *cancels) add(id string, cancel context.CancelFunc) (remove func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[string]context.CancelFunc{}
	}
	c.open[id] = cancel
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.open, id)
	}
}

// cancel ends a run and reports whether it was running here.
func (c *cancels) cancel(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	stop := c.open[id]
	if stop != nil {
		stop()
	}
	return stop != nil
}
