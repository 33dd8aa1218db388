package store

import (
	"strings"

	"github.com/cleat-run/cleat/record"
)

// Bounds of a page. A wish for none or for more is met with these.
const (
	defaultPage = 100
	maxPage     = 1000
)

// filter collects the conditions of a list.
type filter struct {
	where []string
	args  []any
}

// and adds a condition with its argument.
func (f *filter) and(condition string, arg any) {
	f.where = append(f.where, condition)
	f.args = append(f.args, arg)
}

// equal adds a condition unless the wanted text is empty.
func (f *filter) equal(column, wanted string) {
	if wanted != "" {
		f.and(column+" = ?", wanted)
	}
}

// text is the clause of all conditions.
func (f *filter) text() string { return "where " + strings.Join(f.where, " and ") }

// page returns the end of a query that gives one page, the newest first, and all
// arguments. The cursor is the value of column.
func (f *filter) page(column string, p record.Page) (string, []any) {
	if p.After != "" {
		f.and(column+" < ?", p.After)
	}
	return f.text() + " order by " + column + " desc limit ?", append(f.args, pageSize(p.Limit))
}

func pageSize(wanted int) int {
	if wanted <= 0 {
		return defaultPage
	}
	return min(wanted, maxPage)
}
