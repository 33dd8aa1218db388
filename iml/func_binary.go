package iml

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cleat-run/cleat/value"
)

var binaryFunctions = []Function{
	{Name: "base64", Summary: "Gives the bytes as base64 text.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"base64('Hi')", `"SGk="`}},
		Call: func(env *Env, args []value.Value) (value.Value, error) {
			text := base64.StdEncoding.EncodeToString(bytesOf(arg(args, 0)))
			return value.Text(text), env.Produce(len(text))
		}},
	{Name: "encodeURL", Summary: "Escapes a text for a part of a URL.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"encodeURL('a b/ä')", `"a%20b%2F%C3%A4"`}}, Call: onText(encodeURIComponent)},
	{Name: "decodeURL", Summary: "Undoes encodeURL.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"decodeURL('a%20b+c')", `"a b+c"`}}, Call: decodeURLFunction},
	{Name: "toString", Summary: "Gives the text form of a value; a buffer is read with an encoding.",
		Params:   []Param{{Name: "value"}, {Name: "encoding", Optional: true}},
		Examples: []Example{{"toString(1.5)", `"1.5"`}, {"toString(toBinary('SGk=', 'base64'))", `"Hi"`}}, Call: toStringFunction},
	{Name: "toBinary", Summary: "Gives the bytes that a text stands for in an encoding.", passes: true,
		Params:   []Param{{Name: "value"}, {Name: "encoding", Optional: true}},
		Examples: []Example{{"toString(toBinary('4869', 'hex'))", `"Hi"`}}, Call: toBinaryFunction},
}

func bytesOf(v value.Value) []byte {
	if v.Kind() == value.KindBuffer {
		return v.Bytes()
	}
	return []byte(v.ToText())
}

const upperHex = "0123456789ABCDEF"

// encodeURIComponent escapes all but letters, digits and - _ . ! ~ * ' ( ) (ECMA-262
// 19.2.6.4).
func encodeURIComponent(s string) string {
	escaped := make([]byte, 0, len(s)+len(s)/2)
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()", c) >= 0 {
			escaped = append(escaped, c)
		} else {
			escaped = append(escaped, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(escaped)
}

func decodeURLFunction(_ *Env, args []value.Value) (value.Value, error) {
	decoded, err := url.PathUnescape(arg(args, 0).ToText())
	if err != nil || !utf8.ValidString(decoded) {
		return value.Undefined, &argumentError{value: arg(args, 0), what: "URL-encoded text"}
	}
	return value.Text(decoded), nil
}

func toStringFunction(env *Env, args []value.Value) (value.Value, error) {
	v := arg(args, 0)
	if v.Kind() != value.KindBuffer {
		text := v.ToText()
		return value.Text(text), env.Produce(len(text))
	}
	text, ok := encodeBytes(v.Bytes(), arg(args, 1).ToText())
	if !ok {
		return value.Undefined, unknownEncoding(args, 1)
	}
	return value.Text(text), env.Produce(len(text))
}

func toBinaryFunction(env *Env, args []value.Value) (value.Value, error) {
	v := arg(args, 0)
	if v.Kind() == value.KindBuffer {
		return v, nil
	}
	b, ok := decodeText(v.ToText(), arg(args, 1).ToText())
	if !ok {
		return value.Undefined, unknownEncoding(args, 1)
	}
	return value.Buffer(b), env.Produce(len(b))
}

func unknownEncoding(args []value.Value, i int) error {
	return &argumentError{index: i, value: arg(args, i), what: "encoding", hint: "encodings are utf8, hex, base64, ascii, latin1 and binary"}
}

// encodeBytes writes bytes in one of Node's encodings.
func encodeBytes(b []byte, encoding string) (text string, ok bool) {
	switch strings.ToLower(encoding) {
	case "", "utf8", "utf-8", "text":
		return value.Buffer(b).ToText(), true
	case "hex":
		return hex.EncodeToString(b), true
	case "base64":
		return base64.StdEncoding.EncodeToString(b), true
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(b), true
	case "latin1", "binary":
		return narrow(b, 0xFF), true
	case "ascii":
		return narrow(b, 0x7F), true
	}
	return "", false
}

// narrow makes each byte, masked, a character.
func narrow(b []byte, mask byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c & mask)
	}
	return string(runes)
}

// decodeText reads the bytes that a text stands for, as leniently as Node does.
func decodeText(s, encoding string) (b []byte, ok bool) {
	switch strings.ToLower(encoding) {
	case "", "utf8", "utf-8", "text":
		return []byte(s), true
	case "hex":
		n := 0
		for n+1 < len(s) && isHex(s[n]) && isHex(s[n+1]) {
			n += 2
		}
		b, _ := hex.DecodeString(s[:n])
		return b, true
	case "base64", "base64url":
		return decodeBase64(s), true
	case "ascii", "latin1", "binary":
		b := make([]byte, 0, len(s))
		for _, unit := range utf16.Encode([]rune(s)) {
			b = append(b, byte(unit))
		}
		return b, true
	}
	return nil, false
}

// decodeBase64 reads both alphabets up to the first =; other characters are skipped and
// a last lonely one is dropped, as Node does.
func decodeBase64(s string) []byte {
	s, _, _ = strings.Cut(s, "=")
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		case r < utf8.RuneSelf && (isAlphanumericByte(byte(r)) || r == '+' || r == '/'):
			return r
		}
		return -1
	}, s)
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	b, _ := base64.RawStdEncoding.DecodeString(clean) // it holds nothing else now
	return b
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
