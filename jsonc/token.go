package jsonc

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// blanks skips white space and comments and keeps the comments. Blanks that JSON does not
// know are reported.
func (p *parser) blanks() {
	for p.pos < len(p.text) && !p.stopped {
		switch c := p.text[p.pos]; {
		case c == ' ' || c == '\n' || c == '\r' || c == '\t':
			p.pos++
		case c == '/' && p.comment():
		case c >= utf8.RuneSelf || c == '\v' || c == '\f':
			r, size := utf8.DecodeRuneInString(p.text[p.pos:])
			if !isForeignBlank(r) {
				return
			}
			p.fail(p.pos, p.pos+size, fmt.Sprintf("unexpected character U+%04X outside of a string", r), "replace it by a plain blank")
			p.pos += size
		default:
			return
		}
	}
}

// isForeignBlank reports whether r looks like nothing but is no white space of JSON.
func isForeignBlank(r rune) bool {
	return unicode.IsSpace(r) || r == '\uFEFF' || r >= '\u200B' && r <= '\u200F' || r == '\u2060'
}

// comment reads the comment at pos, if there is one.
func (p *parser) comment() bool {
	rest := p.text[p.pos:]
	end := len(rest)
	switch {
	case strings.HasPrefix(rest, "//"):
		if i := strings.IndexByte(rest, '\n'); i >= 0 {
			end = len(strings.TrimRight(rest[:i], "\r"))
		}
	case strings.HasPrefix(rest, "/*"):
		if i := strings.Index(rest[2:], "*/"); i >= 0 {
			end = i + 4
		} else {
			p.fail(p.pos, p.pos+2, "the comment is not closed", "add */")
		}
	default:
		return false
	}
	p.doc.Comments = append(p.doc.Comments, Comment{p.pos, p.pos + end, rest[:end]})
	p.pos += end
	return true
}

// bareWord reads what stands between two delimiters. It is never empty unless pos is at
// a delimiter.
func (p *parser) bareWord() string {
	from := p.pos
	for ; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; c {
		case ' ', '\t', '\n', '\r', ',', ':', '{', '}', '[', ']', '"', '\'':
			return p.text[from:p.pos]
		case '/':
			if p.pos > from && p.pos+1 < len(p.text) && (p.text[p.pos+1] == '/' || p.text[p.pos+1] == '*') {
				return p.text[from:p.pos]
			}
		}
	}
	return p.text[from:p.pos]
}

// word reads a number, true, false, null, or something that is none of them.
func (p *parser) word() *Node {
	n := p.node(Invalid)
	if strings.HasPrefix(p.text[p.pos:], "rpc://") {
		return p.innerRPC(n)
	}
	word := p.bareWord()
	n.Text, n.End = word, p.pos
	switch {
	case word == "true" || word == "false":
		n.Kind = Bool
	case word == "null":
		n.Kind = Null
	case isNumber(word):
		n.Kind = Number
	default:
		p.fail(n.Start, n.End, "unexpected "+quoted(word)+" where a value is expected", wordHint(word))
	}
	return n
}

// innerRPC reads rpc://name without quotes inside an array or an object.
func (p *parser) innerRPC(n *Node) *Node {
	rest := p.text[p.pos:]
	if i := strings.IndexAny(rest, " \t\r\n,]}\"'"); i >= 0 {
		rest = rest[:i]
	}
	p.pos += len(rest)
	n.Kind, n.Text, n.End = String, rest, p.pos
	p.fail(n.Start, n.End, "rpc:// without quotes", "write "+quoted(rest))
	return n
}

// isName reports whether word may be meant as a key without quotes.
func isName(word string) bool {
	for _, r := range word {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_$-.", r) {
			return false
		}
	}
	return true
}

func wordHint(word string) string {
	lower := strings.ToLower(word)
	first, _ := utf8.DecodeRuneInString(word)
	switch {
	case lower == "true" || lower == "false" || lower == "null":
		return "write " + lower
	case lower == "none" || lower == "nil" || lower == "undefined":
		return `write null, or "{{undefined}}" for no value`
	case strings.ContainsRune("+-.", first) || first >= '0' && first <= '9':
		return "a number has no plus sign, no leading zeros, and digits on both sides of its point"
	case strings.ContainsRune("“”„«‘’‚", first):
		return `use the straight quote "`
	}
	return "a text has to be in quotes"
}

// str reads the string at pos.
func (p *parser) str() *Node {
	n := p.node(String)
	quote := p.text[p.pos]
	end, plain := closingQuote(p.text, p.pos+1, quote)
	closed := end < len(p.text)
	if !plain || !closed {
		if lineEnd := p.unclosedLine(end); lineEnd >= 0 {
			p.fail(n.Start, n.Start+1, "the string is not closed", "")
			end, closed = max(lineEnd, n.Start+1), false
		}
	}
	raw := p.text[n.Start+1 : end]
	n.Text, p.pos = raw, end
	if closed {
		p.pos++
	}
	n.End = p.pos
	if !plain {
		n.Text = p.decode(n.Start+1, raw)
	}
	if quote == '\'' {
		p.warn("FMT001", n.Start, n.End, "string in single quotes", `use the quote "`)
	}
	return n
}

// unclosedLine decides whether the string from pos to the quote at end lacks its closing
// quote, so that the quote at end opens the next string: it spans lines, and what follows
// cannot follow a string. It then returns the end of the string's first line, else -1.
func (p *parser) unclosedLine(end int) int {
	from := p.pos + 1
	width := strings.IndexByte(p.text[from:end], '\n')
	if end < len(p.text) {
		if width < 0 {
			return -1
		}
		next := strings.TrimLeft(p.text[end+1:min(len(p.text), end+1+64)], " \t\r\n")
		if next == "" || strings.IndexByte(",:]}/\"", next[0]) >= 0 {
			return -1
		}
	}
	if width < 0 {
		width = end - from
	}
	line := strings.TrimRight(p.text[from:from+width], " \t\r")
	return from + len(strings.TrimSuffix(line, ","))
}

// decode returns the text of the raw content of a string that begins at the offset from,
// and reports its faults: each kind of warning once, each wrong escape.
func (p *parser) decode(from int, raw string) string {
	out := make([]byte, 0, len(raw))
	var warned [shortUnicode + 1]bool
	for pos := 0; pos < len(raw); {
		u := nextUnit(raw, pos)
		if u.fault != noFault {
			if s := unitFaults[u.fault]; s.err {
				end := min(from+pos+2, from+len(raw))
				p.failCode("FMT001", from+pos, end, fmt.Sprintf(s.message, quoted(p.text[from+pos:end])), s.hint)
			} else if !warned[u.fault] {
				warned[u.fault] = true
				p.warn("FMT001", from+pos, from+pos+u.size, s.message, s.hint)
			}
		}
		out = append(out, u.text...)
		pos += u.size
	}
	return string(out)
}

var unitFaults = [...]struct {
	err           bool
	message, hint string
}{
	lineBreak:        {false, "real line break or tab inside a string", `write \n, \r or \t`},
	controlCharacter: {false, "control character inside a string", `write it as \u and four hexadecimal digits`},
	invalidUTF8:      {false, "bytes that are no UTF-8", "save the file as UTF-8"},
	escapedQuote:     {false, `the single quote needs no \`, "take the back slash away"},
	unknownEscape:    {true, "unknown escape %s", `a back slash itself is written \\`},
	shortUnicode:     {true, "unknown escape %s", `\u needs four hexadecimal digits`},
}

// quoted returns text as a short quoted string for a message.
func quoted(text string) string {
	const most = 32
	if len(text) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…"
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	if strings.ContainsFunc(text, unicode.IsControl) {
		return strconv.Quote(text)
	}
	return `"` + text + `"`
}
