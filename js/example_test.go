package js_test

import (
	"context"
	"fmt"

	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/value"
)

// A program calls js.ServeIfChild at the start of main; here TestMain does.
func ExampleSandbox_Call() {
	lib := js.NewLibrary([]js.Function{{
		Name: "total",
		File: "functions/total/code.js",
		Code: "function total(items) {\n  return items.reduce((sum, item) => sum + item.price, 0);\n}",
	}})
	s := js.New(js.Options{})
	defer s.Close()

	items := value.List(value.Object("price", value.Int(2)), value.Object("price", value.Number(0.5)))
	v, err := s.Call(context.Background(), lib, "total", []value.Value{items}, js.Context{})
	fmt.Println(v.ToText(), err)

	_, err = s.Call(context.Background(), lib, "total", nil, js.Context{})
	fmt.Println(err)
	// Output:
	// 2.5 <nil>
	// TypeError: cannot read property 'reduce' of undefined (functions/total/code.js:2:15)
}

func ExampleSandbox_RunTests() {
	lib := js.NewLibrary([]js.Function{{Name: "twice", File: "functions/twice/code.js", Code: "function twice(x) { return x * 2 }"}})
	s := js.New(js.Options{})
	defer s.Close()

	tests, err := s.RunTests(context.Background(), lib, "functions/twice/test.js",
		"it('doubles', () => assert.equal(twice(2), 4));\nit('triples', () => assert.equal(twice(2), 6));", js.Context{})
	for _, test := range tests {
		fmt.Printf("%s: %v\n", test.Name, test.Passed())
	}
	fmt.Println(err)
	// Output:
	// doubles: true
	// triples: false
	// <nil>
}
