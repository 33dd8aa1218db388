package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// library serves pages of numbered items and counts the requests. There is always a next
// page.
func library(size int, requests *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		var b strings.Builder
		b.WriteString(`{"items":[`)
		for i := range size {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"id":%d,"title":"A book with the number %d","tags":["a","b"],"author":{"name":"Ann"}}`, (n-1)*size+i+1, i)
		}
		b.WriteString(`]}`)
		answers(b.String())(w, r)
	}
}

const listItems = `{
	"url": "{{parameters.url}}", "qs": {"page": "{{pagination.page}}"},
	"response": {"iterate": "{{body.items}}", "output": {"id": "{{item.id}}", "title": "{{item.title}}", "author": "{{item.author.name}}"}},
	"pagination": {"condition": "{{pagination.page <= 100}}"}
}`

// TestAConsumerThatStopsCausesNoFurtherPage takes ten of ten thousand items, and as many
// as fill whole pages.
func TestAConsumerThatStopsCausesNoFurtherPage(t *testing.T) {
	t.Parallel()
	for take, want := range map[int]int32{1: 1, 10: 1, 99: 1, 100: 1, 101: 2, 200: 2, 250: 3} {
		for _, by := range []string{"break", "the caller's limit", "response.limit"} {
			var requests atomic.Int32
			server := serve(t, library(100, &requests))
			api, in := listItems, at(server.URL)
			switch by {
			case "the caller's limit":
				in.Limit = take
			case "response.limit":
				api = strings.Replace(api, `"response": {`, `"response": {"limit": `+strconv.Itoa(take)+`, `, 1)
			}
			got := 0
			for _, err := range local(engine.Options{}).Start(compile(t, engine.Search, api), in).Bundles(context.Background()) {
				if err != nil {
					t.Fatal(err)
				}
				if got++; by == "break" && got == take {
					break
				}
			}
			if got != take || requests.Load() != want {
				t.Errorf("%s after %d: %d bundles, %d requests, want %d", by, take, got, requests.Load(), want)
			}
		}
	}
}

// TestMemoryStaysFlat runs through a million items and looks at the heap on the way.
func TestMemoryStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("a million items take some seconds")
	}
	const pages, size = 100, 10_000
	var requests atomic.Int32
	server := serve(t, library(size, &requests))
	in := at(server.URL)
	in.Common = value.Object("maxPaginationRequestCount", value.Int(pages), "maxRequestCount", value.Int(2*pages))
	run := local(engine.Options{}).Start(compile(t, engine.Search, listItems), in)
	var early, late uint64
	n := 0
	for _, err := range run.Bundles(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%size == size/2 { // in the middle of a page, which is alive itself
			switch page := n/size + 1; {
			case page <= 5:
				early = max(early, heap())
			case page > pages-5:
				late = max(late, heap())
			}
		}
	}
	if n != pages*size || requests.Load() != pages {
		t.Errorf("%d items in %d requests", n, requests.Load())
	}
	t.Logf("heap after the first pages %d kB, after a million items %d kB", early>>10, late>>10)
	if late > early+early/2 {
		t.Errorf("the heap grew from %d to %d bytes", early, late)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestAPageIsDecodedOnce compares what a run allocates, the server included, with and
// without one more decoding of the same page: were it decoded twice, the run would need
// twice as much.
func TestAPageIsDecodedOnce(t *testing.T) {
	page := `{"items":[` + strings.Repeat(`{"id":1,"tags":["a","b"],"author":{"name":"Ann"}},`, 5000) + `{}]}`
	server := serve(t, answers(page))
	in := at(server.URL)
	in.Limit = 1
	e, plan := local(engine.Options{}), compile(t, engine.Search, listItems)
	run := testing.AllocsPerRun(5, func() {
		if _, err := result(t, e.Start(plan, in)); err != nil {
			t.Fatal(err)
		}
	})
	text := []byte(page)
	decode := testing.AllocsPerRun(5, func() {
		if _, err := value.ParseJSON(text); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("a run allocates %.0f times, one decoding of its page %.0f times", run, decode)
	if run > decode*1.2 || run < decode {
		t.Errorf("a run allocates %.0f times, one decoding of its page %.0f times", run, decode)
	}
}
