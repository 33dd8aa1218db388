package iml

import (
	"regexp"
	"strings"
	"time"

	"github.com/cleat-run/cleat/value"
)

// detectClock is the time of day behind a detected date, with what may follow it.
const detectClock = `(?:[Tt ] *(?<hour>\d{1,2})(?::(?<minute>\d{1,2})(?::(?<second>\d{1,2})(?:[.,](?<fraction>\d+))?)?)?` +
	` *(?<half>[AaPp][Mm])? *(?:GMT|UTC)? *(?<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?)?$`

// detectForms are the forms of a date that are recognised without a format, in the
// order of language reference 7.2. The last is the basic form of ISO 8601, which needs a
// time: digits alone are no date.
var detectForms = []*regexp.Regexp{
	regexp.MustCompile(`^(?<year>[+-]\d{6}|\d{4})-(?<month>\d{1,2})(?:-(?<day>\d{1,2}))?` + detectClock),
	regexp.MustCompile(`^(?<year>\d{4})/(?<month>\d{1,2})/(?<day>\d{1,2})` + detectClock),
	regexp.MustCompile(`^(?<month>\d{1,2})/(?<day>\d{1,2})/(?<year>\d{4})` + detectClock),
	regexp.MustCompile(`^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})` + detectClock),
	regexp.MustCompile(`^(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)T(?<hour>\d\d)(?<minute>\d\d)(?<second>\d\d)?(?:[.,](?<fraction>\d+))?(?<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?$`),
}

// longestDate is more than any date that is detected needs.
const longestDate = 100

// detect reads a date without a format.
func detect(text string, loc *time.Location, now time.Time) (time.Time, bool) {
	s := strings.TrimFunc(text, value.IsSpace)
	if len(s) > longestDate {
		return time.Time{}, false
	}
	for _, form := range detectForms {
		if found := form.FindStringSubmatch(s); found != nil {
			return detectedParts(form.SubexpNames(), found).time(loc, now)
		}
	}
	return time.Time{}, false
}

func detectedParts(names, found []string) dateParts {
	p := noParts()
	for i, name := range names {
		if found[i] == "" {
			continue
		}
		switch name {
		case "year":
			p.year = toInt(found[i])
		case "month":
			p.month = toInt(found[i])
		case "day":
			p.day = toInt(found[i])
		case "hour":
			p.hour = toInt(found[i])
		case "minute":
			p.minute = toInt(found[i])
		case "second":
			p.second = toInt(found[i])
		case "fraction":
			p.setFraction(found[i])
		case "half":
			p.setHalf(found[i])
		case "offset":
			p.setOffset(found[i])
		}
	}
	return p
}
