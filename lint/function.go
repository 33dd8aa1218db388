package lint

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/source"
)

// maxFunction is the most characters of a function (components.md 10).
const maxFunction = 5000

// absent is what functions have not: modules, the process, the network, timers, and code
// made from text.
var absent = regexp.MustCompile(`\b(require\s*\(|import\s*[({'"*]|process\.|eval\s*\(|new\s+Function\b|setTimeout\s*\(|setInterval\s*\(|fetch\s*\(|XMLHttpRequest\b)`)

// function checks a custom function. Its code is not parsed; what stands in comments or
// strings is taken as code.
func (p *pass) function(f *app.Function) {
	if f.Code == nil || strings.TrimSpace(f.Code.Text()) == "" {
		return
	}
	text := f.Code.Text()
	if n := utf8.RuneCountInString(text); n > maxFunction {
		p.script("FUN001", f.Code, 0, 1, "the function has more than 5000 characters", "take it apart")
	}
	if name := f.Name(); name != f.ID {
		p.script("FUN002", f.Code, max(strings.Index(text, "function "+name), 0), 0, "the function is called "+quote(name)+", its component "+quote(f.ID), "give both the same name")
	}
	if found := absent.FindStringIndex(text); found != nil {
		p.script("FUN003", f.Code, found[0], found[1], strings.TrimRight(text[found[0]:found[1]], " ({'\"*.")+" is not there", "a function gets everything by its arguments")
	}
	if f.Test == nil || !strings.Contains(f.Test.Text(), "assert") {
		p.meta("FUN005", f.Meta, "codeFiles", "the function "+quote(f.ID)+" has no test", "write it('…', () => { assert.strictEqual(…) })")
	}
	if !p.called[f.ID] {
		p.meta("FUN007", f.Meta, "codeFiles", "nothing calls the function "+quote(f.ID), "")
	}
	p.style(f)
	if iml.Builtins().Lookup(f.ID) != nil {
		p.meta("FUN008", f.Meta, "codeFiles", "the function hides the built-in "+f.ID, "rename it")
	}
}

var callOf = regexp.MustCompile(`([\w$]+)\(`)

// callsOf notes which functions another one calls.
func (p *pass) callsOf(f *app.Function) {
	if f.Code == nil {
		return
	}
	for _, m := range callOf.FindAllStringSubmatch(f.Code.Text(), -1) {
		if m[1] != f.ID {
			p.called[m[1]] = true
		}
	}
}

// script adds a finding in the code of a function.
func (p *pass) script(id string, f *source.File, start, end int, message, hint string) {
	if !p.enough(id, f) {
		p.add(p.finding(id, message, hint).At(f, start, max(end, start+1)))
	}
}
