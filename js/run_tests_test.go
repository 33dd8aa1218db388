package js_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/js"
)

// outcomes runs a test file and returns a line for each block.
func outcomes(t *testing.T, code string) (string, error) {
	t.Helper()
	s := sandbox(t, js.Options{})
	lib := library("twice", "function twice(x) {\n  if (x === null) throw new TypeError('no null');\n  return x * 2;\n}")
	tests, err := s.RunTests(context.Background(), lib, "functions/twice/test.js", code, js.Context{Timezone: "Europe/Prague"})
	var lines []string
	for _, test := range tests {
		line := "ok " + test.Name
		if !test.Passed() {
			line = fmt.Sprintf("no %s (%s:%d:%d)\n%s", test.Name, test.File, test.Line, test.Column, test.Error)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n"), err
}

func TestTestFiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, code, want, wantErr string }{
		{"passing", "it('doubles', () => { assert.equal(twice(2), 4) })", "ok doubles", ""},
		{"a failure does not stop the others",
			"it('a', () => {\n  assert.strictEqual(twice(2), 5)\n})\nit('b', () => assert(twice(1)))",
			"no a (functions/twice/test.js:2:21)\ngot + and wanted -\n+ 4\n- 5\nok b", ""},
		{"an error in the function has its place there",
			"it('a', () => twice(null))", "no a (functions/twice/code.js:2:38)\nTypeError: no null", ""},
		{"describe", "describe('outer', () => { describe('inner', () => it('a', () => {})); it('b', () => {}) }); it('c', () => {})",
			"ok outer › inner › a\nok outer › b\nok c", ""},
		{"iml and the zone", "it('a', () => { assert.equal(iml.formatDate(new Date(0), 'HH'), '01'); assert.equal(environment.timezone, 'Europe/Prague'); assert.equal(iml.twice(1), 2) })", "ok a", ""},
		{"promises", "it('a', async () => { assert.equal(1, 2) })", "no a (functions/twice/test.js:1:3)\nTypeError: tests are synchronous: this one returned a promise", ""},
		{"no body", "it('a')", "no a (functions/twice/test.js:1:3)\nTypeError: it needs a function", ""},
		{"outside of a block", "it('a', () => {});\n  nothing()", "ok a", "ReferenceError: 'nothing' is not defined (functions/twice/test.js:2:3)"},
		{"no JavaScript", "it('a', () => {\n  )", "", "SyntaxError: unexpected token in expression: ')' (functions/twice/test.js:2:3)"},
		{"a block that recurses", "it('a', () => { const f = () => f(); f() });it('b', () => {})",
			"no a (functions/twice/test.js:1:34)\nInternalError: stack overflow\nok b", ""},
		{"what a test may declare", "const x = 1, it2 = it; function helper() { return twice(x) }\nit2('a', () => assert.equal(helper(), 2))", "ok a", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := outcomes(t, tt.code)
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if fmt.Sprint(err) != tt.wantErr && (err != nil || tt.wantErr != "") {
				t.Errorf("got error %v\nwant %s", err, tt.wantErr)
			}
		})
	}
}

// TestAssert holds assert to what Node's does: each assertion either passes or fails.
func TestAssert(t *testing.T) {
	t.Parallel()
	passing := []string{
		"assert.ok(1)", "assert('x')", "assert.equal(1, '1')", "assert.equal(NaN, NaN)", "assert.notEqual(1, 2)",
		"assert.strictEqual(NaN, NaN)", "assert.notStrictEqual(1, '1')", "assert.notStrictEqual(0, -0)",
		"assert.deepEqual({ a: 1 }, { a: '1' })", "assert.deepEqual([1, [2]], [1, [2]])", "assert.deepEqual(new Date(1), new Date(1))",
		"assert.deepEqual({ a: 1, b: 2 }, { b: 2, a: 1 })", "assert.deepEqual(new Map([[1, { a: 1 }]]), new Map([[1, { a: 1 }]]))",
		"assert.deepStrictEqual({ a: undefined }, { a: undefined })", "assert.deepStrictEqual(new Set([1, 2]), new Set([2, 1]))",
		"assert.deepStrictEqual(Buffer.from('a'), Buffer.from('a'))", "assert.deepStrictEqual(/a/g, /a/g)", "assert.deepStrictEqual(NaN, NaN)",
		"assert.notDeepEqual({ a: 1 }, { a: 2 })", "assert.notDeepStrictEqual({ a: 1 }, { a: '1' })", "assert.notDeepStrictEqual([1], { 0: 1 })",
		"assert.throws(() => { throw new TypeError('no') })", "assert.throws(() => { throw new TypeError('no') }, TypeError)",
		"assert.throws(() => { throw new TypeError('no') }, /TypeError: no/)", "assert.throws(() => { throw new TypeError('no') }, { message: 'no', name: /Type/ })",
		"assert.throws(() => { throw new Error('no') }, e => e.message === 'no')", "assert.doesNotThrow(() => 1)",
		"assert.match('abc', /b/)", "assert.doesNotMatch('abc', /x/)", "assert.ifError(null)", "assert.strict.equal(1, 1)",
		"const a = {}; a.a = a; const b = {}; b.a = b; assert.deepEqual(a, b)",
		"try { assert.fail('x') } catch (e) { assert(e instanceof assert.AssertionError && e instanceof Error && e.code === 'ERR_ASSERTION') }",
	}
	failing := []string{
		"assert.ok(0)", "assert('')", "assert.equal(1, 2)", "assert.equal({}, {})", "assert.notEqual(1, '1')",
		"assert.strictEqual(1, '1')", "assert.strictEqual(0, -0)", "assert.notStrictEqual(NaN, NaN)",
		"assert.deepEqual({ a: 1 }, { a: 1, b: undefined })", "assert.deepEqual([1], [1, 2])", "assert.deepEqual(new Date(1), new Date(2))",
		"assert.deepEqual([], {})", "assert.deepEqual(null, {})", "assert.deepEqual(new Set([1]), new Set([2]))", "assert.deepEqual(/a/, /b/)",
		"assert.deepEqual(new Error('a'), new Error('b'))", "assert.deepStrictEqual({ a: 1 }, { a: '1' })", "assert.deepStrictEqual([0], [-0])",
		"class A {} assert.deepStrictEqual(new A(), {})", "assert.deepStrictEqual(Buffer.from('a'), new Uint8Array([97]))",
		"assert.notDeepEqual({ a: 1 }, { a: 1 })", "assert.throws(() => 1)", "assert.throws(() => { throw new Error('no') }, TypeError)",
		"assert.throws(() => { throw new Error('no') }, /yes/)", "assert.throws(() => { throw new TypeError('no') }, { message: 'yes' })",
		"assert.throws(() => { throw new Error('no') }, e => false)", "assert.doesNotThrow(() => { throw 1 })", "assert.match('abc', /x/)",
		"assert.match(5, /5/)", "assert.doesNotMatch('abc', /b/)", "assert.fail()", "assert.ifError(new Error('x'))", "assert.strict.equal(1, '1')",
		"assert.strict.deepEqual({ a: 1 }, { a: '1' })",
	}
	var code strings.Builder
	for _, assertion := range append(passing, failing...) {
		fmt.Fprintf(&code, "it(%q, () => { %s });\n", assertion, assertion)
	}
	got, err := outcomes(t, code.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, assertion := range passing {
		if !strings.Contains(got, "ok "+assertion+"\n") {
			t.Errorf("fails: %s", assertion)
		}
	}
	for _, assertion := range failing {
		if !strings.Contains(got, "no "+assertion+" (") {
			t.Errorf("passes: %s", assertion)
		}
	}
}

func TestMessagesOfAssert(t *testing.T) {
	t.Parallel()
	got, _ := outcomes(t, `it('own', () => assert.ok(false, 'my words'));
it('error', () => assert.equal(1, 2, new RangeError('mine')));
it('diff', () => assert.deepEqual({ a: [1, 2], 'b c': new Date(0), d: /x/ }, { a: [1, 3], 'b c': new Date(0), e: null }));
it('not', () => assert.notEqual('x', 'x'));
it('thrown', () => assert.throws(() => { throw new Error('a') }, /b/));`)
	want := `no own (functions/twice/test.js:1:26)
my words
no error (functions/twice/test.js:2:52)
RangeError: mine
no diff (functions/twice/test.js:3:34)
got + and wanted -
  {
    a: [
      1,
+     2
-     3
    ],
    "b c": 1970-01-01T00:00:00.000Z,
+   d: /x/
-   e: null
  }
no not (functions/twice/test.js:4:32)
got what was not wanted: "x"
no thrown (functions/twice/test.js:5:33)
another error was thrown: Error: a`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestATestFileHasATimeLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("takes five seconds")
	}
	t.Parallel()
	got, err := outcomes(t, "it('a', () => {}); it('b', () => { for (;;); }); it('c', () => {})")
	if want := "ok a\nno b (functions/twice/test.js:1:"; !strings.HasPrefix(got, want) || !strings.Contains(got, "longer than 5s") {
		t.Errorf("got %s\nwant %s…", got, want)
	}
	if err != nil {
		t.Errorf("the file as a whole: %v", err)
	}
}
