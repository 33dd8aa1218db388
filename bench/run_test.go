package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// underWay is how many runs are under way at a time.
const underWay = 32

// books is an answer with ten items.
func books() []byte {
	var t strings.Builder
	for i := range 10 {
		fmt.Fprintf(&t, `,{"id":%d,"title":"A book with the number %d","tags":["novel","paper"],"author":{"name":"Ann Author"}}`, i, i)
	}
	return []byte(`{"items":[` + t.String()[1:] + `]}`)
}

// library serves the answer on loopback, each time after wait.
func library(b *testing.B, wait func(*http.Request)) string {
	answer := books()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wait(r)
		w.Header().Set("Content-Type", "application/json")
		w.Write(answer)
	}))
	b.Cleanup(s.Close)
	return s.URL + "/search?page=1&text=boat"
}

// BenchmarkRun is a GET of ten items, iterated and mapped, 32 at a time, over the same
// loopback. Node-RED is a program of its own, which the variable NODE_RED names: the file
// red.js of an installation.
func BenchmarkRun(b *testing.B) {
	b.Run("cleat", func(b *testing.B) {
		plan := searchPlan(b)
		e := engine.New(engine.Options{Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
		in := engine.Input{Parameters: value.Object("url", value.Text(library(b, func(*http.Request) {})))}
		b.SetParallelism(max(1, underWay/runtime.GOMAXPROCS(0)))
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n := 0
				for _, err := range e.Start(plan, in).Bundles(context.Background()) {
					if err != nil {
						b.Error(err)
						return
					}
					n++
				}
				if n != 10 {
					b.Errorf("%d items", n)
				}
			}
		})
	})
	b.Run("node-red", func(b *testing.B) { nodeRED(b, splitFlow) })
	b.Run("node-red, one function", func(b *testing.B) { nodeRED(b, functionFlow) })
}

func searchPlan(b *testing.B) *engine.Plan {
	file := source.NewFile("api", []byte(`{
		"url": "{{parameters.url}}",
		"response": {"iterate": "{{body.items}}", "output": {"id": "{{item.id}}", "title": "{{item.title}}", "author": "{{item.author.name}}"}}
	}`))
	doc, found := jsonc.Parse(file)
	if err := found.Err(); err != nil {
		b.Fatal(err)
	}
	plan, found := engine.Compile(engine.Source{Name: "module \"search\"", Kind: engine.Search, Code: &app.Code{Name: "api", File: file, Doc: doc}})
	if err := found.Err(); err != nil {
		b.Fatal(err)
	}
	return plan
}
