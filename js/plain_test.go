//go:build !(386 || arm)

package js_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/js"
)

const plainMark = "abcdefghijklmnop:"

// TestPlainResults compares the two ways in which a result can be written.
func TestPlainResults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		body  string
		plain bool
	}{
		{"return", true},
		{"return null", true},
		{"return [true, false, undefined, null]", true},
		{"return [0, -0, 1, -1, 2**31 - 1, -(2**31), 2**31, 0.1, 1e21, 1e-7, 2**53, 2**64, -1e300, NaN, 1/0, -1/0]", true},
		{"return ['', 'a', 'ř', '😀', '\\0\\x01\\x1f\\x7f\\u2028\"\\\\', '\\ud7ff\\ue000', 'a'.repeat(5000) + 'b'.repeat(5000)]", true},
		{"let s = ''; for (let i = 0; i < 3000; i++) s += 'é' + i; return s", true}, // a rope
		{"return { b: 1, a: { 2: 'x', 1: 'y' }, '': [], 'é\"': {}, __proto__: null, ['__proto__']: 1 }", false},
		{"return { b: 1, a: { 2: 'x', 1: 'y', '-1': 3, 4294967296: 4 }, '': [], 'é\"': {}, ['__proto__']: undefined }", true},
		{"return { [Symbol()]: 1, a: 2 }", true},
		{"const o = { a: 1, b: 2, c: 3 }; delete o.b; o.b = 4; Object.defineProperty(o, 'hidden', { value: 1 }); return Object.freeze(o)", true},
		{"const a = [1, 2, 3]; a.extra = 1; a.length = 2; return a", true},
		{"const a = [{}]; return [a, a, a[0]]", true},
		{"return new Array(3).fill({ a: 1 }).concat([[]])", true},
		{"return JSON.parse('[{\"a\":[1,{\"b\":null}]}]')", true},
		{"return [1, , 2]", false},
		{"return [,]", false},
		{"return [() => 1]", false},
		{"return Symbol()", false},
		{"return 10n ** 30n", false},
		{"return [new Date(5), new Date(NaN)]", false},
		{"return Buffer.from('a')", false},
		{"return new Error('x')", false},
		{"return [new Map([[1, 2]]), new Set([1]), /x/, new Number(1), new String('x'), new Boolean(false)]", false},
		{"return (function () { return arguments })(1, 2)", false},
		{"return '\\ud800'", false},
		{"return { 'a\\udfff': 1 }", false},
		{"class A { constructor() { this.x = 1 } toJSON() { return 7 } } return [new A()]", false},
		{"class A extends Array {} return A.from([1])", false},
		{"let n = 0; return { get a() { return ++n } }", false},
		{"let n = 0; const a = []; Object.defineProperty(a, 0, { enumerable: true, get() { return ++n } }); return a", false},
		{"return { toJSON() { return 7 } }", false},
		{"return Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 7 })", false},
		{"return Object.assign([1], { toJSON() { return 7 } })", false},
		{"Object.prototype.toJSON = () => 7; return { a: 1 }", false},
		{"Array.prototype.toJSON = () => 7; return [1]", false},
		{"Object.setPrototypeOf(Array.prototype, { __proto__: Object.prototype, toJSON() { return 7 } }); return [1]", false},
		{"return Object.create({ toJSON() { return 7 } })", false},
		{"return Object.create({ a: 1 })", false},
		{"return Object.create(null)", false},
		{"return new Proxy({ a: 1 }, { get() { return 2 } })", false},
		{"return [new Proxy([1], {})]", false},
		{"let x = 1; for (let i = 0; i < 150; i++) x = [x]; return x", false},
		{"return 'x'.repeat(2 << 20)", false},
		{"return new Array(300000).fill('xyz')", false},
	} {
		plain, written, err := js.WriteBoth(plainMark, tt.body)
		if err != nil {
			t.Fatalf("%s: %v", tt.body, err)
		}
		if (plain != "") != tt.plain {
			t.Errorf("%s: read as %.100q, want it read: %t", tt.body, plain, tt.plain)
		}
		if plain != "" {
			sameTexts(t, tt.body, plain, written)
		}
	}
}

// TestAGetterOfAResultRunsOnce shows that reading a result runs none of its code.
func TestAGetterOfAResultRunsOnce(t *testing.T) {
	t.Parallel()
	_, written, err := js.WriteBoth(plainMark, "let n = 0; return [{ a: 1 }, { get a() { return ++n } }]")
	if err != nil || written != `[{"a":1},{"a":1}]` {
		t.Errorf("%s, %v", written, err)
	}
}

// TestSharedPartsAreBounded returns what is small in memory and without end as text.
func TestSharedPartsAreBounded(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{Timeout: 300 * time.Millisecond})
	if _, err := run(t, s, "let x = []; for (let i = 0; i < 90; i++) x = [x, x]; return x"); err == nil || err.Error() != "the function takes longer than 300ms" {
		t.Errorf("got %v", err)
	}
}

// FuzzPlainResults holds both ways against each other for whatever JSON there is.
func FuzzPlainResults(f *testing.F) {
	for _, text := range []string{`{"a":[1,-0,1e400,"\ud800x",{"__proto__":null}]}`, `[[],{},"\u0000",12345678901234567890]`, `{"toJSON":1,"2":0,"1":0}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := strings.NewReplacer("\\", "\\\\", "`", "\\`", "$", "\\$").Replace(text)
		plain, written, err := js.WriteBoth(plainMark, "return JSON.parse(`"+quoted+"`)")
		if err == nil && plain != "" && written != "" {
			sameTexts(t, text, plain, written)
		}
	})
}

func sameTexts(t *testing.T, what, a, b string) {
	t.Helper()
	first, err := js.Decode(plainMark, a)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	second, err := js.Decode(plainMark, b)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !same(first, second) {
		t.Errorf("%s\nread    %.200s\nwritten %.200s", what, a, b)
	}
}
