package js_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/value"
)

// library makes a library of functions from pairs of a name and code.
func library(pairs ...string) *js.Library {
	var functions []js.Function
	for i := 0; i < len(pairs); i += 2 {
		functions = append(functions, js.Function{Name: pairs[i], File: "functions/" + pairs[i] + "/code.js", Code: pairs[i+1]})
	}
	return js.NewLibrary(functions)
}

// sandbox returns a sandbox that ends with the test.
func sandbox(t testing.TB, o js.Options) *js.Sandbox {
	s := js.New(o)
	t.Cleanup(func() { s.Close() })
	return s
}

// run runs code as the body of a function of the arguments a and b.
func run(t *testing.T, s *js.Sandbox, code string, args ...value.Value) (value.Value, error) {
	t.Helper()
	return s.Call(context.Background(), library("f", "function f(a, b) {"+code+"}"), "f", args, js.Context{})
}

// same reports whether two values are equal in kind and content, NaN and -0 told apart.
func same(a, b value.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case value.KindNumber:
		return a.LongDigits() == b.LongDigits() && (a.Float() == b.Float() && math.Signbit(a.Float()) == math.Signbit(b.Float()) || a.Float() != a.Float() && b.Float() != b.Float())
	case value.KindArray:
		if a.Array().Len() != b.Array().Len() {
			return false
		}
		for i, item := range a.Array().Items() {
			if !same(item, b.Array().At(i)) {
				return false
			}
		}
		return true
	case value.KindCollection:
		if a.Collection().Len() != b.Collection().Len() {
			return false
		}
		for i, name := range a.Collection().Names() {
			other, member := b.Collection().At(i)
			if name != other || !same(a.Collection().Get(name), member) {
				return false
			}
		}
		return true
	case value.KindError:
		return *a.Err() == *b.Err()
	}
	return string(a.AppendJSON(nil)) == string(b.AppendJSON(nil))
}

func long(t *testing.T, digits string) value.Value {
	t.Helper()
	v, err := value.Digits(digits)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestValuesCrossTheBorderUnchanged(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{})
	deep := value.Int(1)
	for range 400 {
		deep = value.List(deep)
	}
	for _, v := range []value.Value{
		value.Undefined, value.Null, value.True, value.False,
		value.Int(0), value.Int(-1), value.Number(0.1), value.Number(1e300), value.Number(math.NaN()),
		value.Number(math.Inf(1)), value.Number(math.Inf(-1)), value.Number(math.Copysign(0, -1)),
		long(t, "12345678901234567890"), long(t, "-9007199254740993"),
		value.Text(""), value.Text("ř\x00\"\\\u2028😀"),
		value.Date(0), value.Date(-1), value.Date(1709210096789),
		value.Buffer(nil), value.Buffer([]byte{0, 128, 255}),
		value.List(), value.List(value.Undefined, value.Null, value.Date(5)),
		value.Object("b", value.Int(1), "a", value.Undefined, "__proto__", value.Int(2), "", value.Null, "toJSON", value.Int(3)),
		value.Object("d", value.Object("u", value.Int(1)), "list", value.List(value.Object("x", value.Buffer([]byte("y"))))),
		value.FromError(&value.Error{Type: "RateLimitError", Message: "slow down"}),
		deep,
	} {
		got, err := run(t, s, "return a", v)
		if err != nil || !same(got, v) {
			t.Errorf("%s %.80s came back as %s %.80s, %v", v.Kind(), v.AppendJSON(nil), got.Kind(), got.AppendJSON(nil), err)
		}
	}
}

func TestWhatChangesAtTheBorder(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{})
	for _, tt := range []struct {
		name, code string
		arg, want  value.Value
	}{
		{"emptystring is a text", "return [a, typeof a]", value.EmptyString, value.List(value.Text(""), value.Text("string"))},
		{"integer-like names come first, as JavaScript has it", "return a", value.Object("b", value.Int(1), "2", value.Int(2), "1", value.Int(3)),
			value.Object("1", value.Int(3), "2", value.Int(2), "b", value.Int(1))},
		{"a long integer counts as a double", "return a * 2", long(t, "12345678901234567890"), value.Number(2 * 12345678901234567890)},
		{"two long integers with one double keep no digits", "return a", value.List(long(t, "12345678901234567890"), long(t, "12345678901234567891")),
			value.List(value.Number(12345678901234567890), value.Number(12345678901234567890))},
		{"nor does one that shares its double with a short one", "return a", value.List(long(t, "9007199254740993"), value.Number(9007199254740992)),
			value.List(value.Number(9007199254740992), value.Number(9007199254740992))},
		{"BigInt", "return 2n ** 64n", value.Undefined, long(t, "18446744073709551616")},
		{"an invalid date is null", "return [new Date(NaN)]", value.Undefined, value.List(value.Null)},
		{"a date is a Date", "return a instanceof Date && a.getTime()", value.Date(7), value.Int(7)},
		{"a buffer is a Buffer", "return Buffer.isBuffer(a) && a.toString()", value.Buffer([]byte("añ")), value.Text("añ")},
		{"bytes are a buffer", "return [new Uint8Array([1, 2]), new Uint8Array([3]).buffer]", value.Undefined, value.List(value.Buffer([]byte{1, 2}), value.Buffer([]byte{3}))},
		{"functions and symbols are undefined", "return [() => 1, Symbol('x')]", value.Undefined, value.List(value.Undefined, value.Undefined)},
		{"holes are undefined", "return [, 1]", value.Undefined, value.List(value.Undefined, value.Int(1))},
		{"a lone surrogate is U+FFFD", "return 'a\\ud800'", value.Undefined, value.Text("a\ufffd")},
		{"an error of a type", "return errorFactory('DataError', 'no')", value.Undefined, value.FromError(&value.Error{Type: "DataError", Message: "no"})},
		{"any other error", "return [new TypeError('no')]", value.Undefined, value.List(value.FromError(&value.Error{Type: "RuntimeError", Message: "no"}))},
		{"toJSON of the app counts", "return { toJSON() { return 5 } }", value.Undefined, value.Int(5)},
		{"a promise gives what it settles to", "return Promise.resolve(a).then(x => x + 1)", value.Int(1), value.Int(2)},
		{"async", "return (async () => { await null; return [await a, 2] })()", value.Int(1), value.List(value.Int(1), value.Int(2))},
		{"JSON of the app is ISO text", "return JSON.stringify({ d: a })", value.Date(0), value.Text(`{"d":"1970-01-01T00:00:00.000Z"}`)},
	} {
		got, err := run(t, s, tt.code, tt.arg)
		if err != nil || !same(got, tt.want) {
			t.Errorf("%s: got %s %s, %v", tt.name, got.Kind(), got.AppendJSON(nil), err)
		}
	}
}

func TestArgumentsAreCopies(t *testing.T) {
	t.Parallel()
	arg := value.Object("list", value.List(value.Int(1)))
	got, err := run(t, sandbox(t, js.Options{}), "a.list.push(2); a.x = 1; delete arguments[0].list[0]; return a", arg)
	if err != nil || string(arg.AppendJSON(nil)) != `{"list":[1]}` {
		t.Errorf("the argument is %s, the result %s, %v", arg.AppendJSON(nil), got.AppendJSON(nil), err)
	}
}

func TestValuesThatCannotCross(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{})
	cycle := value.NewArray()
	cycle.Append(value.FromArray(cycle))
	if _, err := run(t, s, "return 1", value.FromArray(cycle)); err == nil || err.Error() != "a value is nested too deeply, perhaps in itself" {
		t.Errorf("an argument in itself: %v", err)
	}
	for code, want := range map[string]string{
		"const x = {}; x.x = x; return x":                                       "TypeError: circular reference",
		"let x = 1; for (let i = 0; i < 600; i++) x = [x]; return x":            "unreadable value from JavaScript: ",
		"return new Promise(() => {})":                                          "the function returned a promise that nothing settles",
		"return Promise.reject(errorFactory('DataError', 'no'))":                "no",
		"return { get x() { throw new Error('getter') } }":                      "getter (functions/f/code.js:1:",
		"return new Proxy([], { get() { throw 'trap' } })":                      "trap",
		"const o = {}; Object.freeze(Date.prototype); return new Date()":        "TypeError: property is not configurable",
		"JSON.stringify = null; Array.prototype.push = null; return iml.nope()": "TypeError: not a function (functions/f/code.js:1:",
	} {
		_, err := run(t, s, code)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", code, err, want)
		}
	}
}

func TestArgumentsAreBounded(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{})
	if _, err := run(t, s, "return 1", value.Text(strings.Repeat("x", 70<<20))); err == nil || err.Error() != "more than 64 MiB cross the border of a function" {
		t.Errorf("got %v", err)
	}
}
