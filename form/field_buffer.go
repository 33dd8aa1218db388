package form

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cleat-run/cleat/value"
)

var bufferType = Type{Name: "buffer", Summary: "Binary data, such as the content of a file.", Stored: "string", Keys: "codepage", convert: toBuffer, empty: emptyPlain, tool: toolBuffer}

// toBuffer encodes texts, numbers, booleans and dates in the codepage of the field, utf8
// when it has none (help.make.com/type-coercion).
func toBuffer(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
	var text string
	switch v.Kind() {
	case value.KindBuffer:
		if f.codepage == "" || v.Codepage() == "" || sameCodepage(f.codepage, v.Codepage()) {
			return v, true
		}
		var ok bool
		if text, ok = decodeText(v.Bytes(), v.Codepage()); !ok {
			return p.wrongType(f, v, at, "text in the codepage "+f.codepage)
		}
	case value.KindText:
		if p.o.Base64 {
			return p.fromBase64(f, v, at)
		}
		text = v.Str()
	case value.KindBool, value.KindNumber, value.KindDate:
		text = v.ToText()
	default:
		return p.wrongType(f, v, at, "binary data")
	}
	encoded, ok := encodeText(text, f.codepage)
	if !ok {
		return p.wrongType(f, v, at, "text in the codepage "+f.codepage)
	}
	return value.Encoded(encoded, orUTF8(f.codepage)), true
}

// fromBase64 decodes what a caller sends who follows the schema of [Form.Tool].
func (p *pass) fromBase64(f *Field, v value.Value, at *place) (value.Value, bool) {
	content, err := base64.StdEncoding.DecodeString(v.Str())
	if err != nil {
		return p.wrongType(f, v, at, "binary data in base64")
	}
	return value.Encoded(content, f.codepage), true
}

func orUTF8(codepage string) string {
	if codepage == "" {
		return "utf8"
	}
	return codepage
}

// codepages gives the names that mean the same the one spelling used here.
var codepages = map[string]string{"": "utf8", "utf8": "utf8", "utf-8": "utf8", "binary": "latin1", "latin1": "latin1", "iso-8859-1": "latin1",
	"ascii": "ascii", "us-ascii": "ascii", "utf16le": "utf16le", "utf-16le": "utf16le", "ucs2": "utf16le", "ucs-2": "utf16le"}

func sameCodepage(a, b string) bool {
	return codepages[strings.ToLower(a)] == codepages[strings.ToLower(b)]
}

// encodeText writes text in a codepage; ok is false when it cannot be, or when the
// codepage is not known.
func encodeText(text, codepage string) (encoded []byte, ok bool) {
	limit := rune(0xFF)
	switch codepages[strings.ToLower(codepage)] {
	case "utf8":
		return []byte(text), true
	case "utf16le":
		for _, unit := range utf16.Encode([]rune(text)) {
			encoded = binary.LittleEndian.AppendUint16(encoded, unit)
		}
		return encoded, true
	case "ascii":
		limit = 0x7F
	case "latin1":
	default:
		return nil, false
	}
	for _, r := range text {
		if r > limit {
			return nil, false
		}
		encoded = append(encoded, byte(r))
	}
	return encoded, true
}

// decodeText reads bytes as text of a codepage that has to be known.
func decodeText(b []byte, codepage string) (string, bool) {
	if codepage == "" {
		return "", false
	}
	switch codepages[strings.ToLower(codepage)] {
	case "utf8", "ascii":
		return string(b), utf8.Valid(b)
	case "utf16le":
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
		return string(utf16.Decode(units)), len(b)%2 == 0
	case "latin1":
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes), true
	}
	return "", false
}

func toolBuffer(_ *toolExport, _ *Field, s *schema) { s.set("contentEncoding", value.Text("base64")) }
