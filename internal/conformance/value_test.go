package conformance

import (
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/cleat-run/cleat/value"
)

// fromVector turns the special one-member objects of the vectors into values.
func fromVector(v value.Value) value.Value {
	switch {
	case v.Array() != nil:
		items := make([]value.Value, v.Array().Len())
		for i, item := range v.Array().Items() {
			items[i] = fromVector(item)
		}
		return value.List(items...)
	case v.Collection() == nil:
		return v
	}
	if v.Collection().Len() == 1 {
		name, content := v.Collection().At(0)
		if special, ok := special(name, content); ok {
			return special
		}
	}
	made := value.NewCollection(v.Collection().Len())
	for name, member := range v.Collection().All() {
		made.Set(name, fromVector(member))
	}
	return value.FromCollection(made)
}

func special(name string, content value.Value) (value.Value, bool) {
	switch name {
	case "$undefined":
		return value.Undefined, true
	case "$emptystring":
		return value.EmptyString, true
	case "$date":
		t, err := time.Parse(time.RFC3339, content.ToText())
		return value.Time(t), err == nil
	case "$buffer":
		b, err := base64.StdEncoding.DecodeString(content.ToText())
		return value.Buffer(b), err == nil
	case "$number":
		switch content.ToText() {
		case "Infinity":
			return value.Number(math.Inf(1)), true
		case "-Infinity":
			return value.Number(math.Inf(-1)), true
		}
		return value.Number(math.NaN()), true
	case "$error":
		return value.FromError(&value.Error{Type: content.Member("type").ToText(), Message: content.Member("message").ToText()}), true
	}
	return v0, false
}

var v0 value.Value

// show writes a value so that kinds and the order of members can be compared.
func show(v value.Value) string {
	switch v.Kind() {
	case value.KindArray:
		parts := make([]string, v.Array().Len())
		for i, item := range v.Array().Items() {
			parts[i] = show(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case value.KindCollection:
		var parts []string
		for name, member := range v.Collection().All() {
			parts = append(parts, fmt.Sprintf("%q: %s", name, show(member)))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case value.KindText:
		return fmt.Sprintf("%q", v.Str())
	}
	return v.Kind().String() + " " + v.ToText()
}
