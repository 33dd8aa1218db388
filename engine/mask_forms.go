package engine

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// forms returns secret in every form that is masked.
func forms(secret string) []string {
	inHex := hex.EncodeToString([]byte(secret))
	all := []string{secret, strings.ToLower(secret), inHex, strings.ToUpper(inHex)} // a name of a host is in lower case
	all = append(all, percentForms(secret)...)
	all = append(all, jsonForms(secret)...)
	all = append(all, htmlForms(secret)...)
	all = append(all, percentForms(jsonQuoted(secret))...) // JSON in an address
	all = append(all, base64Forms(secret)...)
	return append(all, base64Forms(jsonQuoted(secret))...) // JSON in a token
}

// base64Forms are what is the same wherever the secret stands in what is encoded.
func base64Forms(secret string) []string {
	var all []string
	for before := range 3 {
		inner := base64Inside(secret, before)
		all = append(all, inner, strings.NewReplacer("+", "-", "/", "_").Replace(inner), oauth1.PercentEncode(inner))
	}
	return all
}

// percentForms are those of RFC 3986, of forms, of encodeURIComponent and of encodeURI,
// also in lower case, and escaped once more.
func percentForms(secret string) []string {
	var all []string
	for _, form := range []string{oauth1.PercentEncode(secret), url.QueryEscape(secret), url.PathEscape(secret), encodeURIComponent(secret), encodeURI(secret), escapeUnsafe(secret)} {
		lower := lowerEscapes(form)
		all = append(all, form, lower, oauth1.PercentEncode(form), oauth1.PercentEncode(lower))
	}
	return all
}

func encodeURIComponent(s string) string {
	return escapeBytes(s, func(c byte) bool { return !isAlphanumeric(c) && strings.IndexByte("-_.!~*'()", c) < 0 })
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// jsonForms are texts of JSON as the writers of several languages escape them, and JSON in
// JSON.
func jsonForms(secret string) []string {
	quoted := jsonQuoted(secret)
	var all []string
	for _, form := range []string{
		quoted,
		unicodeEscaped(quoted, "<>&", "%04x", false),                                    // Go
		unicodeEscaped(quoted, "", "%04x", true),                                        // PHP, Python
		unicodeEscaped(strings.ReplaceAll(quoted, `\"`, `"`), "\"<>&'+`", "%04X", true), // .NET
	} {
		slashed := strings.ReplaceAll(form, "/", `\/`)
		all = append(all, form, slashed, jsonQuoted(form), jsonQuoted(slashed))
	}
	return all
}

func jsonQuoted(s string) string {
	q := value.AppendQuoted(nil, s)
	return string(q[1 : len(q)-1])
}

// unicodeEscaped writes these characters, and with ascii all beyond ASCII, as \u and a
// number in this format.
func unicodeEscaped(quoted, these, format string, ascii bool) string {
	var b strings.Builder
	for _, r := range quoted {
		if !strings.ContainsRune(these, r) && !(ascii && r >= utf8.RuneSelf) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u`+format, unit)
		}
	}
	return b.String()
}

// htmlForms differ in how they write quotation marks.
func htmlForms(secret string) []string {
	form := html.EscapeString(secret)
	return []string{form, strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#039;").Replace(form), strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(form)}
}

// base64Inside returns the characters that every base64 text shares which has secret
// behind a number of bytes that is before modulo three.
func base64Inside(secret string, before int) string {
	padded := make([]byte, before, before+len(secret))
	text := base64.RawStdEncoding.EncodeToString(append(padded, secret...))
	return text[(before*8+5)/6 : (before+len(secret))*8/6]
}
