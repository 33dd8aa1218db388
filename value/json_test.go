package value_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cleat-run/cleat/value"
)

func TestParseJSONReadsEveryForm(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, give, want string }{
		{"null", "null", "null"},
		{"blanks", " \t\r\n true \n", "true"},
		{"numbers", "[0,-0,1,-1,1.5,1e3,1E+2,1e-7,123456789012345,1234567890123456]", "[0,0,1,-1,1.5,1000,100,1e-7,123456789012345,1234567890123456]"},
		{"long digits", "[12345678901234567890,-9007199254740993,1000000000000000000000]", "[12345678901234567890,-9007199254740993,1000000000000000000000]"},
		{"very long digits", strings.Repeat("9", 400), strings.Repeat("9", 400)},
		{"too big for a double", "[1e400,-1e400]", "[null,null]"},
		{"empty", `["",{},[]]`, `["",{},[]]`},
		{"escapes", `"\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00"`, `"\"\\/\b\f\n\r\tAé€😀"`},
		{"control characters", `"\u0000\u001f\u007f\u2028"`, "\"\\u0000\\u001f\u007f\u2028\""},
		{"lone surrogates", `"\ud800 \udc00 \ud800\u0041 \ud800\ud800\udc00"`, `"� � �A �𐀀"`},
		{"order", `{"b":1,"a":2,"10":3,"9":4}`, `{"b":1,"a":2,"10":3,"9":4}`},
		{"repeated name", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{"names with escapes", `{"\u0061":1,"a":2}`, `{"a":2}`},
		{"nested", `{"a":[{"b":[[]]}]}`, `{"a":[{"b":[[]]}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := value.ParseJSON([]byte(tt.give))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(v.AppendJSON(nil)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestParseJSONTellsWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	tests := []struct{ give, want string }{
		{"", "unexpected end of JSON where a value is expected at offset 0"},
		{"  ", "unexpected end of JSON where a value is expected at offset 2"},
		{"tru", "unexpected 't' where a value is expected at offset 0"},
		{"True", "unexpected 'T' where a value is expected at offset 0"},
		{"undefined", "unexpected 'u' where a value is expected at offset 0"},
		{"NaN", "unexpected 'N' where a value is expected at offset 0"},
		{"nullx", "unexpected 'x' after the value at offset 4"},
		{"1 2", "unexpected '2' after the value at offset 2"},
		{"\ufeff1", `unexpected '\ufeff' where a value is expected at offset 0`},
		{"// a\n1", "unexpected '/' where a value is expected at offset 0"},
		{"01", "unexpected '1' after the value at offset 1"},
		{"-", "unexpected end of JSON in a number at offset 1"},
		{"-a", "unexpected 'a' in a number at offset 1"},
		{"+1", "unexpected '+' where a value is expected at offset 0"},
		{".5", "unexpected '.' where a value is expected at offset 0"},
		{"1.", "unexpected end of JSON in a number at offset 2"},
		{"1.e1", "unexpected 'e' in a number at offset 2"},
		{"1e", "unexpected end of JSON in a number at offset 2"},
		{"1e+", "unexpected end of JSON in a number at offset 3"},
		{"[1,]", "unexpected ']' where a value is expected at offset 3"},
		{"[1 2]", "unexpected '2' after an element at offset 3"},
		{"[", "unexpected end of JSON where a value is expected at offset 1"},
		{"[1", "unexpected end of JSON after an element at offset 2"},
		{"{", "unexpected end of JSON where a member name is expected at offset 1"},
		{`{"a"`, "unexpected end of JSON where a colon is expected at offset 4"},
		{`{"a" 1}`, "unexpected '1' where a colon is expected at offset 5"},
		{`{"a":}`, "unexpected '}' where a value is expected at offset 5"},
		{`{"a":1,}`, "unexpected '}' where a member name is expected at offset 7"},
		{`{"a":1 "b":2}`, `unexpected '"' after a member at offset 7`},
		{`{a:1}`, "unexpected 'a' where a member name is expected at offset 1"},
		{`{'a':1}`, `unexpected '\'' where a member name is expected at offset 1`},
		{`"a`, "unexpected end of JSON in a string at offset 2"},
		{`"a\`, "unexpected end of JSON in a string at offset 2"},
		{`"a\n`, "unexpected end of JSON in a string at offset 4"},
		{"\"a\nb\"", `control character '\n' in a string at offset 2`},
		{"\"\\n\x00\"", `control character '\x00' in a string at offset 3`},
		{`"\x41"`, `unknown escape "\\x" in a string at offset 1`},
		{"\"\\\x1b\"", `unknown escape "\\\x1b" in a string at offset 1`},
		{`"\é"`, `unknown escape "\\é" in a string at offset 1`},
		{`"\u12"`, `\u needs four hexadecimal digits at offset 1`},
		{`"\u12g4"`, `\u needs four hexadecimal digits at offset 1`},
		{`"\u+123"`, `\u needs four hexadecimal digits at offset 1`},
		{`"\ud800\u12"`, `\u needs four hexadecimal digits at offset 7`},
		{"\xff", "unexpected '�' where a value is expected at offset 0"},
	}
	for _, tt := range tests {
		v, err := value.ParseJSON([]byte(tt.give))
		var syntax *value.SyntaxError
		if !errors.As(err, &syntax) || err.Error() != tt.want || !v.IsUndefined() {
			t.Errorf("ParseJSON(%q): %v, want %s", tt.give, err, tt.want)
		}
	}
}

func TestParseJSONLimitsTheDepth(t *testing.T) {
	t.Parallel()
	for _, form := range []struct{ open, end string }{{"[", "]"}, {`{"a":`, "}"}} {
		nested := func(n int) []byte {
			return []byte(strings.Repeat(form.open, n) + "1" + strings.Repeat(form.end, n))
		}
		if _, err := value.ParseJSON(nested(value.MaxJSONDepth)); err != nil {
			t.Errorf("%d levels: %v", value.MaxJSONDepth, err)
		}
		if _, err := value.ParseJSON(nested(value.MaxJSONDepth + 1)); err == nil || !strings.Contains(err.Error(), "nested deeper than 512 levels") {
			t.Errorf("%d levels: %v", value.MaxJSONDepth+1, err)
		}
		if _, err := value.ParseJSON([]byte(strings.Repeat(form.open, 1_000_000))); err == nil {
			t.Error("a million levels are accepted")
		}
	}
	wide := "[" + strings.Repeat("[[]],", 1000) + "[]]"
	if _, err := value.ParseJSON([]byte(wide)); err != nil {
		t.Errorf("many neighbours: %v", err)
	}
}

func TestAppendJSONWritesWhatStringifyWrites(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give value.Value
		want string
	}{
		{"undefined", value.Undefined, "null"},
		{"undefined member", value.Object("a", value.Undefined, "b", value.Null, "c", value.Undefined, "d", value.True), `{"b":null,"d":true}`},
		{"only undefined members", value.Object("a", value.Undefined), "{}"},
		{"undefined element", value.List(value.Undefined, value.Null), "[null,null]"},
		{"no number", value.List(value.Number(math.NaN()), value.Number(math.Inf(1)), value.Number(math.Inf(-1))), "[null,null,null]"},
		{"minus zero", value.Number(math.Copysign(0, -1)), "0"},
		{"emptystring", value.EmptyString, `""`},
		{"date", value.Date(0), `"1970-01-01T00:00:00.000Z"`},
		{"buffer", value.Buffer([]byte{0xff, 0xfe, 0}), `"//4A"`},
		{"error", value.FromError(&value.Error{Type: "DataError", Message: "a\"b"}), `{"type":"DataError","message":"a\"b"}`},
		{"nothing is escaped for HTML", value.Text("</script>&\u2028"), "\"</script>&\u2028\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(tt.give.AppendJSON([]byte("x"))); got != "x"+tt.want {
				t.Errorf("got %s, want %s", got, "x"+tt.want)
			}
		})
	}
}

func TestAValueCanBeAFieldOfAStruct(t *testing.T) {
	t.Parallel()
	type record struct {
		A, B value.Value
		C    *value.Value
	}
	text, err := json.Marshal(record{A: value.Object("z", value.Int(1), "a", digits(t, "12345678901234567890"))})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"A":{"z":1,"a":12345678901234567890},"B":null,"C":null}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	var back record
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(back); !bytes.Equal(again, text) {
		t.Errorf("read back %s", again)
	}
	back.A = value.Text("kept")
	if err := back.A.UnmarshalJSON([]byte("{")); err == nil || back.A.Str() != "kept" {
		t.Errorf("a faulty text gives %v and leaves %q", err, back.A.Str())
	}
}

// lenient makes jsontext accept what ParseJSON documents to accept.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// FuzzParseJSON compares with an independent implementation: the same texts are
// accepted, apart from the depth, and mean the same. What is written reads back equal.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0,1.5e3,12345678901234567890,"\u0041\ud83d\ude00\ud800"],"b":{"a":null,"a":true}}`,
		"\"\xff\xe2\x82\"", `[1e400,-1E-400,0.10]`, " [ ] ", "01", "[1,]", `"\u12"`, "nul", `{"":{"":[]}}`, "\ufeff1",
		strings.Repeat("[", 513) + strings.Repeat("]", 513), `"\"\\\/\b\f\n\r\t"`, "-", "1e", "\"\x00\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := value.ParseJSON(text)
		if err != nil && strings.Contains(err.Error(), "nested deeper") {
			return
		}
		if valid := jsontext.Value(text).IsValid(lenient...); valid != (err == nil) {
			t.Fatalf("ParseJSON says %v, jsontext accepts: %v", err, valid)
		}
		if err != nil {
			if at := err.(*value.SyntaxError).Offset; at < 0 || at > len(text) {
				t.Errorf("offset %d of %d", at, len(text))
			}
			return
		}
		if utf8.Valid(text) {
			reference, err := decode(jsontext.NewDecoder(bytes.NewReader(text), lenient...))
			if err != nil {
				t.Fatal(err)
			}
			if at := difference(v, reference); at != "" {
				t.Errorf("jsontext reads something else: %s", at)
			}
		}
		written := v.AppendJSON(nil)
		if !jsontext.Value(written).IsValid() {
			t.Fatalf("wrote %q", written)
		}
		back, err := value.ParseJSON(written)
		if err != nil {
			t.Fatalf("cannot read back %s: %v", written, err)
		}
		if at := difference(finite(v), back); at != "" {
			t.Errorf("written as %s, reads back different: %s", written, at)
		}
	})
}

// decode reads one value with jsontext's own lexer.
func decode(d *jsontext.Decoder) (value.Value, error) {
	token, err := d.ReadToken()
	if err != nil {
		return value.Undefined, err
	}
	switch token.Kind() {
	case 'n':
		return value.Null, nil
	case 't', 'f':
		return value.Bool(token.Bool()), nil
	case '"':
		return value.Text(token.String()), nil
	case '0':
		return value.Digits(token.String())
	case '[':
		list := &value.Array{}
		for d.PeekKind() != ']' {
			item, err := decode(d)
			if err != nil {
				return item, err
			}
			list.Append(item)
		}
		_, err := d.ReadToken()
		return value.FromArray(list), err
	case '{':
		c := &value.Collection{}
		for d.PeekKind() != '}' {
			name, err := d.ReadToken()
			if err != nil {
				return value.Undefined, err
			}
			text := name.String()
			member, err := decode(d)
			if err != nil {
				return member, err
			}
			c.Set(text, member)
		}
		_, err := d.ReadToken()
		return value.FromCollection(c), err
	}
	return value.Undefined, io.ErrUnexpectedEOF
}

// finite returns v with null for the numbers that JSON cannot hold.
func finite(v value.Value) value.Value {
	switch v.Kind() {
	case value.KindNumber:
		if math.IsInf(v.Float(), 0) && v.LongDigits() == "" {
			return value.Null
		}
	case value.KindArray:
		list := &value.Array{}
		for _, item := range v.Array().Items() {
			list.Append(finite(item))
		}
		return value.FromArray(list)
	case value.KindCollection:
		c := &value.Collection{}
		for name, member := range v.Collection().All() {
			c.Set(name, finite(member))
		}
		return value.FromCollection(c)
	}
	return v
}

// difference says where a and b, values read from JSON, differ; order counts.
func difference(a, b value.Value) string {
	if a.Kind() != b.Kind() {
		return fmt.Sprintf("%s is not %s", a.Kind(), b.Kind())
	}
	switch a.Kind() {
	case value.KindArray:
		if a.Array().Len() != b.Array().Len() {
			return "length"
		}
		for i, item := range a.Array().Items() {
			if at := difference(item, b.Array().At(i)); at != "" {
				return fmt.Sprintf("[%d] %s", i, at)
			}
		}
	case value.KindCollection:
		if a.Collection().Len() != b.Collection().Len() {
			return "number of members"
		}
		for i := range a.Collection().Len() {
			nameA, memberA := a.Collection().At(i)
			nameB, memberB := b.Collection().At(i)
			if nameA != nameB {
				return fmt.Sprintf("name %q is not %q", nameA, nameB)
			}
			if at := difference(memberA, memberB); at != "" {
				return fmt.Sprintf("%q %s", nameA, at)
			}
		}
	case value.KindNumber:
		if a.Float() != b.Float() || a.LongDigits() != b.LongDigits() {
			return fmt.Sprintf("%s is not %s", a.ToText(), b.ToText())
		}
	default:
		if a.ToText() != b.ToText() {
			return fmt.Sprintf("%q is not %q", a.ToText(), b.ToText())
		}
	}
	return ""
}

// orders is about one megabyte of JSON as services send it.
func orders() []byte {
	var b bytes.Buffer
	b.WriteString("[")
	for i := 0; b.Len() < 1_000_000; i++ {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `{"id":%d,"number":"ORD-%06d","total":%d.25,"paid":%t,"note":"žluť \"quoted\"\n","customer":`+
			`{"name":"Ann Example","email":"ann%d@example.com","vip":null},"lines":[{"sku":"A%d","count":3},{"sku":"B","count":1}]}`,
			9007199254740993+i, i, i, i%2 == 0, i, i)
	}
	b.WriteString("]")
	return b.Bytes()
}

func BenchmarkParseJSON(b *testing.B) {
	text := orders()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := value.ParseJSON(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	v, err := value.ParseJSON(orders())
	if err != nil {
		b.Fatal(err)
	}
	buffer := v.AppendJSON(nil)
	b.SetBytes(int64(len(buffer)))
	b.ReportAllocs()
	for b.Loop() {
		buffer = v.AppendJSON(buffer[:0])
	}
}
