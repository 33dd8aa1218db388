package iml

import (
	"testing"
	"time"

	"github.com/cleat-run/cleat/value"
)

var seeds = []string{"plain", "{{a}}", "x{{a.b[2].`c d`}}y", "{{if(a > 1, 'x', \"y\")}}", "{{1 + 2 * -3 % 4}}", "{{!a & b | c}}", "{{'}}'}}{{'{{'}}",
	"{{formatDate(now, 'X')}}", "{{replace('aXb', '/x/i', '$&$&')}}", "{{ {k: 1, 'l m': a} }}", "{{headers.content-type}}", "{{a[]}}{{a[-1]}}{{a[b.c]}}",
	"{{split('a,b', ',')}}", "{{parseJSON('{\"a\":[1]}').a}}", "{{sha256('a', 'base64', 'k')}}", "{{", "{{a b}}", "{{f(a,,b;c)}}", "{{merge(merge(), a)}}"}

// What is printed parses again to the same tree.
func FuzzParsePrint(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		program, found := Compile(text, Options{})
		if found.Err() != nil {
			return
		}
		printed := program.Print()
		again, found := Compile(printed, Options{})
		if found.Err() != nil {
			t.Fatalf("%q prints as %q, which does not compile: %v", text, printed, found)
		}
		if len(program.parts) != len(again.parts) {
			t.Fatalf("%q prints as %q: %d parts became %d", text, printed, len(program.parts), len(again.parts))
		}
		for i, part := range program.parts {
			other := again.parts[i]
			if (part.expr == nil) != (other.expr == nil) || part.text != other.text || part.expr != nil && !sameTree(part.expr, other.expr) {
				t.Fatalf("%q prints as %q, another tree", text, printed)
			}
		}
	})
}

// Every evaluation ends, over any scope, within its limits and without a panic.
func FuzzEval(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed, `{"a":{"b":[1,"x",null]},"body":{"total":11,"name":"ann"},"headers":{"content-type":"t"}}`)
	}
	for _, name := range Builtins().Names() {
		f.Add("{{"+name+"(a, b, c, a)}}", `{"a":["2016-12-28T16:03:06Z",[1,{"k":"<v>"}],{"k":2}],"b":"/(a|b)*c/gi","c":{"k":[null,true]}}`)
		f.Add("{{"+name+"(a, b, b)}}", `{"a":"1.5 <b>👍 é</b>","b":2}`)
	}
	f.Fuzz(func(t *testing.T, text, roots string) {
		program, _ := Compile(text, Options{})
		scope := NewScope()
		parsed, _ := value.ParseJSON([]byte(roots))
		for name, v := range parsed.Collection().All() {
			scope.Set(name, v)
		}
		scope.Set("raw", value.Buffer([]byte{0xff}))
		scope.Set("at", value.Date(1482940986000))
		env := &Env{Scope: scope, Limits: &Limits{Steps: 10_000, Text: 1 << 20, Elements: 10_000, Regex: 100 * time.Millisecond}}
		started := time.Now()
		v, err := program.Eval(env)
		if err == nil && len(v.ToText()) > 4<<20 {
			t.Fatalf("%q produces %d bytes", text, len(v.ToText()))
		}
		if took := time.Since(started); took > 5*time.Second {
			t.Fatalf("%q takes %s", text, took)
		}
		if env.nested != 0 || len(env.stack) != 0 || len(env.buf) != 0 {
			t.Fatalf("%q leaves %d levels, %d arguments, %d bytes", text, env.nested, len(env.stack), len(env.buf))
		}
	})
}

// What createXML writes, parseXML reads as the same, and writes again.
func FuzzXML(f *testing.F) {
	f.Add(`<a x="1">t<b/><b>2</b><c:d>&lt;&amp;</c:d></a>`)
	f.Add(`<?xml version="1.0"?><!DOCTYPE a><a><![CDATA[<x>]]> y</a>`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := readXML(text)
		if err != nil {
			return
		}
		env := &Env{limits: DefaultLimits()}
		written, err := createXMLFunction(env, []value.Value{v})
		if err != nil {
			return // a name that is allowed in reading only
		}
		again, err := readXML(written.Str())
		if err != nil {
			t.Fatalf("%q is written as %q: %v", text, written.Str(), err)
		}
		if string(again.AppendJSON(nil)) != string(v.AppendJSON(nil)) {
			t.Fatalf("%q is written as %q, another value", text, written.Str())
		}
	})
}

// Any pattern is read or refused, and any search ends.
func FuzzRegex(f *testing.F) {
	for _, pattern := range []string{`a`, `(\d)\1`, `[^\w-\s👍]`, `^$|\b`, `(?<=a)b{2,}?`, `\u{61}\p{L}`, `[\c\8]{,2}`, `(a+)+$`} {
		f.Add(pattern, "gi", "aab 👍 12", "<$&$1>")
		f.Add(pattern, "us", "aab 👍 12", "$`$'")
	}
	f.Fuzz(func(t *testing.T, pattern, flags, text, by string) {
		env := &Env{limits: Limits{Steps: 10_000, Text: 1 << 16, Elements: 100, Regex: 100 * time.Millisecond}}
		started := time.Now()
		replaceFunction(env, []value.Value{value.Text(text), value.Text("/" + pattern + "/" + flags), value.Text(by)})
		if took := time.Since(started); took > 5*time.Second {
			t.Fatalf("/%s/%s on %q takes %s", pattern, flags, text, took)
		}
	})
}
