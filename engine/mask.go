package engine

import (
	"encoding/base64"
	"net/url"
	"sort"
	"strings"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// Redacted stands where a secret was.
const Redacted = "[redacted]"

// minSecret is the length from which a value is masked wherever it occurs; shorter ones
// would hide half of every text.
const minSecret = 6

// Mask replaces secret values in text, also in their percent-, form-, JSON- and
// base64-encoded forms. A nil Mask changes nothing. It is safe for concurrent use.
type Mask struct{ replacer *strings.Replacer }

// NewMask returns a mask for the given secrets. Values shorter than six bytes are not
// masked.
func NewMask(secrets []string) *Mask {
	forms := map[string]bool{}
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		quoted := string(value.AppendQuoted(nil, s))
		for _, form := range []string{s, oauth1.PercentEncode(s), oauth1.PercentEncode(oauth1.PercentEncode(s)), url.QueryEscape(s),
			quoted[1 : len(quoted)-1], base64.StdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s))} {
			forms[form] = true
		}
	}
	if len(forms) == 0 {
		return &Mask{}
	}
	ordered := make([]string, 0, len(forms))
	for form := range forms {
		ordered = append(ordered, form)
	}
	sort.Slice(ordered, func(i, j int) bool { return len(ordered[i]) > len(ordered[j]) })
	pairs := make([]string, 0, 2*len(ordered))
	for _, form := range ordered {
		pairs = append(pairs, form, Redacted)
	}
	return &Mask{strings.NewReplacer(pairs...)}
}

// Text returns s with every secret replaced.
func (m *Mask) Text(s string) string {
	if m == nil || m.replacer == nil {
		return s
	}
	return m.replacer.Replace(s)
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
