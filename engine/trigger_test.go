package engine_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// pagesOf words what the pages of a trigger are: items as id@date:output, and the limit.
func pagesOf(t *testing.T, plan *engine.Plan, in engine.Input) (pages []string, state engine.State, err error) {
	t.Helper()
	r := local(engine.Options{}).Start(plan, in)
	for page, err := range r.Pages(t.Context()) {
		if err != nil {
			return pages, r.State(), err
		}
		var texts []string
		for _, item := range page.Items {
			date := "-"
			if !item.Date.IsZero() {
				date = item.Date.Format("02T15:04:05.000")
			}
			texts = append(texts, fmt.Sprintf("%s@%s:%s", item.ID, date, item.Output.AppendJSON(nil)))
		}
		pages = append(pages, fmt.Sprintf("%s limit %d", strings.Join(texts, " "), page.Limit))
	}
	return pages, r.State(), nil
}

func TestPages(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answers := map[string]string{
			"": `{"items":[{"i":2,"at":"2026-01-02T03:04:05.678901Z"},{"i":1,"at":"2026-01-01T05:00:00+02:00"}],"n":1}`, "2": `{"items":[{"i":0,"at":0}],"n":2}`,
		}
		fmt.Fprint(w, answers[r.URL.Query().Get("page")])
	})
	const byDate = `"trigger": {"type": "date", "order": "desc", "id": "{{item.i}}", "date": "{{item.at}}"}`
	const paging = `"pagination": {"condition": "{{body.n < 2}}", "qs": {"page": "{{pagination.page}}"}}`
	for _, test := range []struct{ name, api, want, wantErr string }{
		{"pages", `{"url": "URL", ` + paging + `, "response": {"iterate": "{{body.items}}", "output": {"o": "{{item.i}}"}, "limit": "{{body.n}}", ` + byDate + `}}`,
			`2@02T03:04:05.678:{"o":2} 1@01T03:00:00.000:{"o":1} limit 1; 0@01T00:00:00.000:{"o":0} limit 2`, ""},
		{"dropped items have no id", `{"url": "URL", "response": {"iterate": {"container": "{{body.items}}", "condition": "{{item.i = 2}}"}, "output": {"x": 1}, ` + byDate + `}}`,
			`2@02T03:04:05.678:{"x":1} limit 0`, ""},
		{"no iterate", `{"url": "URL", "response": {"output": "{{body.items}}", ` + byDate + `}}`,
			`2@02T03:04:05.678:{"i":2,"at":"2026-01-02T03:04:05.678901Z"} 1@01T03:00:00.000:{"i":1,"at":"2026-01-01T05:00:00+02:00"} limit 0`, ""},
		{"one item", `{"url": "URL", "response": {"output": "{{body}}", "trigger": {"type": "id", "id": "{{body.n}}"}}}`,
			`1@-:{"items":[{"i":2,"at":"2026-01-02T03:04:05.678901Z"},{"i":1,"at":"2026-01-01T05:00:00+02:00"}],"n":1} limit 0`, ""},
		{"a date beside an id may be missing", `{"url": "URL", "response": {"iterate": "{{body.items}}", "output": {}, "trigger": {"type": "id", "id": "{{item.i}}", "date": "{{item.nothing}}"}}}`,
			`2@-:{} 1@-:{} limit 0`, ""},
		{"only the last request gives items", `[{"url": "URL", "response": {"iterate": "{{body.items}}", "temp": {"n": "{{body.n}}"}}}, {"url": "URL?page=2", "response": {"iterate": "{{body.items}}", "output": {"n": "{{temp.n}}"}, ` + byDate + `}}]`,
			`0@01T00:00:00.000:{"n":1} limit 0`, ""},
		{"a condition that is false", `{"url": "URL", "condition": false, "response": {` + byDate + `}}`, "", ""},
		{"no date", `{"url": "URL", "response": {"iterate": "{{body.items}}", "trigger": {"type": "date", "id": "{{item.i}}", "date": "{{item.x}}"}}}`, "",
			"DataError: the item 2 has no date: response.trigger.date gave undefined"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pages, state, err := pagesOf(t, compile(t, engine.Trigger, strings.ReplaceAll(test.api, "URL", server.URL)), engine.Input{})
			message := ""
			if err != nil {
				message = err.Error()
			}
			if got := strings.Join(pages, "; "); got != test.want || message != test.wantErr || state.Cut {
				t.Errorf("got\n%s, error %s, cut %v\nwant\n%s, error %s", got, message, state.Cut, test.want, test.wantErr)
			}
		})
	}
}

// TestPagesStop asks for no page that the consumer does not want.
func TestPagesStop(t *testing.T) {
	t.Parallel()
	requests := 0
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		answers(`{"items":[{"i":1}]}`)(w, nil)
	})
	plan := compile(t, engine.Trigger, `{"url": "`+server.URL+`", "pagination": {}, "response": {"iterate": "{{body.items}}", "trigger": {"type": "id", "id": "{{item.i}}"}}}`)
	for page, err := range local(engine.Options{}).Start(plan, engine.Input{}).Pages(t.Context()) {
		if err != nil || len(page.Items) != 1 {
			t.Fatal(page, err)
		}
		if requests == 3 {
			break
		}
	}
	if requests != 3 {
		t.Errorf("%d requests", requests)
	}
	_, state, err := pagesOf(t, plan, engine.Input{Common: value.Object("maxPastRecords", value.Int(7))})
	if err != nil || !state.Cut || len(state.Warnings) != 1 || state.Warnings[0] != "pagination stopped after 50 page requests: the limit of a run" {
		t.Errorf("unordered: %+v, %v", state.Warnings, err)
	}
}

// A wrapper sees the items of all pages, and what it lets through keeps its id and date.
func TestPagesAreWrapped(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "2" {
			answers(`{"items":[{"i":3,"ok":true}]}`)(w, nil)
			return
		}
		answers(`{"items":[{"i":1,"ok":true},{"i":2,"ok":false}]}`)(w, nil)
	})
	for wrapper, want := range map[string]string{
		`"{{output}}"`:           "1 2 3 limit 5",
		`"{{reverse(output)}}"`:  "3 2 1 limit 5",
		`"{{slice(output, 1)}}"`: "2 3 limit 5",
		`"{{last(output)}}"`:     "3 limit 5",
		`null`:                   " limit 5",
		`"{{length(output)}}"`:   "DataError: response.wrapper gives an item that is none of output: nothing tells whether it is new",
		`{"all": "{{output}}"}`:  "DataError: response.wrapper gives an item that is none of output: nothing tells whether it is new",
	} {
		plan := compile(t, engine.Trigger, `{"url": "`+server.URL+`", "pagination": {"qs": {"page": "{{pagination.page}}"}, "condition": "{{pagination.page < 3}}"},
			"response": {"iterate": "{{body.items}}", "output": "{{item}}", "limit": 5, "wrapper": `+wrapper+`, "trigger": {"type": "id", "id": "{{item.i}}"}}}`)
		var got []string
		pages := 0
		for page, err := range local(engine.Options{}).Start(plan, engine.Input{}).Pages(t.Context()) {
			if err != nil {
				got = []string{err.Error()}
				break
			}
			var ids []string
			for _, item := range page.Items {
				ids = append(ids, item.ID)
			}
			pages++
			got = append(got, fmt.Sprintf("%s limit %d", strings.Join(ids, " "), page.Limit))
		}
		if strings.Join(got, "; ") != want || pages > 1 {
			t.Errorf("%s: got %q in %d pages, want %q", wrapper, got, pages, want)
		}
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind, order, want string
	}{
		{`"date"`, `"desc"`, "{true desc}"},
		{`"id"`, `"asc"`, "{false asc}"},
		{`"{{parameters.type}}"`, `"{{parameters.order}}"`, "{true unordered}"},
		{`"{{parameters.type}}"`, `null`, "{true unordered}"},
		{`"{{parameters.nothing}}"`, `"asc"`, `InvalidConfigurationError: response.trigger.type must be "id" or "date", not ''`},
	} {
		plan := compile(t, engine.Trigger, fmt.Sprintf(`{"url": "/x", "response": {"trigger": {"type": %s, "order": %s, "id": "1", "date": "2"}}}`, test.kind, test.order))
		w, err := local(engine.Options{}).Start(plan, engine.Input{Parameters: object("type", "date", "order", "unordered")}).Watch(t.Context())
		got := fmt.Sprint(w)
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s, %s: got %s, want %s", test.kind, test.order, got, test.want)
		}
	}
}
