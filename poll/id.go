package poll

import (
	"cmp"
	"strings"

	"github.com/cleat-run/cleat/engine"
)

// compareIDs compares as numbers when both ids are numeric, otherwise as text by code
// point (components.md 6, step 2). Numbers may have any number of digits.
func compareIDs(a, b string) int {
	x, numeric := parseDecimal(a)
	y, both := parseDecimal(b)
	if numeric && both {
		return x.compare(y)
	}
	return strings.Compare(a, b) // UTF-8 keeps the order of code points
}

// decimal is the text of a number, taken apart: no leading zeros before the point, no
// trailing ones behind it.
type decimal struct {
	negative        bool
	whole, fraction string
}

func parseDecimal(text string) (decimal, bool) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if !isDigits(whole) || point && !isDigits(fraction) {
		return decimal{}, false
	}
	d := decimal{negative, strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")}
	if d.whole == "" && d.fraction == "" {
		d.negative = false
	}
	return d, true
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

func (d decimal) compare(e decimal) int {
	switch {
	case d.negative && !e.negative:
		return -1
	case e.negative && !d.negative:
		return 1
	case d.negative:
		d, e = e, d
	}
	return cmp.Or(cmp.Compare(len(d.whole), len(e.whole)), strings.Compare(d.whole, e.whole), strings.Compare(d.fraction, e.fraction))
}

// compareItems is the order in which items come out: by date and id, or by id
// (components.md 6, step 4).
func compareItems(w engine.Watch) func(a, b engine.Item) int {
	return func(a, b engine.Item) int {
		if w.ByDate {
			if order := a.Date.Compare(b.Date); order != 0 {
				return order
			}
		}
		return compareIDs(a.ID, b.ID)
	}
}
