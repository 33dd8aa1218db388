package js_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/value"
)

const (
	patience  = 600 * time.Millisecond
	tooLong   = "the function takes longer than 600ms"
	tooMuch   = "the function needs more than 64 MiB of memory"
	tooDeep   = "functions call each other too deeply"
	quotaText = "InternalError: string too long"
)

// hostile is code that wants to do harm, and how it ends: one of the texts, "" for a
// result.
var hostile = []struct {
	name, code string
	ends       []string
}{
	{"endless loop", "for (;;);", []string{tooLong}},
	{"endless loop that catches", "for (;;) try { for (;;); } catch (e) {}", []string{tooLong}},
	{"regex backtracking", "return /^(a+)+$/.test('a'.repeat(40) + 'b')", []string{tooLong}},
	{"regex backtracking in a look-ahead", "return /(?=(a+)+$)b/.test('a'.repeat(40) + 'b')", []string{tooLong}},
	{"arrays without end", "a = []; for (;;) a.push(new Array(1e6))", []string{tooLong, tooMuch}},
	{"text that doubles", "let s = 'x'; for (;;) s += s", []string{quotaText, tooMuch}},
	{"join of a huge array", "return new Array(2**32-1).join('x')", []string{tooLong, tooMuch}},
	{"deep recursion", "return f()", []string{tooDeep}},
	{"deep recursion through built-ins", "const g = x => [x].map(g); return g(1)", []string{tooDeep}},
	{"deep recursion through iml", "return iml.f()", []string{tooDeep}},
	{"deep JSON.stringify", "let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; return JSON.stringify(o)", []string{tooDeep, tooLong}},
	{"deep result", "let o = {}; for (let i = 0; i < 1e4; i++) o = { o }; return o", []string{tooDeep, tooLong}},
	{"deep JSON.parse", "return JSON.parse('['.repeat(1e5) + ']'.repeat(1e5))", []string{tooDeep, "SyntaxError: "}},
	{"ArrayBuffer loop", "const l = []; for (;;) l.push(new ArrayBuffer(1e6))", []string{tooMuch}},
	{"ArrayBuffer loop that catches", "const l = []; for (;;) try { for (;;) l.push(new ArrayBuffer(1e6)) } catch (e) {}", []string{tooLong, tooMuch}},
	{"promise chain", "const p = () => Promise.resolve().then(p); return p()", []string{tooLong}},
	{"promise chain behind a result", "const p = () => Promise.resolve().then(p); p(); return 1", []string{""}},
	{"sort that never agrees", "return new Array(1e7).fill(0).sort(() => Math.random() - 0.5).length", []string{tooLong, tooMuch}},
	{"huge repeat", "return 'x'.repeat(2**30 - 1)", []string{tooMuch, quotaText}},
	{"spread of a huge array", "return Math.max(...new Array(1e6))", []string{"RangeError: too many arguments", tooMuch, tooDeep, tooLong}},
	{"BigInt power", "return 2n ** (2n ** 40n)", []string{"RangeError: ", tooMuch, tooLong}},
	{"Atomics.wait", "return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", []string{"TypeError: cannot block"}},
	{"debug without end", "for (;;) debug('x'.repeat(1e6))", []string{tooLong}},
	{"iml without end", "for (;;) iml.split('a'.repeat(1e5), '')", []string{tooLong, tooMuch}},
	{"import", "return import('/etc/passwd')", []string{"ReferenceError: ", "TypeError: "}},
	{"pollution of iml", "iml.upper = () => 'bad'; iml.__proto__.lower = () => 'bad'; return 1", []string{"", "TypeError: "}},
	{"pollution of Object", "Object.prototype.toJSON = () => 'bad'; Object.prototype.upper = 'bad'; Object.keys = JSON.parse = Map.prototype.get = null; return 1", []string{""}},
	{"pollution of arguments", "arguments.__proto__.x = 1; Function.prototype.apply = Function.prototype.call = null; Array.prototype[Symbol.iterator] = null; return 1", []string{""}},
	{"pollution of the global object", "for (const k of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[k]; globalThis[k] = 'bad' } catch (e) {} return 1", []string{""}},
	{"a lying error", "const e = new Error('x'); e.stack = '<eval>:99999999999999999999:1'.repeat(1e5); e.name = { toString() { throw 1 } }; throw e", []string{"1"}},
	{"an error without words", "throw { get message() { throw { get message() { throw 1 } } } }", []string{"[object Object]"}},
}

// contained checks that the error is one of the ends. Which of the limits is met first
// depends on the machine.
func contained(err error, ends []string) bool {
	if slices.ContainsFunc(ends, func(end string) bool { return end == tooLong || end == tooMuch || end == tooDeep }) {
		ends = append([]string{tooLong, tooMuch, tooDeep}, ends...)
	}
	for _, end := range ends {
		if end == "" && err == nil || err != nil && end != "" && strings.HasPrefix(err.Error(), end) {
			return true
		}
	}
	return false
}

// TestHostileCodeIsContained runs each piece of hostile code, and after it one that is
// right, in the same sandbox.
func TestHostileCodeIsContained(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{Timeout: patience, Children: 2})
	good := library("good", "function good(a) { return [iml.upper(a), Object.keys({ x: 1 }), JSON.stringify(new Date(0)), typeof bad] }")
	for _, tt := range hostile {
		begun := time.Now()
		_, err := run(t, s, tt.code)
		if !contained(err, tt.ends) {
			t.Errorf("%s: ends with %v, want one of %q", tt.name, err, tt.ends)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s: took %v", tt.name, took)
		}
		v, err := s.Call(context.Background(), good, "good", []value.Value{value.Text("a")}, js.Context{})
		if got := string(v.AppendJSON(nil)); err != nil || got != `["A",["x"],"\"1970-01-01T00:00:00.000Z\"","undefined"]` {
			t.Errorf("after %s: got %s, %v", tt.name, got, err)
		}
	}
}

// TestHostileCallsInParallelLeaveNothingBehind runs 100 calls of hostile code at once.
func TestHostileCallsInParallelLeaveNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	s := js.New(js.Options{Timeout: patience, Children: 4})
	before := heap()
	var calls sync.WaitGroup
	failed := make(chan string, 100)
	for i := range 100 {
		tt := hostile[i%len(hostile)]
		calls.Go(func() {
			_, err := s.Call(context.Background(), library("f", "function f(a, b) {"+tt.code+"}"), "f", nil, js.Context{})
			if !contained(err, tt.ends) {
				failed <- fmt.Sprintf("%s: ends with %v, want one of %q", tt.name, err, tt.ends)
			}
		})
	}
	calls.Wait()
	close(failed)
	for text := range failed {
		t.Error(text)
	}
	s.Close()
	if grown := int64(heap()) - int64(before); grown > 4<<20 {
		t.Errorf("%d KiB more on the heap than before", grown>>10)
	}
	if left := children(t); left != 0 {
		t.Errorf("%d children are left", left)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// children counts the child processes of this one, where /proc tells them.
func children(t *testing.T) int {
	t.Helper()
	n := 0
	tasks, _ := os.ReadDir("/proc/self/task") // elsewhere there is none
	for _, task := range tasks {
		list, err := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		if err == nil {
			n += len(strings.Fields(string(list)))
		}
	}
	return n
}

func TestCallsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{Children: 1})
	lib := library("f", "function f() { debug('running'); for (;;); }", "g", "function g() { return 1 }")
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Call(ctx, lib, "f", nil, js.Context{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Call(ctx, lib, "g", nil, js.Context{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v after the end of the context", err)
	}
	if v, err := s.Call(context.Background(), lib, "g", nil, js.Context{}); err != nil || v.Float() != 1 {
		t.Errorf("the next call gives %v, %v", v.Float(), err)
	}
}

func TestAClosedSandboxRefusesCalls(t *testing.T) {
	t.Parallel()
	s := js.New(js.Options{})
	s.Close()
	if _, err := run(t, s, "return 1"); !errors.Is(err, js.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestAProgramThatDoesNotServeIsNamed(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{Executable: "/bin/true"})
	_, err := run(t, s, "return 1")
	if err == nil || !strings.HasPrefix(err.Error(), "js: the program does not serve as its own child: call js.ServeIfChild at the start of main") {
		t.Errorf("got %v", err)
	}
}
