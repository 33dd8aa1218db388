package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
)

// TestInvitationTellsNothing: an owner is answered the same for an address that somebody
// has an account with, and whoever has one accepts with its password, or signed in.
func TestInvitationTellsNothing(t *testing.T) {
	t.Parallel()
	o, other := newOperator(t), newOperator(t)
	domain := "@" + strings.ToLower(t.Name()) + ".example"
	there := other.join(t, "there"+domain, "viewer")
	const wrong = "not the right password"
	shown := map[string]string{}
	for _, email := range []string{"there" + domain, "absent" + domain} {
		var invited struct {
			Link    string
			Expires time.Time
		}
		o.owner.post(t, "/v1/users", map[string]any{"email": email, "role": "operator"}).is(t, http.StatusCreated).into(t, &invited)
		if invited.Link == "" || invited.Expires.IsZero() {
			t.Errorf("the invitation of %s is %+v", email, invited)
		}
		page := o.visitor().get(t, strings.TrimPrefix(invited.Link, o.url)).is(t, http.StatusOK)
		short := o.visitor().post(t, "/v1/links/"+invited.Link[strings.LastIndex(invited.Link, "/")+1:], map[string]any{"password": "short"})
		short.problem(t, http.StatusUnprocessableEntity, "weak_password")
		shown[strings.ReplaceAll(string(page.body), email, "EMAIL")] = email
	}
	if len(shown) != 1 {
		t.Errorf("the pages differ: %v", shown)
	}
	if members := listed[struct{}](t, o.owner.get(t, "/v1/users")); len(members) != 1 {
		t.Errorf("%d people are in the team before anybody has accepted", len(members))
	}

	link := o.invite(t, "there"+domain, "operator")
	o.visitor().post(t, link, map[string]any{"password": wrong}).problem(t, http.StatusForbidden, "wrong_password")
	other.join(t, "somebody"+domain, "viewer").post(t, link, map[string]any{}).problem(t, http.StatusUnprocessableEntity, "weak_password")
	page := there.get(t, strings.Replace(link, "/v1/links/", "/sign-in/", 1)).is(t, http.StatusOK)
	if strings.Contains(string(page.body), `type="password"`) {
		t.Error("whoever is signed in is asked for a password")
	}
	var me struct {
		Role  string
		Teams []struct{ ID int64 }
	}
	there.post(t, link, map[string]any{}).is(t, http.StatusOK).into(t, &me)
	if me.Role != "operator" || len(me.Teams) != 2 {
		t.Errorf("having accepted they are %+v", me)
	}
	o.owner.post(t, "/v1/users", map[string]any{"email": "there" + domain, "role": "owner"}).problem(t, http.StatusConflict, "member")
}

// TestOldInvitation: a second link of a member changes no role.
func TestOldInvitation(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	email := "ann@" + strings.ToLower(t.Name()) + ".example"
	second := o.invite(t, email, "owner")
	ann := o.join(t, email, "viewer")
	var me struct{ Role string }
	ann.post(t, second, map[string]any{}).is(t, http.StatusOK).into(t, &me)
	if me.Role != "viewer" {
		t.Errorf("with an old link a viewer became %s", me.Role)
	}
}

// TestTokensGiveNoMore: a token that may administer makes no token and no person that may
// more, and none that lasts longer.
func TestTokensGiveNoMore(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	viewer := o.join(t, "viewer@"+strings.ToLower(t.Name())+".example", "viewer")
	var me, boss struct{ ID string }
	viewer.get(t, "/v1/me").into(t, &me)
	o.owner.get(t, "/v1/me").into(t, &boss)
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	token := func(scopes ...string) *client {
		var made struct{ Token string }
		o.owner.post(t, "/v1/tokens", map[string]any{"name": "x", "scopes": scopes, "expires": expires}).is(t, http.StatusCreated).into(t, &made)
		return &client{node: o.node, token: made.Token, address: newAddress()}
	}
	admin := token("admin")
	for _, role := range []record.Role{record.Owner, record.Developer, record.Operator, record.Viewer} {
		admin.post(t, "/v1/users", map[string]any{"email": "x@cleat.example", "role": role}).problem(t, http.StatusForbidden, "forbidden")
		admin.call(t, http.MethodPatch, "/v1/users/"+me.ID, map[string]any{"role": role}).problem(t, http.StatusForbidden, "forbidden")
	}
	admin.post(t, "/v1/users/"+boss.ID+"/reset", nil).problem(t, http.StatusForbidden, "forbidden")
	admin.post(t, "/v1/users/"+me.ID+"/reset", nil).problem(t, http.StatusForbidden, "forbidden")
	viewing := token("admin", "apps:read", "connections:read")
	viewing.post(t, "/v1/users", map[string]any{"email": "x@cleat.example", "role": "viewer"}).is(t, http.StatusCreated)
	viewing.post(t, "/v1/users/"+me.ID+"/reset", nil).is(t, http.StatusOK)

	for _, wish := range []map[string]any{{"forever": true}, {"expires": expires.Add(time.Second)}} {
		wish["name"], wish["scopes"] = "x", []string{"admin"}
		admin.post(t, "/v1/tokens", wish).problem(t, http.StatusForbidden, "forbidden")
	}
	for _, wish := range []map[string]any{{}, {"expires": expires}} {
		wish["name"], wish["scopes"] = "x", []string{"admin"}
		var made struct{ Expires time.Time }
		admin.post(t, "/v1/tokens", wish).is(t, http.StatusCreated).into(t, &made)
		if !made.Expires.Equal(expires) {
			t.Errorf("the token of a token that expires at %s expires at %s", expires, made.Expires)
		}
	}
}

// TestStreamsEndWithTheRight: who loses the right to read loses the streams that are open.
func TestStreamsEndWithTheRight(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	domain := "@" + strings.ToLower(t.Name()) + ".example"
	id := func(c *client) string {
		var me struct{ ID string }
		c.get(t, "/v1/me").into(t, &me)
		return me.ID
	}
	removed, demoted, out := o.join(t, "removed"+domain, "operator"), o.join(t, "demoted"+domain, "operator"), o.join(t, "out"+domain, "operator")
	token := o.owner.withToken(t, "run", "hooks")
	ended := map[string]func() told{}
	for name, c := range map[string]*client{"removed": removed, "demoted": demoted, "signed out": out, "revoked": token} {
		for _, path := range []string{"/v1/events", "/v1/live"} {
			ended[name+" "+path], _ = c.follow(t, path)
		}
	}
	stays, _ := o.follow(t, "/v1/events")
	o.owner.do(t, http.MethodDelete, "/v1/users/"+id(removed), nil).is(t, http.StatusNoContent)
	o.owner.call(t, http.MethodPatch, "/v1/users/"+id(demoted), map[string]any{"role": "viewer"}).is(t, http.StatusOK)
	out.post(t, "/v1/sign-out", nil).is(t, http.StatusNoContent)
	o.owner.do(t, http.MethodDelete, "/v1/tokens/"+token.id, nil).is(t, http.StatusNoContent)
	for name, next := range ended {
		if last := next(); last.name != "failed" || !strings.Contains(last.data, `"code":"unauthorized"`) {
			t.Errorf("%s: the stream tells %+v", name, last)
		}
	}
	o.post(t, "/v1/run?async=1", o.search(1)).is(t, http.StatusAccepted)
	if told := stays(); told.name != "bundle" {
		t.Errorf("the stream of another tells %+v", told)
	}
}
