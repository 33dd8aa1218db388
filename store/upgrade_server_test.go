package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/store/storetest"
	"github.com/cleat-run/cleat/webhook"
)

// serverSchema is the first schema with what a server keeps. What follows is what the
// stores in testdata hold from there on: never change it.
const serverSchema = 7

var upgradeTime = time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)

func upgradeDestination() *record.Destination {
	return &record.Destination{ID: "dst_1", Name: "d", URL: "https://a.example/hook", Secret: "whsec_x"}
}

func upgradeTrigger() *record.Trigger {
	return &record.Trigger{ID: "trg_1", Name: "t", App: "photos", Module: "watch", Parameters: upgradeRecord().Data, Every: time.Minute, Destination: "dst_1"}
}

func upgradeReceived() *record.Delivery {
	return &record.Delivery{ID: "dlv_1", Hook: 1, Received: upgradeTime, Source: "192.0.2.1", Attempt: 1, Request: []byte("POST")}
}

func upgradeEnd() *record.DeliveryEnd {
	return &record.DeliveryEnd{State: record.DeliveryDone,
		Events: []*record.Event{{ID: "evt_1", Source: "hook_1", App: "photos", Run: "run_1", Destination: "dst_1", Created: upgradeTime, Bundle: []byte(`{"a":1}`)}},
		Run:    &record.Run{ID: "run_1", Kind: "hook", App: "photos", State: record.Succeeded, Started: upgradeTime, Ended: upgradeTime, Transcript: []byte("[]")}}
}

func upgradeServerHook() *webhook.Record {
	h := upgradeHook()
	h.Name, h.Token, h.Trigger, h.TriggerParameters, h.Destination = "server", "second", "watch", upgradeRecord().Data, "dst_1"
	return h
}

func upgradeSession() *record.Session {
	return &record.Session{Hash: "session", User: "usr_1", Team: 1, Address: "192.0.2.1", Agent: "browser", Created: upgradeTime, Expires: farTime}
}

func upgradeToken() *record.Token {
	return &record.Token{ID: "tok_1", Name: "t", Hash: "hash", Hint: "abcd", Scopes: []record.Scope{record.AppsRead, record.RunModules}, By: "usr_1", Expires: farTime}
}

func upgradeAudit() *record.Audit {
	return &record.Audit{ID: "aud_1", At: upgradeTime, Actor: "usr_1", Action: "token.create", Object: "tok_1", Address: "192.0.2.1", Detail: "t"}
}

func upgradeReply() *record.Reply {
	return &record.Reply{Key: "key", Actor: "tok_1", Digest: "digest", Status: 200, Header: []byte("{}"), Body: []byte("body"), Expires: farTime}
}

// upgradeRun is a run whose node did not come to its end.
func upgradeRun() *record.Run {
	return &record.Run{ID: "run_2", Kind: "module", App: "photos", State: record.Running, Started: upgradeTime, Node: "n1"}
}

var farTime = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)

func writeUpgradeServer(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	d := upgradeReceived()
	if err := s.InsertDestination(ctx, upgradeDestination()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.BeginDelivery(ctx, d); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		s.InsertVersion(ctx, &record.App{Name: "photos"}, &record.Version{}, []byte("zip"), true),
		s.InsertTrigger(ctx, upgradeTrigger()), s.EndDelivery(ctx, d.ID, d.Fence, upgradeEnd()), s.InsertHook(ctx, upgradeServerHook()),
		s.InsertUser(ctx, &record.User{ID: "usr_1", Email: "ana@example.com"}, record.Member{Team: 1, Role: record.Owner}),
		s.InsertLink(ctx, &record.Link{Hash: "link", Team: 1, Details: []byte("{}"), Expires: farTime}),
		s.InsertSession(ctx, upgradeSession()), s.InsertToken(ctx, upgradeToken()), s.AppendAudit(ctx, upgradeAudit()), s.PutRuns(ctx, upgradeRun()),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	reply := upgradeReply()
	if _, err := s.BeginReply(ctx, reply); err != nil {
		t.Fatal(err)
	}
	if err := s.EndReply(ctx, upgradeReply()); err != nil {
		t.Fatal(err)
	}
}

func checkUpgradeServer(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	d, err := s.Destination(ctx, "dst_1")
	if err != nil || d.URL != upgradeDestination().URL || d.Secret != upgradeDestination().Secret {
		t.Errorf("the destination is %+v, error %v", d, err)
	}
	trigger, err := s.Trigger(ctx, "trg_1")
	if err != nil || trigger.Every != time.Minute || !storetest.Equal(trigger.Parameters.Get("list"), upgradeTrigger().Parameters.Get("list")) {
		t.Errorf("the trigger is %+v, error %v", trigger, err)
	}
	delivery, err := s.Delivery(ctx, "dlv_1")
	if err != nil || string(delivery.Request) != "POST" || delivery.State != record.DeliveryDone {
		t.Errorf("the delivery is %+v, error %v", delivery, err)
	}
	e, err := s.Event(ctx, "evt_1")
	want := upgradeEnd().Events[0]
	want.Seq = 1
	if err != nil || !reflect.DeepEqual(e, want) {
		t.Errorf("the event is %+v, error %v", e, err)
	}
	if r, err := s.Run(ctx, "run_1"); err != nil || !reflect.DeepEqual(r, upgradeEnd().Run) {
		t.Errorf("the run is %+v, error %v", r, err)
	}
	if a, err := s.AppNamed(ctx, "photos"); err != nil {
		t.Error(err)
	} else if zip, err := s.Archive(ctx, a.ID, 1); err != nil || string(zip) != "zip" {
		t.Errorf("the archive is %q, error %v", zip, err)
	}
	if l, err := s.UseLink(ctx, "link"); err != nil || string(l.Details) != "{}" {
		t.Errorf("the link is %+v, error %v", l, err)
	}
	if members, err := s.Members(ctx); err != nil || len(members) != 1 || members[0].ID != "usr_1" {
		t.Errorf("the members are %v, error %v", members, err)
	}
	if ids, err := s.EndLostRuns(ctx, time.Now(), "Gone", "its node", 10); err != nil || len(ids) != 1 || ids[0] != "run_2" {
		t.Errorf("the lost runs are %v, error %v", ids, err)
	}
	checkUpgradePeople(t, s)
	h, err := s.HookNamed(ctx, "server")
	if err != nil || !storetest.Equal(h.TriggerParameters.Get("list"), upgradeRecord().Data.Get("list")) {
		t.Errorf("the hook is %+v, error %v", h, err)
	}
	due, err := s.DueDestinations(ctx, time.Now())
	if err != nil || len(due) != 1 {
		t.Fatalf("destinations with something due: %v, error %v", due, err)
	}
	if handovers, events, err := s.ClaimHandovers(ctx, "n", time.Now(), time.Now(), []record.Share{{Destination: due[0].ID, Most: 10}}); err != nil || len(handovers) != 1 || events[0].ID != "evt_1" {
		t.Errorf("%d handovers, error %v", len(handovers), err)
	}
}

func checkUpgradePeople(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	if n, err := s.Session(ctx, "session"); err != nil || !reflect.DeepEqual(n, upgradeSession()) {
		t.Errorf("the session is %+v, error %v", n, err)
	}
	want := upgradeToken()
	want.Team, want.Created = 1, upgradeTime
	if k, err := s.TokenWithHash(ctx, "hash"); err != nil || !reflect.DeepEqual(k, want) {
		t.Errorf("the token is %+v, error %v", k, err)
	}
	if lines, err := s.Audits(ctx, record.Page{}); err != nil || len(lines) != 1 || !reflect.DeepEqual(lines[0], upgradeAudit()) {
		t.Errorf("the audit log is %v, error %v", lines, err)
	}
	r := &record.Reply{Key: "key", Actor: "tok_1", Digest: "digest", Expires: farTime}
	if first, err := s.BeginReply(ctx, r); err != nil || first || !reflect.DeepEqual(r, upgradeReply()) {
		t.Errorf("the reply is %+v, %v, error %v", r, first, err)
	}
	if teams, err := s.Teams(ctx); err != nil || len(teams) != 1 || teams[0].ID != 1 || teams[0].Name != "Default" {
		t.Errorf("the teams are %v, error %v", teams, err)
	}
}
