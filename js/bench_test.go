package js_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/value"
)

// hundred is what the benchmarks hand over: 100 items of 3 members.
func hundred() value.Value {
	list := value.NewArray()
	for i := range 100 {
		list.Append(value.Object("id", value.Int(i), "name", value.Text(fmt.Sprintf("item %d", i)), "price", value.Number(float64(i)+0.5)))
	}
	return value.FromArray(list)
}

var priced = js.NewLibrary([]js.Function{{Name: "priced", File: "functions/priced/code.js", Code: `function priced(items) {
  return items.map(item => ({ id: item.id, name: item.name.toUpperCase(), price: item.price * 2 }));
}`}})

// BenchmarkCallWhenReady measures a call as a run meets it: the child had a moment since
// the last one, and has new global state at hand.
func BenchmarkCallWhenReady(b *testing.B) {
	s := js.New(js.Options{Children: 1})
	defer s.Close()
	items := hundred()
	for b.Loop() {
		b.StopTimer()
		for begun := time.Now(); time.Since(begun) < 2*time.Millisecond; {
			runtime.Gosched()
		}
		b.StartTimer()
		if _, err := s.Call(context.Background(), priced, "priced", []value.Value{items}, js.Context{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCallOver100Items measures calls without a pause, with everything they cost: two
// copies, the pipe, and global state that nothing has touched before.
func BenchmarkCallOver100Items(b *testing.B) {
	s := js.New(js.Options{Children: 1})
	defer s.Close()
	items := hundred()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Call(context.Background(), priced, "priced", []value.Value{items}, js.Context{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCallOfNothing measures the pipe and the fresh state alone.
func BenchmarkCallOfNothing(b *testing.B) {
	s := js.New(js.Options{Children: 1})
	defer s.Close()
	lib := js.NewLibrary([]js.Function{{Name: "nothing", File: "functions/nothing/code.js", Code: "function nothing() {}"}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Call(context.Background(), lib, "nothing", nil, js.Context{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStartOfChild measures the first call of a sandbox, and its end.
func BenchmarkStartOfChild(b *testing.B) {
	items := hundred()
	for b.Loop() {
		s := js.New(js.Options{})
		if _, err := s.Call(context.Background(), priced, "priced", []value.Value{items}, js.Context{}); err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
