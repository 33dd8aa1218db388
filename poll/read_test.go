package poll_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/value"
)

// TestCaps cuts what one poll looks at and warns (communication.md 11.4).
func TestCaps(t *testing.T) {
	t.Parallel()
	const lost = "the service has more items than one poll reads: older new ones are lost when newer ones are given"
	const pages = "pagination stopped after 50 page requests: the limit of a run"
	const items = "pagination stopped after %d items: the limit of a poll"
	for _, test := range []struct {
		name, order, from string
		size              int // of a page
		common            int // maxPastRecords
		first             int // the id that comes out
		requests          int
		want              []string
	}{
		{"descending", "desc", "all", 100, 0, 10_000 - 3200 + 1, 32, []string{fmt.Sprintf(items, 3200), lost}},
		{"descending, pages", "desc", "all", 10, 0, 10_000 - 510 + 1, 51, []string{pages, lost}},
		{"descending, of the app", "desc", "all", 100, 250, 10_000 - 300 + 1, 3, []string{fmt.Sprintf(items, 250), lost}},
		{"descending, reaching the boundary", "desc", "9000", 100, 0, 9000, 11, nil},
		{"unordered", "unordered", "all", 100, 0, 10_000 - 5000 + 1, 50, []string{fmt.Sprintf(items, 5000), lost}},
		{"ascending", "asc", "all", 100, 0, 1, 1, nil},
		{"ascending, never reaching", "asc", "3201", 100, 0, 0, 32,
			[]string{fmt.Sprintf(items, 3200), "all that one poll reads was given before: the trigger needs a filter by data.lastDate or data.lastID"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rows := make([]string, 10_000)
			for i := range rows {
				id := len(rows) - i
				if test.order == "asc" {
					id = i + 1
				}
				rows[i] = fmt.Sprintf(`{"id":%d}`, id)
			}
			requests := 0
			service := serviceFunc(func(r *http.Request) string {
				requests++
				page := 1
				fmt.Sscan(r.URL.Query().Get("page"), &page)
				return pageOf(rows, page, test.size)
			})
			common := value.Undefined
			if test.common > 0 {
				common = value.Object("maxPastRecords", value.Int(test.common))
			}
			var got list
			out, err := newPoller(newMemory(), service).Poll(t.Context(), compile(t, communication(fmt.Sprintf(`"type": "id", "order": %q, "id": "{{item.id}}"`, test.order), ""), ""),
				poll.Request{ID: "t", From: poll.ParseStart(test.from, nil), Input: engine.Input{Common: common}}, got.emit)
			if err != nil {
				t.Fatal(err)
			}
			first := 0
			fmt.Sscan(strings.Join(got.texts, " "), &first)
			if first != test.first || requests != test.requests || !slices.Equal(out.Warnings, test.want) {
				t.Errorf("got %d after %d requests, warnings %q; want %d, %d, %q", first, requests, out.Warnings, test.first, test.requests, test.want)
			}
		})
	}
}
