package storetest

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/value"
)

// Equal reports whether two values are the same in every respect that a store must
// keep: kind, digits, the sign of zero, bytes, and order of members. Undefined members
// do not count.
func Equal(a, b value.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case value.KindBool:
		return a.Truthy() == b.Truthy()
	case value.KindNumber:
		return a.LongDigits() == b.LongDigits() && sameFloat(a.Float(), b.Float())
	case value.KindText:
		return a.Str() == b.Str()
	case value.KindDate:
		return a.Millis() == b.Millis()
	case value.KindBuffer:
		return bytes.Equal(a.Bytes(), b.Bytes())
	case value.KindArray:
		return slices.EqualFunc(a.Array().Items(), b.Array().Items(), Equal)
	case value.KindCollection:
		return slices.EqualFunc(members(a.Collection()), members(b.Collection()), func(a, b member) bool {
			return a.name == b.name && Equal(a.value, b.value)
		})
	case value.KindError:
		return *a.Err() == *b.Err()
	}
	return true
}

func sameFloat(a, b float64) bool {
	return a == b && math.Signbit(a) == math.Signbit(b) || math.IsNaN(a) && math.IsNaN(b)
}

type member struct {
	name  string
	value value.Value
}

func members(c *value.Collection) []member {
	var defined []member
	for name, v := range c.All() {
		if !v.IsUndefined() {
			defined = append(defined, member{name, v})
		}
	}
	return defined
}

// SameRecord reports an error when two records differ.
func SameRecord(t testing.TB, got, want *connect.Record) {
	t.Helper()
	g, w := *got, *want
	g.Data, w.Data = nil, nil
	if g, w := fmt.Sprintf("%+v", g), fmt.Sprintf("%+v", w); g != w {
		t.Errorf("record differs\n got %s\nwant %s", g, w)
	}
	sameData(t, got.Data, want.Data)
}

// SameInstallation reports an error when two installations differ.
func SameInstallation(t testing.TB, got, want *connect.Installation) {
	t.Helper()
	if got.App != want.App || got.Connection != want.Connection || got.Version != want.Version || !got.Updated.Equal(want.Updated) {
		t.Errorf("installation differs\n got %+v\nwant %+v", got, want)
	}
	sameData(t, got.Parameters, want.Parameters)
	sameData(t, got.Common, want.Common)
}

// SameFlow reports an error when two flows differ.
func SameFlow(t testing.TB, got, want *connect.Flow) {
	t.Helper()
	g, w := *got, *want
	g.Temp, w.Temp, g.Data, w.Data = nil, nil, nil, nil
	if g, w := fmt.Sprintf("%+v", g), fmt.Sprintf("%+v", w); g != w {
		t.Errorf("flow differs\n got %s\nwant %s", g, w)
	}
	sameData(t, got.Temp, want.Temp)
	sameData(t, got.Data, want.Data)
}

func sameData(t testing.TB, got, want *value.Collection) {
	t.Helper()
	if (got == nil) != (want == nil) || !Equal(value.FromCollection(got), value.FromCollection(want)) {
		t.Errorf("data differ\n got %s\nwant %s", describe(got), describe(want))
	}
}

func describe(c *value.Collection) string {
	if c == nil {
		return "nil"
	}
	return string(value.FromCollection(c).AppendJSON(nil))
}
