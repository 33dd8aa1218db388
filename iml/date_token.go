package iml

import (
	"strconv"
	"time"
)

// dateToken is one token of Moment's formats: how it is written, and how it is found in
// a text and what it then says. A token without find is passed over when reading.
type dateToken struct {
	write func(t time.Time) string
	find  func(s string) (start, end int)
	take  func(p *dateParts, s string)
}

// dateTokens are the tokens of language reference 7.2 and 7.3 (English locale).
var dateTokens = map[string]dateToken{
	"YYYY": {number(time.Time.Year, 4), digitsOf(1, 4), func(p *dateParts, s string) { p.setYear(s) }},
	"YY":   {number(func(t time.Time) int { return t.Year() % 100 }, 2), digitsOf(1, 2), func(p *dateParts, s string) { p.year = twoDigitYear(s) }},
	"Y":    {writeYear, signedDigits, into(func(p *dateParts) *int { return &p.year })},
	"y":    {number(time.Time.Year, 1), digitsOf(1, 9), into(func(p *dateParts) *int { return &p.year })},
	"yy":   {number(time.Time.Year, 2), digitsOf(1, 9), into(func(p *dateParts) *int { return &p.year })},
	"yyy":  {number(time.Time.Year, 3), digitsOf(1, 9), into(func(p *dateParts) *int { return &p.year })},
	"yyyy": {number(time.Time.Year, 4), digitsOf(1, 9), into(func(p *dateParts) *int { return &p.year })},
	"Q":    {number(quarter, 1), digitsOf(1, 1), func(p *dateParts, s string) { p.month = (toInt(s)-1)*3 + 1 }},
	"Qo":   {ordinalOf(quarter), nil, nil},

	"M":    {number(month, 1), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.month })},
	"MM":   {number(month, 2), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.month })},
	"Mo":   {ordinalOf(month), nil, nil},
	"MMM":  {func(t time.Time) string { return t.Month().String()[:3] }, findWord, func(p *dateParts, s string) { p.setMonthName(s) }},
	"MMMM": {func(t time.Time) string { return t.Month().String() }, findWord, func(p *dateParts, s string) { p.setMonthName(s) }},

	"D":    {number(time.Time.Day, 1), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.day })},
	"DD":   {number(time.Time.Day, 2), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.day })},
	"Do":   {ordinalOf(time.Time.Day), findOrdinal, into(func(p *dateParts) *int { return &p.day })},
	"DDD":  {number(time.Time.YearDay, 1), digitsOf(1, 3), into(func(p *dateParts) *int { return &p.yearDay })},
	"DDDD": {number(time.Time.YearDay, 3), digitsOf(3, 3), into(func(p *dateParts) *int { return &p.yearDay })},
	"DDDo": {ordinalOf(time.Time.YearDay), nil, nil},

	"d":    {number(weekday, 1), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.weekday })},
	"do":   {ordinalOf(weekday), nil, nil},
	"dd":   {func(t time.Time) string { return t.Weekday().String()[:2] }, findWord, func(p *dateParts, s string) { p.setWeekdayName(s, 2) }},
	"ddd":  {func(t time.Time) string { return t.Weekday().String()[:3] }, findWord, func(p *dateParts, s string) { p.setWeekdayName(s, 3) }},
	"dddd": {func(t time.Time) string { return t.Weekday().String() }, findWord, func(p *dateParts, s string) { p.setWeekdayName(s, 3) }},
	"e":    {number(weekday, 1), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.localDay })},
	"E":    {number(isoWeekday, 1), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.isoDay })},

	"w":    {number(week, 1), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.week })},
	"ww":   {number(week, 2), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.week })},
	"wo":   {ordinalOf(week), nil, nil},
	"W":    {number(isoWeek, 1), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.isoWeek })},
	"WW":   {number(isoWeek, 2), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.isoWeek })},
	"Wo":   {ordinalOf(isoWeek), nil, nil},
	"gg":   {number(func(t time.Time) int { return weekYear(t) % 100 }, 2), digitsOf(1, 2), func(p *dateParts, s string) { p.weekYear = twoDigitYear(s) }},
	"gggg": {number(weekYear, 4), digitsOf(1, 4), into(func(p *dateParts) *int { return &p.weekYear })},
	"GG":   {number(func(t time.Time) int { return isoYear(t) % 100 }, 2), digitsOf(1, 2), func(p *dateParts, s string) { p.isoYear = twoDigitYear(s) }},
	"GGGG": {number(isoYear, 4), digitsOf(1, 4), into(func(p *dateParts) *int { return &p.isoYear })},

	"H":  {number(time.Time.Hour, 1), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.hour })},
	"HH": {number(time.Time.Hour, 2), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.hour })},
	"h":  {number(hour12, 1), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.hour })},
	"hh": {number(hour12, 2), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.hour })},
	"k":  {number(hour24, 1), digitsOf(1, 2), func(p *dateParts, s string) { p.hour = toInt(s) % 24 }},
	"kk": {number(hour24, 2), digitsOf(1, 2), func(p *dateParts, s string) { p.hour = toInt(s) % 24 }},
	"a":  {func(t time.Time) string { return t.Format("pm") }, findHalf, func(p *dateParts, s string) { p.setHalf(s) }},
	"A":  {func(t time.Time) string { return t.Format("PM") }, findHalf, func(p *dateParts, s string) { p.setHalf(s) }},
	"m":  {number(time.Time.Minute, 1), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.minute })},
	"mm": {number(time.Time.Minute, 2), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.minute })},
	"s":  {number(time.Time.Second, 1), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.second })},
	"ss": {number(time.Time.Second, 2), digitsOf(1, 2), into(func(p *dateParts) *int { return &p.second })},

	"hmm":   {func(t time.Time) string { return number(hour12, 1)(t) + number(time.Time.Minute, 2)(t) }, digitsOf(3, 4), takeClock(1)},
	"Hmm":   {func(t time.Time) string { return number(time.Time.Hour, 1)(t) + number(time.Time.Minute, 2)(t) }, digitsOf(3, 4), takeClock(1)},
	"hmmss": {func(t time.Time) string { return number(hour12, 1)(t) + t.Format("0405") }, digitsOf(5, 6), takeClock(2)},
	"Hmmss": {func(t time.Time) string { return number(time.Time.Hour, 1)(t) + t.Format("0405") }, digitsOf(5, 6), takeClock(2)},

	"S":   {fraction(1), digitsOf(1, 3), func(p *dateParts, s string) { p.setFraction(s) }},
	"SS":  {fraction(2), digitsOf(1, 3), func(p *dateParts, s string) { p.setFraction(s) }},
	"SSS": {fraction(3), digitsOf(1, 3), func(p *dateParts, s string) { p.setFraction(s) }},

	"Z":  {func(t time.Time) string { return offset(t, ":") }, findOffset, func(p *dateParts, s string) { p.setOffset(s) }},
	"ZZ": {func(t time.Time) string { return offset(t, "") }, findOffset, func(p *dateParts, s string) { p.setOffset(s) }},
	"z":  {zoneName, nil, nil},
	"zz": {zoneName, nil, nil},
	"X":  {func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }, findTimestamp, func(p *dateParts, s string) { p.setEpoch(s, 1000) }},
	"x":  {func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }, signedDigits, func(p *dateParts, s string) { p.setEpoch(s, 1) }},
}

// number writes a number with at least that many digits.
func number(of func(time.Time) int, width int) func(time.Time) string {
	return func(t time.Time) string { return padded(of(t), width) }
}

func ordinalOf(of func(time.Time) int) func(time.Time) string {
	return func(t time.Time) string { return ordinal(of(t)) }
}

// fraction writes digits of the second; those beyond milliseconds are zeros.
func fraction(digits int) func(time.Time) string {
	return func(t time.Time) string { return padded(t.Nanosecond()/1e6*1e6, 9)[:digits] }
}

func padded(n, width int) string {
	text := strconv.Itoa(max(n, -n))
	for len(text) < width {
		text = "0" + text
	}
	if n < 0 {
		return "-" + text
	}
	return text
}

// writeYear writes four digits, and a plus before more.
func writeYear(t time.Time) string {
	if t.Year() > 9999 {
		return "+" + strconv.Itoa(t.Year())
	}
	return padded(t.Year(), 4)
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

func quarter(t time.Time) int { return (month(t)-1)/3 + 1 }

func month(t time.Time) int { return int(t.Month()) }

func weekday(t time.Time) int { return int(t.Weekday()) }

func isoWeekday(t time.Time) int { return (weekday(t)+6)%7 + 1 }

func hour12(t time.Time) int { return (t.Hour()+11)%12 + 1 }

func hour24(t time.Time) int { return (t.Hour()+23)%24 + 1 }

func isoYear(t time.Time) int { year, _ := t.ISOWeek(); return year }

func isoWeek(t time.Time) int { _, week := t.ISOWeek(); return week }

// The week of the English locale begins on Sunday, and week 1 holds January 1: the week
// belongs to the year of its Saturday.

func weekYear(t time.Time) int { return saturday(t).Year() }

func week(t time.Time) int { return (saturday(t).YearDay()-1)/7 + 1 }

func saturday(t time.Time) time.Time { return t.AddDate(0, 0, 6-weekday(t)) }

func offset(t time.Time, colon string) string {
	_, seconds := t.Zone()
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return sign + padded(seconds/3600, 2) + colon + padded(seconds/60%60, 2)
}

func zoneName(t time.Time) string { name, _ := t.Zone(); return name }
