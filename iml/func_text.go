package iml

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/cleat-run/cleat/value"
)

var textFunctions = []Function{
	{Name: "length", Summary: "Gives the length of a text in UTF-16 units, of a buffer in bytes, of an array in elements.",
		Params: []Param{{Name: "value"}}, Examples: []Example{{"length('héllo')", "5"}, {"length(null)", "0"}}, call: lengthFunction},
	{Name: "lower", Summary: "Gives the text in lower case.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"lower('ABC')", `"abc"`}},
		call: func(_ *Env, args []value.Value) (value.Value, error) {
			return value.Text(changeCase(arg(args, 0).ToText(), false)), nil
		}},
	{Name: "upper", Summary: "Gives the text in upper case.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"upper('straße')", `"STRASSE"`}},
		call: func(_ *Env, args []value.Value) (value.Value, error) {
			return value.Text(changeCase(arg(args, 0).ToText(), true)), nil
		}},
	{Name: "trim", Summary: "Gives the text without white space at both ends.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"trim('  a ')", `"a"`}},
		call: func(_ *Env, args []value.Value) (value.Value, error) {
			return value.Text(strings.TrimFunc(arg(args, 0).ToText(), value.IsSpace)), nil
		}},
	{Name: "split", Summary: "Gives the trimmed parts of a text; empty ones only when asked for.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "separator"}, {Name: "keepEmpty", Optional: true}},
		Examples: []Example{{"split('a, b,,c', ',')", `["a","b","c"]`}}, call: splitFunction},
	{Name: "join", Summary: "Gives the text of the elements joined by a separator, a comma by default.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "separator", Optional: true}},
		Examples: []Example{{"join(split('a,b', ','), '-')", `"a-b"`}}, call: joinFunction},
	{Name: "replace", Summary: "Replaces a text everywhere, or what a regular expression /…/flags finds.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "search"}, {Name: "replacement", Optional: true}},
		Examples: []Example{{"replace('a.b.c', '.', '-')", `"a-b-c"`}, {`replace('x12', '/(\d)/', '<$1>')`, `"x<1>2"`}}, call: replaceFunction},
	{Name: "base64", Summary: "Gives the bytes as base64 text.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"base64('Hi')", `"SGk="`}},
		call: func(_ *Env, args []value.Value) (value.Value, error) {
			return value.Text(base64.StdEncoding.EncodeToString(bytesOf(arg(args, 0)))), nil
		}},
	{Name: "encodeURL", Summary: "Escapes a text for a part of a URL.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"encodeURL('a b/ä')", `"a%20b%2F%C3%A4"`}},
		call: func(_ *Env, args []value.Value) (value.Value, error) {
			return value.Text(encodeURIComponent(arg(args, 0).ToText())), nil
		}},
	{Name: "decodeURL", Summary: "Undoes encodeURL.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"decodeURL('a%20b')", `"a b"`}}, call: decodeURLFunction},
	{Name: "toString", Summary: "Gives the text form of a value; a buffer is read with an encoding.",
		Params:   []Param{{Name: "value"}, {Name: "encoding", Optional: true}},
		Examples: []Example{{"toString(1.5)", `"1.5"`}, {"toString(toBinary('SGk=', 'base64'))", `"Hi"`}}, call: toStringFunction},
	{Name: "toBinary", Summary: "Gives the bytes that a text stands for in an encoding.", passes: true,
		Params:   []Param{{Name: "value"}, {Name: "encoding", Optional: true}},
		Examples: []Example{{"toString(toBinary('4869', 'hex'))", `"Hi"`}}, call: toBinaryFunction},
}

func lengthFunction(_ *Env, args []value.Value) (value.Value, error) {
	v := arg(args, 0)
	switch {
	case v.IsNil():
		return value.Int(0), nil
	case v.IsText():
		return value.Int(utf16Length(v.Str())), nil
	case v.Kind() == value.KindBuffer:
		return value.Int(len(v.Bytes())), nil
	case v.Array() != nil:
		return value.Int(v.Array().Len()), nil
	}
	return value.Undefined, &argumentError{value: v, what: "array"}
}

func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		if n++; r > 0xFFFF {
			n++
		}
	}
	return n
}

// changeCase maps the full Unicode way (ß becomes SS); ASCII needs no table.
func changeCase(s string, up bool) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			if up {
				return cases.Upper(language.Und).String(s)
			}
			return cases.Lower(language.Und).String(s)
		}
	}
	if up {
		return strings.ToUpper(s)
	}
	return strings.ToLower(s)
}

func bytesOf(v value.Value) []byte {
	if v.Kind() == value.KindBuffer {
		return v.Bytes()
	}
	return []byte(v.ToText())
}

func splitFunction(env *Env, args []value.Value) (value.Value, error) {
	text, separator := arg(args, 0).ToText(), arg(args, 1).ToText()
	if err := env.Elements(strings.Count(text, separator) + 1); err != nil {
		return value.Undefined, err
	}
	keep := arg(args, 2).Truthy()
	parts := value.NewArray()
	for part := range strings.SplitSeq(text, separator) {
		if part = strings.TrimFunc(part, value.IsSpace); part != "" || keep {
			parts.Append(value.Text(part))
		}
	}
	return value.FromArray(parts), nil
}

func joinFunction(env *Env, args []value.Value) (value.Value, error) {
	list, err := arrayArg(args, 0)
	if err != nil {
		return value.Undefined, err
	}
	if err := env.Step(list.Len()); err != nil {
		return value.Undefined, err
	}
	separator := ","
	if v := arg(args, 1); !v.IsNil() {
		separator = v.ToText()
	}
	var b strings.Builder
	for i, item := range list.Items() {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(item.ToText())
	}
	return value.Text(b.String()), env.Produce(b.Len())
}

// encodeURIComponent escapes all but letters, digits and - _ . ! ~ * ' ( ).
func encodeURIComponent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func decodeURLFunction(_ *Env, args []value.Value) (value.Value, error) {
	decoded, err := url.PathUnescape(arg(args, 0).ToText())
	if err != nil || !utf8.ValidString(decoded) {
		return value.Undefined, &argumentError{value: arg(args, 0), what: "URL-encoded text"}
	}
	return value.Text(decoded), nil
}

func toStringFunction(_ *Env, args []value.Value) (value.Value, error) {
	v := arg(args, 0)
	if v.Kind() != value.KindBuffer {
		return value.Text(v.ToText()), nil
	}
	text, err := encodeBytes(v.Bytes(), arg(args, 1).ToText())
	return value.Text(text), err
}

// encodeBytes writes bytes in one of Node's encodings.
func encodeBytes(b []byte, encoding string) (string, error) {
	switch strings.ToLower(encoding) {
	case "", "utf8", "utf-8", "text":
		return strings.ToValidUTF8(string(b), "\uFFFD"), nil
	case "hex":
		return hex.EncodeToString(b), nil
	case "base64":
		return base64.StdEncoding.EncodeToString(b), nil
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(b), nil
	case "ascii", "latin1", "binary":
		runes := make([]rune, len(b))
		for i, c := range b {
			if runes[i] = rune(c); strings.EqualFold(encoding, "ascii") {
				runes[i] &= 0x7F
			}
		}
		return string(runes), nil
	}
	//lint:ignore ST1005 the wording of the original engine
	return "", fmt.Errorf("Unknown encoding '%s'.", encoding)
}

func toBinaryFunction(_ *Env, args []value.Value) (value.Value, error) {
	v := arg(args, 0)
	if v.Kind() == value.KindBuffer {
		return v, nil
	}
	b, err := decodeText(v.ToText(), arg(args, 1).ToText())
	return value.Buffer(b), err
}

// decodeText reads the bytes that a text stands for, as leniently as Node does.
func decodeText(s, encoding string) ([]byte, error) {
	switch strings.ToLower(encoding) {
	case "", "utf8", "utf-8", "text":
		return []byte(s), nil
	case "hex":
		n := 0
		for n+1 < len(s) && isHex(s[n]) && isHex(s[n+1]) {
			n += 2
		}
		return hex.DecodeString(s[:n])
	case "base64", "base64url":
		clean := strings.Map(func(r rune) rune {
			switch {
			case r == '-':
				return '+'
			case r == '_':
				return '/'
			case r == '=' || value.IsSpace(r):
				return -1
			}
			return r
		}, s)
		b, err := base64.RawStdEncoding.DecodeString(clean)
		if err != nil {
			return nil, &argumentError{value: value.Text(s), what: "base64 text"}
		}
		return b, nil
	case "ascii", "latin1", "binary":
		b := make([]byte, 0, len(s))
		for _, r := range s {
			b = append(b, byte(r))
		}
		return b, nil
	}
	//lint:ignore ST1005 the wording of the original engine
	return nil, fmt.Errorf("Unknown encoding '%s'.", encoding)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
