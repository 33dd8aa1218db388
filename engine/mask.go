package engine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// Redacted stands where a secret was.
const Redacted = "[redacted]"

// minSecret is the length from which a value is masked wherever it occurs; shorter ones
// would hide half of every text.
const minSecret = 6

// Mask replaces secret values in text, also in the forms that they travel in: percent-,
// form-, JSON-, hex- and base64-encoded, in base64 also as part of something longer such
// as a user name and password. A nil Mask changes nothing. It is safe for concurrent use.
type Mask struct {
	secrets  []string
	once     sync.Once
	replacer *strings.Replacer // made when a text is first masked; most runs log nothing
}

// NewMask returns a mask for the given secrets. Values shorter than six bytes are not
// masked.
func NewMask(secrets []string) *Mask { return &Mask{secrets: secrets} }

// Text returns s with every secret replaced.
func (m *Mask) Text(s string) string {
	if m == nil || len(m.secrets) == 0 || s == "" {
		return s
	}
	m.once.Do(m.build)
	if m.replacer == nil {
		return s
	}
	return m.replacer.Replace(s)
}

type maskKey struct{}

func withMask(ctx context.Context, m *Mask) context.Context {
	return context.WithValue(ctx, maskKey{}, m)
}

// MaskFrom returns the mask of the run that sent the request with this context, for a
// transport that keeps what it sees. It is nil for any other context.
func MaskFrom(ctx context.Context) *Mask {
	m, _ := ctx.Value(maskKey{}).(*Mask)
	return m
}

// build prefers the longest form where several begin at the same place.
func (m *Mask) build() {
	var all []string
	for _, secret := range m.secrets {
		if len(secret) >= minSecret {
			all = append(all, forms(secret)...)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	var pairs []string
	for _, form := range slices.Compact(all) {
		pairs = append(pairs, form, Redacted)
	}
	if pairs != nil {
		m.replacer = strings.NewReplacer(pairs...)
	}
}

// forms returns secret in every form that is masked.
func forms(secret string) []string {
	percent := oauth1.PercentEncode(secret)
	quoted := jsonQuoted(secret)
	all := []string{secret, percent, oauth1.PercentEncode(percent), url.QueryEscape(secret), encodeURI(secret),
		lowerEscapes(percent), quoted, jsonQuoted(quoted), strings.ReplaceAll(quoted, "/", `\/`), html.EscapeString(secret),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret)))}
	for before := range 3 {
		inner := base64Inside(secret, before)
		all = append(all, inner, strings.NewReplacer("+", "-", "/", "_").Replace(inner), oauth1.PercentEncode(inner))
	}
	return all
}

func jsonQuoted(s string) string {
	q := value.AppendQuoted(nil, s)
	return string(q[1 : len(q)-1])
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

// base64Inside returns the characters that every base64 text shares which has secret
// behind a number of bytes that is before modulo three.
func base64Inside(secret string, before int) string {
	padded := make([]byte, before, before+len(secret))
	text := base64.RawStdEncoding.EncodeToString(append(padded, secret...))
	return text[(before*8+5)/6 : (before+len(secret))*8/6]
}

// Leaves returns the texts and numbers inside v, for a mask.
func Leaves(v value.Value) []string {
	switch v.Kind() {
	case value.KindText, value.KindNumber:
		return []string{v.ToText()}
	case value.KindArray:
		var all []string
		for _, item := range v.Array().Items() {
			all = append(all, Leaves(item)...)
		}
		return all
	case value.KindCollection:
		var all []string
		for _, item := range v.Collection().All() {
			all = append(all, Leaves(item)...)
		}
		return all
	}
	return nil
}
