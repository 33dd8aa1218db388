package server

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/work"
)

// DeliveryView is a delivery as the interface shows it.
type DeliveryView struct {
	ID       string     `json:"id" example:"dlv_0193…"`
	Hook     string     `json:"hook"`
	State    string     `json:"state" enum:"running,waiting,done,dropped,dead"`
	Received time.Time  `json:"received"`
	Source   string     `json:"source,omitempty" doc:"Address of the sender"`
	Attempt  int        `json:"attempt"`
	Bundles  int        `json:"bundles"`
	Error    string     `json:"error,omitempty"`
	RetryAt  *time.Time `json:"retry_at,omitempty"`
	Ended    *time.Time `json:"ended,omitempty"`
	ReplayOf string     `json:"replay_of,omitempty"`
}

// deliveryPrefix is how the interface marks ids of deliveries; on the bus they have none.
const deliveryPrefix = "dlv_"

func viewDelivery(d *record.Delivery) DeliveryView {
	v := DeliveryView{ID: deliveryPrefix + d.ID, Hook: work.SourceOfHook(d.Hook), State: string(d.State), Received: d.Received, Source: d.Source, Attempt: d.Attempt,
		Bundles: d.Bundles, Error: d.Error, RetryAt: optional(d.RetryAt), Ended: optional(d.Ended)}
	if d.ReplayOf != "" {
		v.ReplayOf = deliveryPrefix + d.ReplayOf
	}
	return v
}

func (s *Server) deliveryRoutes() {
	const tag = "Hooks"
	register(s, route{id: "listDeliveries", method: http.MethodGet, path: "/v1/hooks/{hook}/deliveries", tag: tag, scope: record.Hooks, summary: "What a hook was sent",
		text: "As far as it was worked on; what still waits is not listed."}, s.listDeliveries)
	register(s, route{id: "getDelivery", method: http.MethodGet, path: "/v1/hooks/{hook}/deliveries/{delivery}", tag: tag, scope: record.Hooks, summary: "One delivery, with its request"}, s.getDelivery)
	register(s, route{id: "replayDelivery", method: http.MethodPost, path: "/v1/hooks/{hook}/deliveries/{delivery}/replay", tag: tag, scope: record.Hooks, status: http.StatusAccepted, acts: true,
		summary: "Work on a delivery once more", text: "As a new delivery with the same request."}, s.replayDelivery)
	register(s, route{id: "replayDeliveries", method: http.MethodPost, path: "/v1/hooks/{hook}/replay", tag: tag, scope: record.Hooks, status: http.StatusAccepted, acts: true,
		summary: "Work on a range of deliveries once more", text: "At most 1000 at a time, the newest first; `more` says that there are others."}, s.replayDeliveries)
}

// DeliveryQuery says which deliveries are wanted.
type DeliveryQuery struct {
	State string    `query:"state" enum:"running,waiting,done,dropped,dead"`
	From  time.Time `query:"from" doc:"Received at or after"`
	To    time.Time `query:"to" doc:"Received before"`
}

type listDeliveries struct {
	HookPath
	DeliveryQuery
	Paging
}

func (s *Server) listDeliveries(ctx context.Context, a *Actor, in *listDeliveries) (*body[list[DeliveryView]], error) {
	r, err := s.findHook(ctx, a, in.Hook)
	if err != nil {
		return nil, err
	}
	all, err := s.team(a).Deliveries(ctx, record.DeliveryFilter{Hook: r.ID, State: record.DeliveryState(in.State), From: in.From, To: in.To}, in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.page(), all, viewDelivery, func(d *record.Delivery) string { return d.ID }), nil
}

type deliveryPath struct {
	HookPath
	Delivery string `path:"delivery" example:"dlv_0193…"`
}

func (s *Server) findDelivery(ctx context.Context, a *Actor, in deliveryPath) (*record.Delivery, error) {
	r, err := s.findHook(ctx, a, in.Hook)
	if err != nil {
		return nil, err
	}
	if len(in.Delivery) < len(deliveryPrefix) || in.Delivery[:len(deliveryPrefix)] != deliveryPrefix {
		return nil, record.ErrNotFound
	}
	d, err := s.team(a).Delivery(ctx, in.Delivery[len(deliveryPrefix):])
	if err == nil && d.Hook != r.ID {
		err = record.ErrNotFound
	}
	return d, err
}

type deliveryDetail struct {
	DeliveryView
	Request *requestView `json:"request,omitempty"`
}

type requestView struct {
	Method string      `json:"method"`
	Query  string      `json:"query,omitempty"`
	Header [][2]string `json:"header" doc:"Names and values"`
	Body   string      `json:"body,omitempty"`
	Base64 bool        `json:"base64,omitempty" doc:"The body is no text and stands in base64"`
}

func (s *Server) getDelivery(ctx context.Context, a *Actor, in *deliveryPath) (*body[deliveryDetail], error) {
	d, err := s.findDelivery(ctx, a, *in)
	if err != nil {
		return nil, err
	}
	out := &body[deliveryDetail]{deliveryDetail{DeliveryView: viewDelivery(d)}}
	head, content, err := work.Split(d.Request)
	if err != nil {
		return out, nil // it was pruned
	}
	h, err := work.ReadHead(head)
	if err != nil {
		return nil, err
	}
	v := &requestView{Method: h.Method, Query: h.Query, Header: h.Header, Body: string(content)}
	if !utf8.Valid(content) {
		v.Body, v.Base64 = base64.StdEncoding.EncodeToString(content), true
	}
	out.Body.Request = v
	return out, nil
}

type replayed struct {
	Deliveries []string `json:"deliveries" doc:"Ids of the new deliveries"`
	More       bool     `json:"more,omitempty"`
}

func (s *Server) replayDelivery(ctx context.Context, a *Actor, in *deliveryPath) (*body[replayed], error) {
	d, err := s.findDelivery(ctx, a, *in)
	if err != nil {
		return nil, err
	}
	id, err := s.replay(ctx, a, d)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, a, "delivery.replay", in.Delivery, "as "+id)
	return &body[replayed]{replayed{Deliveries: []string{id}}}, nil
}

// replay publishes the request of a delivery under a new id (work.md 7).
func (s *Server) replay(ctx context.Context, a *Actor, d *record.Delivery) (string, error) {
	head, content, err := work.Split(d.Request)
	if err != nil {
		return "", problem(http.StatusConflict, "no_request", "the request of the delivery is not kept any more")
	}
	r, err := s.team(a).Hook(ctx, d.Hook)
	if err != nil {
		return "", err
	}
	again := &record.Delivery{ID: s.NewDelivery(), Hook: d.Hook, Received: s.Now(), Source: d.Source, ReplayOf: d.ID}
	return deliveryPrefix + again.ID, s.Queue.Publish(ctx, a.Team, again, head, content, r.Sequential)
}

type replayRange struct {
	HookPath
	Body struct {
		State string    `json:"state,omitempty" enum:"done,dropped,dead" doc:"Only those that ended so"`
		From  time.Time `json:"from,omitzero" doc:"Received at or after"`
		To    time.Time `json:"to,omitzero" doc:"Received before"`
	}
}

const maxReplay = 1000

func (s *Server) replayDeliveries(ctx context.Context, a *Actor, in *replayRange) (*body[replayed], error) {
	r, err := s.findHook(ctx, a, in.Hook)
	if err != nil {
		return nil, err
	}
	filter := record.DeliveryFilter{Hook: r.ID, State: record.DeliveryState(in.Body.State), From: in.Body.From, To: in.Body.To}
	all, err := s.team(a).Deliveries(ctx, filter, record.Page{Limit: maxReplay})
	if err != nil {
		return nil, err
	}
	out := &body[replayed]{replayed{Deliveries: []string{}, More: len(all) == maxReplay}}
	for i := len(all) - 1; i >= 0; i-- { // in the order in which they came
		d, err := s.team(a).Delivery(ctx, all[i].ID)
		if err != nil {
			return nil, err
		}
		id, err := s.replay(ctx, a, d)
		if err != nil {
			return nil, err
		}
		out.Body.Deliveries = append(out.Body.Deliveries, id)
	}
	s.audit(ctx, a, "delivery.replay", in.Hook, "a range")
	return out, nil
}
