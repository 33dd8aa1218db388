package iml

import (
	"regexp"
	"strings"
	"time"

	"github.com/cleat-run/cleat/value"
)

// detectClock is the time of day behind a detected date, with what may follow it.
const detectClock = `(?:[Tt ] *(?<hour>\d{1,2})(?::(?<minute>\d{1,2})(?::(?<second>\d{1,2})(?:[.,](?<fraction>\d+))?)?)?` +
	` *(?<half>[AaPp][Mm])?)? *(?:GMT|UTC)? *(?<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?$`

// detectForms are the forms of a date that are recognised without a format, in the
// order of language reference 7.2. The basic form of ISO 8601 needs a time: digits alone
// are no date.
var detectForms = []*regexp.Regexp{
	regexp.MustCompile(`^(?<year>[+-]\d{6}|\d{4})-(?<month>\d{1,2})(?:-(?<day>\d{1,2}))?` + detectClock),
	regexp.MustCompile(`^(?<isoYear>\d{4})-W(?<isoWeek>\d\d)(?:-(?<isoDay>\d))?` + detectClock),
	regexp.MustCompile(`^(?<year>\d{4})-(?<yearDay>\d{3})` + detectClock),
	regexp.MustCompile(`^(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)T(?<hour>\d\d)(?<minute>\d\d)(?<second>\d\d)?(?:[.,](?<fraction>\d+))?(?<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?$`),
	regexp.MustCompile(`^(?<year>\d{4})/(?<month>\d{1,2})/(?<day>\d{1,2})` + detectClock),
	regexp.MustCompile(`^(?<month>\d{1,2})/(?<day>\d{1,2})/(?<year>\d{4})` + detectClock),
	regexp.MustCompile(`^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})` + detectClock),
}

// detectNumbers are the parts of a form that are numbers.
var detectNumbers = map[string]func(*dateParts) *int{
	"year":    func(p *dateParts) *int { return &p.year },
	"month":   func(p *dateParts) *int { return &p.month },
	"day":     func(p *dateParts) *int { return &p.day },
	"hour":    func(p *dateParts) *int { return &p.hour },
	"minute":  func(p *dateParts) *int { return &p.minute },
	"second":  func(p *dateParts) *int { return &p.second },
	"isoYear": func(p *dateParts) *int { return &p.isoYear },
	"isoWeek": func(p *dateParts) *int { return &p.isoWeek },
	"isoDay":  func(p *dateParts) *int { return &p.isoDay },
	"yearDay": func(p *dateParts) *int { return &p.yearDay },
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
		case "":
		case "fraction":
			p.setFraction(found[i])
		case "half":
			p.setHalf(found[i])
		case "offset":
			p.setOffset(found[i])
		default:
			*detectNumbers[name](&p) = toInt(found[i])
		}
	}
	return p
}
