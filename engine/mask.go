package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

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
	lock     sync.Mutex
	secrets  []string
	built    bool
	replacer *strings.Replacer // made when a text is first masked; most runs log nothing
}

// NewMask returns a mask for the given secrets. Values shorter than six bytes are not
// masked.
func NewMask(secrets []string) *Mask { return &Mask{secrets: secrets} }

// Text returns s with every secret replaced.
func (m *Mask) Text(s string) string {
	if m == nil || s == "" {
		return s
	}
	replacer := m.current()
	if replacer == nil {
		return s
	}
	return replacer.Replace(s)
}

// Learn masks more secrets from now on.
func (m *Mask) Learn(secrets ...string) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.secrets, m.built = append(m.secrets[:len(m.secrets):len(m.secrets)], secrets...), false
}

// current returns the replacer of what is known by now, nil for none.
func (m *Mask) current() *strings.Replacer {
	m.lock.Lock()
	defer m.lock.Unlock()
	if !m.built {
		m.build()
		m.built = true
	}
	return m.replacer
}

type maskKey struct{}

func withMask(ctx context.Context, m *Mask) context.Context {
	return context.WithValue(ctx, maskKey{}, m)
}

// MaskFrom returns the mask of the run that sent the request with this context, for a
// transport that keeps what it sees. The mask learns what the run is given later. It is nil
// for any other context.
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
	if m.replacer = nil; pairs != nil {
		m.replacer = strings.NewReplacer(pairs...)
	}
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
