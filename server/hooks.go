package server

import (
	"context"
	"net/http"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/webhook"
	"github.com/cleat-run/cleat/work"
)

type hookView struct {
	ID          string    `json:"id" example:"hook_7"`
	Name        string    `json:"name"`
	App         string    `json:"app"`
	Webhook     string    `json:"webhook" doc:"Id of the webhook in the app"`
	Module      string    `json:"module,omitempty" doc:"Id of the instant trigger that makes bundles of what comes in"`
	Connection  string    `json:"connection,omitempty"`
	URL         string    `json:"url" doc:"Where the service sends to. It is a secret: whoever knows it can send"`
	Attached    bool      `json:"attached" doc:"The service was told the URL by the app"`
	Paused      bool      `json:"paused"`
	Sequential  bool      `json:"sequential"`
	Destination string    `json:"destination,omitempty"`
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
}

func (s *Server) viewHook(r *webhook.Record) hookView {
	return hookView{ID: work.SourceOfHook(r.ID), Name: r.Name, App: r.App, Webhook: r.Type, Module: r.Trigger, Connection: connectionID(r.Connection),
		URL: s.PublicURL.JoinPath(webhook.Path(r.Token)).String(), Attached: r.Attached, Paused: r.Disabled, Sequential: r.Sequential,
		Destination: r.Destination, Created: r.Created, Updated: r.Updated}
}

func (s *Server) hookRoutes() {
	const tag = "Hooks"
	register(s, route{id: "listHooks", method: http.MethodGet, path: "/v1/hooks", tag: tag, scope: record.Hooks, summary: "List hooks"}, s.listHooks)
	register(s, route{id: "createHook", method: http.MethodPost, path: "/v1/hooks", tag: tag, scope: record.Hooks, status: http.StatusCreated, acts: true,
		summary: "Make a hook", text: "Where the app has attach the service is told at once; otherwise give the service the URL yourself."}, s.createHook)
	register(s, route{id: "getHook", method: http.MethodGet, path: "/v1/hooks/{hook}", tag: tag, scope: record.Hooks, summary: "Get a hook"}, s.getHook)
	register(s, route{id: "pauseHook", method: http.MethodPost, path: "/v1/hooks/{hook}/pause", tag: tag, scope: record.Hooks, summary: "Pause a hook",
		text: "What the service sends meanwhile is refused with 410."}, s.pauseHook)
	register(s, route{id: "resumeHook", method: http.MethodPost, path: "/v1/hooks/{hook}/resume", tag: tag, scope: record.Hooks, summary: "Let a paused hook receive"}, s.resumeHook)
	register(s, route{id: "deleteHook", method: http.MethodDelete, path: "/v1/hooks/{hook}", tag: tag, scope: record.Hooks, summary: "Delete a hook",
		text: "The service is told where the app has detach. When that fails nothing is deleted, unless `force` is set."}, s.deleteHook)
}

// HookPath is the part of a path that names a hook.
type HookPath struct {
	Hook string `path:"hook" example:"hook_7"`
}

func (s *Server) findHook(ctx context.Context, a *Actor, id string) (*webhook.Record, error) {
	number, err := work.HookID(id)
	if err != nil {
		return nil, err
	}
	return s.team(a).Hook(ctx, number)
}

func (s *Server) listHooks(ctx context.Context, a *Actor, _ *struct{}) (*body[list[hookView]], error) {
	all, err := s.team(a).Hooks(ctx)
	if err != nil {
		return nil, err
	}
	return pageOf(record.Page{}, all, s.viewHook, nil), nil
}

func (s *Server) getHook(ctx context.Context, a *Actor, in *HookPath) (*body[hookView], error) {
	r, err := s.findHook(ctx, a, in.Hook)
	if err != nil {
		return nil, err
	}
	return &body[hookView]{s.viewHook(r)}, nil
}

type createHook struct {
	Body struct {
		Name             string `json:"name" minLength:"1" maxLength:"200"`
		App              string `json:"app"`
		Webhook          string `json:"webhook,omitempty" doc:"Id of the webhook; that of the module when left out"`
		Module           string `json:"module,omitempty" doc:"Id of an instant trigger; what comes in is a bundle as it is when left out"`
		Connection       string `json:"connection,omitempty"`
		Parameters       Object `json:"parameters,omitempty" doc:"Of the webhook"`
		ModuleParameters Object `json:"module_parameters,omitempty"`
		Sequential       bool   `json:"sequential,omitempty" doc:"One request after the other, in the order of arrival"`
		Destination      string `json:"destination,omitempty"`
	}
}

func (s *Server) createHook(ctx context.Context, a *Actor, in *createHook) (*body[hookView], error) {
	opened, err := s.openApp(ctx, a, in.Body.App)
	if err != nil {
		return nil, err
	}
	wish := cleat.HookInput{Name: in.Body.Name, Parameters: in.Body.Parameters.given(), Sequential: in.Body.Sequential, TriggerParameters: in.Body.ModuleParameters.given()}
	if in.Body.Module != "" {
		if wish.Trigger, err = opened.InstantTrigger(in.Body.Module); err != nil {
			return nil, err
		}
		if in.Body.Webhook == "" {
			in.Body.Webhook = opened.App.App.Module(in.Body.Module).Webhook
		}
	}
	c, err := opened.Webhook(in.Body.Webhook)
	if err != nil {
		return nil, err
	}
	if wish.Connection, err = s.connectionOf(ctx, a, in.Body.Connection); err != nil {
		return nil, err
	}
	if in.Body.Destination != "" {
		if _, err := s.team(a).Destination(ctx, in.Body.Destination); err != nil {
			return nil, problem(http.StatusNotFound, "not_found", "there is no destination %q", in.Body.Destination)
		}
	}
	if _, err := s.team(a).HookNamed(ctx, in.Body.Name); err == nil {
		return nil, webhook.ErrNameTaken
	}
	h, err := s.Node.Teams.Of(a.Team).Hook(ctx, c, wish)
	if err != nil {
		return nil, err
	}
	r := *h.Current()
	r.Trigger, r.TriggerParameters, r.Destination = in.Body.Module, in.Body.ModuleParameters.given(), in.Body.Destination
	if err := s.team(a).UpdateHook(ctx, &r); err != nil {
		return nil, err
	}
	h.Changed(r)
	if err := h.Attach(ctx, s.PublicURL.String()); err != nil {
		return nil, err
	}
	s.audit(ctx, a, "hook.create", work.SourceOfHook(r.ID), r.Name)
	return &body[hookView]{s.viewHook(h.Current())}, nil
}

func (s *Server) pauseHook(ctx context.Context, a *Actor, in *HookPath) (*body[hookView], error) {
	return s.switchHook(ctx, a, in.Hook, "hook.pause", true)
}

func (s *Server) resumeHook(ctx context.Context, a *Actor, in *HookPath) (*body[hookView], error) {
	return s.switchHook(ctx, a, in.Hook, "hook.resume", false)
}

func (s *Server) switchHook(ctx context.Context, a *Actor, id, action string, paused bool) (*body[hookView], error) {
	r, err := s.findHook(ctx, a, id)
	if err != nil {
		return nil, err
	}
	r.Disabled = paused
	if err := s.team(a).UpdateHook(ctx, r); err != nil {
		return nil, err
	}
	s.hooks.forget(r.Token)
	s.audit(ctx, a, action, id, r.Name)
	return &body[hookView]{s.viewHook(r)}, nil
}

type deleteHook struct {
	HookPath
	Force bool `query:"force" doc:"Delete although the service cannot be told"`
}

func (s *Server) deleteHook(ctx context.Context, a *Actor, in *deleteHook) (*body[deleted], error) {
	r, err := s.findHook(ctx, a, in.Hook)
	if err != nil {
		return nil, err
	}
	out := &body[deleted]{}
	if r.Attached {
		err = s.detach(ctx, a, r)
	}
	switch {
	case err != nil && !in.Force:
		p := *problemOf(err)
		p.Hint = "with ?force=true the hook is deleted although the service was not told"
		return nil, &p
	case err != nil:
		out.Body.Warnings = []string{"the service was not told: " + problemOf(err).Detail}
	}
	if err := s.team(a).DeleteHook(ctx, r.ID); err != nil {
		return nil, err
	}
	s.hooks.forget(r.Token)
	s.audit(ctx, a, "hook.delete", in.Hook, r.Name)
	return out, nil
}

func (s *Server) detach(ctx context.Context, a *Actor, r *webhook.Record) error {
	h, err := s.Node.OpenHook(ctx, a.Team, r.ID, nil)
	if err != nil {
		return err
	}
	return h.Detach(ctx)
}
