package value

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"
)

// MarshalJSON returns the compact JSON of v; see [Value.AppendJSON]. Undefined gives
// null, so that a Value can be a field of a struct.
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

// UnmarshalJSON reads JSON into v; see [ParseJSON].
func (v *Value) UnmarshalJSON(data []byte) error {
	parsed, err := ParseJSON(data)
	if err == nil {
		*v = parsed
	}
	return err
}

// AppendJSON appends v as compact JSON as ECMAScript's JSON.stringify would write it:
// undefined members vanish, undefined elements and v itself become null, NaN and the
// infinities become null, dates ISO text. Long digits are written as they were read. A
// buffer is written as base64 text and an error as {"type","message"}.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.kind {
	case KindBool:
		return strconv.AppendBool(dst, v.num != 0)
	case KindNumber:
		if v.text == "" && (math.IsNaN(v.num) || math.IsInf(v.num, 0)) {
			return append(dst, "null"...)
		}
		return v.AppendText(dst)
	case KindText:
		return AppendQuoted(dst, v.text)
	case KindEmptyString:
		return append(dst, `""`...)
	case KindDate:
		return append(v.AppendText(append(dst, '"')), '"')
	case KindBuffer:
		dst = base64.StdEncoding.AppendEncode(append(dst, '"'), v.Bytes())
		return append(dst, '"')
	case KindArray:
		dst = append(dst, '[')
		for i, item := range v.Array().Items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.AppendJSON(dst)
		}
		return append(dst, ']')
	case KindCollection:
		dst = append(dst, '{')
		first := true
		for name, member := range v.Collection().All() {
			if member.IsUndefined() {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(AppendQuoted(dst, name), ':')
			dst = member.AppendJSON(dst)
		}
		return append(dst, '}')
	case KindError:
		e := v.Err()
		return Object("type", Text(e.Type), "message", Text(e.Message)).AppendJSON(dst)
	}
	return append(dst, "null"...)
}

const hexDigits = "0123456789abcdef"

// AppendQuoted appends s as a JSON string. Only the quote, the back slash and control
// characters are escaped, as JSON.stringify does; invalid UTF-8 becomes U+FFFD.
func AppendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				size = illFormed(s[i:])
				dst = append(append(dst, s[from:i]...), "\uFFFD"...)
				from = i + size
			}
			i += size
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}
