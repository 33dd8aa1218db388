package server

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/work"
)

type destinationView struct {
	ID      string    `json:"id" example:"dst_01jd…"`
	Name    string    `json:"name"`
	URL     string    `json:"url"`
	Secret  string    `json:"secret,omitempty" doc:"Checks the signatures (Standard Webhooks). Shown once, when it is made"`
	State   string    `json:"state" enum:"sending,paused"`
	Reason  string    `json:"reason,omitempty"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

func viewDestination(d *record.Destination) destinationView {
	v := destinationView{ID: d.ID, Name: d.Name, URL: d.URL, State: "sending", Reason: d.Paused, Created: d.Created, Updated: d.Updated}
	if d.Paused != "" {
		v.State = "paused"
	}
	return v
}

func (s *Server) destinationRoutes() {
	const tag = "Destinations"
	register(s, route{id: "listDestinations", method: http.MethodGet, path: "/v1/destinations", tag: tag, scope: record.Hooks, summary: "List destinations"}, s.listDestinations)
	register(s, route{id: "createDestination", method: http.MethodPost, path: "/v1/destinations", tag: tag, scope: record.Hooks, status: http.StatusCreated, acts: true,
		summary: "Make a destination", text: "Bundles are posted to it as JSON, signed as Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`. " +
			"2xx accepts; 410 pauses; 429 and Retry-After are respected; otherwise it is tried again over about three days."}, s.createDestination)
	register(s, route{id: "getDestination", method: http.MethodGet, path: "/v1/destinations/{destination}", tag: tag, scope: record.Hooks, summary: "Get a destination"}, s.getDestination)
	register(s, route{id: "editDestination", method: http.MethodPatch, path: "/v1/destinations/{destination}", tag: tag, scope: record.Hooks, summary: "Change, pause or resume a destination"}, s.editDestination)
	register(s, route{id: "deleteDestination", method: http.MethodDelete, path: "/v1/destinations/{destination}", tag: tag, scope: record.Hooks, status: http.StatusNoContent,
		summary: "Delete a destination", text: "With what waits for it. Refused while triggers or hooks use it."}, s.deleteDestination)
	register(s, route{id: "listHandovers", method: http.MethodGet, path: "/v1/destinations/{destination}/handovers", tag: tag, scope: record.Hooks, summary: "What a destination was sent"}, s.listHandovers)
	register(s, route{id: "replayHandovers", method: http.MethodPost, path: "/v1/destinations/{destination}/replay", tag: tag, scope: record.Hooks, status: http.StatusAccepted, acts: true,
		summary: "Send events once more"}, s.replayHandovers)
}

// DestinationPath is the part of a path that names a destination.
type DestinationPath struct {
	Destination string `path:"destination"`
}

func (s *Server) listDestinations(ctx context.Context, a *Actor, _ *struct{}) (*body[list[destinationView]], error) {
	all, err := s.team(a).Destinations(ctx)
	if err != nil {
		return nil, err
	}
	return pageOf(record.Page{}, all, viewDestination, nil), nil
}

func (s *Server) getDestination(ctx context.Context, a *Actor, in *DestinationPath) (*body[destinationView], error) {
	d, err := s.team(a).Destination(ctx, in.Destination)
	if err != nil {
		return nil, err
	}
	return &body[destinationView]{viewDestination(d)}, nil
}

type createDestination struct {
	Body struct {
		Name   string `json:"name" minLength:"1" maxLength:"200"`
		URL    string `json:"url" maxLength:"2000"`
		Secret string `json:"secret,omitempty" doc:"whsec_ and 24 to 64 bytes in base64; made when left out"`
	}
}

func checkDestination(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return problem(http.StatusUnprocessableEntity, "invalid_url", "url is an http or https address without a user")
	}
	return nil
}

func (s *Server) createDestination(ctx context.Context, a *Actor, in *createDestination) (*body[destinationView], error) {
	if err := checkDestination(in.Body.URL); err != nil {
		return nil, err
	}
	if in.Body.Secret == "" {
		in.Body.Secret = work.NewSecret()
	} else if err := work.CheckSecret(in.Body.Secret); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "invalid_secret", "%s", err)
	}
	d := &record.Destination{ID: record.NewID("dst", s.Now()), Name: in.Body.Name, URL: in.Body.URL, Secret: in.Body.Secret}
	if err := s.team(a).InsertDestination(ctx, d); err != nil {
		return nil, err
	}
	s.audit(ctx, a, "destination.create", d.ID, d.Name)
	v := viewDestination(d)
	v.Secret = d.Secret
	return &body[destinationView]{v}, nil
}

type editDestination struct {
	DestinationPath
	Body struct {
		Name   string `json:"name,omitempty" maxLength:"200"`
		URL    string `json:"url,omitempty" maxLength:"2000"`
		Paused *bool  `json:"paused,omitempty"`
	}
}

func (s *Server) editDestination(ctx context.Context, a *Actor, in *editDestination) (*body[destinationView], error) {
	d, err := s.team(a).Destination(ctx, in.Destination)
	if err != nil {
		return nil, err
	}
	if in.Body.Name != "" {
		d.Name = in.Body.Name
	}
	if in.Body.URL != "" {
		if err := checkDestination(in.Body.URL); err != nil {
			return nil, err
		}
		d.URL = in.Body.URL
	}
	if in.Body.Paused != nil {
		if d.Paused = ""; *in.Body.Paused {
			d.Paused = "paused by a person"
		}
	}
	if err := s.team(a).UpdateDestination(ctx, d); err != nil {
		return nil, err
	}
	s.Outbox.Wake()
	s.audit(ctx, a, "destination.edit", d.ID, d.Name)
	return &body[destinationView]{viewDestination(d)}, nil
}

func (s *Server) deleteDestination(ctx context.Context, a *Actor, in *DestinationPath) (*none, error) {
	err := s.team(a).DeleteDestination(ctx, in.Destination)
	if err == nil {
		s.audit(ctx, a, "destination.delete", in.Destination, "")
	}
	return nil, err
}

type handoverView struct {
	Event   string     `json:"event"`
	State   string     `json:"state" enum:"pending,done,dead"`
	Tries   int        `json:"tries"`
	Next    *time.Time `json:"next,omitempty"`
	Status  int        `json:"status,omitempty" doc:"Of the last answer"`
	Error   string     `json:"error,omitempty"`
	Updated time.Time  `json:"updated"`
}

func viewHandover(h *record.Handover) handoverView {
	v := handoverView{Event: h.Event, State: string(h.State), Tries: h.Tries, Status: h.Status, Error: h.Error, Updated: h.Updated}
	if h.State == record.HandoverPending {
		v.Next = optional(h.NextAt)
	}
	return v
}

type handoverQuery struct {
	DestinationPath
	State string `query:"state" enum:"pending,done,dead"`
	Paging
}

func (s *Server) listHandovers(ctx context.Context, a *Actor, in *handoverQuery) (*body[list[handoverView]], error) {
	if _, err := s.team(a).Destination(ctx, in.Destination); err != nil {
		return nil, err
	}
	all, err := s.team(a).Handovers(ctx, in.Destination, record.HandoverState(in.State), in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.page(), all, viewHandover, func(h *record.Handover) string { return h.Event }), nil
}

type replayHandovers struct {
	DestinationPath
	Body struct {
		Events []string `json:"events" minItems:"1" maxItems:"1000" doc:"Ids of events"`
	}
}

type replayedHandovers struct {
	Replayed int `json:"replayed"`
}

func (s *Server) replayHandovers(ctx context.Context, a *Actor, in *replayHandovers) (*body[replayedHandovers], error) {
	if _, err := s.team(a).Destination(ctx, in.Destination); err != nil {
		return nil, err
	}
	n, err := s.team(a).Replay(ctx, in.Destination, in.Body.Events...)
	if err != nil {
		return nil, err
	}
	s.Outbox.Wake()
	s.audit(ctx, a, "event.replay", in.Destination, "")
	return &body[replayedHandovers]{replayedHandovers{n}}, nil
}
