package jsonc

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unit is one character of a string as written: size bytes that mean text.
type unit struct {
	size  int
	text  string
	fault fault
}

// fault says what is wrong with a unit.
type fault uint8

const (
	noFault          fault = iota
	lineBreak              // a real line break, carriage return or tab: warning
	controlCharacter       // warning
	invalidUTF8            // warning
	escapedQuote           // \': warning
	unknownEscape          // error
	shortUnicode           // \u without four hexadecimal digits: error
)

// nextUnit reads the unit at pos, which must lie inside text.
func nextUnit(text string, pos int) unit {
	switch c := text[pos]; {
	case c == '\\':
		return escapeUnit(text, pos)
	case c == '\n' || c == '\r' || c == '\t':
		return unit{1, text[pos : pos+1], lineBreak}
	case c < 0x20:
		return unit{1, text[pos : pos+1], controlCharacter}
	case c < utf8.RuneSelf:
		return unit{1, text[pos : pos+1], noFault}
	}
	r, size := utf8.DecodeRuneInString(text[pos:])
	if r == utf8.RuneError && size == 1 {
		return unit{1, "\uFFFD", invalidUTF8}
	}
	return unit{size, text[pos : pos+size], noFault}
}

func escapeUnit(text string, pos int) unit {
	if pos+1 >= len(text) {
		return unit{1, "", unknownEscape}
	}
	switch c := text[pos+1]; c {
	case '"', '\\', '/':
		return unit{2, text[pos+1 : pos+2], noFault}
	case 'b':
		return unit{2, "\b", noFault}
	case 'f':
		return unit{2, "\f", noFault}
	case 'n':
		return unit{2, "\n", noFault}
	case 'r':
		return unit{2, "\r", noFault}
	case 't':
		return unit{2, "\t", noFault}
	case '\'':
		return unit{2, "'", escapedQuote}
	case 'u':
		return unicodeUnit(text, pos)
	}
	return unit{1, "", unknownEscape} // the back slash is dropped, as JavaScript does
}

// unicodeUnit reads \uXXXX; two that form a surrogate pair are one unit, a lone surrogate
// becomes U+FFFD.
func unicodeUnit(text string, pos int) unit {
	r, ok := hexRune(text, pos)
	if !ok {
		return unit{1, "", shortUnicode}
	}
	if !utf16.IsSurrogate(r) {
		return unit{6, string(r), noFault}
	}
	if low, ok := hexRune(text, pos+6); ok {
		if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
			return unit{12, string(full), noFault}
		}
	}
	return unit{6, "\uFFFD", noFault}
}

func hexRune(text string, pos int) (rune, bool) {
	if len(text) < pos+6 || text[pos] != '\\' || text[pos+1] != 'u' {
		return 0, false
	}
	for _, c := range []byte(text[pos+2 : pos+6]) {
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(text[pos+2:pos+6], 16, 32)
	return rune(n), err == nil
}

// closingQuote returns the offset of the quote that ends the string whose content begins
// at pos, and whether the content is plain: free of escapes, control characters and bytes
// beyond ASCII. Without a closing quote the offset is that of the end of text.
func closingQuote(text string, pos int, quote byte) (end int, plain bool) {
	plain = true
	for ; pos < len(text); pos++ {
		switch c := text[pos]; {
		case c == quote:
			return pos, plain
		case c == '\\':
			plain = false
			pos++
		case c < 0x20 || c >= utf8.RuneSelf:
			plain = false
		}
	}
	return len(text), plain
}

// isNumber reports whether word is a number as RFC 8259 section 6 has it.
func isNumber(word string) bool {
	rest := strings.TrimPrefix(word, "-")
	digits := func() bool {
		n := 0
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		rest = rest[n:]
		return n > 0
	}
	if strings.HasPrefix(rest, "0") {
		rest = rest[1:]
	} else if !digits() {
		return false
	}
	if strings.HasPrefix(rest, ".") {
		if rest = rest[1:]; !digits() {
			return false
		}
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		if !digits() {
			return false
		}
	}
	return rest == ""
}
