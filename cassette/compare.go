package cassette

import (
	"maps"
	"net/http"
	"slices"

	"github.com/cleat-run/cleat/value"
)

// headerNames returns the names in either that are compared, sorted.
func headerNames(a, b http.Header) []string {
	all := map[string]bool{}
	for _, header := range []http.Header{a, b} {
		for name := range header {
			if !slices.Contains(uncompared, name) {
				all[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// sorted is a body for comparing: the order of members means nothing in JSON (RFC 8259 4).
func sorted(b Body) string {
	if b.JSON == nil {
		return string(b.bytes())
	}
	return string(inOrder(*b.JSON).AppendJSON(nil))
}

func inOrder(v value.Value) value.Value {
	switch v.Kind() {
	case value.KindCollection:
		c := value.NewCollection(v.Collection().Len())
		for _, name := range slices.Sorted(slices.Values(v.Collection().Names())) {
			c.Set(name, inOrder(v.Collection().Get(name)))
		}
		return value.FromCollection(c)
	case value.KindArray:
		a := value.NewArray()
		for _, item := range v.Array().Items() {
			a.Append(inOrder(item))
		}
		return value.FromArray(a)
	}
	return v
}
