package bench

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/dop251/goja"

	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/value"
)

func TestMain(m *testing.M) {
	js.ServeIfChild()
	os.Exit(m.Run())
}

// priced is a function over 100 items. goja runs it inside the process, which cleat never
// does with code of strangers: it shows what the child, the pipe and new global state cost.
const priced = `function priced(items) {
  return items.map(item => ({ id: item.id, name: item.name.toUpperCase(), price: item.price * 2 }));
}`

func hundred() value.Value {
	list := value.NewArray()
	for i := range 100 {
		list.Append(value.Object("id", value.Int(i), "name", value.Text(fmt.Sprintf("item %d", i)), "price", value.Number(float64(i)+0.5)))
	}
	return value.FromArray(list)
}

// callers call priced in each engine; all copy the items in and the result out.
func callers(tb testing.TB) map[string]func(value.Value) (value.Value, error) {
	s := js.New(js.Options{Children: 1})
	tb.Cleanup(func() { s.Close() })
	lib := js.NewLibrary([]js.Function{{Name: "priced", File: "functions/priced/code.js", Code: priced}})
	program := goja.MustCompile("priced.js", priced, false)
	reused := newGoja(tb, program)
	return map[string]func(value.Value) (value.Value, error){
		"cleat": func(items value.Value) (value.Value, error) {
			return s.Call(context.Background(), lib, "priced", []value.Value{items}, js.Context{})
		},
		"goja_new_state": func(items value.Value) (value.Value, error) { return newGoja(tb, program)(items) },
		"goja_old_state": reused,
	}
}

func newGoja(tb testing.TB, program *goja.Program) func(value.Value) (value.Value, error) {
	vm := goja.New()
	if _, err := vm.RunProgram(program); err != nil {
		tb.Fatal(err)
	}
	call, err := vm.RunString("(text => JSON.stringify(priced(JSON.parse(text))))")
	if err != nil {
		tb.Fatal(err)
	}
	f, _ := goja.AssertFunction(call)
	return func(items value.Value) (value.Value, error) {
		result, err := f(goja.Undefined(), vm.ToValue(string(items.AppendJSON(nil))))
		if err != nil {
			return value.Undefined, err
		}
		return value.ParseJSON([]byte(result.String()))
	}
}

func TestCallersGiveTheSame(t *testing.T) {
	want := ""
	for name, call := range callers(t) {
		v, err := call(hundred())
		got := string(v.AppendJSON(nil))
		if want == "" {
			want = got
		}
		if err != nil || got != want || v.Array().Len() != 100 {
			t.Errorf("%s gives %s, %v", name, got, err)
		}
	}
}

func BenchmarkFunction(b *testing.B) {
	items := hundred()
	for name, call := range callers(b) {
		b.Run("Over100Items/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := call(items); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
