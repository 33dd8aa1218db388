package poll_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/value"
)

// communication returns a trigger with pages of two items, of which more says whether
// another one follows.
func communication(trigger, more string) string {
	return `{"url": "http://api.example/items",
		"qs": {"page": 1, "since": "{{data.lastDate || undefined}}", "after": "{{data.lastID || undefined}}"},
		"pagination": {"condition": "{{body.more}}", "qs": {"page": "{{pagination.page}}"}},
		"response": {"iterate": "{{body.items}}", "trigger": {` + trigger + `}` + more + `}}`
}

const (
	byDate = `"type": "date", "order": "desc", "id": "{{item.id}}", "date": "{{item.at}}"`
	byID   = `"type": "id", "order": "desc", "id": "{{item.id}}"`
	limit9 = `, "limit": 9`
)

// shelf is a service whose rows are written as texts such as 7@3: the item 7 with the
// date of three seconds after 1970.
type shelf struct {
	rows     []string
	requests []string
}

func (s *shelf) RoundTrip(r *http.Request) (*http.Response, error) {
	s.requests = append(s.requests, r.URL.RawQuery)
	var rows []string
	for _, text := range s.rows {
		id, at, _ := strings.Cut(text, "@")
		if at == "" {
			at = "null"
		} else if strings.Trim(at, "0123456789") == "" {
			at += "000"
		}
		rows = append(rows, fmt.Sprintf(`{"id":%q,"at":%s,"name":"item %s"}`, id, at, id))
	}
	page := 1
	fmt.Sscan(r.URL.Query().Get("page"), &page)
	return serviceFunc(func(*http.Request) string { return pageOf(rows, page, 2) }).RoundTrip(r)
}

func at(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// TestPolls runs polls of one trigger over services that change in between: each rule of
// the algorithm (components.md 6).
func TestPolls(t *testing.T) {
	t.Parallel()
	const asc = `"type": "date", "order": "asc", "id": "{{item.id}}", "date": "{{item.at}}"`
	const unordered = `"type": "date", "order": "unordered", "id": "{{item.id}}", "date": "{{item.at}}"`
	const ascID = `"type": "id", "order": "asc", "id": "{{item.id}}"`
	for _, test := range []struct {
		name, trigger, more string
		// polls are the rows of the service, then "=>" what a poll gives, then in
		// brackets how many requests it takes.
		polls []string
	}{
		{"ascending order comes out", byDate, limit9, []string{"3@3 2@2 1@1 => 1 2 3 [2]", "3@3 2@2 1@1 => [1]"}},
		{"the default limit is one", byDate, "", []string{"3@3 2@2 1@1 => 1 [2]", "3@3 2@2 1@1 => 2 [2]", "3@3 2@2 1@1 => 3 [2]", "3@3 2@2 1@1 => [1]"}},
		{"the limit of parameters", byDate, `, "limit": "{{parameters.limit}}"`, []string{"3@3 2@2 1@1 => 1 2 [2]", "3@3 2@2 1@1 => 3 [2]"}},
		{"an empty service", byDate, limit9, []string{" => [1]", "1@1 => 1 [1]"}},
		{"one date, smallest id first", byDate, `, "limit": 2`, []string{"10@1 9@1 8@1 => 8 9 [2]", "10@1 9@1 8@1 => 10 [2]", "10@1 9@1 8@1 => [2]"}},
		{"one date across two polls", byDate, limit9, []string{"1@5 => 1 [1]", "2@5 1@5 => 2 [1]", "2@5 1@5 => [1]"}},
		{"one date, the new one behind the given", byDate, limit9, []string{"1@5 0@4 => 0 1 [1]", "1@5 3@6 2@5 0@4 => 2 3 [2]"}},
		{"a late date is lost", byDate, limit9, []string{"1@5 => 1 [1]", "1@5 2@4 => [1]"}},
		{"another date reappears", byDate, limit9, []string{"1@5 => 1 [1]", "1@6 => 1 [1]", "1@6 => [1]"}},
		{"an edit without another date does not", byDate, limit9, []string{"2@6 1@5 => 1 2 [1]", "2@6 => [1]"}},
		{"a deleted boundary", byDate, limit9, []string{"3@3 2@2 1@1 => 1 2 3 [2]", "4@4 2@2 1@1 => 4 [1]"}},
		{"twice on two pages", byDate, limit9, []string{"3@3 2@2 2@2 1@1 => 1 2 3 [2]"}},
		{"descending stops behind the last date", byDate, limit9, []string{"4@4 3@3 2@2 1@1 => 1 2 3 4 [2]", "6@6 5@5 4@4 3@3 2@2 1@1 => 5 6 [2]"}},
		{"ascending stops at the limit", asc, `, "limit": 2`, []string{"1@1 2@2 3@3 4@4 => 1 2 [1]", "1@1 2@2 3@3 4@4 => 3 4 [2]"}},
		{"ascending reads on to the limit", asc, `, "limit": 3`, []string{"1@1 2@2 3@3 4@4 5@5 6@6 => 1 2 3 [2]", "1@1 2@2 3@3 4@4 5@5 6@6 => 4 5 6 [3]"}},
		{"unordered reads everything", unordered, `, "limit": 1`, []string{"3@3 5@5 1@1 => 1 [2]", "3@3 5@5 1@1 4@4 => 3 [2]", "3@3 5@5 1@1 4@4 => 4 [2]"}},
		{"no order is unordered", `"type": "date", "id": "{{item.id}}", "date": "{{item.at}}"`, limit9, []string{"3@3 5@5 1@1 => 1 3 5 [2]"}},
		{"order and type by expression", `"type": "{{if(parameters.limit, 'date', 'id')}}", "order": "{{parameters.order}}", "id": "{{item.id}}", "date": "{{item.at}}"`,
			limit9, []string{"3@3 2@2 1@1 => 1 2 3 [2]", "4@4 3@3 2@2 1@1 => 4 [2]"}},
		{"no id beside a date", `"type": "date", "order": "desc", "date": "{{item.at}}"`, limit9, []string{"2@1 1@1 => 1 2 [1]", "3@1 2@1 1@1 => 3 [2]", "2@1 1@1 => [1]"}},

		{"by id", byID, limit9, []string{"10 9 2 => 2 9 10 [2]", "11 10 9 2 => 11 [1]"}},
		{"by id, stops at the first that is not new", byID, limit9, []string{"2 1 => 1 2 [1]", "4 3 2 1 => 3 4 [2]", "6 5 4 3 2 1 => 5 6 [2]"}},
		{"by id, ascending", ascID, `, "limit": 1`, []string{"1 2 3 => 1 [1]", "1 2 3 => 2 [1]", "1 2 3 => 3 [2]", "1 2 3 => [2]"}},
		{"a late id is lost", byID, limit9, []string{"5 => 5 [1]", "5 4 => [1]"}},
		{"ids beyond doubles", byID, limit9, []string{"9007199254740993 9007199254740992 => 9007199254740992 9007199254740993 [1]", "9007199254740994 9007199254740993 => 9007199254740994 [1]"}},
		{"ids that are no numbers", byID, limit9, []string{"b10 b1 a => a b1 b10 [2]", "b2 b10 => b2 [1]"}},
		{"items that iterate drops", byID, limit9 + `, "output": "{{if(item.id = 3, null, item)}}"`, []string{"4 3 2 => 2 4 [2]", "5 4 3 2 => 5 [1]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			trigger, service, store := compile(t, communication(test.trigger, test.more), ""), &shelf{}, newMemory()
			for i, line := range test.polls {
				rows, want, _ := strings.Cut(line, "=>")
				service.rows, service.requests = strings.Fields(rows), nil
				var got list
				_, err := newPoller(store, service).Poll(t.Context(), trigger, poll.Request{ID: "t", From: poll.Start{Choice: poll.All},
					Input: engine.Input{Parameters: value.Object("limit", value.Int(2), "order", value.Text("desc"))}}, got.emit)
				if err != nil {
					t.Fatal(err)
				}
				given := strings.TrimSpace(fmt.Sprintf("%s [%d]", strings.Join(got.texts, " "), len(service.requests)))
				if given != strings.TrimSpace(want) {
					t.Errorf("poll %d over %s: got %s, want %s", i+1, rows, given, strings.TrimSpace(want))
				}
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, api, epoch, from, rows, want string }{
		{"no date", communication(byDate, ""), "", "all", "1", "DataError: the item 1 has no date: response.trigger.date gave null"},
		{"a date that is none", communication(byDate, ""), "", "all", `1@"soon"`, "DataError: the item 1 has no date: response.trigger.date gave the text 'soon'"},
		{"no id", communication(`"type": "id", "order": "desc", "id": "{{item.nothing}}"`, ""), "", "all", "1", "DataError: an item has no id: response.trigger.id gave undefined"},
		{"an id that is a list", communication(`"type": "id", "order": "desc", "id": "{{split('a,b', ',')}}"`, ""), "", "all", "1", "DataError: an item has no id: response.trigger.id gave array"},
		{"a long id", communication(byID, ""), "", "all", strings.Repeat("x", 1025), "DataError: the id of an item is longer than 1024 bytes"},
		{"a text as output", communication(byID, `, "output": "{{item.id}}"`), "", "all", "1", "DataError: Invalid item in module output. Expected Object, but found String."},
		{"another type", communication(`"type": "{{parameters.x}}", "order": "desc", "id": "1"`, ""), "", "all", "1", `InvalidConfigurationError: response.trigger.type must be "id" or "date", not ''`},
		{"another order", communication(`"type": "id", "order": "{{'up'}}", "id": "1"`, ""), "", "all", "1", `InvalidConfigurationError: response.trigger.order must be "asc", "desc" or "unordered", not 'up'`},
		{"limit 0", communication(byID, `, "limit": 0`), "", "all", "1", "InvalidConfigurationError: response.limit must be a number above 0, not '0'"},
		{"no url", `{"response": {"trigger": {` + byID + `}}}`, "", "all", "1", "InvalidConfigurationError: a polling trigger needs a url"},
		{"an item by date that there is not", communication(byDate, ""), "", "7", "1@1", `InvalidConfigurationError: the service shows no item with the id "7"`},
		{"an item that the epoch does not show", communication(byDate, ""), epoch, "7", "1@1", `InvalidConfigurationError: the service shows no item with the id "7"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := newMemory()
			var got list
			_, err := newPoller(store, &shelf{rows: strings.Fields(test.rows)}).Poll(t.Context(), compile(t, test.api, test.epoch),
				poll.Request{ID: "t", From: poll.ParseStart(test.from, nil)}, got.emit)
			if err == nil || err.Error() != test.want || len(got.texts) > 0 {
				t.Errorf("got %v and %v, want %s", got.texts, err, test.want)
			}
		})
	}
	many := make([]string, 5200)
	for i := range many {
		many[i] = fmt.Sprintf(`{"id":%d}`, i)
	}
	everything := serviceFunc(func(r *http.Request) string {
		page := 1
		fmt.Sscan(r.URL.Query().Get("page"), &page)
		return pageOf(many, page, 130)
	})
	_, err := newPoller(newMemory(), everything).Poll(t.Context(), compile(t, communication(strings.Replace(byID, "desc", "unordered", 1), ""), ""), poll.Request{ID: "t"}, nil)
	if want := "InvalidConfigurationError: the service has more items than one poll reads: the newest one is not to be found"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = newPoller(newMemory(), &shelf{}).Choices(t.Context(), compile(t, communication(byDate, ""), ""), engine.Input{})
	if want := "InvalidConfigurationError: the trigger has no epoch: there is nothing to choose from"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestEmit moves the state behind what was accepted, and no further.
func TestEmit(t *testing.T) {
	t.Parallel()
	trigger, service, store := compile(t, communication(byDate, limit9), ""), &shelf{rows: strings.Fields("4@4 3@3 2@3 1@1")}, newMemory()
	poller := newPoller(store, service)
	request := poll.Request{ID: "t", From: poll.Start{Choice: poll.All}}
	full := errors.New("no space left")
	var got list
	out, err := poller.Poll(t.Context(), trigger, request, func(v value.Value) error {
		if len(got.texts) == 2 {
			return full
		}
		return got.emit(v)
	})
	if !errors.Is(err, full) || out.Given != 2 || out.Left != 2 {
		t.Errorf("got %+v, error %v", out, err)
	}
	want := poll.State{Version: 2, Start: "all", LastDate: at(3), LastID: "2", SameDateIDs: []string{"2"}}
	if s := store.states["t"]; fmt.Sprint(s) != fmt.Sprint(want) {
		t.Errorf("the state is %+v, want %+v", s, want)
	}
	// Interrupted by the person.
	ctx, cancel := context.WithCancel(t.Context())
	_, err = poller.Poll(ctx, trigger, request, func(v value.Value) error {
		cancel()
		return got.emit(v)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	// Dead between emit and the store.
	store.fail = errCrash
	_, err = poller.Poll(t.Context(), trigger, request, got.emit)
	if want := "1 bundles are out, but will come again: crash"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := poller.Poll(t.Context(), trigger, request, got.emit); err != nil {
		t.Error(err)
	}
	if given := strings.Join(got.texts, " "); given != "1 2 3 4 4" {
		t.Errorf("given: %s", given)
	}
}

// TestConflict holds a poll whose lock failed it to the version of the state.
func TestConflict(t *testing.T) {
	t.Parallel()
	trigger, service, store := compile(t, communication(byID, limit9), ""), &shelf{rows: []string{"1"}}, newMemory()
	_, err := newPoller(store, service).Poll(t.Context(), trigger, poll.Request{ID: "t", From: poll.Start{Choice: poll.All}}, func(value.Value) error {
		store.states["t"] = poll.State{Version: 7, LastID: "9"}
		return nil
	})
	if !errors.Is(err, poll.ErrConflict) || store.states["t"].LastID != "9" {
		t.Errorf("got %v, state %+v", err, store.states["t"])
	}
}

// TestTwoPolls lets two polls of one trigger go one after the other, and those of two
// triggers side by side.
func TestTwoPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		trigger, store := compile(t, communication(byID, limit9), ""), newMemory()
		service := &shelf{rows: []string{"2", "1"}}
		poller := newPoller(store, service)
		hold := make(chan struct{})
		started := func(id string, got *list, emit func(value.Value) error) chan error {
			done := make(chan error, 1)
			go func() {
				_, err := poller.Poll(t.Context(), trigger, poll.Request{ID: id, From: poll.Start{Choice: poll.All}}, emit)
				done <- err
			}()
			synctest.Wait()
			return done
		}
		var first, second, other list
		a := started("a", &first, func(v value.Value) error { <-hold; return first.emit(v) })
		b := started("a", &second, second.emit)
		if err := <-started("b", &other, other.emit); err != nil || len(other.texts) != 2 {
			t.Errorf("another trigger: %v, error %v", other.texts, err)
		}
		close(hold)
		if err := errors.Join(<-a, <-b); err != nil {
			t.Error(err)
		}
		if len(first.texts) != 2 || len(second.texts) != 0 {
			t.Errorf("the polls gave %v and %v", first.texts, second.texts)
		}
	})
}

// TestChangedApp keeps a state through edits of the app, and asks where it cannot.
func TestChangedApp(t *testing.T) {
	t.Parallel()
	const both = `"order": "desc", "id": "{{item.id}}", "date": "{{item.at}}"`
	for _, test := range []struct{ name, before, after, rows, want, wantErr string }{
		{"another order", byDate, `"type": "date", "order": "unordered", "id": "{{item.id}}", "date": "{{item.at}}"`, "3@3 2@2", "3", ""},
		{"date to id", byDate, `"type": "id", ` + both, "3@1 2@2", "3", ""},
		{"id to date, with dates", `"type": "id", ` + both, byDate, "1@3 2@1", "1", ""},
		{"id to date, without", byID, byDate, "3@3 2@2", "", "InvalidConfigurationError: the app has changed: the trigger now goes by dates, and its state knows none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			service, store := &shelf{rows: []string{"2@2", "1@1"}}, newMemory()
			for i, trigger := range []string{test.before, test.after} {
				var got list
				_, err := newPoller(store, service).Poll(t.Context(), compile(t, communication(trigger, limit9), ""), poll.Request{ID: "t", From: poll.Start{Choice: poll.All}}, got.emit)
				service.rows = strings.Fields(test.rows)
				if i == 0 {
					if err != nil {
						t.Fatal(err)
					}
					continue
				}
				message := ""
				if err != nil {
					message = err.Error()
				}
				if given := strings.Join(got.texts, " "); given != test.want || message != test.wantErr {
					t.Errorf("got %q, error %q, want %q, %q", given, message, test.want, test.wantErr)
				}
			}
		})
	}
}

// TestOneDateForAll ends before anything is out when ids of one date fill the memory.
func TestOneDateForAll(t *testing.T) {
	t.Parallel()
	rows := make([]string, 1100)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":"%s%04d","at":0}`, strings.Repeat("x", 1000), i)
	}
	service := serviceFunc(func(*http.Request) string { return pageOf(rows, 1, len(rows)) })
	var got list
	_, err := newPoller(newMemory(), service).Poll(t.Context(), compile(t, communication(byDate, `, "limit": 2000`), ""), poll.Request{ID: "t", From: poll.Start{Choice: poll.All}}, got.emit)
	if want := "DataError: too many items have the same date, 1970-01-01T00:00:00Z: they cannot be told apart any more"; err == nil || err.Error() != want || len(got.texts) > 0 {
		t.Errorf("got %d bundles, error %v, want %s", len(got.texts), err, want)
	}
}
