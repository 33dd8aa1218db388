package iml

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cleat-run/cleat/value"
)

// zones caches loaded time zones, nil for names that are none.
var zones sync.Map

// zone returns the time zone with an IANA name, or nil.
func zone(name string) *time.Location {
	if name == "" || name == "Local" {
		return nil
	}
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil // not kept: names come from data
	}
	zones.Store(name, loc)
	return loc
}

// dateParts is what a text says of a date; absent parts are -1.
type dateParts struct {
	year, month, day, hour, minute, second, milli int
	yearDay                                       int
	pm                                            int // 0 am, 1 pm
	offset                                        int // minutes
	hasOffset                                     bool
	epoch                                         float64 // milliseconds
	hasEpoch                                      bool
}

func noParts() dateParts {
	return dateParts{year: -1, month: -1, day: -1, hour: -1, minute: -1, second: -1, milli: -1, yearDay: -1, pm: -1}
}

// parseTime reads text by a Moment format, not strictly: literal separators may differ,
// what follows is ignored.
func parseTime(text, format string, loc *time.Location, now time.Time) (time.Time, bool) {
	parts := noParts()
	rest, any := text, false
	for _, part := range parseFormat(format) {
		if part.token == "" {
			if rest != "" && !isAlphanumericByte(rest[0]) {
				rest = rest[1:]
			} else if part.literal != "" && strings.HasPrefix(rest, part.literal) {
				rest = rest[len(part.literal):]
			}
			continue
		}
		rest = strings.TrimLeft(rest, " ")
		n := parts.read(part.token, rest)
		if n < 0 {
			if rest == "" {
				break
			}
			return time.Time{}, false
		}
		any = true
		rest = rest[n:]
	}
	if !any {
		return time.Time{}, false
	}
	return parts.time(loc, now)
}

func isAlphanumericByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// read takes a token's value from the beginning of s and returns its length, or -1.
func (p *dateParts) read(token, s string) int {
	number := func(into *int, most int) int {
		n := 0
		for n < len(s) && n < most && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if n == 0 {
			return -1
		}
		*into, _ = strconv.Atoi(s[:n])
		return n
	}
	switch token {
	case "YYYY", "Y", "GGGG", "gggg":
		return number(&p.year, 4)
	case "YY", "GG", "gg":
		n := number(&p.year, 4)
		if n > 0 && n <= 2 {
			if p.year += 1900; p.year <= 1968 {
				p.year += 100
			}
		}
		return n
	case "M", "MM", "Mo":
		return ordinalLength(s, number(&p.month, 2))
	case "MMM", "MMMM":
		return readName(s, &p.month, func(i int) string { return time.Month(i).String() }, 1, 12)
	case "Q", "Qo":
		n := number(&p.month, 1)
		p.month = (p.month-1)*3 + 1
		return n
	case "D", "DD", "Do":
		return ordinalLength(s, number(&p.day, 2))
	case "DDD", "DDDD", "DDDo":
		return ordinalLength(s, number(&p.yearDay, 3))
	case "dd", "ddd", "dddd":
		var weekday int
		return readName(s, &weekday, func(i int) string { return time.Weekday(i).String() }, 0, 6)
	case "H", "HH", "h", "hh", "k", "kk":
		n := number(&p.hour, 2)
		if token[0] == 'k' && p.hour == 24 {
			p.hour = 0
		}
		return n
	case "m", "mm":
		return number(&p.minute, 2)
	case "s", "ss":
		return number(&p.second, 2)
	case "A", "a":
		return p.readHalf(s)
	case "Z", "ZZ":
		return p.readOffset(s)
	case "X", "x":
		return p.readEpoch(s, token == "X")
	case "z", "zz":
		return 0
	}
	if token[0] == 'S' {
		return p.readFraction(s)
	}
	var ignored int
	return number(&ignored, 4)
}

func ordinalLength(s string, n int) int {
	if n > 0 && len(s) >= n+2 {
		switch strings.ToLower(s[n : n+2]) {
		case "st", "nd", "rd", "th":
			return n + 2
		}
	}
	return n
}

func readName(s string, into *int, name func(int) string, from, to int) int {
	for i := from; i <= to; i++ {
		for _, candidate := range []string{name(i), name(i)[:3]} {
			if len(s) >= len(candidate) && strings.EqualFold(s[:len(candidate)], candidate) {
				*into = i
				return len(candidate)
			}
		}
	}
	return -1
}

func (p *dateParts) readHalf(s string) int {
	if len(s) == 0 {
		return -1
	}
	switch s[0] | 0x20 {
	case 'a':
		p.pm = 0
	case 'p':
		p.pm = 1
	default:
		return -1
	}
	if len(s) > 1 && s[1]|0x20 == 'm' {
		return 2
	}
	return 1
}

func (p *dateParts) readFraction(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 0 {
		return -1
	}
	p.milli, _ = strconv.Atoi((s[:n] + "000")[:3])
	return n
}

func (p *dateParts) readOffset(s string) int {
	if s == "" {
		return -1
	}
	if s[0] == 'Z' || s[0] == 'z' {
		p.hasOffset = true
		return 1
	}
	if s[0] != '+' && s[0] != '-' || len(s) < 3 {
		return -1
	}
	hours, err := strconv.Atoi(s[1:3])
	if err != nil {
		return -1
	}
	n, minutes := 3, 0
	if n < len(s) && s[n] == ':' {
		n++
	}
	if n+2 <= len(s) {
		if m, err := strconv.Atoi(s[n : n+2]); err == nil {
			minutes = m
			n += 2
		}
	}
	p.hasOffset, p.offset = true, hours*60+minutes
	if s[0] == '-' {
		p.offset = -p.offset
	}
	return n
}

func (p *dateParts) readEpoch(s string, seconds bool) int {
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.' && seconds || s[n] == '-' && n == 0) {
		n++
	}
	f, err := strconv.ParseFloat(s[:n], 64)
	if err != nil {
		return -1
	}
	if seconds {
		f *= 1000
	}
	p.epoch, p.hasEpoch = f, true
	return n
}

// time makes the instant. Parts larger than the ones given come from now, smaller ones
// are zero.
func (p dateParts) time(loc *time.Location, now time.Time) (time.Time, bool) {
	if p.hasEpoch {
		return time.UnixMilli(int64(math.Trunc(p.epoch))), true
	}
	if p.hasOffset {
		loc = time.FixedZone("", p.offset*60)
	}
	now = now.In(loc)
	if p.pm == 1 && p.hour >= 0 && p.hour < 12 {
		p.hour += 12
	} else if p.pm == 0 && p.hour == 12 {
		p.hour = 0
	}
	given := p.year >= 0
	if p.year < 0 {
		p.year = now.Year()
	}
	if p.yearDay >= 0 {
		p.month, p.day = 1, p.yearDay
		return p.local(loc), p.yearDay >= 1 && p.yearDay <= 366
	}
	given = given || p.month >= 0
	if p.month < 0 {
		if p.month = int(now.Month()); given {
			p.month = 1
		}
	}
	given = given || false
	if p.day < 0 {
		if p.day = now.Day(); given {
			p.day = 1
		}
	}
	if p.month < 1 || p.month > 12 || p.day < 1 || p.day > daysIn(p.year, p.month) || p.hour > 24 || p.minute > 59 || p.second > 59 ||
		p.hour == 24 && (p.minute > 0 || p.second > 0) {
		return time.Time{}, false
	}
	return p.local(loc), true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func (p dateParts) local(loc *time.Location) time.Time {
	return wallClock(time.Date(p.year, time.Month(p.month), p.day, max(p.hour, 0), max(p.minute, 0), max(p.second, 0), max(p.milli, 0)*1e6, time.UTC), loc)
}

// wallClock is the instant at which the clock in loc shows what t shows in UTC. A time
// that daylight saving skips moves forward by the gap, one that comes twice is the first
// (as Moment does it).
func wallClock(t time.Time, loc *time.Location) time.Time {
	guess := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), loc)
	_, before := guess.Add(-24 * time.Hour).Zone()
	early := t.Add(-time.Duration(before) * time.Second).In(loc)
	if showsSame(early, t) {
		return early
	}
	if showsSame(guess, t) {
		return guess
	}
	return early // in the gap: the offset before it moves the time forward
}

func showsSame(a, b time.Time) bool {
	return a.Day() == b.Day() && a.Hour() == b.Hour() && a.Minute() == b.Minute()
}

// autoFormats are tried in order on a text where a date is expected (7.2).
var autoFormats = []string{"YYYY-MM-DD HH:mm:ss [GMT]Z", "YYYY/MM/DD", "MM/DD/YYYY", "D.M.YYYY"}

// detect reads a date without a format: ISO 8601 and the forms of autoFormats.
func detect(text string, loc *time.Location, now time.Time) (time.Time, bool) {
	s := strings.TrimFunc(text, value.IsSpace)
	if len(s) < 6 || s[0] < '0' || s[0] > '9' {
		return time.Time{}, false
	}
	separator := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if separator < 0 {
		return time.Time{}, false // digits alone are no date
	}
	p := noParts()
	var format string
	switch {
	case separator == 4 && s[4] == '-':
		format = "YYYY-MM-DD"
	case separator == 4 && s[4] == '/':
		format = autoFormats[1]
	case separator <= 2 && s[separator] == '/':
		format = autoFormats[2]
	case separator <= 2 && s[separator] == '.':
		format = autoFormats[3]
	default:
		return time.Time{}, false
	}
	rest, ok := p.strict(s, format)
	if !ok {
		return time.Time{}, false
	}
	if rest, ok = p.clock(rest); !ok || strings.TrimSpace(rest) != "" {
		return time.Time{}, false
	}
	return p.time(loc, now)
}

// strict reads the tokens of a date with its exact separators.
func (p *dateParts) strict(s, format string) (rest string, ok bool) {
	for _, part := range parseFormat(format) {
		if part.token == "" {
			if !strings.HasPrefix(s, part.literal) {
				if format == "YYYY-MM-DD" && part.literal == "-" && p.month > 0 && p.day < 0 {
					return s, true // year and month alone are ISO 8601
				}
				return s, false
			}
			s = s[len(part.literal):]
			continue
		}
		n := p.read(part.token, s)
		if n < 0 {
			return s, false
		}
		s = s[n:]
	}
	return s, true
}

// clock reads an optional time of day, fraction, half of the day and offset.
func (p *dateParts) clock(s string) (rest string, ok bool) {
	if s == "" {
		return s, true
	}
	if s[0] != 'T' && s[0] != 't' && s[0] != ' ' {
		return s, false
	}
	s = strings.TrimLeft(s[1:], " ")
	for i, into := range []*int{&p.hour, &p.minute, &p.second} {
		if i > 0 {
			if !strings.HasPrefix(s, ":") {
				break
			}
			s = s[1:]
		}
		if len(s) < 1 || s[0] < '0' || s[0] > '9' {
			return s, false
		}
		n := 1
		if len(s) > 1 && s[1] >= '0' && s[1] <= '9' {
			n = 2
		}
		*into, _ = strconv.Atoi(s[:n])
		s = s[n:]
	}
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, ",") {
		n := p.readFraction(s[1:])
		if n < 0 {
			return s, false
		}
		s = s[1+n:]
	}
	s = strings.TrimLeft(s, " ")
	if n := p.readHalf(s); n > 1 {
		s = strings.TrimLeft(s[n:], " ")
	}
	s = strings.TrimPrefix(strings.TrimPrefix(s, "GMT"), "UTC")
	if s == "" {
		return s, true
	}
	n := p.readOffset(s)
	if n < 0 {
		return s, false
	}
	return s[n:], true
}
