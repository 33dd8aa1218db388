package poll_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/value"
)

const epoch = `{"url": "http://api.example/items?epoch=1", "response": {"limit": 4, "output": {"label": "{{item.name}}", "date": "{{item.at}}"}}}`

// TestStart begins with each choice (components.md 6), and shows what the code sees as
// data.lastDate and data.lastID.
func TestStart(t *testing.T) {
	t.Parallel()
	const rows = "5@5 4@4 3@3 2@3 1@1"
	for _, test := range []struct {
		name, trigger, epoch, from string
		rows                       string // the service of the second poll
		first, second              string // what comes out of two polls
		query                      string // of the first request of the poll itself
		start                      string // as the state remembers it
	}{
		{"all by date", byDate, epoch, "all", rows, "1 2 3 4 5", "", "page=1&since=1970-01-01T00%3A00%3A00.000Z", "all"},
		{"all by id", byID, epoch, "all", rows, "1 2 3 4 5", "", "page=1", "all"},
		{"all without epoch", byID, "", "all", rows, "1 2 3 4 5", "", "page=1", "all"},
		{"now by date", byDate, epoch, "now", "6@1779278400 5@1779278399", "", "6", "page=1&since=2026-05-20T12%3A00%3A00.000Z", "now"},
		{"unsaid is now", byDate, "", "", "6@1779278400 5@1779278399", "", "6", "page=1&since=2026-05-20T12%3A00%3A00.000Z", "now"},
		{"now by id", byID, "", "now", "6 " + rows, "", "6", "page=1&after=5", "now"},
		{"now by id from the epoch", byID, epoch, "now", "6 " + rows, "", "6", "page=1&after=5", "now"},
		{"since a date", byDate, "", "1970-01-01T00:00:03Z", rows, "2 3 4 5", "", "page=1&since=1970-01-01T00%3A00%3A03.000Z", "1970-01-01T00:00:03Z"},
		{"since a day", byDate, "", "1970-01-02", rows, "", "", "page=1&since=1970-01-02T00%3A00%3A00.000Z", "1970-01-02T00:00:00Z"},
		{"an item by date", byDate, epoch, "3", rows, "3 4 5", "", "page=1&since=1970-01-01T00%3A00%3A03.000Z", "3"},
		{"the first of a date", byDate, epoch, "2", rows, "2 3 4 5", "", "page=1&since=1970-01-01T00%3A00%3A03.000Z", "2"},
		{"an item by date without epoch", byDate, "", "3", rows, "3 4 5", "", "page=1&since=1970-01-01T00%3A00%3A03.000Z", "3"},
		{"an item by id", byID, epoch, "4", rows, "4 5", "", "page=1&after=3", "4"},
		{"an item by id that the epoch does not show", byID, epoch, "1", rows, "1 2 3 4 5", "", "page=1", "1"},
		{"an item by id without epoch", byID, "", "4", "6 " + rows, "4 5", "6", "page=1", "4"},
		{"an id that looks like a date", byID, "", "2026-01-01", rows, "3 4 5", "", "page=1", "2026-01-01T00:00:00Z"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			trigger, service, store := compile(t, communication(test.trigger, limit9), test.epoch), &shelf{rows: strings.Fields(rows)}, newMemory()
			request := poll.Request{ID: "t", From: poll.ParseStart(test.from, time.UTC)}
			var query string
			for i, want := range []string{test.first, test.second} {
				service.requests = nil
				var got list
				out, err := newPoller(store, service).Poll(t.Context(), trigger, request, got.emit)
				if err != nil {
					t.Fatal(err)
				}
				if given := strings.Join(got.texts, " "); given != want || out.Given != len(got.texts) || out.Began != (i == 0) {
					t.Errorf("poll %d: got %q, want %q; %+v", i+1, given, want, out)
				}
				if i == 0 {
					j := len(service.requests) - 1
					for j > 0 && !strings.Contains(service.requests[j], "page=1") {
						j--
					}
					query = service.requests[j]
				}
				service.rows = strings.Fields(test.rows)
			}
			if query != test.query {
				t.Errorf("the service was asked %s, want %s", query, test.query)
			}
			if got := store.states["t"].Start; got != test.start {
				t.Errorf("the state begins with %q, want %q", got, test.start)
			}
		})
	}
}

// TestGoOn holds the start choice to the first poll, to another choice, and to Restart.
func TestGoOn(t *testing.T) {
	t.Parallel()
	trigger, service := compile(t, communication(byID, limit9), ""), &shelf{rows: []string{"3", "2", "1"}}
	poller := newPoller(newMemory(), service)
	for i, step := range []struct {
		from    string
		restart bool
		want    string
	}{
		{"all", false, "1 2 3"}, {"all", false, ""}, {"", false, ""}, {"2", false, "2 3"}, {"2", false, ""}, {"2", true, "2 3"}, {"all", false, "1 2 3"}, {"", true, ""},
	} {
		var got list
		_, err := poller.Poll(t.Context(), trigger, poll.Request{ID: "t", From: poll.ParseStart(step.from, nil), Restart: step.restart}, got.emit)
		if given := strings.Join(got.texts, " "); err != nil || given != step.want {
			t.Errorf("step %d: got %q, error %v, want %q", i+1, given, err, step.want)
		}
	}
}

func TestChoices(t *testing.T) {
	t.Parallel()
	service := &shelf{rows: strings.Fields("10@5 9@3 8@3 7@2 6@1")}
	poller := newPoller(newMemory(), service)
	for _, test := range []struct{ name, trigger, epoch, want string }{
		{"by date", byDate, epoch, "7: item 7, 2000; 8: item 8, 3000; 9: item 9, 3000; 10: item 10, 5000"},
		{"by id", byID, epoch, "7: item 7, 2000; 8: item 8, 3000; 9: item 9, 3000; 10: item 10, 5000"},
		{"one text", byDate, `{"response": {"limit": 2, "output": "the {{item.name}}"}}`,
			"9: the item 9, 1970-01-01T00:00:03.000Z; 10: the item 10, 1970-01-01T00:00:05.000Z"},
		{"no label", byID, `{"response": {"limit": 1, "output": {"x": 1}}}`, "10: 10, "},
		{"filtered", byID, `{"response": {"limit": 2, "iterate": {"container": "{{body.items}}", "condition": "{{item.id != 9}}"}, "output": {"label": "{{item.id}}"}}}`, "8: 8, ; 10: 10, "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			list, err := poller.Choices(t.Context(), compile(t, communication(test.trigger, ""), test.epoch), engine.Input{})
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, c := range list {
				texts = append(texts, fmt.Sprintf("%s: %s, %s", c.ID, c.Label, c.Date.ToText()))
			}
			if got := strings.Join(texts, "; "); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestEpochOfRequests shares temp of earlier requests with the epoch, which is merged over the last
// one.
func TestEpochOfRequests(t *testing.T) {
	t.Parallel()
	api := `[{"url": "http://api.example/first", "response": {"temp": {"word": "{{body.items[1].name}}"}}},
		{"url": "http://api.example/second", "qs": {"word": "{{temp.word}}"}, "response": {"iterate": "{{body.items}}", "trigger": {` + byID + `}}}]`
	service := &shelf{rows: []string{"2", "1"}}
	list, err := newPoller(newMemory(), service).Choices(t.Context(),
		compile(t, api, `{"qs": {"order": "desc"}, "response": {"output": {"label": "{{temp.word}}: {{item.id}}"}}}`), engine.Input{})
	if err != nil || len(list) != 2 || list[1].Label != "item 2: 2" {
		t.Errorf("got %+v, error %v", list, err)
	}
	if want := []string{"", "word=item%202&order=desc"}; !slices.Equal(service.requests, want) {
		t.Errorf("the service was asked %q, want %q", service.requests, want)
	}
}

// TestPrepared lets steps without a request prepare the last one, as apps do.
func TestPrepared(t *testing.T) {
	t.Parallel()
	service := &shelf{rows: []string{"2", "1"}}
	trigger := compile(t, `[{"temp": {"word": "{{parameters.word}}"}}, `+strings.Replace(communication(byID, limit9), `"page": 1`, `"page": 1, "word": "{{temp.word}}"`, 1)+`]`, "")
	var got list
	_, err := newPoller(newMemory(), service).Poll(t.Context(), trigger, poll.Request{ID: "t", From: poll.Start{Choice: poll.All},
		Input: engine.Input{Parameters: value.Object("word", value.Text("yes"))}}, got.emit)
	if err != nil || strings.Join(got.texts, " ") != "1 2" || !slices.Equal(service.requests, []string{"page=1&word=yes"}) {
		t.Errorf("got %v, error %v, requests %v", got.texts, err, service.requests)
	}
}

func TestParseStart(t *testing.T) {
	t.Parallel()
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]poll.Start{
		"":                          {},
		"all":                       {Choice: poll.All},
		"now":                       {Choice: poll.Now},
		"2026-01-31":                {Choice: poll.Since, Date: time.Date(2026, 1, 31, 0, 0, 0, 0, prague), ID: "2026-01-31"},
		"2026-01-31T10:00:00Z":      {Choice: poll.Since, Date: time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC), ID: "2026-01-31T10:00:00Z"},
		"2026-01-31T10:00:00+02:00": {Choice: poll.Since, Date: time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC), ID: "2026-01-31T10:00:00+02:00"},
		"1001":                      {Choice: poll.Item, ID: "1001"},
		"20260131":                  {Choice: poll.Item, ID: "20260131"},
		"2026-13-31":                {Choice: poll.Item, ID: "2026-13-31"},
		"abc":                       {Choice: poll.Item, ID: "abc"},
	} {
		got := poll.ParseStart(text, prague)
		if got.Choice != want.Choice || got.ID != want.ID || !got.Date.Equal(want.Date) {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
		again := poll.ParseStart(got.String(), nil)
		if again.String() != got.String() {
			t.Errorf("%q: %s reads as %s", text, got, again)
		}
	}
}
