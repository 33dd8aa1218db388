package iml

import (
	"math"
	"testing"
	"time"
)

// complete are formats from which the instant can be read again, each with the precision
// that it keeps.
var complete = []struct {
	format    string
	precision time.Duration
}{
	{"YYYY-MM-DDTHH:mm:ss.SSSZ", time.Millisecond},
	{"YYYYMMDD HHmmss SSS ZZ", time.Millisecond},
	{"x", time.Millisecond},
	{"X", time.Second},
	{"dddd, MMMM Do YYYY, h:mm:ss a Z", time.Second},
	{"ddd D MMM YYYY hh:mm:ss A ZZ", time.Second},
	{"YYYY DDDD kk:mm:ss Z", time.Second},
	{"DDD/YYYY k:m:s Z", time.Second},
	{"GGGG-[W]WW-E H:m:s Z", time.Second},
	{"gggg ww e H:mm Z", time.Minute},
	{"gggg ww d H:mm Z", time.Minute},
	{"L LTS Z", time.Second},
	{"LLLL Z", time.Minute},
	{"l LT Z", time.Minute},
	{"Y-M-D Hmm ZZ", time.Minute},
	{"yyyy-M-D Hmmss Z", time.Second},
	{"YYYY-MM-DD HH:mm:ss.SSSSSS Z", time.Millisecond},
}

// What formatDate writes, parseDate reads.
func FuzzFormatThenParseDate(f *testing.F) {
	for i := range complete {
		f.Add(int64(1482940986123), i, i)
		f.Add(int64(1616893200000), i, 1)
	}
	zones := []string{"UTC", "Europe/Prague", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"}
	f.Fuzz(func(t *testing.T, ms int64, which, where int) {
		const from, to = 0, 7258118400000 // 1970 to 2199
		ms = from + int64(math.Abs(float64(ms%to)))
		form := complete[abs(which)%len(complete)]
		at := time.UnixMilli(ms).In(zone(zones[abs(where)%len(zones)]))
		text := formatTime(at, form.format)
		got, ok := parseTime(text, form.format, time.UTC, time.UnixMilli(0))
		if want := at.Truncate(form.precision); !ok || !got.Equal(want) {
			t.Errorf("%s is written %q by %s and read as %s, %v", at, text, form.format, got, ok)
		}
	})
}

func abs(n int) int { return max(n, -(n + 1)) }

// Any text and any format end, with a date within its range.
func FuzzParseDate(f *testing.F) {
	f.Add("2016-12-28 16:03", "YYYY-MM-DD HH:mm")
	f.Add("31.12.99 pm", "[a]b] D.M.YY \\a A LLLL")
	f.Fuzz(func(t *testing.T, text, format string) {
		if at, ok := parseTime(text, format, time.UTC, time.UnixMilli(0)); ok && math.Abs(float64(at.UnixMilli())) > maxMillis {
			t.Errorf("%q by %q is %s", text, format, at)
		}
		if at, ok := detect(text, time.UTC, time.UnixMilli(0)); ok {
			formatTime(at, format)
		}
	})
}
