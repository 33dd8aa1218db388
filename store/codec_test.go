package store_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/store/storetest"
	"github.com/cleat-run/cleat/value"
)

// The stored forms are a format: a change of one of them needs a migration.
func TestEncode(t *testing.T) {
	t.Parallel()
	long, err := value.Digits("12345678901234567890123")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		in   value.Value
		want string
	}{
		{value.Undefined, ``},
		{value.Null, `"v":null`},
		{value.True, `"v":true`},
		{value.Number(1.5), `"v":1.5`},
		{value.Number(1e21), `"v":1e+21`},
		{value.Number(math.Copysign(0, -1)), `"v":{"$number":"-0"}`},
		{value.Number(math.NaN()), `"v":{"$number":"NaN"}`},
		{value.Number(math.Inf(-1)), `"v":{"$number":"-Infinity"}`},
		{long, `"v":{"$digits":"12345678901234567890123"}`},
		{value.Text("a\"\n😀"), `"v":"a\"\n😀"`},
		{value.Text("\xff"), `"v":{"$text":"/w=="}`},
		{value.EmptyString, `"v":{"$empty":true}`},
		{value.Date(1700000000000), `"v":{"$date":1700000000000}`},
		{value.Buffer([]byte{0, 1}), `"v":{"$buffer":"AAE="}`},
		{value.List(value.Int(1), value.Undefined, value.Null), `"v":[1,{"$undefined":true},null]`},
		{value.Object("b", value.Int(1), "u", value.Undefined, "a", value.Object()), `"v":{"b":1,"a":{}}`},
		{value.Object("$date", value.Int(1)), `"v":{"$$date":1}`},
		{value.Object("\xff", value.Int(1)), `"v":{"$=/w==":1}`},
		{value.FromError(&value.Error{Type: "DataError", Message: "no"}), `"v":{"$error":["DataError","no"]}`},
	} {
		c := value.Object("v", test.in).Collection()
		got, err := store.EncodeCollection(c)
		if err != nil || string(got) != "{"+test.want+"}" {
			t.Errorf("%v: got %s, error %v, want {%s}", test.in.Kind(), got, err, test.want)
		}
		back, err := store.DecodeCollection(got)
		if err != nil || !storetest.Equal(value.FromCollection(back), value.FromCollection(c)) {
			t.Errorf("%s: decoded to %s, error %v", got, value.FromCollection(back).AppendJSON(nil), err)
		}
	}
}

func TestEncodeLimits(t *testing.T) {
	t.Parallel()
	room := store.MaxData - len(`{"v":""}`)
	text := func(n int) *value.Collection {
		return value.Object("v", value.Text(strings.Repeat("x", n))).Collection()
	}
	nested := func(n int) *value.Collection {
		v := value.Object()
		for range n - 1 {
			v = value.Object("v", v)
		}
		return v.Collection()
	}
	many := value.NewArray()
	for range store.MaxData {
		many.Append(value.Null)
	}
	for _, test := range []struct {
		name string
		in   *value.Collection
		want string
	}{
		{"just fits", text(room), ""},
		{"one byte more", text(room + 1), "data exceeds 64 KiB"},
		{"many small", value.Object("v", value.FromArray(many)).Collection(), "data exceeds 64 KiB"},
		{"long name", value.Object(strings.Repeat("n", store.MaxData), value.Null).Collection(), "data exceeds 64 KiB"},
		{"escapes", value.Object("v", value.Text(strings.Repeat("\x00", store.MaxData/6))).Collection(), "data exceeds 64 KiB"},
		{"buffer", value.Object("v", value.Buffer(make([]byte, store.MaxData*3/4))).Collection(), "data exceeds 64 KiB"},
		{"deep", nested(510), ""},
		{"too deep", nested(511), "data is nested deeper than 510 levels"},
	} {
		got, err := store.EncodeCollection(test.in)
		if test.want == "" && err != nil || test.want != "" && (err == nil || err.Error() != test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
		if errors.Is(err, store.ErrTooBig) != strings.Contains(test.want, "64 KiB") {
			t.Errorf("%s: errors.Is(err, ErrTooBig) is wrong for %v", test.name, err)
		}
		if err != nil {
			continue
		}
		if _, err := store.DecodeCollection(got); err != nil {
			t.Errorf("%s: decode: %v", test.name, err)
		}
	}
}

// Whatever fits is read back, at the greatest depth also what has tags.
func TestEncodeDeepTags(t *testing.T) {
	t.Parallel()
	for _, leaf := range storetest.Values() {
		v := value.Object("v", leaf)
		for range 505 {
			v = value.Object("v", v)
		}
		text, err := store.EncodeCollection(v.Collection())
		if err != nil {
			t.Fatal(err)
		}
		if back, err := store.DecodeCollection(text); err != nil || !storetest.Equal(value.FromCollection(back), v) {
			t.Errorf("%v is lost: %v", leaf.Kind(), err)
		}
	}
}

func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `{`, `null`, `[]`, `"secret"`, `{"$date":1}`, `{"v":{"$date":"x"}}`, `{"v":{"$date":1.5}}`,
		`{"v":{"$buffer":"*"}}`, `{"v":{"$text":"secret"}}`, `{"v":{"$number":"1"}}`, `{"v":{"$number":"secret"}}`, `{"v":{"$digits":"secret"}}`,
		`{"v":{"$unknown":1}}`, `{"v":{"$date":1,"$empty":2}}`, `{"$x":1,"y":2}`, `{"$=*":1}`, `{"v":[{"$z":1}]}`, `{"v":1}secret`} {
		c, err := store.DecodeCollection([]byte(text))
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, error %v", text, c, err)
		}
	}
}

// What can be decoded is encoded again to a text that means the same, and from then on
// does not change.
func FuzzCodec(f *testing.F) {
	for _, v := range storetest.Values() {
		text, err := store.EncodeCollection(value.Object("v", v, "w", value.List(v)).Collection())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := store.DecodeCollection(text)
		if err != nil {
			return
		}
		once, err := store.EncodeCollection(first)
		if err != nil {
			return // too big or too deep
		}
		second, err := store.DecodeCollection(once)
		if err != nil || !storetest.Equal(value.FromCollection(first), value.FromCollection(second)) {
			t.Fatalf("%s became %s, error %v", text, once, err)
		}
		if twice, err := store.EncodeCollection(second); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s, error %v", once, twice, err)
		}
	})
}
