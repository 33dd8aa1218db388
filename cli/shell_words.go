package cli

import (
	"errors"
	"strconv"
	"strings"
)

var errQuoteOpen = errors.New("a quote is not closed")

// shellWords splits a command as a POSIX shell does (POSIX 2.2), with the $'…' of bash,
// which browsers write. Nothing is expanded. The command ends with its line.
func shellWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	for len(text) > 0 {
		if after, ok := cutContinuation(text); ok {
			text = after
			continue
		}
		piece, rest, err := shellPiece(text)
		if err != nil {
			return nil, err
		}
		switch {
		case piece != nil:
			word.WriteString(*piece)
			inWord = true
		case inWord:
			words, inWord = append(words, word.String()), false
			word.Reset()
		}
		if piece == nil && strings.ContainsRune("\n;|&<>", rune(text[0])) && len(words) > 0 {
			return words, nil
		}
		text = rest
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// cutContinuation takes the end of a line away that a backslash undoes.
func cutContinuation(text string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(text, "\\\n"); !ok {
		rest, ok = strings.CutPrefix(text, "\\\r\n")
	}
	return rest, ok
}

// shellPiece reads one character or one quoted text; a nil piece ends a word.
func shellPiece(text string) (piece *string, rest string, err error) {
	switch c := text[0]; {
	case c == '\\' && len(text) > 1:
		return ptr(text[1:2]), text[2:], nil
	case c == '\'':
		inside, rest, closed := strings.Cut(text[1:], "'")
		if !closed {
			return nil, "", errQuoteOpen
		}
		return &inside, rest, nil
	case c == '"':
		return escaped(text[1:], '"', func(s string) (string, int) {
			if strings.ContainsRune("\"\\$`", rune(s[1])) {
				return s[1:2], 2
			}
			return s[:2], 2
		})
	case strings.HasPrefix(text, "$'"):
		return escaped(text[2:], '\'', ansiEscape)
	case strings.ContainsRune(" \t\r\n;|&<>", rune(c)):
		return nil, text[1:], nil
	}
	return ptr(text[:1]), text[1:], nil
}

// escaped reads up to the closing quote; unescape takes a text that begins with a
// backslash and returns what it means and how long it is.
func escaped(text string, quote byte, unescape func(string) (string, int)) (*string, string, error) {
	var b strings.Builder
	for i := 0; i < len(text); {
		switch {
		case text[i] == quote:
			return ptr(b.String()), text[i+1:], nil
		case text[i] == '\\' && i+1 < len(text):
			meant, n := unescape(text[i:])
			b.WriteString(meant)
			i += n
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	return nil, "", errQuoteOpen
}

// ansiEscape is an escape inside $'…'.
func ansiEscape(s string) (string, int) {
	if at := strings.IndexByte("nrtabfv0", s[1]); at >= 0 {
		return "\n\r\t\a\b\f\v\x00"[at : at+1], 2
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]]
	if n, err := strconv.ParseUint(s[2:min(2+digits, len(s))], 16, 32); digits > 0 && err == nil {
		if s[1] == 'x' {
			return string([]byte{byte(n)}), 4
		}
		return string(rune(n)), 2 + digits
	}
	return s[1:2], 2
}
