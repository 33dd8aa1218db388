package connect_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
)

// The provider's token is good for an hour, its refresh token for a day.
func TestCheck(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	refuse := func(status int) func(http.ResponseWriter, url.Values) bool {
		return func(w http.ResponseWriter, _ url.Values) bool { w.WriteHeader(status); return true }
	}
	for _, test := range []struct {
		name     string
		change   func(string) string
		before   func(http.ResponseWriter, url.Values) bool
		broken   string
		later    time.Duration
		within   time.Duration
		want     connect.Health
		wantErr  string
		requests int // for a token
	}{
		{name: "well", later: time.Minute, within: time.Hour, want: connect.Well},
		{name: "the token has ended", later: 2 * time.Hour, within: time.Hour, want: connect.Renewed, requests: 1},
		{name: "the refresh token ends soon", later: time.Minute, within: day, want: connect.Renewed, requests: 1},
		{name: "the refresh token ends soon and cannot be made new", later: time.Minute, within: 2 * day, want: connect.Expiring, requests: 1},
		{name: "only a person can renew it", change: replace(`"refresh": {`, `"forget": {`), later: time.Minute, within: day, want: connect.Expiring},
		{name: "it has ended", change: replace(`"refresh": {`, `"forget": {`), later: 2 * day, within: time.Hour, want: connect.Broken, wantErr: "expired"},
		{name: "the provider is down", before: refuse(503), later: 2 * time.Hour, want: connect.Failed, wantErr: "[503] Service Unavailable", requests: 1},
		{name: "the provider refuses", before: refuse(400), later: 2 * time.Hour, want: connect.Broken, wantErr: `InvalidAccessTokenError: connection "work" has to be authorized again: [400] Bad Request`, requests: 1},
		{name: "broken before", broken: "revoked", later: 2 * time.Hour, want: connect.Broken, wantErr: "revoked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, p := newRig(t), newProvider2(t)
			noon := r.atNoon()
			typ := codeType(t, p, test.change)
			record := r.authorized(typ, p)
			if test.broken != "" {
				if err := r.connector.MarkBroken(t.Context(), record, test.broken); err != nil {
					t.Fatal(err)
				}
				record = r.one()
			}
			asked := len(p.asked)
			r.clock, p.before = noon.Add(test.later), test.before
			health, after, err := r.connector.Check(t.Context(), typ, record, test.within)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if health != test.want || got != test.wantErr || after.ID != record.ID {
				t.Errorf("got %s, error %q, want %s, %q", health, got, test.want, test.wantErr)
			}
			if health.NeedsPerson() != (test.want == connect.Expiring || test.want == connect.Broken) {
				t.Error("needs the person, or not?")
			}
			if n := len(p.asked) - asked; n != test.requests {
				t.Errorf("%d requests for a token, want %d", n, test.requests)
			}
		})
	}
}
