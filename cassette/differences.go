package cassette

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// maxDifferences is how many places are shown.
const maxDifferences = 10

// Differences tells where got is not want, a line for each place, the first ten of them.
// Values are compared as JSON: the order of members means nothing, undefined members are
// not there, dates are texts. {{uuid}} in a text of want stands for any UUID.
func Differences(name string, want, got value.Value) []string {
	d := differ{}
	d.compare(name, want, got)
	if more := d.count - len(d.lines); more > 0 {
		d.lines = append(d.lines, fmt.Sprintf("and %d more", more))
	}
	return d.lines
}

type differ struct {
	lines []string
	count int
}

func (d *differ) compare(path string, want, got value.Value) {
	switch {
	case want.Kind() == value.KindCollection && got.Kind() == value.KindCollection:
		d.members(path, want.Collection(), got.Collection())
	case want.Kind() == value.KindArray && got.Kind() == value.KindArray:
		d.items(path, want.Array(), got.Array())
	default:
		if w, g := plain(want), plain(got); !alike(w, g) {
			d.add(path, w, g)
		}
	}
}

func (d *differ) members(path string, want, got *value.Collection) {
	for name, w := range want.All() {
		d.compare(path+"."+name, w, got.Get(name))
	}
	for name, g := range got.All() {
		if _, known := want.Lookup(name); !known && !g.IsUndefined() {
			d.add(path+"."+name, "", plain(g))
		}
	}
}

func (d *differ) items(path string, want, got *value.Array) {
	w, g := want.Items(), got.Items()
	for i := range max(len(w), len(g)) {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case i >= len(w):
			d.add(at, "", plain(g[i]))
		case i >= len(g):
			d.add(at, plain(w[i]), "")
		default:
			d.compare(at, w[i], g[i])
		}
	}
}

func (d *differ) add(path, want, got string) {
	if d.count++; len(d.lines) < maxDifferences {
		d.lines = append(d.lines, fmt.Sprintf("%s: expected %s, got %s", path, orNothing(cut(want)), orNothing(cut(got))))
	}
}

// maxShown is how much is shown of a value.
const maxShown = 200

func cut(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// plain is a value as JSON, "" for undefined.
func plain(v value.Value) string {
	if v.IsUndefined() {
		return ""
	}
	return string(inOrder(v).AppendJSON(nil))
}

const anyUUID = "{{uuid}}"

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)

// alike reports whether texts are equal but for the UUIDs that want leaves open.
func alike(want, got string) bool {
	for {
		before, rest, open := strings.Cut(want, anyUUID)
		after, ok := strings.CutPrefix(got, before)
		switch {
		case !open:
			return want == got
		case !ok:
			return false
		}
		id := uuid.FindString(after)
		if id == "" {
			return false
		}
		want, got = rest, after[len(id):]
	}
}
