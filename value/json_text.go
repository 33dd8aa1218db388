package value

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string, whose quote is at the position of p.
func (p *JSONParser) str() (string, error) {
	p.pos++
	from, all := p.pos, byte(0)
	for p.pos < len(p.data) {
		switch c := p.data[p.pos]; {
		case c == '"':
			text := p.data[from:p.pos]
			p.pos++
			if all >= utf8.RuneSelf && !utf8.Valid(text) {
				return toValid(string(text)), nil
			}
			return p.blocks.text(text, p.left()), nil
		case c == '\\':
			return p.escaped(from)
		case c < 0x20:
			return "", p.fail("control character %q in a string", rune(c))
		default:
			all |= c
		}
		p.pos++
	}
	return "", p.fail("unexpected end of JSON in a string")
}

func toValid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string(appendValidUTF8(make([]byte, 0, len(s)+8), s))
}

// escaped reads the rest of a string that began at from and has an escape at p.pos.
func (p *JSONParser) escaped(from int) (string, error) {
	out := append(make([]byte, 0, 2*(p.pos-from)+16), p.data[from:p.pos]...)
	for p.pos < len(p.data) {
		c := p.data[p.pos]
		switch {
		case c == '"':
			p.pos++
			return toValid(string(out)), nil
		case c < 0x20:
			return "", p.fail("control character %q in a string", rune(c))
		case c != '\\':
			out = append(out, c)
			p.pos++
			continue
		}
		if p.pos+1 >= len(p.data) {
			break
		}
		e := p.data[p.pos+1]
		if plain, ok := plainEscape(e); ok {
			out = append(out, plain)
			p.pos += 2
			continue
		}
		if e != 'u' {
			r, _ := utf8.DecodeRune(p.data[p.pos+1:])
			return "", p.fail("unknown escape %q in a string", `\`+string(r))
		}
		r, ok := p.unicode(p.pos)
		if !ok {
			return "", p.fail("\\u needs four hexadecimal digits")
		}
		p.pos += 6
		if utf16.IsSurrogate(r) {
			low, ok := p.unicode(p.pos)
			if full := utf16.DecodeRune(r, low); ok && full != utf8.RuneError {
				r = full
				p.pos += 6
			} else {
				r = utf8.RuneError
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return "", p.fail("unexpected end of JSON in a string")
}

func plainEscape(c byte) (byte, bool) {
	switch c {
	case '"', '\\', '/':
		return c, true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	}
	return 0, false
}

func (p *JSONParser) unicode(at int) (rune, bool) {
	if at+6 > len(p.data) || p.data[at] != '\\' || p.data[at+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p.data[at+2:at+6]), 16, 32)
	return rune(n), err == nil
}
