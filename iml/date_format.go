package iml

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // time zones are embedded: the machine may have none
)

// defaultFormat is the format of formatDate without one.
const defaultFormat = "YYYY-MM-DDTHH:mm:ss.SSSZ"

// tokenNames are the names of tokens in the order in which Moment tries them.
var tokenNames = strings.Fields(`hmmss Hmmss hmm Hmm Mo MMMM MMM MM M Do DDDo DDDD DDD DD D dddd ddd dd do d ww wo w WW Wo W Qo Q
	YYYY YY Y yyyy yyy yy y gggg gg GGGG GG e E a A hh h HH H kk k mm m ss s x X zz z ZZ Z LTS LT LLLL LLL LL L llll lll ll l`)

// localised are the tokens that stand for a format (English locale).
var localised = map[string]string{"LT": "h:mm A", "LTS": "h:mm:ss A", "L": "MM/DD/YYYY", "LL": "MMMM D, YYYY",
	"LLL": "MMMM D, YYYY h:mm A", "LLLL": "dddd, MMMM D, YYYY h:mm A",
	"l": "M/D/YYYY", "ll": "MMM D, YYYY", "lll": "MMM D, YYYY h:mm A", "llll": "ddd, MMM D, YYYY h:mm A"}

// formatPart is a token, or literal text when it has no write.
type formatPart struct {
	dateToken
	literal string
}

var formats = struct {
	sync.RWMutex
	parsed map[string][]formatPart
}{parsed: map[string][]formatPart{}}

const maxFormats = 500

// parseFormat splits a format into parts; the result is cached.
func parseFormat(format string) []formatPart {
	formats.RLock()
	parts, ok := formats.parsed[format]
	formats.RUnlock()
	if ok {
		return parts
	}
	parts = splitFormat(format)
	formats.Lock()
	defer formats.Unlock()
	if len(formats.parsed) >= maxFormats {
		clear(formats.parsed)
	}
	formats.parsed[format] = parts
	return parts
}

func splitFormat(format string) (parts []formatPart) {
	for len(format) > 0 {
		if inner, length := bracketed(format); length > 0 {
			parts = append(parts, formatPart{literal: inner})
			format = format[length:]
			continue
		}
		if format[0] == '\\' {
			// A back slash makes the token behind it literal.
			length := max(1, len(tokenAt(format[1:])))
			parts = append(parts, formatPart{literal: format[1:min(len(format), 1+length)]})
			format = format[min(len(format), 1+length):]
			continue
		}
		name := tokenAt(format)
		if long, ok := localised[name]; ok {
			parts = append(parts, splitFormat(long)...)
		} else if name != "" {
			parts = append(parts, formatPart{dateToken: tokenNamed(name)})
		} else {
			name = format[:1]
			parts = append(parts, formatPart{literal: name})
		}
		format = format[len(name):]
	}
	return parts
}

// bracketed returns the text in the brackets that format begins with: up to the last ]
// before another [.
func bracketed(format string) (inner string, length int) {
	if format[0] != '[' {
		return "", 0
	}
	before, _, _ := strings.Cut(format[1:], "[")
	end := strings.LastIndexByte(before, ']')
	if end < 0 {
		return "", 0
	}
	return before[:end], end + 2
}

// tokenAt returns the token that format begins with, or "".
func tokenAt(format string) string {
	if n := len(format) - len(strings.TrimLeft(format, "S")); n > 0 {
		return format[:min(n, 9)]
	}
	for _, name := range tokenNames {
		if strings.HasPrefix(format, name) {
			return name
		}
	}
	return ""
}

// tokenNamed returns a token; those of four to nine S are the same but for their length.
func tokenNamed(name string) dateToken {
	if name[0] == 'S' && len(name) > 3 {
		return dateToken{fraction(len(name)), digitsOf(1, 1000), func(p *dateParts, s string) { p.setFraction(s) }}
	}
	return dateTokens[name]
}

// formatTime writes t in its own zone.
func formatTime(t time.Time, format string) string {
	var b strings.Builder
	for _, part := range parseFormat(format) {
		if part.write == nil {
			b.WriteString(part.literal)
		} else {
			b.WriteString(part.write(t))
		}
	}
	return b.String()
}
