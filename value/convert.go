package value

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// isoMillis is ISO 8601 in UTC with milliseconds, the text form of a date.
const isoMillis = "2006-01-02T15:04:05.000Z"

// ToText returns the text form of v: undefined, null and the forced empty text give "",
// booleans true or false, numbers the notation of ECMAScript's Number::toString, dates
// ISO 8601 in UTC with milliseconds, buffers their bytes read as UTF-8 (what is none
// becomes U+FFFD, as in a browser), arrays the text of their elements joined by a comma,
// collections {object}.
func (v Value) ToText() string {
	switch v.kind {
	case KindText:
		return v.text
	case KindUndefined, KindNull, KindEmptyString:
		return ""
	}
	return string(v.AppendText(nil))
}

// AppendText appends the text form of v to dst; see [Value.ToText].
func (v Value) AppendText(dst []byte) []byte {
	switch v.kind {
	case KindText:
		return append(dst, v.text...)
	case KindBool:
		return strconv.AppendBool(dst, v.num != 0)
	case KindNumber:
		if v.text != "" {
			return append(dst, v.text...)
		}
		return appendFloat(dst, v.num)
	case KindDate:
		return appendISO(dst, int64(v.num))
	case KindBuffer:
		return appendValidUTF8(dst, string(v.Bytes()))
	case KindArray:
		for i, item := range v.Array().Items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.AppendText(dst)
		}
		return dst
	case KindCollection:
		return append(dst, "{object}"...)
	case KindError:
		return append(dst, v.Err().Error()...)
	}
	return dst
}

func appendISO(dst []byte, ms int64) []byte {
	t := time.UnixMilli(ms).UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		// ECMAScript 21.4.1.32: years outside 0–9999 have a sign and six digits.
		sign := byte('+')
		if y < 0 {
			sign, y = '-', -y
		}
		dst = append(dst, sign)
		six := strconv.Itoa(y)
		dst = append(dst, "000000"[:max(0, 6-len(six))]...)
		dst = append(dst, six...)
		return t.AppendFormat(dst, isoMillis[4:])
	}
	return t.AppendFormat(dst, isoMillis)
}

// FormatNumber returns f in the notation of ECMAScript's Number::toString: digits up to
// 1e21, exponent beyond, "NaN", "Infinity", and 0 for minus zero.
func FormatNumber(f float64) string { return formatFloat(f) }

func formatFloat(f float64) string { return string(appendFloat(make([]byte, 0, 24), f)) }

// appendFloat follows ECMA-262 6.1.6.1.20 Number::toString with radix 10.
func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case f == 0:
		return append(dst, '0')
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes at least two digits in the exponent, ECMAScript as few as it needs.
	if n := len(dst); n >= 4 && dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// ToNumber returns the number form of v: null and blank text 0, undefined NaN, booleans
// 0 or 1, dates their milliseconds, text as [ParseNumber] reads it, everything else NaN.
func (v Value) ToNumber() float64 {
	switch v.kind {
	case KindNumber, KindBool, KindDate:
		return v.num
	case KindNull, KindEmptyString:
		return 0
	case KindText:
		return ParseNumber(v.text)
	}
	return math.NaN()
}

// ParseNumber reads text as ECMAScript's Number() does: surrounding blanks are ignored,
// blank text is 0; decimal, exponent, 0x, 0o, 0b and Infinity forms; NaN for anything
// else.
func ParseNumber(text string) float64 {
	s := strings.TrimFunc(text, IsSpace)
	if s == "" {
		return 0
	}
	if len(s) > 2 && s[0] == '0' {
		base := 0
		switch s[1] {
		case 'x', 'X':
			base = 16
		case 'o', 'O':
			base = 8
		case 'b', 'B':
			base = 2
		}
		if base > 0 {
			return parseRadix(s[2:], base)
		}
	}
	switch s {
	case "Infinity", "+Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	f, err := parseDecimal(s)
	if err != nil {
		return math.NaN()
	}
	return f
}

// parseDecimal reads a decimal number, and an infinity where it is too big for a double.
func parseDecimal(s string) (float64, error) {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '+' && c != '-' && c != 'e' && c != 'E' {
			// strconv also knows "inf", "0x1p-2" and underscores
			return 0, &strconv.NumError{Func: "ParseFloat", Num: s, Err: strconv.ErrSyntax}
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if math.IsInf(f, 0) {
		err = nil
	}
	return f, err
}

func parseRadix(digits string, base int) float64 {
	for i := range len(digits) {
		d := 99
		switch c := digits[i]; {
		case c >= '0' && c <= '9':
			d = int(c - '0')
		case c >= 'a' && c <= 'f':
			d = int(c-'a') + 10
		case c >= 'A' && c <= 'F':
			d = int(c-'A') + 10
		}
		if d >= base {
			return math.NaN()
		}
	}
	n, _ := new(big.Int).SetString(digits, base)
	f, _ := new(big.Float).SetInt(n).Float64() // rounds once, from all digits
	return f
}

// IsSpace reports whether r is white space or a line terminator in ECMAScript's sense,
// the set that trim removes.
func IsSpace(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\v', '\f', '\r', 0xA0, 0xFEFF, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
		return true
	}
	return r >= 0x2000 && r <= 0x200A
}
