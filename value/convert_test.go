package value_test

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cleat-run/cleat/value"
)

func digits(t testing.TB, text string) value.Value {
	t.Helper()
	v, err := value.Digits(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The wanted texts were printed by Node.js 20.
func TestFormatNumberFollowsECMAScript(t *testing.T) {
	t.Parallel()
	tests := []struct {
		give float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {1, "1"}, {-1, "-1"}, {0.1, "0.1"}, {1.5, "1.5"}, {100, "100"},
		{123456789, "123456789"}, {1e20, "100000000000000000000"}, {1e21, "1e+21"},
		{123456789012345680000, "123456789012345680000"}, {999999999999999900000, "999999999999999900000"},
		{1e-6, "0.000001"}, {1e-7, "1e-7"}, {1.5e-7, "1.5e-7"}, {0.000001234, "0.000001234"}, {0.00001, "0.00001"},
		{2.5e-8, "2.5e-8"}, {1e-10, "1e-10"}, {5e-324, "5e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308"},
		{1e22, "1e+22"}, {1e100, "1e+100"}, {-1e-100, "-1e-100"}, {12345678901234567890123, "1.2345678901234568e+22"},
		{9007199254740993, "9007199254740992"}, {0.30000000000000004, "0.30000000000000004"}, {4.35, "4.35"},
		{math.NaN(), "NaN"}, {math.Inf(1), "Infinity"}, {math.Inf(-1), "-Infinity"},
	}
	for _, tt := range tests {
		if got := value.FormatNumber(tt.give); got != tt.want {
			t.Errorf("FormatNumber(%g) = %s, want %s", tt.give, got, tt.want)
		}
		if got := string(value.Number(tt.give).AppendText([]byte("e+0"))); got != "e+0"+tt.want {
			t.Errorf("AppendText after other text gave %q, want %q", got, "e+0"+tt.want)
		}
	}
}

// FuzzFormatNumber compares with the second implementation of the same rule, and holds
// that reading the text gives the number back.
func FuzzFormatNumber(f *testing.F) {
	for _, bits := range []uint64{0, 1, 0x7FEFFFFFFFFFFFFF, math.Float64bits(1e21), math.Float64bits(1e-6), math.Float64bits(-1e-7)} {
		f.Add(bits)
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		give := math.Float64frombits(bits)
		got := value.FormatNumber(give)
		if math.IsNaN(give) || math.IsInf(give, 0) {
			return
		}
		if back := value.ParseNumber(got); back != give {
			t.Errorf("%s is read as %g, want %g", got, back, give)
		}
		if want := jsontext.Float(give).String(); got != want && give != 0 {
			t.Errorf("FormatNumber = %s, jsontext writes %s", got, want)
		}
	})
}

// The wanted numbers are what Number(text) gives in Node.js 20.
func TestParseNumberFollowsECMAScript(t *testing.T) {
	t.Parallel()
	tests := []struct{ give, want string }{
		{"", "0"}, {"  ", "0"}, {"\n\t\u00a0\ufeff\u2028 5 \u3000", "5"}, {"12", "12"}, {"-12", "-12"}, {"+12", "12"},
		{"--1", "NaN"}, {"1.", "1"}, {"1.5", "1.5"}, {".5", "0.5"}, {"-.5", "-0.5"}, {".", "NaN"}, {"+", "NaN"},
		{"1e3", "1000"}, {"1E+3", "1000"}, {"1e-3", "0.001"}, {"1e", "NaN"}, {"e1", "NaN"},
		{"1e400", "Infinity"}, {"-1e400", "-Infinity"}, {"1e-400", "0"},
		{"0x1F", "31"}, {"0Xff", "255"}, {"0x", "NaN"}, {"0xg", "NaN"}, {"-0x10", "NaN"}, {"0x-1", "NaN"}, {"0x1.8", "NaN"},
		{"0b101", "5"}, {"0B2", "NaN"}, {"0b", "NaN"}, {"0o17", "15"}, {"0o8", "NaN"}, {"0O7", "7"}, {"010", "10"},
		{"1_000", "NaN"}, {"0x1_0", "NaN"}, {"1,5", "NaN"}, {"Infinity", "Infinity"}, {"+Infinity", "Infinity"},
		{"-Infinity", "-Infinity"}, {"infinity", "NaN"}, {"inf", "NaN"}, {"NaN", "NaN"}, {"nan", "NaN"}, {"0x1p4", "NaN"},
		{"1 2", "NaN"}, {"１", "NaN"}, {"true", "NaN"}, {"null", "NaN"}, {"1n", "NaN"}, {"1\x00", "NaN"},
		{"\u0085 1", "NaN"}, {"\u180e1", "NaN"}, {"9007199254740993", "9007199254740992"},
		{"0x20000000000001", "9007199254740992"}, {"0x20000000000003", "9007199254740996"},
		{"0xfffffffffffffbff", "18446744073709550000"}, {"0x" + strings.Repeat("f", 300), "Infinity"},
		{"0b" + strings.Repeat("1", 54), "18014398509481984"},
	}
	for _, tt := range tests {
		if got := value.FormatNumber(value.ParseNumber(tt.give)); got != tt.want {
			t.Errorf("ParseNumber(%q) = %s, want %s", tt.give, got, tt.want)
		}
	}
}

// 0x20000000000000 followed by a 1 that only the last digit holds: rounding step by step
// would lose it.
func TestParseNumberRoundsHexadecimalOnce(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]float64{
		"0x200000000000010000000000000001": 0x1.0000000000001p117,
		"0x200000000000010000000000000000": 0x1p117,
	} {
		if got := value.ParseNumber(give); got != want {
			t.Errorf("ParseNumber(%s) = %x, want %x", give, got, want)
		}
	}
}

func TestToTextOfEveryKind(t *testing.T) {
	t.Parallel()
	list := value.List(value.Int(1), value.Null, value.Text("a"), value.Undefined, value.List(value.True, value.Int(2)),
		value.Object("k", value.Int(1)), value.EmptyString)
	tests := []struct {
		name string
		give value.Value
		want string
	}{
		{"undefined", value.Undefined, ""},
		{"null", value.Null, ""},
		{"true", value.True, "true"},
		{"false", value.False, "false"},
		{"number", value.Number(0.5), "0.5"},
		{"minus zero", value.Number(math.Copysign(0, -1)), "0"},
		{"long digits", digits(t, "12345678901234567890"), "12345678901234567890"},
		{"text", value.Text("a\x00ž"), "a\x00ž"},
		{"emptystring", value.EmptyString, ""},
		{"date", value.Date(1482940986000), "2016-12-28T16:03:06.000Z"},
		{"buffer", value.Buffer([]byte("Make")), "Make"},
		{"empty buffer", value.Buffer(nil), ""},
		{"array", list, "1,,a,,true,2,{object},"},
		{"empty array", value.List(), ""},
		{"collection", value.Object("k", value.Int(1)), "{object}"},
		{"error", value.FromError(&value.Error{Type: "DataError", Message: "bad"}), "DataError: bad"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.give.ToText(); got != tt.want {
				t.Errorf("ToText = %q, want %q", got, tt.want)
			}
			if got := string(tt.give.AppendText([]byte("x"))); got != "x"+tt.want {
				t.Errorf("AppendText = %q, want %q", got, "x"+tt.want)
			}
		})
	}
}

func TestToNumberOfEveryKind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give value.Value
		want string
	}{
		{"undefined", value.Undefined, "NaN"},
		{"null", value.Null, "0"},
		{"true", value.True, "1"},
		{"false", value.False, "0"},
		{"number", value.Number(0.5), "0.5"},
		{"long digits", digits(t, "12345678901234567890"), "12345678901234567000"},
		{"text", value.Text(" 12 "), "12"},
		{"text without a number", value.Text("x"), "NaN"},
		{"emptystring", value.EmptyString, "0"},
		{"date", value.Date(12), "12"},
		{"buffer", value.Buffer([]byte("12")), "NaN"},
		{"array", value.List(value.Int(5)), "NaN"},
		{"collection", value.Object(), "NaN"},
		{"error", value.FromError(&value.Error{}), "NaN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := value.FormatNumber(tt.give.ToNumber()); got != tt.want {
				t.Errorf("ToNumber = %s, want %s", got, tt.want)
			}
		})
	}
}

// The wanted texts were printed by Node.js 20.
func TestDatesBeyondFourDigitsFollowECMAScript(t *testing.T) {
	t.Parallel()
	for ms, want := range map[int64]string{
		0:                 "1970-01-01T00:00:00.000Z",
		-1:                "1969-12-31T23:59:59.999Z",
		253402300799999:   "9999-12-31T23:59:59.999Z",
		253402300800000:   "+010000-01-01T00:00:00.000Z",
		8640000000000000:  "+275760-09-13T00:00:00.000Z",
		-62167219200000:   "0000-01-01T00:00:00.000Z",
		-62167219200001:   "-000001-12-31T23:59:59.999Z",
		-8640000000000000: "-271821-04-20T00:00:00.000Z",
	} {
		v := value.Date(ms)
		if got := v.ToText(); got != want {
			t.Errorf("date %d is %s, want %s", ms, got, want)
		}
		if got := string(v.AppendJSON(nil)); got != `"`+want+`"` {
			t.Errorf("date %d is %s in JSON, want %s", ms, got, want)
		}
		if v.Millis() != ms || v.AsTime().UnixMilli() != ms || value.Time(v.AsTime()).Millis() != ms {
			t.Errorf("date %d does not come back", ms)
		}
	}
	zone := time.FixedZone("", 3600)
	at := value.Time(time.Date(2020, 1, 1, 1, 0, 0, 1_999_999, zone)).AsTime()
	if got, want := at.Format(time.RFC3339Nano), "2020-01-01T00:00:00.001Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// brokenUTF8 holds bytes in hexadecimal and what Node.js 20 decodes them to.
var brokenUTF8 = []struct{ bytes, want string }{
	{"4d616b65", "Make"}, {"ff", "�"}, {"ffff", "��"}, {"e282", "�"}, {"e28261", "�a"}, {"c2", "�"}, {"c261", "�a"},
	{"f09f98", "�"}, {"f09f9880", "😀"}, {"eda080", "���"}, {"f4908080", "����"}, {"c0af", "��"}, {"e0808f", "���"},
	{"f08080", "���"}, {"80", "�"}, {"61ff62", "a�b"}, {"efbfbd", "�"}, {"fe", "�"}, {"f8888888", "����"},
	{"e28280e2", "₀�"}, {"f09f41", "�A"}, {"f09fe282ac", "�€"},
}

func TestBrokenUTF8IsReplacedAsABrowserDoes(t *testing.T) {
	t.Parallel()
	for _, tt := range brokenUTF8 {
		give, err := hex.DecodeString(tt.bytes)
		if err != nil {
			t.Fatal(err)
		}
		if got := value.Buffer(give).ToText(); got != tt.want {
			t.Errorf("the buffer %s is %q, want %q", tt.bytes, got, tt.want)
		}
		if got, want := string(value.AppendQuoted(nil, string(give))), strconv.Quote(tt.want); got != want {
			t.Errorf("%s is quoted as %s, want %s", tt.bytes, got, want)
		}
		for _, escape := range []string{"", `\u0041`} {
			text, want := `"`+string(give)+escape+`"`, tt.want
			if escape != "" {
				want += "A"
			}
			if v, err := value.ParseJSON([]byte(text)); err != nil || v.Str() != want {
				t.Errorf("the JSON %q is %q (%v), want %q", text, v.Str(), err, want)
			}
		}
	}
}

func TestIsSpaceIsWhatTrimRemoves(t *testing.T) {
	t.Parallel()
	const spaces = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
	for r := rune(0); r <= 0xFFFF; r++ {
		if got, want := value.IsSpace(r), strings.ContainsRune(spaces, r); got != want && (r < 0xD800 || r > 0xDFFF) {
			t.Errorf("IsSpace(%U) = %v, want %v", r, got, want)
		}
	}
}

func BenchmarkFormatNumber(b *testing.B) {
	b.ReportAllocs()
	buffer := make([]byte, 0, 64)
	v := value.Number(1234.5678)
	for b.Loop() {
		buffer = v.AppendText(buffer[:0])
	}
}
