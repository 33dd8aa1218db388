package server

import (
	"context"
	"net/http"
	"time"

	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/work"
)

type triggerView struct {
	ID          string     `json:"id" example:"trg_01jd…"`
	Name        string     `json:"name"`
	App         string     `json:"app"`
	Module      string     `json:"module"`
	Connection  string     `json:"connection,omitempty"`
	Every       string     `json:"every,omitempty" example:"15m"`
	Cron        string     `json:"cron,omitempty" example:"0 9 * * 1-5"`
	Timezone    string     `json:"timezone,omitempty"`
	From        string     `json:"from,omitempty"`
	Limit       int        `json:"limit,omitempty"`
	Destination string     `json:"destination,omitempty"`
	Sequential  bool       `json:"sequential,omitempty"`
	State       string     `json:"state" enum:"running,failing,paused"`
	Reason      string     `json:"reason,omitempty" doc:"Why it is paused or failing"`
	Failures    int        `json:"failures,omitempty" doc:"Polls that failed since the last good one"`
	LastRun     *time.Time `json:"last_run,omitempty"`
	NextRun     *time.Time `json:"next_run,omitempty"`
	Progress    progress   `json:"progress" doc:"How far it has come"`
	Created     time.Time  `json:"created"`
	Updated     time.Time  `json:"updated"`
}

type progress struct {
	Begun    bool       `json:"begun"`
	LastDate *time.Time `json:"last_date,omitempty"`
	LastID   string     `json:"last_id,omitempty"`
}

func viewTrigger(t *record.Trigger) triggerView {
	v := triggerView{ID: t.ID, Name: t.Name, App: t.App, Module: t.Module, Connection: connectionID(t.Connection), Cron: t.Cron, Timezone: t.Timezone, From: t.From,
		Limit: t.Limit, Destination: t.Destination, Sequential: t.Sequential, State: "running", Failures: t.Failures, LastRun: optional(t.LastRun),
		NextRun: optional(t.NextAt), Created: t.Created, Updated: t.Updated,
		Progress: progress{Begun: t.State.Version > 0, LastDate: optional(t.State.LastDate), LastID: t.State.LastID}}
	if t.Every > 0 {
		v.Every = t.Every.String()
	}
	switch {
	case t.Paused != "":
		v.State, v.Reason, v.NextRun = "paused", t.Paused, nil
	case t.Failures > 0:
		v.State, v.Reason = "failing", t.LastError
	}
	return v
}

func (s *Server) triggerRoutes() {
	const tag = "Triggers"
	register(s, route{id: "listTriggers", method: http.MethodGet, path: "/v1/triggers", tag: tag, scope: record.Hooks, summary: "List triggers"}, s.listTriggers)
	register(s, route{id: "createTrigger", method: http.MethodPost, path: "/v1/triggers", tag: tag, scope: record.Hooks, status: http.StatusCreated, acts: true,
		summary: "Run a polling trigger on a schedule"}, s.createTrigger)
	register(s, route{id: "getTrigger", method: http.MethodGet, path: "/v1/triggers/{trigger}", tag: tag, scope: record.Hooks, summary: "Get a trigger"}, s.getTrigger)
	register(s, route{id: "editTrigger", method: http.MethodPatch, path: "/v1/triggers/{trigger}", tag: tag, scope: record.Hooks, summary: "Change a trigger",
		text: "A changed `from` begins anew with the next poll."}, s.editTrigger)
	register(s, route{id: "pauseTrigger", method: http.MethodPost, path: "/v1/triggers/{trigger}/pause", tag: tag, scope: record.Hooks, summary: "Pause a trigger"}, s.pauseTrigger)
	register(s, route{id: "resumeTrigger", method: http.MethodPost, path: "/v1/triggers/{trigger}/resume", tag: tag, scope: record.Hooks, summary: "Let a paused trigger run"}, s.resumeTrigger)
	register(s, route{id: "runTrigger", method: http.MethodPost, path: "/v1/triggers/{trigger}/run", tag: tag, scope: record.Hooks, acts: true, summary: "Run a trigger now",
		text: "Answers when the poll is over."}, s.runTrigger)
	register(s, route{id: "deleteTrigger", method: http.MethodDelete, path: "/v1/triggers/{trigger}", tag: tag, scope: record.Hooks, status: http.StatusNoContent, summary: "Delete a trigger"}, s.deleteTrigger)
	register(s, route{id: "listTriggerRuns", method: http.MethodGet, path: "/v1/triggers/{trigger}/history", tag: tag, scope: record.Hooks, summary: "The runs of a trigger"}, s.triggerHistory)
}

// TriggerPath is the part of a path that names a trigger.
type TriggerPath struct {
	Trigger string `path:"trigger"`
}

// Schedule is when a trigger runs and what comes of it.
type Schedule struct {
	Every       string `json:"every,omitempty" doc:"Time between two polls, such as 15m; at least 1s" example:"15m"`
	Cron        string `json:"cron,omitempty" doc:"minute hour day month weekday, in timezone; instead of every"`
	Timezone    string `json:"timezone,omitempty" doc:"IANA name" example:"Europe/Prague"`
	From        string `json:"from,omitempty" doc:"Where to begin: all, now, a date, or the id of an item; now when left out"`
	Limit       int    `json:"limit,omitempty" minimum:"0" doc:"Most bundles of one poll"`
	Destination string `json:"destination,omitempty" doc:"Id; the event log only when left out"`
	Sequential  bool   `json:"sequential,omitempty" doc:"The destination gets bundles in order, one after the other"`
	Parameters  Object `json:"parameters,omitempty"`
}

type createTrigger struct {
	Body struct {
		Name       string `json:"name" minLength:"1" maxLength:"200"`
		App        string `json:"app"`
		Module     string `json:"module" doc:"Id of a polling trigger"`
		Connection string `json:"connection,omitempty"`
		Schedule
	}
}

func (s *Server) createTrigger(ctx context.Context, a *Actor, in *createTrigger) (*body[triggerView], error) {
	opened, err := s.openApp(ctx, a, in.Body.App)
	if err != nil {
		return nil, err
	}
	if _, err := opened.Trigger(in.Body.Module); err != nil {
		return nil, err
	}
	account, err := s.connectionOf(ctx, a, in.Body.Connection)
	if err != nil {
		return nil, err
	}
	t := &record.Trigger{ID: record.NewID("trg", s.Now()), Name: in.Body.Name, App: opened.Name, Module: in.Body.Module}
	if account != nil {
		t.Connection = account.ID
	}
	if err := s.plan(ctx, a, t, &in.Body.Schedule); err != nil {
		return nil, err
	}
	if err := s.team(a).InsertTrigger(ctx, t); err != nil {
		return nil, err
	}
	s.audit(ctx, a, "trigger.create", t.ID, t.Name)
	return &body[triggerView]{viewTrigger(t)}, nil
}

// plan puts a schedule into a trigger, checked.
func (s *Server) plan(ctx context.Context, a *Actor, t *record.Trigger, p *Schedule) error {
	wrong := func(field, format string, args ...any) error {
		e := problem(http.StatusUnprocessableEntity, "invalid_schedule", format, args...)
		e.Errors = []Detail{{Message: e.Detail, Field: field}}
		return e
	}
	if (p.Every == "") == (p.Cron == "") {
		return wrong("every", "give every or cron, one of the two")
	}
	t.Every, t.Cron, t.Timezone, t.From, t.Limit, t.Destination, t.Sequential = 0, p.Cron, p.Timezone, p.From, p.Limit, p.Destination, p.Sequential
	if p.Every != "" {
		d, err := time.ParseDuration(p.Every)
		if err != nil || d < work.MinEvery {
			return wrong("every", "every is a time such as 90s, 15m or 24h, at least 1s")
		}
		t.Every = d
	}
	loc, err := time.LoadLocation(p.Timezone)
	if err != nil || p.Timezone == "Local" {
		return wrong("timezone", "there is no time zone %q", p.Timezone)
	}
	t.From = poll.ParseStart(p.From, loc).String()
	if p.Destination != "" {
		if _, err := s.team(a).Destination(ctx, p.Destination); err != nil {
			return problem(http.StatusNotFound, "not_found", "there is no destination %q", p.Destination)
		}
	}
	if p.Parameters.Collection != nil || t.Parameters == nil {
		t.Parameters = p.Parameters.given()
	}
	if t.NextAt, err = work.Next(t, s.Now()); err != nil {
		return wrong("cron", "%s", err)
	}
	return nil
}

func (s *Server) listTriggers(ctx context.Context, a *Actor, in *Paging) (*body[list[triggerView]], error) {
	all, err := s.team(a).Triggers(ctx, in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.page(), all, viewTrigger, func(t *record.Trigger) string { return t.ID }), nil
}

func (s *Server) getTrigger(ctx context.Context, a *Actor, in *TriggerPath) (*body[triggerView], error) {
	t, err := s.team(a).Trigger(ctx, in.Trigger)
	if err != nil {
		return nil, err
	}
	return &body[triggerView]{viewTrigger(t)}, nil
}

type editTrigger struct {
	TriggerPath
	Body struct {
		Name       string  `json:"name,omitempty" maxLength:"200"`
		Connection *string `json:"connection,omitempty"`
		ScheduleChange
	}
}

// ScheduleChange is what changes of a [Schedule]; what is left out stays as it is.
type ScheduleChange struct {
	Every       *string `json:"every,omitempty" doc:"Instead of cron"`
	Cron        *string `json:"cron,omitempty" doc:"Instead of every"`
	Timezone    *string `json:"timezone,omitempty"`
	From        *string `json:"from,omitempty"`
	Limit       *int    `json:"limit,omitempty" minimum:"0"`
	Destination *string `json:"destination,omitempty"`
	Sequential  *bool   `json:"sequential,omitempty"`
	Parameters  Object  `json:"parameters,omitempty"`
}

// of is the schedule that t gets.
func (c *ScheduleChange) of(t *record.Trigger) *Schedule {
	p := &Schedule{Cron: t.Cron, Timezone: t.Timezone, From: t.From, Limit: t.Limit, Destination: t.Destination, Sequential: t.Sequential, Parameters: c.Parameters}
	if t.Every > 0 {
		p.Every = t.Every.String()
	}
	if c.Every != nil || c.Cron != nil {
		p.Every, p.Cron = "", ""
	}
	set(&p.Every, c.Every)
	set(&p.Cron, c.Cron)
	set(&p.Timezone, c.Timezone)
	set(&p.From, c.From)
	set(&p.Limit, c.Limit)
	set(&p.Destination, c.Destination)
	set(&p.Sequential, c.Sequential)
	return p
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

func (s *Server) editTrigger(ctx context.Context, a *Actor, in *editTrigger) (*body[triggerView], error) {
	return s.changeTrigger(ctx, a, in.Trigger, "trigger.edit", func(t *record.Trigger) error {
		if in.Body.Name != "" {
			t.Name = in.Body.Name
		}
		if in.Body.Connection != nil {
			account, err := s.connectionOf(ctx, a, *in.Body.Connection)
			if err != nil {
				return err
			}
			if t.Connection = 0; account != nil {
				t.Connection = account.ID
			}
		}
		return s.plan(ctx, a, t, in.Body.of(t))
	})
}

// changeTrigger reads a trigger, changes it and stores it.
func (s *Server) changeTrigger(ctx context.Context, a *Actor, id, action string, change func(*record.Trigger) error) (*body[triggerView], error) {
	t, err := s.team(a).Trigger(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := change(t); err != nil {
		return nil, err
	}
	if err := s.team(a).UpdateTrigger(ctx, t); err != nil {
		return nil, err
	}
	s.audit(ctx, a, action, t.ID, t.Name)
	return &body[triggerView]{viewTrigger(t)}, nil
}

func (s *Server) pauseTrigger(ctx context.Context, a *Actor, in *TriggerPath) (*body[triggerView], error) {
	return s.changeTrigger(ctx, a, in.Trigger, "trigger.pause", func(t *record.Trigger) error {
		t.Paused = "paused by a person"
		return nil
	})
}

func (s *Server) resumeTrigger(ctx context.Context, a *Actor, in *TriggerPath) (*body[triggerView], error) {
	return s.changeTrigger(ctx, a, in.Trigger, "trigger.resume", func(t *record.Trigger) error {
		t.Paused, t.NextAt = "", s.Now()
		return nil
	})
}

type polled struct {
	Run     string      `json:"run"`
	Bundles int         `json:"bundles" doc:"How many are new; they are in the event log"`
	Error   string      `json:"error,omitempty"`
	Trigger triggerView `json:"trigger"`
}

func (s *Server) runTrigger(ctx context.Context, a *Actor, in *TriggerPath) (*body[polled], error) {
	t, err := s.team(a).Trigger(ctx, in.Trigger)
	if err != nil {
		return nil, err
	}
	leave, err := s.runs.enter(a.Team, t.Connection, s.Limits)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, s.Limits.Run)
	defer cancel()
	end, err := s.Node.Poll(ctx, a.Team, t)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, a, "trigger.run", t.ID, t.Name)
	if t, err = s.team(a).Trigger(ctx, t.ID); err != nil {
		return nil, err
	}
	return &body[polled]{polled{Run: end.Run.ID, Bundles: len(end.Events), Error: end.Error, Trigger: viewTrigger(t)}}, nil
}

func (s *Server) deleteTrigger(ctx context.Context, a *Actor, in *TriggerPath) (*none, error) {
	if err := s.team(a).DeleteTrigger(ctx, in.Trigger); err != nil {
		return nil, err
	}
	s.audit(ctx, a, "trigger.delete", in.Trigger, "")
	return nil, nil
}

type triggerRuns struct {
	TriggerPath
	Paging
}

func (s *Server) triggerHistory(ctx context.Context, a *Actor, in *triggerRuns) (*body[list[RunView]], error) {
	if _, err := s.team(a).Trigger(ctx, in.Trigger); err != nil {
		return nil, err
	}
	all, err := s.team(a).Runs(ctx, record.RunFilter{Source: in.Trigger}, in.page())
	if err != nil {
		return nil, err
	}
	return pageOf(in.page(), all, viewRun, func(r *record.Run) string { return r.ID }), nil
}
