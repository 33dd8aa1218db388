package storetest

import (
	"math"

	"github.com/cleat-run/cleat/value"
)

// Values returns values of every kind, with those that stores are likely to lose.
func Values() []value.Value {
	all := []value.Value{
		value.Null, value.True, value.False, value.EmptyString,
		value.Text(""), value.Text("plain"), value.Text("Žluťoučký 😀 日本語"), value.Text("\x00\x01\n\t\"\\\u2028</script>"),
		value.Text("null"), value.Text("2024-01-01T00:00:00.000Z"), value.Text("12345678901234567890"),
		value.Text("latin \xe9, broken \xff\xfe"),
		value.Int(0), value.Int(-1), value.Number(0.1), value.Number(1e-7), value.Number(1e21), value.Number(5e-324),
		value.Number(math.MaxFloat64), value.Number(-math.MaxFloat64), value.Number(1 << 53), value.Number(1<<53 + 2),
		value.Number(math.Copysign(0, -1)), value.Number(math.NaN()), value.Number(math.Inf(1)), value.Number(math.Inf(-1)),
		value.Date(0), value.Date(1700000000123), value.Date(-1), value.Date(8.64e15), value.Date(-8.64e15), value.Date(1 << 60),
		value.Buffer(nil), value.Buffer([]byte{}), value.Buffer([]byte{0, 1, 254, 255}), value.Buffer([]byte("text")),
		value.List(), value.List(value.Undefined), value.List(value.Null, value.Undefined, value.Int(1), value.Undefined),
		value.List(value.List(value.List())),
		value.Object(), value.Object("z", value.Int(1), "a", value.Int(2), "m", value.Object("", value.Null)),
		value.Object("10", value.Int(1), "9", value.Int(2), "1", value.Int(3)),
		value.Object("$date", value.Int(1)), value.Object("$empty", value.True), value.Object("$undefined", value.True),
		value.Object("$", value.Int(1)), value.Object("$$date", value.Int(1)), value.Object("$=", value.Text("x")),
		value.Object("$buffer", value.Text("not base64!"), "$text", value.Date(1)),
		value.Object("\xff\xfe", value.Text("name of bytes"), "\xff", value.Null, "\uFFFD", value.True),
		value.Object("__proto__", value.Int(1), "constructor", value.Null),
		value.FromArray(nil), value.FromCollection(nil),
		value.FromError(&value.Error{Type: "DataError", Message: "bad \"thing\" \xff"}), value.FromError(&value.Error{}),
	}
	for _, digits := range []string{"9007199254740993", "-12345678901234567890123", "00000000000000000000012345678901234567890"} {
		v, err := value.Digits(digits)
		if err != nil {
			panic(err)
		}
		all = append(all, v)
	}
	return all
}
