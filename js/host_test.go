package js_test

import (
	"context"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/value"
)

// TestHostEnvironment evaluates expressions; wants are JSON. Where Node has the same
// function, the value is Node's.
func TestHostEnvironment(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{})
	for _, tt := range []struct{ expression, want string }{
		{`Buffer.from('añ').toString('hex')`, `"61c3b1"`},
		{`Buffer.from('61c3b1zz', 'hex').toString()`, `"añ"`},
		{`Buffer.from('aGk_-w==', 'base64').toString('hex')`, `"68693ffb"`},
		{`Buffer.from([104, 105, 256]).toString('base64')`, `"aGkA"`},
		{`Buffer.from([255, 254]).toString('base64url')`, `"__4"`},
		{`Buffer.from('é', 'latin1').length`, `1`},
		{`Buffer.from('aé', 'utf16le').toString('hex')`, `"6100e900"`},
		{`Buffer.from([0xe2, 0x82, 0x41, 0xff]).toString()`, `"\ufffdA\ufffd"`},
		{`Buffer.from('abc').slice(1).toString()`, `"bc"`},
		{`Buffer.concat([Buffer.from('a'), Buffer.from('bc')]).toString()`, `"abc"`},
		{`Buffer.alloc(3, 'ab').toString()`, `"aba"`},
		{`Buffer.byteLength('añ')`, `3`},
		{`Buffer.isBuffer(new Uint8Array(1))`, `false`},
		{`Buffer.from('a').equals(Buffer.from('a'))`, `true`},
		{`Buffer.from('hello').indexOf('l')`, `2`},
		{`JSON.stringify(Buffer.from('a'))`, `"{\"type\":\"Buffer\",\"data\":[97]}"`},
		{`JSON.stringify(new Uint8Array([1]))`, `"{\"0\":1}"`},
		{`Buffer.from(Buffer.from('a')).map(x => x + 1).toString()`, `"b"`},
		{`atob('aGk=') + btoa('hi')`, `"hiaGk="`},
		{`btoa('\xff')`, `"/w=="`},
		{`new TextEncoder().encode('ñ').length`, `2`},
		{`new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0xc3, 0xb1]))`, `"ñ"`},
		{`(() => { try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])) } catch (e) { return e.name } })()`, `"TypeError"`},

		{`new URL('HTTPS://user:p%40ss@Example.com:443/a/../b c?q=1 2#h').href`, `"https://user:p%40ss@example.com/b%20c?q=1%202#h"`},
		{`new URL('../x?y', 'http://a.b:8080/c/d/e').href`, `"http://a.b:8080/c/x?y"`},
		{`new URL('http://a.b').pathname`, `"/"`},
		{`new URL('mailto:a@b.c').pathname`, `"a@b.c"`},
		{`new URL('http://a.b:81/x').origin`, `"http://a.b:81"`},
		{`new URL('http://[::1]:80/').host`, `"[::1]"`},
		{`URL.canParse('no') + '' + URL.canParse('x', 'http://a/')`, `"falsetrue"`},
		{`(() => { const u = new URL('http://a.b/?x=1'); u.searchParams.append('y', 'a b&'); u.pathname = 'p'; u.hash = 'z'; return String(u) })()`, `"http://a.b/p?x=1&y=a+b%26#z"`},
		{`(() => { try { new URL('nope') } catch (e) { return e.name + e.message } })()`, `"TypeErrorInvalid URL"`},
		{`new URLSearchParams({ a: 1, b: 'ř ~*' }).toString()`, `"a=1&b=%C5%99+%7E*"`},
		{`[...new URLSearchParams('?a=1&a=2&b=%C5%99+x')].join('|')`, `"a,1|a,2|b,ř x"`},
		{`new URLSearchParams('a=1&a=2').getAll('a')`, `["1","2"]`},
		{`(() => { const p = new URLSearchParams('b=1&a=2&b=3'); p.set('b', 4); p.sort(); p.delete('x'); return p.has('a') + p.toString() + p.get('zz') })()`, `"truea=2&b=4null"`},

		{`structuredClone({ a: [new Date(0), new Map([[1, { x: 1 }]]).size], u: undefined })`, `{"a":["1970-01-01T00:00:00.000Z",1]}`},
		{`(() => { const x = {}; x.self = x; const y = structuredClone(x); return y.self === y && y !== x })()`, `true`},
		{`(() => { try { structuredClone({ f() {} }) } catch (e) { return e.name } })()`, `"TypeError"`},

		{`new Date(0).toLocaleString('en-US', { timeZone: 'America/New_York' })`, `"12/31/1969, 7:00:00 PM"`},
		{`new Date(1720000000000).toLocaleDateString('en-GB', { timeZone: 'Europe/Prague', weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' })`, `"Wednesday, July 3, 2024"`},
		{`new Intl.DateTimeFormat('en', { timeZone: 'Asia/Tokyo', hour: '2-digit', minute: '2-digit', hour12: false }).format(new Date(0))`, `"09:00"`},
		{`(1234567.891).toLocaleString('en-US')`, `"1,234,567.891"`},
		{`(1234.5).toLocaleString('en-US', { style: 'currency', currency: 'EUR' })`, `"€1,234.50"`},
		{`new Date(0).getTimezoneOffset() + new Date(2024, 0, 1).toISOString()`, `"02024-01-01T00:00:00.000Z"`},
		{`['b', 'a', 'B', 'á', 'A', 'z'].sort((x, y) => x.localeCompare(y))`, `["a","A","á","b","B","z"]`},

		{`iml.upper('x') + iml.parseJSON('[1]')[0] + iml.createJSON({ a: 1 })`, `"X1{\"a\":1}"`},
		{`iml.formatDate(new Date(0), 'YYYY-MM-DD HH:mm')`, `"1970-01-01 01:00"`},
		{`iml.formatDate(iml.parseDate('2024-02-29', 'YYYY-MM-DD'), 'X')`, `"1709161200"`},
		{`iml.formatDate(new Date(0), 'HH:mm', 'Asia/Tokyo')`, `"09:00"`},
		{`iml.ifempty(undefined, 'x') + iml.if(true, 1, 2)`, `"x1"`},
		{`iml.toBinary('a') instanceof Buffer`, `true`},
		{`(() => { const a = [1, 2, 3]; return [iml.pop(a), iml.shift(a), a] })()`, `[3,1,[2]]`},
		{`[typeof iml.nope, 'upper' in iml, 'nope' in iml, typeof iml.constructor, typeof iml.hasOwnProperty]`, `["undefined",true,false,"undefined","undefined"]`},
		{`(() => { try { iml.nope() } catch (e) { return e.name } })()`, `"TypeError"`},
		{`(() => { try { iml.formatDate('x', 'X') } catch (e) { return e.message } })()`, `"'x' is not a valid date."`},
		{`(() => { iml.mine = () => 5; return iml.mine() })()`, `5`},
		{`this.timezone + environment.timezone`, `"Europe/PragueEurope/Prague"`},
		{`(() => { const e = errorFactory('DataError', 'm'); return [e.name, e.message, e instanceof Error] })()`, `["DataError","m",true]`},
		{`(() => { try { errorFactory('Nope', 'm') } catch (e) { return e.message } })()`, `"unknown type of error 'Nope'"`},
		{`[typeof require, typeof process, typeof fetch, typeof setTimeout, typeof host, typeof std, typeof os, typeof print]`, `["undefined","undefined","undefined","undefined","undefined","undefined","undefined","undefined"]`},
		{`Object.getOwnPropertyNames(globalThis).filter(name => /cleat/i.test(name))`, `[]`},
		{`(() => { Buffer = 1; const URL = 2; return Buffer + URL })()`, `3`},
	} {
		lib := library("f", "function f() { return ("+tt.expression+") }")
		v, err := s.Call(context.Background(), lib, "f", nil, js.Context{Timezone: "Europe/Prague"})
		if got := string(v.AppendJSON(nil)); err != nil || got != strings.ReplaceAll(tt.want, `\ufffd`, "\ufffd") {
			t.Errorf("%s\ngot  %s, %v\nwant %s", tt.expression, got, err, tt.want)
		}
	}
}

func TestFunctionsCallEachOther(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{})
	lib := library(
		"fact", "function fact(n) { return n < 2 ? 1 : n * iml.fact(n - 1) }",
		"sum", "const sum = (a, b) => helper(a) + b + fact(3)\nfunction helper(x) { return x * 10 }",
		"other", "'use strict';\nconst helper = 1;\nfunction other() { return [helper, typeof sum, typeof this, this.timezone] }",
		"zone", "function zone() { return iml.other() } // the end",
		"formatDate", "function formatDate(x) { return 'mine' }",
		"shadow", "function shadow() { return [iml.formatDate(new Date(0), 'X'), formatDate()] }",
	)
	for _, tt := range []struct {
		name string
		args []value.Value
		want string
	}{
		{"fact", []value.Value{value.Int(5)}, "120"},
		{"sum", []value.Value{value.Int(1), value.Int(2)}, "18"},
		{"other", nil, `[1,"function","object","UTC"]`},
		{"zone", nil, `[1,"function","object","UTC"]`},
		{"shadow", nil, `["mine","mine"]`},
	} {
		v, err := s.Call(context.Background(), lib, tt.name, tt.args, js.Context{})
		if got := string(v.AppendJSON(nil)); err != nil || got != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.name, got, err, tt.want)
		}
	}
}

func TestEachCallHasNewGlobalState(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{Children: 1})
	for range 3 {
		v, err := run(t, s, "globalThis.n = (globalThis.n || 0) + 1; Array.prototype.x = (Array.prototype.x || 0) + 1; return [n, [].x]")
		if got := string(v.AppendJSON(nil)); err != nil || got != "[1,1]" {
			t.Fatalf("got %s, %v", got, err)
		}
	}
}

func TestDebugTextsReachTheProgram(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{})
	var lines []string
	c := js.Context{Debug: func(text string) { lines = append(lines, text) }}
	lib := library("f", "function f() { debug('a', 1, { b: [undefined] }, new TypeError('x')); console.log(null); const c = {}; c.c = c; console.warn(c); throw 1 }",
		"g", "function g() { for (let i = 0; i < 100; i++) debug('y'.repeat(1e4)) }")
	if _, err := s.Call(context.Background(), lib, "f", nil, c); err == nil || err.Error() != "1" {
		t.Errorf("got %v", err)
	}
	if got, want := strings.Join(lines, "\n"), "a 1 {\"b\":[null]} TypeError: x\nnull\n[object Object]"; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	lines = nil
	if _, err := s.Call(context.Background(), lib, "g", nil, c); err != nil || len(strings.Join(lines, "")) > 70_000 {
		t.Errorf("%d bytes of debug texts, %v", len(strings.Join(lines, "")), err)
	}
}

func TestErrorsNameTheirPlace(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{})
	lib := library(
		"first", "function first(x) {\n  return x.y.z;\n}",
		"second", "function second() {\n  const a = 1;\n\n  return first({});\n}",
		"syntax", "function syntax() {\n  return 1 +;\n}",
		"typed", "function typed() {\n  throw errorFactory('RateLimitError', 'slow down');\n}",
		"text", "function text() { throw 'just text' }",
		"renamed", "function another() {}",
		"rename me", "function x() {}",
		"long", "function long() {}"+strings.Repeat(" ", 5000),
		"caller", "function caller() { return long() }",
		"empty", "",
		"loading", "const x = null.y;\nfunction loading() {}",
		"catching", "function catching() { try { loading() } catch (e) {} throw e2 }",
	)
	for name, want := range map[string]string{
		"first":     "TypeError: cannot read property 'y' of undefined (functions/first/code.js:2:11)",
		"second":    "TypeError: cannot read property 'z' of undefined (functions/first/code.js:2:13)",
		"syntax":    "SyntaxError: unexpected token in expression: ';' (functions/syntax/code.js:2:13)",
		"typed":     "slow down (functions/typed/code.js:2:21)",
		"text":      "just text",
		"renamed":   `the code declares no function "renamed"`,
		"rename me": `"rename me" cannot be the name of a function (functions/rename me/code.js:1:1)`,
		"long":      "the code has 5018 characters, more than 5000 (IM005) (functions/long/code.js:1:1)",
		"caller":    "the code has 5018 characters, more than 5000 (IM005) (functions/long/code.js:1:1) (functions/caller/code.js:1:28)",
		"empty":     `the code declares no function "empty"`,
		"loading":   "TypeError: cannot read property 'y' of null (functions/loading/code.js:1:15)",
		"catching":  "ReferenceError: 'e2' is not defined (functions/catching/code.js:1:60)",
		"nowhere":   `the code declares no function "nowhere"`,
	} {
		_, err := s.Call(context.Background(), lib, name, nil, js.Context{})
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", name, err, want)
		}
	}
}
