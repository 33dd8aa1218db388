//go:build unix

package server_test

import (
	"net/http"
	"testing"

	"github.com/cleat-run/cleat/internal/pgtest"
	"github.com/cleat-run/cleat/server"
	"github.com/cleat-run/cleat/store"
)

// TestDatabaseGone: without its database a node takes deliveries for the hooks that it
// knows, and says of the rest that it passes. When the database is back it works on.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	database := pgtest.Start(t)
	keys, err := store.NextKeyset(nil)
	if err != nil {
		t.Fatal(err)
	}
	n := ownNode(t, func(c *server.Config) {
		c.Store = store.Options{URL: database.URL("postgres"), Keyset: keys}
		c.Bus.AckWait = 2e9
	})
	p := newPressed(t, n, newGated().ServeHTTP)
	path, source := p.hook(t, "x", "")
	unknown, _ := p.hook(t, "never used", "")
	p.visitor().post(t, path, map[string]any{"n": 0}).is(t, http.StatusOK)
	taken := 1
	eventually(t, "it works", func() bool { return p.events(t, source) == taken })
	for range 2 {
		if err := database.Kill(); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			p.visitor().post(t, path, map[string]any{"n": taken}).is(t, http.StatusOK)
			taken++
		}
		p.visitor().post(t, unknown, map[string]any{}).later(t, http.StatusServiceUnavailable, "unavailable")
		p.get(t, "/v1/events").later(t, http.StatusServiceUnavailable, "records_unavailable")
		p.post(t, "/v1/run", map[string]any{"app": "pressed", "module": "pages"}).later(t, http.StatusServiceUnavailable, "records_unavailable")
		p.visitor().post(t, "/v1/sign-in", map[string]any{"email": bossEmail, "password": bossPassword}).later(t, http.StatusServiceUnavailable, "records_unavailable")
		n.boss.get(t, "/v1/me").later(t, http.StatusServiceUnavailable, "records_unavailable")
		if ready := p.visitor().get(t, "/readyz").is(t, http.StatusServiceUnavailable); string(ready.body) != "not ready: database\n" || ready.header.Get("Retry-After") == "" {
			t.Errorf("/readyz: %v %s", ready.header, ready.body)
		}
		if err := database.Restart(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is ready again", func() bool { return p.visitor().get(t, "/readyz").status == http.StatusOK })
		eventually(t, "all that was taken is done", func() bool { return p.events(t, source) == taken })
	}
}
