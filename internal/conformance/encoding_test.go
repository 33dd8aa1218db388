package conformance

import (
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"testing"
	"time"

	"github.com/cleat-run/cleat/value"
)

// decode turns the tagged values of the vectors into what they stand for: an object
// with the one member $undefined, $date, $buffer, $number, $emptystring or $error.
func decode(v value.Value) (value.Value, error) {
	switch v.Kind() {
	case value.KindArray:
		list := &value.Array{}
		for _, item := range v.Array().Items() {
			decoded, err := decode(item)
			if err != nil {
				return v, err
			}
			list.Append(decoded)
		}
		return value.FromArray(list), nil
	case value.KindCollection:
		if v.Collection().Len() == 1 {
			name, content := v.Collection().At(0)
			if decoded, ok, err := decodeTagged(name, content); ok || err != nil {
				return decoded, err
			}
		}
		c := &value.Collection{}
		for name, member := range v.Collection().All() {
			decoded, err := decode(member)
			if err != nil {
				return v, err
			}
			c.Set(name, decoded)
		}
		return value.FromCollection(c), nil
	}
	return v, nil
}

func decodeTagged(tag string, content value.Value) (v value.Value, ok bool, err error) {
	switch tag {
	case "$undefined":
		return value.Undefined, true, nil
	case "$emptystring":
		return value.EmptyString, true, nil
	case "$date":
		at, err := time.Parse(time.RFC3339Nano, content.Str())
		return value.Time(at), true, err
	case "$buffer":
		bytes, err := base64.StdEncoding.DecodeString(content.Str())
		return value.Buffer(bytes), true, err
	case "$number":
		switch content.Str() {
		case "NaN":
			return value.Number(math.NaN()), true, nil
		case "Infinity":
			return value.Number(math.Inf(1)), true, nil
		case "-Infinity":
			return value.Number(math.Inf(-1)), true, nil
		}
		return v, false, fmt.Errorf("unknown $number %s", content.AppendJSON(nil))
	case "$error":
		return value.FromError(&value.Error{Type: content.Member("type").Str(), Message: content.Member("message").Str()}), true, nil
	}
	return v, false, nil
}

// pattern returns the regular expression of {"$pattern": …}, or nil.
func pattern(want value.Value) (*regexp.Regexp, error) {
	if c := want.Collection(); c.Len() == 1 && c.Names()[0] == "$pattern" {
		return regexp.Compile(want.Member("$pattern").Str())
	}
	return nil, nil
}

// serialised returns v as it leaves the evaluation: without undefined members, and with
// null for undefined elements.
func serialised(v value.Value) value.Value {
	switch v.Kind() {
	case value.KindArray:
		list := &value.Array{}
		for _, item := range v.Array().Items() {
			if item.IsUndefined() {
				item = value.Null
			}
			list.Append(serialised(item))
		}
		return value.FromArray(list)
	case value.KindCollection:
		c := &value.Collection{}
		for name, member := range v.Collection().All() {
			if !member.IsUndefined() {
				c.Set(name, serialised(member))
			}
		}
		return value.FromCollection(c)
	}
	return v
}

// differ returns an error that says where got is not want, and nil when they are the
// same: kinds, order of members and digits count. Undefined inside containers is
// compared as it would be serialised.
func differ(got, want value.Value) error {
	if at := difference(serialised(got), serialised(want)); at != "" {
		return fmt.Errorf("%s\n got %s %s\nwant %s %s", at, got.Kind(), got.AppendJSON(nil), want.Kind(), want.AppendJSON(nil))
	}
	return nil
}

func difference(got, want value.Value) string {
	if got.Kind() != want.Kind() {
		return fmt.Sprintf("%s instead of %s", got.Kind(), want.Kind())
	}
	switch got.Kind() {
	case value.KindArray:
		if got.Array().Len() != want.Array().Len() {
			return fmt.Sprintf("%d elements instead of %d", got.Array().Len(), want.Array().Len())
		}
		for i, item := range got.Array().Items() {
			if at := difference(item, want.Array().At(i)); at != "" {
				return fmt.Sprintf("[%d] %s", i, at)
			}
		}
	case value.KindCollection:
		for i := range max(got.Collection().Len(), want.Collection().Len()) {
			if i >= got.Collection().Len() || i >= want.Collection().Len() {
				return fmt.Sprintf("%d members instead of %d", got.Collection().Len(), want.Collection().Len())
			}
			name, member := got.Collection().At(i)
			wantName, wantMember := want.Collection().At(i)
			if name != wantName {
				return fmt.Sprintf("member %q instead of %q", name, wantName)
			}
			if at := difference(member, wantMember); at != "" {
				return fmt.Sprintf(".%s %s", name, at)
			}
		}
	case value.KindNumber:
		same := got.Float() == want.Float() || math.IsNaN(got.Float()) && math.IsNaN(want.Float())
		if !same || got.LongDigits() != want.LongDigits() {
			return "another number"
		}
	case value.KindBuffer:
		if string(got.Bytes()) != string(want.Bytes()) {
			return "other bytes"
		}
	default:
		if got.ToText() != want.ToText() {
			return "another " + got.Kind().String()
		}
	}
	return ""
}

func TestDifferSeesEveryDifference(t *testing.T) {
	t.Parallel()
	all := []string{
		`null`, `{"$undefined":true}`, `{"$emptystring":true}`, `""`, `"a"`, `0`, `1`, `"1"`, `true`, `false`,
		`{"$number":"NaN"}`, `{"$number":"Infinity"}`, `{"$number":"-Infinity"}`, `{"$date":"2020-01-01T00:00:00.000Z"}`,
		`"2020-01-01T00:00:00.000Z"`, `{"$date":"2020-01-01T00:00:00.001Z"}`, `{"$buffer":"YQ=="}`, `{"$buffer":"YWI="}`, `{"$buffer":"/w=="}`, `{"$buffer":"/g=="}`,
		`[]`, `[1]`, `[1,2]`, `[2,1]`, `[null]`, `{}`, `{"a":1}`, `{"a":2}`, `{"b":1}`, `{"a":1,"b":2}`, `{"b":2,"a":1}`,
		`{"$error":{"type":"DataError","message":"m"}}`, `{"$error":{"type":"RuntimeError","message":"m"}}`,
		`12345678901234567890`, `12345678901234567891`, `{"a":{"b":[{"c":1}]}}`, `{"a":{"b":[{"c":"1"}]}}`,
	}
	for i, a := range all {
		for j, b := range all {
			if err := differ(decoded(t, a), decoded(t, b)); (err == nil) != (i == j) {
				t.Errorf("%s and %s: %v", a, b, err)
			}
		}
	}
	if err := differ(decoded(t, `{"a":{"$undefined":true},"b":[{"$undefined":true}]}`), decoded(t, `{"b":[null]}`)); err != nil {
		t.Errorf("undefined in containers: %v", err)
	}
	for _, text := range []string{`{"$number":"1"}`, `{"$date":"today"}`, `{"$buffer":"?"}`} {
		v, _ := value.ParseJSON([]byte(text))
		if _, err := decode(v); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}

func decoded(t *testing.T, text string) value.Value {
	t.Helper()
	v, err := value.ParseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if v, err = decode(v); err != nil {
		t.Fatal(err)
	}
	return v
}
