package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
)

// TestTriggerOrder gives the items of a trigger the oldest first, whatever order the
// service has.
func TestTriggerOrder(t *testing.T) {
	t.Parallel()
	const items = `[{"id":"10","at":"2026-01-03"},{"id":"9","at":"2026-01-03"},{"id":30,"at":"2026-01-01"},{"id":2,"at":"2026-01-02"}]`
	server := serve(t, answers(items))
	for kind, want := range map[string]string{"id": "2 9 10 30", "date": "30 2 9 10"} {
		api := `{"url": "{{parameters.url}}", "response": {"limit": 10, "iterate": "{{body}}", "trigger": {"type": "` + kind + `", "order": "desc", "id": "{{item.id}}", "date": "{{item.at}}"}}}`
		if got := ids(t, api, server.URL); got != want {
			t.Errorf("by %s: %s, want %s", kind, got, want)
		}
	}
}

// ids runs a trigger.
func ids(t *testing.T, api, url string) string {
	t.Helper()
	r := local(engine.Options{}).Start(compile(t, engine.Trigger, api), at(url))
	var all []string
	for v, err := range r.Bundles(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v.Member("id").ToText())
	}
	return strings.Join(all, " ")
}
