package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/cleat-run/cleat/record"
)

// RunView is a run as the interface shows it.
type RunView struct {
	ID         string     `json:"id" example:"run_01jd…"`
	Kind       string     `json:"kind" enum:"module,rpc,poll,hook"`
	App        string     `json:"app"`
	Component  string     `json:"component"`
	Connection string     `json:"connection,omitempty"`
	Source     string     `json:"source,omitempty" doc:"Id of the trigger or the delivery that it was for"`
	By         string     `json:"by,omitempty" doc:"Id of the user or the token"`
	State      string     `json:"state" enum:"running,succeeded,failed,cancelled"`
	Type       string     `json:"type,omitempty" doc:"Make's type of the failure"`
	Error      string     `json:"error,omitempty"`
	Bundles    int64      `json:"bundles"`
	Exchanges  int        `json:"exchanges" doc:"How many requests were made"`
	Started    time.Time  `json:"started"`
	Ended      *time.Time `json:"ended,omitempty"`
}

func viewRun(r *record.Run) RunView {
	return RunView{ID: r.ID, Kind: r.Kind, App: r.App, Component: r.Component, Connection: connectionID(r.Connection), Source: r.Source, By: r.By, State: string(r.State),
		Type: r.ErrorType, Error: r.Error, Bundles: r.Bundles, Exchanges: r.Exchanges, Started: r.Started, Ended: optional(r.Ended)}
}

func (s *Server) historyRoutes() {
	const tag = "Runs"
	register(s, route{id: "listRuns", method: http.MethodGet, path: "/v1/runs", tag: tag, scope: record.RunModules, summary: "The history of runs"}, s.listRuns)
	register(s, route{id: "getRun", method: http.MethodGet, path: "/v1/runs/{run}", tag: tag, scope: record.RunModules, summary: "One run with its exchanges, secrets masked"}, s.getRun)
	register(s, route{id: "cancelRun", method: http.MethodPost, path: "/v1/runs/{run}/cancel", tag: tag, scope: record.RunModules, status: http.StatusAccepted, summary: "Cancel a run"}, s.cancelRun)
	register(s, route{id: "watchRuns", method: http.MethodGet, path: "/v1/live", tag: tag, scope: record.RunModules, summary: "Exchanges as they happen", stream: "text/event-stream",
		text: "Server-sent events: `exchange`, secrets masked; `reset` when some of what `Last-Event-ID` asks for is gone."}, s.watchLive)
}

type runQuery struct {
	App        string `query:"app"`
	Component  string `query:"component"`
	Kind       string `query:"kind" enum:"module,rpc,poll,hook"`
	Source     string `query:"source"`
	Connection string `query:"connection"`
	State      string `query:"state" enum:"running,succeeded,failed,cancelled"`
	Paging
}

func (s *Server) listRuns(ctx context.Context, a *Actor, in *runQuery) (*body[list[RunView]], error) {
	f := record.RunFilter{App: in.App, Component: in.Component, Kind: in.Kind, Source: in.Source, State: record.RunState(in.State)}
	account, err := s.connectionOf(ctx, a, in.Connection)
	if err != nil {
		return nil, err
	}
	if account != nil {
		f.Connection = account.ID
	}
	all, err := s.team(a).Runs(ctx, f, in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.page(), all, viewRun, func(r *record.Run) string { return r.ID }), nil
}

type runPath struct {
	Run string `path:"run"`
}

type runDetail struct {
	RunView
	Transcript json.RawMessage `json:"transcript,omitempty" doc:"The exchanges"`
}

func (s *Server) getRun(ctx context.Context, a *Actor, in *runPath) (*body[runDetail], error) {
	r, err := s.team(a).Run(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	return &body[runDetail]{runDetail{viewRun(r), r.Transcript}}, nil
}

// cancelRun ends a run. It is looked up first: a run of another team is none. One that is
// at work on another node ends on record, and there with its next beat; one whose node is
// gone just ends.
func (s *Server) cancelRun(ctx context.Context, a *Actor, in *runPath) (*body[RunView], error) {
	r, err := s.team(a).Run(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	if r.State != record.Running {
		return nil, problem(http.StatusConflict, "ended", "the run has ended: it %s", r.State)
	}
	if !s.cancels.cancel(in.Run) {
		err := s.team(a).CancelRun(ctx, in.Run)
		if errors.Is(err, record.ErrConflict) {
			err = problem(http.StatusConflict, "ended", "the run has ended in the meantime")
		}
		if err != nil {
			return nil, err
		}
		r.State, r.Ended = record.Cancelled, s.Now()
	}
	s.audit(ctx, a, "run.cancel", in.Run, "")
	return &body[RunView]{viewRun(r)}, nil
}
