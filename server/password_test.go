package server_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestPassword: a new password ends the other sessions, and a link for one all of them.
func TestPassword(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	email := "ann@" + strings.ToLower(t.Name()) + ".example"
	first := o.join(t, email, "viewer")
	signIn := func(password string) *answer {
		return o.visitor().post(t, "/v1/sign-in", map[string]any{"email": email, "password": password})
	}
	second := &client{node: o.node, cookie: signIn(bossPassword).is(t, http.StatusOK).cookie(), address: newAddress()}
	change := func(old, new string) *answer {
		return first.post(t, "/v1/me/password", map[string]any{"old": old, "new": new})
	}
	change(bossPassword, "too short").problem(t, http.StatusUnprocessableEntity, "weak_password")
	change("wrong", "another good password").problem(t, http.StatusForbidden, "wrong_password")
	second.get(t, "/v1/me").is(t, http.StatusOK)
	change(bossPassword, "another good password").is(t, http.StatusNoContent)
	first.get(t, "/v1/me").is(t, http.StatusOK)
	second.get(t, "/v1/me").problem(t, http.StatusUnauthorized, "unauthorized")
	signIn(bossPassword).problem(t, http.StatusUnauthorized, "wrong_password")

	var me struct{ ID string }
	first.get(t, "/v1/me").into(t, &me)
	var reset struct{ Link string }
	o.owner.post(t, "/v1/users/"+me.ID+"/reset", nil).is(t, http.StatusOK).into(t, &reset)
	path := "/v1/links/" + reset.Link[strings.LastIndex(reset.Link, "/")+1:]
	o.visitor().post(t, path, map[string]any{"password": "short"}).problem(t, http.StatusUnprocessableEntity, "weak_password")
	o.visitor().post(t, path, map[string]any{"password": "a third good password"}).is(t, http.StatusOK)
	first.get(t, "/v1/me").problem(t, http.StatusUnauthorized, "unauthorized")
	o.visitor().post(t, path, map[string]any{"password": "a fourth good password"}).problem(t, http.StatusGone, "used")
	signIn("a third good password").is(t, http.StatusOK)

	// Nobody gives a new password to a person of other teams, not with a link from before
	// either.
	o.owner.post(t, "/v1/users/"+me.ID+"/reset", nil).is(t, http.StatusOK).into(t, &reset)
	stranger := newOperator(t)
	link := stranger.invite(t, email, "viewer")
	o.visitor().post(t, link, map[string]any{"password": "a third good password"}).is(t, http.StatusOK)
	stranger.owner.post(t, "/v1/users/"+me.ID+"/reset", nil).problem(t, http.StatusConflict, "in_other_teams")
	path = "/v1/links/" + reset.Link[strings.LastIndex(reset.Link, "/")+1:]
	o.visitor().post(t, path, map[string]any{"password": "of the owner of a team"}).problem(t, http.StatusGone, "used")
	signIn("a third good password").is(t, http.StatusOK)
}
