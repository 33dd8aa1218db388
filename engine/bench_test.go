package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// concurrent is how many runs are under way at a time.
const concurrent = 32

type book struct {
	ID     int      `json:"id"`
	Title  string   `json:"title"`
	Tags   []string `json:"tags"`
	Author struct {
		Name string `json:"name"`
	} `json:"author"`
}

// shelf serves pages of books that are written once.
func shelf(b *testing.B, pages, size int) string {
	b.Helper()
	texts := make([][]byte, pages+1)
	for n := range texts {
		var t strings.Builder
		t.WriteString(`{"items":[`)
		for i := range size {
			if i > 0 {
				t.WriteByte(',')
			}
			fmt.Fprintf(&t, `{"id":%d,"title":"A book with the number %d","tags":["novel","paper"],"author":{"name":"Ann Author"}}`, n*size+i, i)
		}
		t.WriteString(`]}`)
		texts[n] = []byte(t.String())
	}
	return serve(b, func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		w.Header().Set("Content-Type", "application/json")
		w.Write(texts[n])
	}).URL
}

// client is a bare client with as many open connections as there are users.
func client(b *testing.B) *http.Client {
	t := &http.Transport{MaxIdleConnsPerHost: concurrent}
	b.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

// fetch gets a page and decodes it, as a program written for this one service would.
func fetch(c *http.Client, url string) ([]book, error) {
	in, err := c.Get(url)
	if err != nil {
		return nil, err
	}
	defer in.Body.Close()
	raw, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	var page struct {
		Items []book `json:"items"`
	}
	return page.Items, json.Unmarshal(raw, &page)
}

// fetchAny does the same without knowing the type of the items.
func fetchAny(c *http.Client, url string) ([]any, error) {
	in, err := c.Get(url)
	if err != nil {
		return nil, err
	}
	defer in.Body.Close()
	var page map[string]any
	if err := json.NewDecoder(in.Body).Decode(&page); err != nil {
		return nil, err
	}
	items, _ := page["items"].([]any)
	return items, nil
}

func parallel(b *testing.B, items int, do func() (int, error)) {
	b.Helper()
	b.SetParallelism(max(1, concurrent/runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if n, err := do(); err != nil || n != items {
				b.Errorf("%d items, want %d: %v", n, items, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
}

// BenchmarkRunSignedSearch10 is a module run behind OAuth 1.0: a signed GET, ten items
// iterated and mapped. The others are what a program without an engine does over the same
// hop, without a signature.
func BenchmarkRunSignedSearch10(b *testing.B) {
	url := shelf(b, 1, 10)
	b.Run("engine", func(b *testing.B) {
		plan := compile(b, engine.Search, `{
			"url": "{{parameters.url}}/search", "qs": {"page": 1, "text": "{{parameters.text}}"}, "headers": {"Accept": "application/json"},
			"oauth": {"consumer_key": "{{connection.consumerKey}}", "consumer_secret": "{{connection.consumerSecret}}", "token": "{{connection.token}}", "token_secret": "{{connection.tokenSecret}}"},
			"response": {"iterate": "{{body.items}}", "output": {"id": "{{item.id}}", "title": "{{item.title}}", "author": "{{item.author.name}}"}}
		}`)
		in := engine.Input{Parameters: object("url", url, "text", "boat"), OAuth1: true,
			Connection: object("consumerKey", "key", "consumerSecret", "consumer-secret", "token", "token", "tokenSecret", "token-secret"),
			Secrets:    []string{"consumer-secret", "token-secret"}}
		e := local(engine.Options{})
		parallel(b, 10, func() (int, error) { return drain(e.Start(plan, in)) })
	})
	b.Run("bare", func(b *testing.B) {
		c := client(b)
		parallel(b, 10, func() (int, error) {
			items, err := fetch(c, url+"/search?page=1&text=boat")
			return len(items), err
		})
	})
	b.Run("bare-any", func(b *testing.B) {
		c := client(b)
		parallel(b, 10, func() (int, error) {
			items, err := fetchAny(c, url+"/search?page=1&text=boat")
			return len(items), err
		})
	})
}

// BenchmarkRunSearch100x100 is a search over a hundred pages of a hundred items, against a
// loop written by hand.
func BenchmarkRunSearch100x100(b *testing.B) {
	url := shelf(b, 100, 100)
	b.Run("engine", func(b *testing.B) {
		plan := compile(b, engine.Search, `{
			"url": "{{parameters.url}}/list", "qs": {"page": "{{pagination.page}}"},
			"response": {"iterate": "{{body.items}}", "output": {"id": "{{item.id}}", "title": "{{item.title}}", "author": "{{item.author.name}}"}},
			"pagination": {"condition": "{{pagination.page <= 100}}"}
		}`)
		in := engine.Input{Parameters: object("url", url), Common: value.Object("maxPaginationRequestCount", value.Int(100))}
		e := local(engine.Options{})
		b.ReportAllocs()
		for b.Loop() {
			if n, err := drain(e.Start(plan, in)); err != nil || n != 10_000 {
				b.Fatalf("%d items: %v", n, err)
			}
		}
		b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "items/s")
	})
	b.Run("hand-written", func(b *testing.B) { pages(b, url, fetch) })
	b.Run("hand-written-any", func(b *testing.B) { pages(b, url, fetchAny) })
}

func pages[T any](b *testing.B, url string, fetch func(*http.Client, string) ([]T, error)) {
	c := client(b)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for page := 1; page <= 100; page++ {
			items, err := fetch(c, url+"/list?page="+strconv.Itoa(page))
			if err != nil {
				b.Fatal(err)
			}
			n += len(items)
		}
		if n != 10_000 {
			b.Fatalf("%d items", n)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "items/s")
}

func drain(r *engine.Run) (n int, err error) {
	for _, err := range r.Bundles(context.Background()) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
