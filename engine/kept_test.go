package engine_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// What grows without an end by merging is refused before it is copied, whatever makes it
// grow.
func TestWhatARunKeepsIsBounded(t *testing.T) {
	const paging = `, "pagination": {"condition": true, "qs": {"page": "{{pagination.page}}"}}`
	server := serve(t, answers(`{"items": ["a"]}`))
	for _, test := range []struct{ name, api, directive, place string }{
		{"an array that doubles", `{"url": "URL", "response": {"temp": {"a": "{{add(ifempty(temp.a, body.items), temp.a)}}"}, "output": "{{body}}"}` + paging + `}`, "response.temp", "api:1:56"},
		{"arrays in an array", `{"url": "URL",
	"response": {"temp": {"a": ["{{temp.a}}", "{{temp.a}}"]}, "output": "{{body}}"}` + paging + `}`, "response.temp", "api:2:23"},
		{"collections", `{"temp": {"a": {"l": "{{temp.a}}", "r": "{{temp.a}}"}}, "repeat": {"condition": true}, "response": {"output": {"a": 1}}}`, "temp", "api:1:10"},
		{"text", `{"temp": {"a": "{{temp.a}}{{temp.a}}x"}, "repeat": {"condition": true}, "response": {"output": {"a": 1}}}`, "temp", "api:1:10"},
		{"text beside text", `{"temp": {"a": {"x{{temp.n}}": "{{parameters.long}}"}, "n": "{{temp.n + 1}}"}, "repeat": {"condition": true}, "response": {"output": {"a": 1}}}`, "temp", "api:1:10"},
		{"depth", `{"temp": {"a": [[[["{{temp.a}}"]]]]}, "repeat": {"condition": true}, "response": {"output": {"a": 1}}}`, "temp", "api:1:10"},
		{"data", `{"temp": {"n": "{{temp.n + 1}}"}, "repeat": {"condition": true}, "response": {"data": {"x{{temp.n}}": "{{parameters.long}}"}, "output": {"a": 1}}}`, "response.data", "api:1:87"},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := compile(t, engine.Search, strings.ReplaceAll(test.api, "URL", server.URL))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			e := engine.New(engine.Options{Egress: loopback, MaxFile: 1 << 20})
			_, err := e.Start(plan, engine.Input{Parameters: value.Object("long", value.Text(strings.Repeat("x", 1<<20)))}).Value(t.Context())
			runtime.ReadMemStats(&after)
			var failure *engine.Error
			if !errors.As(err, &failure) {
				t.Fatalf("no failure: %v", err)
			}
			if failure.Type != engine.DataError || failure.Directive != test.directive || failure.Position.String() != test.place ||
				failure.Message != test.directive+" makes more than 64 MiB to keep, or nests it more than 1000 levels deep" || failure.Hint == "" {
				t.Errorf("%+v at %s", failure, failure.Position)
			}
			if made := after.TotalAlloc - before.TotalAlloc; made > 512<<20 {
				t.Errorf("%d MiB were allocated", made>>20)
			}
		})
	}
}
