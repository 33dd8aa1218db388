package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cleat-run/cleat/record"
)

type eventView struct {
	Cursor      string          `json:"cursor" doc:"Pass it as after, or as Last-Event-ID"`
	ID          string          `json:"id" example:"evt_01jd…"`
	Source      string          `json:"source" doc:"Id of the trigger, the hook or the run"`
	App         string          `json:"app"`
	Run         string          `json:"run,omitempty" doc:"Id of the run or the delivery that gave it"`
	Destination string          `json:"destination,omitempty"`
	Created     time.Time       `json:"created"`
	Bundle      json.RawMessage `json:"bundle"`
}

func viewEvent(e *record.Event) eventView {
	return eventView{Cursor: strconv.FormatInt(e.Seq, 10), ID: e.ID, Source: e.Source, App: e.App, Run: e.Run, Destination: e.Destination, Created: e.Created, Bundle: e.Bundle}
}

func (s *Server) eventRoutes() {
	const tag = "Events"
	register(s, route{id: "listEvents", method: http.MethodGet, path: "/v1/events", tag: tag, scope: record.Hooks, summary: "The log of bundles", answer: list[eventView]{}, stream: "text/event-stream",
		text: "The oldest first. With `Accept: text/event-stream` they come as server-sent events as they happen, from `Last-Event-ID` or `after` on, else only new ones."}, s.listEvents)
	register(s, route{id: "getEvent", method: http.MethodGet, path: "/v1/events/{event}", tag: tag, scope: record.Hooks, summary: "One event"}, s.getEvent)
}

type eventQuery struct {
	Accept      string `header:"Accept"`
	LastID      string `header:"Last-Event-ID"`
	Source      string `query:"source" doc:"Only those of this trigger, hook or run"`
	App         string `query:"app"`
	Destination string `query:"destination"`
	After       string `query:"after" doc:"Cursor"`
	Limit       int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

func (q *eventQuery) filter() record.EventFilter {
	return record.EventFilter{Source: q.Source, App: q.App, Destination: q.Destination}
}

func cursorOf(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, problem(http.StatusUnprocessableEntity, "invalid_cursor", "%q is no cursor", text)
	}
	return n, nil
}

func (s *Server) listEvents(ctx context.Context, a *Actor, in *eventQuery) (*runOutput, error) {
	if wantsStream(in.Accept) {
		return s.streamEvents(ctx, a, in)
	}
	after, err := cursorOf(in.After)
	if err != nil {
		return nil, err
	}
	all, err := s.team(a).Events(ctx, in.filter(), after, in.Limit)
	if err != nil {
		return nil, err
	}
	page := pageOf(record.Page{Limit: in.Limit}, all, viewEvent, func(e *record.Event) string { return strconv.FormatInt(e.Seq, 10) })
	text, err := json.Marshal(page.Body)
	return answered(http.StatusOK, append(text, '\n')), err
}

type eventPath struct {
	Event string `path:"event"`
}

func (s *Server) getEvent(ctx context.Context, a *Actor, in *eventPath) (*body[eventView], error) {
	e, err := s.team(a).Event(ctx, in.Event)
	if err != nil {
		return nil, err
	}
	return &body[eventView]{viewEvent(e)}, nil
}

// streamEvents sends the log as it grows. What was missed comes first, so nothing is lost
// between two connections.
func (s *Server) streamEvents(ctx context.Context, a *Actor, in *eventQuery) (*runOutput, error) {
	from := in.LastID
	if from == "" {
		from = in.After
	}
	after, err := cursorOf(from)
	if err == nil && from == "" {
		after, err = s.team(a).LastEvent(ctx)
	}
	if err != nil {
		return nil, err
	}
	return s.listen(a, record.Hooks, func(ctx context.Context, out *stream) error {
		for {
			heard := s.news.wait(a.Team) // before looking: what comes meanwhile wakes
			all, err := s.team(a).Events(ctx, in.filter(), after, eventBatch)
			if err != nil {
				return err
			}
			for _, e := range all {
				after = e.Seq
				if err := out.send(strconv.FormatInt(e.Seq, 10), "bundle", viewEvent(e)); err != nil {
					return err
				}
			}
			if len(all) == eventBatch {
				continue
			}
			if err := out.idle(ctx, heard, eventPoll); err != nil {
				return err
			}
		}
	})
}

// eventPoll is how often a listener looks for events of other nodes.
const eventPoll = time.Second

// news wakes listeners of a team's events on this node.
type news struct {
	mu   sync.Mutex
	open map[int64]chan struct{}
}

func (n *news) wait(team int64) <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open == nil {
		n.open = map[int64]chan struct{}{}
	}
	if n.open[team] == nil {
		n.open[team] = make(chan struct{})
	}
	return n.open[team]
}

func (n *news) tell(team int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c := n.open[team]; c != nil {
		close(c)
		delete(n.open, team)
	}
}

// Stored says that events of a team were stored by this node.
func (s *Server) Stored(team int64, _ []*record.Event) { s.news.tell(team) }

// listeners counts those who listen on this node.
type listeners struct{ n atomic.Int64 }

func (l *listeners) enter(most int) (leave func(), err error) {
	if l.n.Add(1) > int64(most) {
		l.n.Add(-1)
		return nil, busy(http.StatusServiceUnavailable, "too_many_listeners", 5*time.Second, "this node has %d listeners already", most)
	}
	return sync.OnceFunc(func() { l.n.Add(-1) }), nil
}
