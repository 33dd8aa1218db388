package iml

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// dateParts is what a text says of a date; absent parts are -1.
type dateParts struct {
	year, month, day, hour, minute, second, milli int
	yearDay                                       int
	weekYear, week, weekday, localDay             int // of the English locale
	isoYear, isoWeek, isoDay                      int
	pm                                            int // 0 am, 1 pm
	offset                                        int // minutes
	hasOffset                                     bool
	epoch                                         float64 // milliseconds
	hasEpoch                                      bool
	wrong                                         bool // a name that is none of a month or a weekday
}

func noParts() dateParts {
	return dateParts{year: -1, month: -1, day: -1, hour: -1, minute: -1, second: -1, milli: -1, yearDay: -1,
		weekYear: -1, week: -1, weekday: -1, localDay: -1, isoYear: -1, isoWeek: -1, isoDay: -1, pm: -1}
}

// parseTime reads text by a format as Moment does when it is not strict: each token
// takes the next part of the text that fits it, whatever stands before; what is left
// over is ignored, and so is a token that finds nothing.
func parseTime(text, format string, loc *time.Location, now time.Time) (time.Time, bool) {
	parts := noParts()
	found := false
	for _, part := range parseFormat(format) {
		if part.write == nil {
			if _, after, ok := strings.Cut(text, part.literal); ok {
				text = after
			}
			continue
		}
		if part.find == nil {
			continue
		}
		start, end := part.find(text)
		if end <= start {
			continue
		}
		part.take(&parts, text[start:end])
		text = text[end:]
		found = true
	}
	if !found || parts.wrong {
		return time.Time{}, false
	}
	return parts.time(loc, now)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlphanumericByte(c byte) bool { return isDigit(c) || isLetterByte(c) }

// toInt reads digits with an optional sign; what no int holds is beyond every range.
func toInt(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n > 1e9 || n < -1e9 {
		return 1e9
	}
	return n
}

// The functions below keep what a token has read.

func into(part func(*dateParts) *int) func(*dateParts, string) {
	return func(p *dateParts, s string) { *part(p) = toInt(strings.TrimRight(s, "stndrhSTNDRH")) }
}

// takeClock reads an hour with minutes, and with seconds, behind it.
func takeClock(pairs int) func(*dateParts, string) {
	return func(p *dateParts, s string) {
		split := len(s) - 2*pairs
		p.hour, p.minute = toInt(s[:split]), toInt(s[split:split+2])
		if pairs == 2 {
			p.second = toInt(s[split+2:])
		}
	}
}

func (p *dateParts) setYear(s string) {
	if p.year = toInt(s); len(s) == 2 {
		p.year = twoDigitYear(s)
	}
}

// twoDigitYear reads 69 to 99 as 1969 to 1999, anything less as a year of this century.
func twoDigitYear(s string) int {
	if n := toInt(s); n <= 68 {
		return n + 2000
	}
	return toInt(s) + 1900
}

func (p *dateParts) setMonthName(s string) {
	if p.month = nameIndex(s, 1, 12, 3, func(i int) string { return time.Month(i).String() }); p.month < 0 {
		p.wrong = true
	}
}

func (p *dateParts) setWeekdayName(s string, least int) {
	p.weekday = nameIndex(s, 0, 6, least, func(i int) string { return time.Weekday(i).String() })
	if p.weekday < 0 {
		p.wrong = true
	}
}

// nameIndex returns which name, of which at least that many letters are written, s
// begins with, or -1.
func nameIndex(s string, from, to, least int, name func(int) string) int {
	for i := from; i <= to; i++ {
		if len(s) >= least && strings.EqualFold(s[:least], name(i)[:least]) {
			return i
		}
	}
	return -1
}

func (p *dateParts) setHalf(s string) {
	if p.pm = 0; s[0]|0x20 == 'p' {
		p.pm = 1
	}
}

func (p *dateParts) setFraction(s string) { p.milli = toInt((s + "000")[:3]) }

func (p *dateParts) setOffset(s string) {
	p.hasOffset, p.offset = true, 0
	if len(s) == 1 {
		return // Z
	}
	digits := strings.Replace(s[1:], ":", "", 1)
	p.offset = toInt(digits[:2]) * 60
	if len(digits) == 4 {
		p.offset += toInt(digits[2:])
	}
	if s[0] == '-' {
		p.offset = -p.offset
	}
}

func (p *dateParts) setEpoch(s string, scale float64) {
	f, _ := strconv.ParseFloat(s, 64)
	p.epoch, p.hasEpoch = f*scale, true
}

// time makes the instant. Parts larger than the ones given come from now, smaller ones
// are zero.
func (p dateParts) time(loc *time.Location, now time.Time) (time.Time, bool) {
	if p.hasEpoch {
		return time.UnixMilli(int64(p.epoch)), math.Abs(p.epoch) <= maxMillis
	}
	if p.hasOffset {
		loc = time.FixedZone("", p.offset*60)
	}
	now = now.UTC() // Moment: the current date is that of UTC, also in another zone
	if p.pm >= 0 && max(p.year, p.month, p.day, p.hour, p.minute, p.second, p.milli) < 0 {
		return time.Time{}, false // an a or p alone says nothing
	}
	if p.pm == 1 && p.hour >= 0 && p.hour < 12 {
		p.hour += 12
	} else if p.pm == 0 && p.hour == 12 {
		p.hour = 0
	}
	if !p.fromWeek(now) || !p.complete(now) {
		return time.Time{}, false
	}
	t := wallClock(time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, p.milli*1e6, time.UTC), loc)
	agrees := p.weekday < 0 || p.weekday == weekday(time.Date(p.year, time.Month(p.month), p.day, 0, 0, 0, 0, time.UTC))
	return t, agrees && math.Abs(float64(t.UnixMilli())) <= maxMillis
}

// maxMillis is the largest instant of a date (ECMA-262 21.4.1.1).
const maxMillis = 8.64e15

// fromWeek makes a week of the year the day of the year, when neither day nor month are
// given.
func (p *dateParts) fromWeek(now time.Time) bool {
	if p.day >= 0 || p.month >= 0 {
		return true
	}
	switch {
	case p.isoYear >= 0 || p.isoWeek >= 0 || p.isoDay >= 0:
		year := firstGiven(p.isoYear, p.year, isoYear(now))
		number, day := firstGiven(p.isoWeek, 1), firstGiven(p.isoDay, 1)
		start := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
		monday := start.AddDate(0, 0, 1-isoWeekday(start))
		last := isoWeek(time.Date(year, 12, 28, 0, 0, 0, 0, time.UTC))
		return p.setDate(monday.AddDate(0, 0, (number-1)*7+day-1), number >= 1 && number <= last && day >= 1 && day <= 7)
	case p.weekYear >= 0 || p.week >= 0 || p.weekday >= 0 || p.localDay >= 0:
		year := firstGiven(p.weekYear, p.year, weekYear(now))
		number, day := firstGiven(p.week, week(now)), firstGiven(p.weekday, p.localDay, 0)
		start := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		sunday := start.AddDate(0, 0, -weekday(start))
		next := time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC)
		last := int(next.AddDate(0, 0, -weekday(next)).Sub(sunday).Hours()) / (7 * 24)
		return p.setDate(sunday.AddDate(0, 0, (number-1)*7+day), number >= 1 && number <= last && day <= 6)
	}
	return true
}

func (p *dateParts) setDate(t time.Time, ok bool) bool {
	p.year, p.yearDay = t.Year(), t.YearDay()
	return ok
}

// firstGiven returns the first part that is not absent.
func firstGiven(parts ...int) int {
	for _, part := range parts {
		if part >= 0 {
			return part
		}
	}
	return -1
}

// complete fills in what is not given and reports whether such a time exists.
func (p *dateParts) complete(now time.Time) bool {
	if p.yearDay >= 0 {
		year := firstGiven(p.year, now.Year())
		date := time.Date(year, 1, p.yearDay, 0, 0, 0, 0, time.UTC)
		if p.yearDay == 0 || date.Year() != year {
			return false
		}
		p.year, p.month, p.day = year, month(date), date.Day()
	}
	given := p.year >= 0
	p.year = firstGiven(p.year, now.Year())
	if p.month < 0 {
		if p.month = 1; !given {
			p.month = month(now)
		}
	} else {
		given = true
	}
	if p.day < 0 {
		if p.day = 1; !given {
			p.day = now.Day()
		}
	}
	p.hour, p.minute, p.second, p.milli = max(p.hour, 0), max(p.minute, 0), max(p.second, 0), max(p.milli, 0)
	return p.year <= 300000 && p.month >= 1 && p.month <= 12 && p.day >= 1 && p.day <= daysIn(p.year, p.month) &&
		p.hour <= 24 && p.minute <= 59 && p.second <= 59 && (p.hour < 24 || p.minute == 0 && p.second == 0 && p.milli == 0)
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
