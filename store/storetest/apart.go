package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/webhook"
)

// property is one of each record, made by a team.
type property struct {
	connection  *connect.Record
	flow        *connect.Flow
	hook        *webhook.Record
	app         *record.App
	run         *record.Run
	trigger     *record.Trigger
	delivery    *record.Delivery
	event       *record.Event
	destination *record.Destination
	token       *record.Token
}

func settle(t *testing.T, s Records, flow string) *property {
	t.Helper()
	p := &property{connection: insert(t, s, newRecord("a")), flow: insertFlow(t, s, newFlow(flow)), app: newApp(t, s, "photos"), run: newRun(noon)}
	ok(t, "PutRuns", s.PutRuns(t.Context(), p.run))
	p.destination = insertDestination(t, s, "a")
	h := newHook("a")
	h.Destination = p.destination.ID
	p.hook = insertHook(t, s, h)
	p.trigger = insertTrigger(t, s, newTrigger("a"))
	p.delivery = begin(t, s, newReceived(noon))
	p.event = to(p.destination, newEvent("trg_1", "secret"))
	emit(t, s, p.event)
	queue(t, s, newDelivery(h.ID, flow))
	put(t, s, "state", newState())
	p.token = &record.Token{Name: "a", Hash: "token-" + flow}
	ok(t, "InsertToken", s.InsertToken(t.Context(), p.token))
	ok(t, "AppendAudit", s.AppendAudit(t.Context(), &record.Audit{Action: "settle"}))
	if _, err := s.BeginReply(t.Context(), newReply()); err != nil {
		t.Fatal(err)
	}
	return p
}

// testTeamsApart calls every method of one team with what belongs to the other: there is
// no such thing, and nothing changes. The names of both are the same all along.
func testTeamsApart(t *testing.T, at func(int64) Records) {
	one := settle(t, at(1), "one")
	two := newTeam(t, at(1), "two")
	before := inventory(t, at(1), one)
	settle(t, at(two), "two")
	s, ctx := at(two), t.Context()
	theirs := one.connection
	renewal := &connect.Renewal{ConnID: theirs.ID, Owner: "o", Until: time.Now().Add(time.Hour)}
	connection, hook, trigger, destination := *theirs, *one.hook, *one.trigger, *one.destination
	end := &record.DeliveryEnd{State: record.DeliveryDone, Events: []*record.Event{newEvent("a", "b")}, Run: newRun(noon)}
	delivery := *one.delivery
	for what, call := range map[string]func() error{
		"Connection":        func() error { _, err := s.Connection(ctx, theirs.ID); return err },
		"UpdateConnection":  func() error { return s.UpdateConnection(ctx, &connection) },
		"DeleteConnection":  func() error { return s.DeleteConnection(ctx, theirs.ID) },
		"FlowBy token":      func() error { _, err := s.FlowBy(ctx, one.flow.TokenHash, ""); return err },
		"FlowBy session":    func() error { _, err := s.FlowBy(ctx, "", one.flow.SessionHash); return err },
		"FlowByState":       func() error { _, err := s.FlowByState(ctx, one.flow.StateHash); return err },
		"ClaimFlow":         func() error { return s.ClaimFlow(ctx, one.flow.ID) },
		"ClaimRenewal":      func() error { return s.ClaimRenewal(ctx, renewal, time.Now()) },
		"JournalRenewal":    func() error { return s.JournalRenewal(ctx, renewal) },
		"EndRenewal":        func() error { return s.EndRenewal(ctx, renewal, &connection) },
		"Hook":              func() error { _, err := s.Hook(ctx, hook.ID); return err },
		"UpdateHook":        func() error { return s.UpdateHook(ctx, &hook) },
		"DeleteHook":        func() error { return s.DeleteHook(ctx, hook.ID) },
		"Append":            func() error { return s.Append(ctx, newDelivery(hook.ID, "x")) },
		"InsertHook to":     func() error { h := newHook("b"); h.Destination = destination.ID; return s.InsertHook(ctx, h) },
		"App":               func() error { _, err := s.App(ctx, one.app.ID); return err },
		"Versions":          func() error { _, err := s.Versions(ctx, one.app.ID); return err },
		"Archive":           func() error { _, err := s.Archive(ctx, one.app.ID, 1); return err },
		"Activate":          func() error { return s.Activate(ctx, one.app.ID, 1) },
		"DeleteApp":         func() error { return s.DeleteApp(ctx, one.app.ID) },
		"Run":               func() error { _, err := s.Run(ctx, one.run.ID); return err },
		"PutRuns":           func() error { return s.PutRuns(ctx, one.run) },
		"BeatRun":           func() error { return s.BeatRun(ctx, one.run.ID) },
		"CancelRun":         func() error { return s.CancelRun(ctx, one.run.ID) },
		"Trigger":           func() error { _, err := s.Trigger(ctx, trigger.ID); return err },
		"UpdateTrigger":     func() error { return s.UpdateTrigger(ctx, &trigger) },
		"DeleteTrigger":     func() error { return s.DeleteTrigger(ctx, trigger.ID) },
		"EndPoll":           func() error { return s.EndPoll(ctx, trigger.ID, &record.PollEnd{}) },
		"InsertTrigger to":  func() error { r := newTrigger("b"); r.Destination = destination.ID; return s.InsertTrigger(ctx, r) },
		"Delivery":          func() error { _, err := s.Delivery(ctx, one.delivery.ID); return err },
		"BeginDelivery":     func() error { _, err := s.BeginDelivery(ctx, &delivery); return err },
		"EndDelivery":       func() error { return s.EndDelivery(ctx, one.delivery.ID, 1, end) },
		"Event":             func() error { _, err := s.Event(ctx, one.event.ID); return err },
		"Destination":       func() error { _, err := s.Destination(ctx, destination.ID); return err },
		"UpdateDestination": func() error { return s.UpdateDestination(ctx, &destination) },
		"DeleteDestination": func() error { return s.DeleteDestination(ctx, destination.ID) },
		"RevokeToken":       func() error { return s.RevokeToken(ctx, one.token.ID) },
	} {
		err := call()
		if !errors.Is(err, record.ErrNotFound) && !errors.Is(err, connect.ErrNotFound) && !errors.Is(err, webhook.ErrNotFound) &&
			!(what == "JournalRenewal" && errors.Is(err, connect.ErrClaimed)) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ok(t, "Done", s.Done(ctx, "one"))
	if n := must[int](t)(s.Replay(ctx, destination.ID, one.event.ID)); n != 0 {
		t.Errorf("%d events were replayed", n)
	}
	if got := must[[]*record.Handover](t)(s.Handovers(ctx, destination.ID, "", record.Page{})); len(got) != 0 {
		t.Errorf("Handovers: %v", got)
	}
	wantQueue(t, s, hook.ID)
	if hooks, triggers, err := s.ConnectionUses(ctx, 7); err != nil || len(hooks) != 1 || len(triggers) != 1 {
		t.Errorf("ConnectionUses: %v, %v, error %v", hooks, triggers, err)
	}
	sameState(t, s, "state", func() *poll.State { s := newState(); s.Version = 1; return s }())
	same(t, "what belongs to the first team", inventory(t, at(1), one), before)
}

// inventory is everything that a team sees.
func inventory(t *testing.T, s Records, p *property) []any {
	t.Helper()
	ctx := t.Context()
	connections := must[[]*connect.Record](t)(s.Connections(ctx))
	for _, r := range connections {
		SameRecord(t, r, p.connection)
	}
	hooks := must[[]*webhook.Record](t)(s.Hooks(ctx))
	for _, h := range hooks {
		SameHook(t, h, p.hook)
	}
	triggers := must[[]*record.Trigger](t)(s.Triggers(ctx, record.Page{}))
	for _, r := range triggers {
		sameTrigger(t, "the trigger", r, p.trigger)
	}
	withUID := must[[]*connect.Record](t)(s.ConnectionsWithUID(ctx, p.connection.App, p.connection.UID))
	hooksWithUID := must[[]int64](t)(s.HooksWithUID(ctx, p.hook.App, p.hook.Type, p.hook.UID))
	flow, err := s.FlowByState(ctx, p.flow.StateHash)
	ok(t, "FlowByState", err)
	SameFlow(t, flow, p.flow)
	wantQueue(t, s, p.hook.ID, "one")
	state, err := s.TriggerState(ctx, "state")
	ok(t, "TriggerState", err)
	return []any{
		len(connections), len(hooks), len(triggers), len(withUID), hooksWithUID, *state,
		must[[]*record.App](t)(s.Apps(ctx)), must[[]*record.Version](t)(s.Versions(ctx, p.app.ID)),
		must[[]*record.Run](t)(s.Runs(ctx, record.RunFilter{}, record.Page{})),
		must[[]*record.Delivery](t)(s.Deliveries(ctx, record.DeliveryFilter{}, record.Page{})),
		must[[]*record.Event](t)(s.Events(ctx, record.EventFilter{}, 0, 100)), must[int64](t)(s.LastEvent(ctx)),
		must[[]*record.Destination](t)(s.Destinations(ctx)),
		must[[]*record.Handover](t)(s.Handovers(ctx, p.destination.ID, "", record.Page{})),
		must[[]*record.Token](t)(s.Tokens(ctx)), must[[]*record.Audit](t)(s.Audits(ctx, record.Page{})),
		must[[]record.MemberUser](t)(s.Members(ctx)),
	}
}
