package engine_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/cleat-run/cleat/engine"
)

// TestErrorValuesInsideADirective: an error that an expression makes is raised wherever it
// surfaces, not sent and not handed out as data (communication.md 10.4).
func TestErrorValuesInsideADirective(t *testing.T) {
	t.Parallel()
	const made = `{"deep": [{"e": "{{errorFactory('IncompleteDataError', 'not yet')}}"}]}`
	tests := []struct {
		name, api, directive string
		requests             int32
	}{
		{"output", `{"url": "{{parameters.url}}", "response": {"output": ` + made + `}}`, "response.output", 1},
		{"output of an item", `{"url": "{{parameters.url}}", "response": {"iterate": "{{body.items}}", "output": ` + made + `}}`, "response.output", 1},
		{"wrapper", `{"url": "{{parameters.url}}", "response": {"iterate": "{{body.items}}", "wrapper": ` + made + `}}`, "response.wrapper", 1},
		{"response.temp", `{"url": "{{parameters.url}}", "response": {"temp": ` + made + `}}`, "response.temp", 1},
		{"temp", `{"url": "{{parameters.url}}", "temp": ` + made + `}`, "temp", 0},
		{"body", `{"url": "{{parameters.url}}", "method": "POST", "body": ` + made + `}`, "body", 0},
		{"qs", `{"url": "{{parameters.url}}", "qs": {"q": "{{errorFactory('IncompleteDataError', 'not yet')}}"}}`, "qs", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				typed("application/json", `{"items": [1, 2]}`)(w, r)
			})
			_, failed := run(t, engine.Search, test.api, server.URL)
			wantError(t, failed, "IncompleteDataError", "not yet")
			if failed.Directive != test.directive || asked.Load() != test.requests {
				t.Errorf("directive %s after %d requests", failed.Directive, asked.Load())
			}
		})
	}
}
