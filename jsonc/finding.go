package jsonc

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cleat-run/cleat/source"
)

// finding is a diagnostic before its place is worked out.
type finding struct {
	source.Diagnostic
	start, end int
	parent     *Node
	index      int
}

// maxWarnings is the number of warnings that are kept; more are only counted.
const maxWarnings = 100

// fail reports an error, at most one at a place.
func (p *parser) fail(start, end int, message, hint string) {
	if start != p.lastError {
		p.lastError = start
		p.failCode("FMT001", start, end, message, hint)
	}
}

// failCode reports an error. One more than MaxErrors makes the parser see the end of the
// text everywhere.
func (p *parser) failCode(code string, start, end int, message, hint string) {
	if p.stopped {
		return
	}
	if p.errors++; p.errors > MaxErrors {
		p.stopped = true
		code, message, hint = "FMT001", "too many errors; the rest of the file is not read", ""
	}
	p.report(code, source.Error, start, end, message, hint)
}

func (p *parser) warn(code string, start, end int, message, hint string) {
	if p.warnings++; p.warnings <= maxWarnings {
		p.report(code, source.Warning, start, end, message, hint)
	}
}

func (p *parser) report(code string, severity source.Severity, start, end int, message, hint string) {
	d := source.Diagnostic{Severity: severity, Code: code, Message: message, Hint: hint}
	p.found = append(p.found, finding{d, start, end, p.parent, p.index})
}

// unexpected reports the character at pos, or the end of the text.
func (p *parser) unexpected(where, hint string) {
	if p.pos >= len(p.text) {
		p.failAtEnd("unexpected end of the file " + where)
		return
	}
	r, size := utf8.DecodeRuneInString(p.text[p.pos:])
	p.fail(p.pos, p.pos+size, fmt.Sprintf("unexpected %q %s", r, where), hint)
}

// failAtEnd reports an error behind the last character that is no blank, once.
func (p *parser) failAtEnd(message string) {
	if !p.ended {
		p.ended = true
		end := len(strings.TrimRight(p.text, " \t\r\n"))
		p.fail(end, end, message, "")
	}
}

// unclosed reports that the text ends inside n.
func (p *parser) unclosed(n *Node) {
	if !p.ended {
		p.failAtEnd(fmt.Sprintf("the file ends inside the %s", p.opened(n)))
	}
}

func (p *parser) opened(n *Node) string {
	return fmt.Sprintf("%s opened at line %d", n.Kind, p.doc.File.Position(n.Start).Line)
}

// mismatch deals with a bracket inside n that closes something else: when such a thing
// is open, n is not closed and mismatch reports true; otherwise the bracket is skipped.
func (p *parser) mismatch(n *Node, open int) bool {
	if open > 0 {
		if p.pos != p.lastError {
			p.unexpected("inside the "+p.opened(n), "close the "+n.Kind.String()+" first")
		}
		return true
	}
	p.unexpected("inside an "+n.Kind.String(), "")
	p.pos++
	return false
}

func (p *parser) missingComma(end int) { p.fail(end, end, "a comma is missing", "") }

func (p *parser) trailingComma(comma int) {
	if comma >= 0 {
		p.warn("FMT002", comma, comma+1, "trailing comma", "take the comma away")
	}
}

func (p *parser) duplicate(key, first *Node) {
	if p.stopped {
		return
	}
	line := p.doc.File.Position(first.Start).Line
	p.failCode("FMT003", key.Start, key.End, "the key "+quoted(key.Text)+" is repeated",
		fmt.Sprintf("the first one stands at line %d; the last one counts", line))
}

// findings returns the diagnostics with their places, in the order of the text.
func (p *parser) findings() source.Diagnostics {
	if p.warnings > maxWarnings {
		p.report("FMT001", source.Warning, len(p.text), len(p.text),
			fmt.Sprintf("%d more warnings are not shown", p.warnings-maxWarnings), "")
	}
	var ds source.Diagnostics
	for _, f := range p.found {
		f.Pointer = p.doc.Pointer(&Node{parent: f.parent, index: f.index})
		ds.Add(f.At(p.doc.File, f.start, f.end))
	}
	ds.Sort()
	return ds
}

// keySet finds repeated keys of an object. Small objects are searched, large ones get a map.
type keySet struct {
	object *Node
	first  map[string]*Node
}

const smallObject = 8

// spreadKey is the one key that may be repeated.
const spreadKey = "{{...}}"

// add notes key, the last one of the object, and returns the first key of that name.
func (s *keySet) add(key *Node) *Node {
	members := s.object.Members
	if key.Text == spreadKey {
		return nil
	}
	if len(members) <= smallObject {
		for _, m := range members[:len(members)-1] {
			if m.Key.Text == key.Text {
				return m.Key
			}
		}
		return nil
	}
	if s.first == nil {
		s.first = make(map[string]*Node, 4*smallObject)
		for i := len(members) - 2; i >= 0; i-- {
			s.first[members[i].Key.Text] = members[i].Key
		}
	}
	if first, ok := s.first[key.Text]; ok {
		return first
	}
	s.first[key.Text] = key
	return nil
}
