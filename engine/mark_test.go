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
		if got := ids(t, api, server.URL, false); got != want {
			t.Errorf("by %s: %s, want %s", kind, got, want)
		}
		if got := ids(t, api, server.URL, true); got != "10 9 30 2" {
			t.Errorf("by %s, polled: %s, want them as they came", kind, got)
		}
	}
}

// ids runs a trigger. The mark of each polled bundle must be its own.
func ids(t *testing.T, api, url string, poll bool) string {
	t.Helper()
	in := at(url)
	in.Poll = poll
	r := local(engine.Options{}).Start(compile(t, engine.Trigger, api), in)
	var all []string
	for v, err := range r.Bundles(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		id := v.Member("id").ToText()
		if mark := r.Mark(); poll && mark.ID.ToText() != id {
			t.Errorf("the mark of %s is %s", id, mark.ID.ToText())
		}
		all = append(all, id)
	}
	return strings.Join(all, " ")
}
