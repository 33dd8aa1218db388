package iml

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // time zones are embedded: the machine may have none
)

// defaultFormat is the format of formatDate without one.
const defaultFormat = "YYYY-MM-DDTHH:mm:ss.SSSZ"

// tokens are the format tokens of Moment, longer ones before their prefixes.
var tokens = []string{"YYYY", "YY", "Y", "Qo", "Q", "MMMM", "MMM", "MM", "Mo", "M", "DDDD", "DDDo", "DDD", "DD", "Do", "D",
	"dddd", "ddd", "dd", "do", "d", "E", "e", "wo", "ww", "w", "Wo", "WW", "W", "gggg", "gg", "GGGG", "GG", "HH", "H", "hh", "h", "kk", "k",
	"A", "a", "mm", "m", "ss", "s", "ZZ", "Z", "zz", "z", "X", "x", "LTS", "LT", "LLLL", "LLL", "LL", "L"}

// localised are the tokens that stand for a format (English locale).
var localised = map[string]string{"LT": "h:mm A", "LTS": "h:mm:ss A", "L": "MM/DD/YYYY", "LL": "MMMM D, YYYY",
	"LLL": "MMMM D, YYYY h:mm A", "LLLL": "dddd, MMMM D, YYYY h:mm A"}

// formatPart is a token, or literal text.
type formatPart struct {
	token, literal string
}

var formats = struct {
	sync.Mutex
	parsed map[string][]formatPart
}{parsed: map[string][]formatPart{}}

const maxFormats = 500

// parseFormat splits a format into parts; the result is cached.
func parseFormat(format string) []formatPart {
	formats.Lock()
	defer formats.Unlock()
	if parts, ok := formats.parsed[format]; ok {
		return parts
	}
	parts := splitFormat(format)
	if len(formats.parsed) >= maxFormats {
		clear(formats.parsed)
	}
	formats.parsed[format] = parts
	return parts
}

func splitFormat(format string) (parts []formatPart) {
	for len(format) > 0 {
		if format[0] == '[' {
			if end := strings.IndexByte(format, ']'); end > 0 {
				parts = append(parts, formatPart{literal: format[1:end]})
				format = format[end+1:]
				continue
			}
		}
		token := leadingToken(format)
		if long, ok := localised[token]; ok {
			parts = append(parts, splitFormat(long)...)
		} else if token != "" {
			parts = append(parts, formatPart{token: token})
		} else {
			parts = append(parts, formatPart{literal: format[:1]})
			token = format[:1]
		}
		format = format[len(token):]
	}
	return parts
}

func leadingToken(format string) string {
	if n := len(format) - len(strings.TrimLeft(format, "S")); n > 0 {
		return format[:min(n, 9)]
	}
	for _, token := range tokens {
		if strings.HasPrefix(format, token) {
			return token
		}
	}
	return ""
}

// formatTime writes t in its own zone.
func formatTime(t time.Time, format string) string {
	var b strings.Builder
	for _, part := range parseFormat(format) {
		if part.token == "" {
			b.WriteString(part.literal)
		} else {
			b.WriteString(formatToken(t, part.token))
		}
	}
	return b.String()
}

func ordinal(n int) string {
	switch {
	case n%100/10 == 1:
		return strconv.Itoa(n) + "th"
	case n%10 == 1:
		return strconv.Itoa(n) + "st"
	case n%10 == 2:
		return strconv.Itoa(n) + "nd"
	case n%10 == 3:
		return strconv.Itoa(n) + "rd"
	}
	return strconv.Itoa(n) + "th"
}

func padded(n, width int) string { return fmt.Sprintf("%0*d", width, n) }

func hour12(t time.Time) int { return (t.Hour()+11)%12 + 1 }

func hour24(t time.Time) int { return (t.Hour()+23)%24 + 1 }

// localWeek is the week of the English locale: it begins on Sunday, and week 1 holds
// January 1.
func localWeek(t time.Time) (year, week int) {
	saturday := t.AddDate(0, 0, 6-int(t.Weekday()))
	return saturday.Year(), (saturday.YearDay()-1)/7 + 1
}

func offset(t time.Time, colon string) string {
	_, seconds := t.Zone()
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return sign + padded(seconds/3600, 2) + colon + padded(seconds/60%60, 2)
}

func formatToken(t time.Time, token string) string {
	switch token {
	case "YYYY", "Y":
		return padded(t.Year(), len(token))
	case "YY":
		return padded(t.Year()%100, 2)
	case "Q":
		return strconv.Itoa((int(t.Month())-1)/3 + 1)
	case "Qo":
		return ordinal((int(t.Month())-1)/3 + 1)
	case "M", "MM":
		return padded(int(t.Month()), len(token))
	case "Mo":
		return ordinal(int(t.Month()))
	case "MMM":
		return t.Month().String()[:3]
	case "MMMM":
		return t.Month().String()
	case "D", "DD":
		return padded(t.Day(), len(token))
	case "Do":
		return ordinal(t.Day())
	case "DDD":
		return strconv.Itoa(t.YearDay())
	case "DDDD":
		return padded(t.YearDay(), 3)
	case "DDDo":
		return ordinal(t.YearDay())
	case "d", "e":
		return strconv.Itoa(int(t.Weekday()))
	case "do":
		return ordinal(int(t.Weekday()))
	case "dd":
		return t.Weekday().String()[:2]
	case "ddd":
		return t.Weekday().String()[:3]
	case "dddd":
		return t.Weekday().String()
	case "E":
		return strconv.Itoa((int(t.Weekday())+6)%7 + 1)
	}
	return formatWeekOrClock(t, token)
}

func formatWeekOrClock(t time.Time, token string) string {
	isoYear, isoWeek := t.ISOWeek()
	year, week := localWeek(t)
	switch token {
	case "w", "ww":
		return padded(week, len(token))
	case "wo":
		return ordinal(week)
	case "W", "WW":
		return padded(isoWeek, len(token))
	case "Wo":
		return ordinal(isoWeek)
	case "gg":
		return padded(year%100, 2)
	case "gggg":
		return padded(year, 4)
	case "GG":
		return padded(isoYear%100, 2)
	case "GGGG":
		return padded(isoYear, 4)
	case "H", "HH":
		return padded(t.Hour(), len(token))
	case "h", "hh":
		return padded(hour12(t), len(token))
	case "k", "kk":
		return padded(hour24(t), len(token))
	case "A":
		return t.Format("PM")
	case "a":
		return t.Format("pm")
	case "m", "mm":
		return padded(t.Minute(), len(token))
	case "s", "ss":
		return padded(t.Second(), len(token))
	case "Z":
		return offset(t, ":")
	case "ZZ":
		return offset(t, "")
	case "z", "zz":
		name, _ := t.Zone()
		return name
	case "X":
		return strconv.FormatInt(t.Unix(), 10)
	case "x":
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	return padded(t.Nanosecond(), 9)[:len(token)] // S…
}
