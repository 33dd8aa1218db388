package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/record"
)

// Live carries exchanges of runs from node to node, as they happen.
type Live interface {
	// Emit tells everybody who watches; it may be lost.
	Emit(team int64, run, kind string, data []byte)
	// Watched reports whether somebody watches a team, on any node.
	Watched(team int64) bool
	// Watch gives what is told of a team after the given id, or from now on for "".
	Watch(ctx context.Context, team int64, after string) (Watcher, error)
}

// Watcher is a stream of what is told.
type Watcher interface {
	// Next waits. ErrReset says that what was asked for is gone: look at the history.
	Next(ctx context.Context) (Told, error)
	Close()
}

// Told is one message of [Live].
type Told struct {
	ID, Run, Kind string
	Data          []byte
}

var (
	// ErrReset says that some of what was asked for is not kept any more.
	ErrReset = errors.New("some of what happened is not kept any more")
	// ErrBehind ends a stream whose reader is too slow, or whose node stops: it comes back
	// with the id of the last message that it got.
	ErrBehind = errors.New("come back behind the last message")
)

// liveExchange is an exchange with the run that made it.
type liveExchange struct {
	Run        string          `json:"run"`
	App        string          `json:"app"`
	Component  string          `json:"component"`
	Kind       string          `json:"kind"`
	Connection string          `json:"connection,omitempty"`
	Exchange   json.RawMessage `json:"exchange"`
}

// emit tells an exchange of a run to those who watch; when nobody does it costs nothing.
func (s *Server) emit(team int64, run *record.Run, x engine.Exchange) {
	if s.Live == nil || !s.Live.Watched(team) {
		return
	}
	text, err := json.Marshal(x)
	if err != nil {
		return
	}
	data, err := json.Marshal(liveExchange{Run: run.ID, App: run.App, Component: run.Component, Kind: run.Kind, Connection: connectionID(run.Connection), Exchange: text})
	if err == nil {
		s.Live.Emit(team, run.ID, "exchange", data)
	}
}

type liveQuery struct {
	LastID     string `header:"Last-Event-ID"`
	App        string `query:"app"`
	Connection string `query:"connection"`
	Run        string `query:"run"`
}

func (q *liveQuery) wants(data []byte) bool {
	if q.App == "" && q.Connection == "" && q.Run == "" {
		return true
	}
	var x liveExchange
	if json.Unmarshal(data, &x) != nil {
		return false
	}
	return (q.App == "" || q.App == x.App) && (q.Connection == "" || q.Connection == x.Connection) && (q.Run == "" || q.Run == x.Run)
}

func (s *Server) watchLive(ctx context.Context, a *Actor, in *liveQuery) (*runOutput, error) {
	if s.Live == nil {
		return nil, problem(http.StatusServiceUnavailable, "unavailable", "this server shows nothing live")
	}
	if _, err := strconv.ParseUint(in.LastID, 10, 64); in.LastID != "" && err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "invalid_cursor", "%q is no id of an event", in.LastID)
	}
	watcher, err := s.Live.Watch(ctx, a.Team, in.LastID)
	if err != nil {
		return nil, err
	}
	out, err := s.listen(a, record.RunModules, func(ctx context.Context, out *stream) error {
		defer watcher.Close()
		for {
			told, err := s.nextTold(ctx, watcher, out)
			switch {
			case errors.Is(err, ErrReset):
				err = out.send("", "reset", struct{}{})
			case err == nil && in.wants(told.Data):
				err = out.send(told.ID, told.Kind, json.RawMessage(told.Data))
			}
			if err != nil {
				return err
			}
		}
	})
	if err != nil {
		watcher.Close()
	}
	return out, err
}

// nextTold waits for a message, and beats while there is none.
func (s *Server) nextTold(ctx context.Context, watcher Watcher, out *stream) (Told, error) {
	for {
		wait, cancel := context.WithTimeout(ctx, beatEvery)
		stop := context.AfterFunc(ctx, cancel)
		done := make(chan struct{})
		go func() {
			select {
			case <-s.draining:
				cancel()
			case <-done:
			}
		}()
		told, err := watcher.Next(wait)
		close(done)
		stop()
		expired := wait.Err() != nil
		cancel()
		select {
		case <-s.draining:
			return told, errDraining
		default:
		}
		if err == nil || !expired || ctx.Err() != nil {
			return told, err
		}
		if err := out.beat(); err != nil {
			return Told{}, err
		}
	}
}
