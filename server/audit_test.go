package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// audited are the operations that change something, in an order in which they can be called
// for one team, with the one line that each writes. CAPITALS are ids of the scene.
var audited = []struct{ route, body, action, object string }{
	{"PUT /v1/branding", `{"product": "Acme"}`, "branding.edit", "TEAM"},
	{"PATCH /v1/teams/{team}", `{"name": "renamed"}`, "team.rename", "TEAM"},
	{"POST /v1/apps/{app}/versions/{number}/activate", "", "app.activate", "APP"},
	{"PATCH /v1/connections/{connection}", `{"name": "other"}`, "connection.edit", "CONNECTION"},
	{"POST /v1/connect-sessions", `{"app": "APP"}`, "connect-session.create", "photos"},
	{"POST /v1/triggers/{trigger}/pause", "", "trigger.pause", "TRIGGER"},
	{"POST /v1/triggers/{trigger}/resume", "", "trigger.resume", "TRIGGER"},
	{"PATCH /v1/triggers/{trigger}", `{"name": "other"}`, "trigger.edit", "TRIGGER"},
	{"POST /v1/triggers/{trigger}/run", "", "trigger.run", "TRIGGER"},
	{"DELETE /v1/triggers/{trigger}", "", "trigger.delete", "TRIGGER"},
	{"POST /v1/triggers", `{"name": "new", "app": "APP", "module": "watchPhotos", "every": "24h"}`, "trigger.create", ""},
	{"POST /v1/hooks/{hook}/deliveries/{delivery}/replay", "", "delivery.replay", "DELIVERY"},
	{"POST /v1/hooks/{hook}/replay", `{}`, "delivery.replay", "HOOK"},
	{"POST /v1/hooks/{hook}/pause", "", "hook.pause", "HOOK"},
	{"POST /v1/hooks/{hook}/resume", "", "hook.resume", "HOOK"},
	{"DELETE /v1/hooks/{hook}", "", "hook.delete", "HOOK"},
	{"POST /v1/hooks", `{"name": "new", "app": "APP", "module": "watchRenamed", "connection": "CONNECTION"}`, "hook.create", ""},
	{"PATCH /v1/destinations/{destination}", `{"name": "other"}`, "destination.edit", "DESTINATION"},
	{"POST /v1/destinations/{destination}/replay", `{"events": ["EVENT"]}`, "event.replay", "DESTINATION"},
	{"DELETE /v1/destinations/{destination}", "", "destination.delete", "DESTINATION"},
	{"POST /v1/destinations", `{"name": "new", "url": "https://acme.example"}`, "destination.create", ""},
	{"POST /v1/tokens", `{"name": "new", "scopes": ["run"]}`, "token.create", ""},
	{"DELETE /v1/tokens/{token}", "", "token.revoke", "TOKEN"},
	{"POST /v1/users", `{"email": "new@cleat.example", "role": "viewer"}`, "user.invite", "new@cleat.example"},
	{"PATCH /v1/users/{user}", `{"role": "operator"}`, "user.role", "USER"},
	{"POST /v1/users/{user}/reset", "", "user.reset", "USER"},
	{"DELETE /v1/users/{user}", "", "user.remove", "USER"},
}

// silent are operations that are no GET, and why the test above leaves them out.
var silent = map[string]string{
	"POST /v1/run": "a run is its own record", "POST /v1/rpc": "a run is its own record", "POST /v1/forms": "changes nothing", "POST /v1/samples": "changes nothing",
	"POST /v1/start-choices": "a run is its own record", "POST /v1/connections/{connection}/test": "changes nothing that a person decides",
	"POST /v1/connections/{connection}/reauthorize": "is noted when the person comes back", "POST /v1/connections": "is noted when the person comes back",
	"POST /v1/runs/{run}/cancel": "only while a run is at work", "POST /v1/sign-in": "below", "POST /v1/sign-out": "below", "POST /v1/links/{link}": "below",
	"POST /v1/me/password": "below", "DELETE /v1/me/sessions": "below", "POST /v1/me/team": "a sign-in, below", "POST /v1/teams": "written in the new team", "POST /v1/apps": "below",
	"DELETE /v1/apps/{app}": "below", "DELETE /v1/connections/{connection}": "below",
	"PUT /v1/apps/{app}/install": "the sample has nothing to install", "DELETE /v1/apps/{app}/install": "the sample has nothing to install",
}

type auditLine struct {
	ID, Actor, Action, Object, Address string
	At                                 time.Time
}

// audits are the lines of a team, the oldest first.
func (c *client) audits(t *testing.T) []auditLine {
	t.Helper()
	all := listed[auditLine](t, c.get(t, "/v1/audit?limit=500"))
	slices.Reverse(all)
	return all
}

// TestAudit: each change writes one line, with who, what, from where and when.
func TestAudit(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var me struct{ ID string }
	s.owner.get(t, "/v1/me").into(t, &me)
	ann := s.join(t, "ann@"+strings.ToLower(t.Name())+".example", "viewer")
	var her struct{ ID string }
	ann.get(t, "/v1/me").into(t, &her)
	s.ids["user"] = her.ID
	s.ids["token"] = s.owner.withToken(t, "run").id
	before := len(s.owner.audits(t))
	for _, op := range audited {
		if got := s.ask(t, s.owner, op.route, op.body); got.status >= 300 {
			t.Fatalf("%s: %d %s", op.route, got.status, got.body)
		}
		lines := s.owner.audits(t)[before:]
		before += len(lines)
		if len(lines) != 1 {
			t.Errorf("%s writes %d lines: %+v", op.route, len(lines), lines)
			continue
		}
		l, object := lines[0], s.fill(op.object)
		if l.Action != op.action || l.Actor != me.ID || l.Address != s.owner.address || l.Object == "" || object != "" && l.Object != object || time.Since(l.At) > time.Minute {
			t.Errorf("%s writes %+v, want %s of %q by %s from %s", op.route, l, op.action, object, me.ID, s.owner.address)
		}
	}
	for _, op := range operations {
		known := silent[op.route] != "" || slices.ContainsFunc(audited, func(a struct{ route, body, action, object string }) bool { return a.route == op.route })
		if !strings.HasPrefix(op.route, "GET ") && !known {
			t.Errorf("%s is no GET, and in no table of this test", op.route)
		}
	}
}

// TestAuditOfPeople: who comes, in what way, and who goes.
func TestAuditOfPeople(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	email := "ann@" + strings.ToLower(t.Name()) + ".example"
	var since int
	wrote := func(what string, actor *string, c *client, want ...string) {
		t.Helper()
		var got []string
		eventually(t, what+" is noted", func() bool {
			got = nil
			for _, l := range o.owner.audits(t)[since:] {
				if got = append(got, l.Action); l.Actor != *actor || l.Address != c.address {
					t.Errorf("%s: %+v is not of %s from %s", what, l, *actor, c.address)
				}
			}
			return len(got) >= len(want)
		})
		if since += len(got); !slices.Equal(got, want) {
			t.Errorf("%s writes %q, want %q", what, got, want)
		}
	}
	link := o.invite(t, email, "viewer")
	since = len(o.owner.audits(t))
	ann := o.visitor()
	var me struct{ ID string }
	in := ann.post(t, link, map[string]any{"password": bossPassword}).is(t, http.StatusOK)
	in.into(t, &me)
	ann.cookie = in.cookie()
	wrote("joining", &me.ID, ann, "user.join", "sign-in")
	ann.post(t, "/v1/me/password", map[string]any{"old": bossPassword, "new": "another good password"}).is(t, http.StatusNoContent)
	wrote("a new password", &me.ID, ann, "user.password")
	ann.do(t, http.MethodDelete, "/v1/me/sessions", nil).is(t, http.StatusNoContent)
	wrote("ending sessions", &me.ID, ann, "sessions.end")
	ann.post(t, "/v1/sign-out", nil).is(t, http.StatusNoContent)
	wrote("going", &me.ID, ann, "sign-out")
	ann.cookie = ""
	ann.post(t, "/v1/sign-in", map[string]any{"email": email, "password": "wrong"}).is(t, http.StatusUnauthorized)
	wrote("a wrong password", &me.ID, ann, "sign-in.failed")
	ann.post(t, "/v1/sign-in", map[string]any{"email": email, "password": "another good password"}).is(t, http.StatusOK)
	wrote("coming", &me.ID, ann, "sign-in")

	// What a program does; the connection is made from where its person sits.
	o.do(t, http.MethodDelete, "/v1/connections/"+o.connection, nil).is(t, http.StatusOK)
	wrote("a connection that is deleted", &o.id, o.client, "connection.delete")
	o.upload(t, "photos", photosApp()).is(t, http.StatusCreated)
	wrote("an upload", &o.id, o.client, "app.upload")
	o.do(t, http.MethodDelete, "/v1/apps/photos", nil).is(t, http.StatusNoContent)
	wrote("an app that is deleted", &o.id, o.client, "app.delete")
}
