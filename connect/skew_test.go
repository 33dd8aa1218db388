package connect_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
)

// The times of a connection are by the provider's clock when ours differs from it by more
// than a minute and less than a day (connections.md O2-46).
func TestClocksThatDiffer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ahead   time.Duration // our clock
		reckons bool
		warning string
	}{
		{0, false, ""},
		{40 * time.Second, false, ""},
		{5*time.Minute + 500*time.Millisecond, true, "the provider's clock is 5m0s behind that of this machine; times are reckoned by it"},
		{-5*time.Minute - 500*time.Millisecond, true, "the provider's clock is 5m0s ahead of that of this machine; times are reckoned by it"},
		{48 * time.Hour, false, ""},
	} {
		t.Run(test.ahead.String(), func(t *testing.T) {
			t.Parallel()
			r, p := newRig(t), newProvider2(t)
			r.clock = time.Now().Add(test.ahead)
			typ := codeType(t, p, nil)
			begun, err := r.create(typ)
			if err != nil {
				t.Fatal(err)
			}
			started, err := r.back(typ, connect.Callback{Query: form(p.authorize(t, begun.Redirect)), Session: session})
			if err != nil {
				t.Fatal(err)
			}
			warning := strings.Join(started.Warnings, "; ")
			near := strings.NewReplacer("5m1s", "5m0s", "4m59s", "5m0s").Replace(warning)
			if near != test.warning {
				t.Errorf("the warning is %q, want %q", warning, test.warning)
			}
			record := r.one()
			off := record.Data.Get("expires").AsTime().Sub(time.Now().Add(time.Hour)).Abs() // of the provider's clock
			if reckons := off < 10*time.Second; test.ahead.Abs() > time.Minute && reckons != test.reckons {
				t.Errorf("the token ends %s from when the provider says", off)
			}
			// In use, and in another process, the same clock counts.
			for _, at := range []struct {
				after  time.Duration // by the provider's clock
				renews bool
			}{{58 * time.Minute, false}, {60 * time.Minute, true}} {
				r.clock = time.Now().Add(test.ahead + at.after)
				fresh, err := r.connector.Fresh(t.Context(), typ, r.one(), 0)
				if err != nil {
					t.Fatal(err)
				}
				if renewed := fresh.Version != record.Version; renewed != at.renews && test.ahead.Abs() < maxRigSkew {
					t.Errorf("after %s: renewed %v", at.after, renewed)
				}
			}
		})
	}
}

// maxRigSkew is less than the clocks of tests that move them.
const maxRigSkew = time.Hour

// A request for a token that was refused for the time in it is made once more by the
// provider's clock; a code is not sent twice.
func TestRefusedForTheTime(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		ahead    time.Duration
		strict   bool // the provider never accepts
		want     string
		requests int
	}{
		{name: "the clocks agree", requests: 1},
		{name: "ours is ahead", ahead: 10 * time.Minute, requests: 2},
		{name: "ours is behind", ahead: -10 * time.Minute, requests: 2},
		{name: "refused for something else", strict: true, want: "provider: [400] Bad Request", requests: 1},
		{name: "refused for something else, with another clock", ahead: 10 * time.Minute, strict: true, want: "provider: [400] Bad Request", requests: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, p := newRig(t), newProvider2(t)
			r.clock = time.Now().Add(test.ahead)
			p.before = func(w http.ResponseWriter, form url.Values) bool {
				at, _ := strconv.ParseInt(form.Get("iat"), 10, 64)
				if test.strict || time.Since(time.Unix(at, 0)).Abs() > time.Minute {
					writeJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
					return true
				}
				return false
			}
			typ := compile(t, sections{kind: "oauth-clicre", common: clientCommon, api: strings.ReplaceAll(`{
				"token": {"url": "$/token", "method": "POST", "type": "urlencoded", "condition": "{{ifempty(data.expires, now) < addMinutes(now, 1)}}",
					"body": {"grant_type": "client_credentials", "client_id": "{{common.clientId}}", "client_secret": "{{common.clientSecret}}", "iat": "{{timestamp}}"},
					"response": {"data": {"accessToken": "{{body.access_token}}", "expires": "{{addSeconds(now, body.expires_in)}}"}}}}`, "$", p.URL)})
			_, err := r.create(typ)
			if got := failure(err); got != test.want {
				t.Errorf("failure %q, want %q", got, test.want)
			}
			if n := len(p.asked); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
			if test.want != "" {
				return
			}
			// The next token is asked for by the clock that was learnt.
			r.clock = r.clock.Add(2 * time.Hour)
			p.before = nil
			if _, err := r.connector.Fresh(t.Context(), typ, r.one(), 0); err != nil || len(p.asked) != test.requests+1 {
				t.Errorf("error %v, %d requests", err, len(p.asked))
			}
		})
	}
}
