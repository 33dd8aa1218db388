package appdrive

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/value"
)

// samples are values of types, as a person would enter them; other types get a text.
var samples = map[string]value.Value{
	"number": value.Int(7), "integer": value.Int(7), "uinteger": value.Int(7), "port": value.Int(443),
	"boolean": value.True, "checkbox": value.True,
	"date": value.Text("2026-01-02T03:04:05.000Z"), "time": value.Text("03:04"), "timestamp": value.Int(1767323045), "timezone": value.Text("Europe/Prague"),
	"email": value.Text("alice@example.com"), "url": value.Text("https://example.com/a"), "color": value.Text("#336699"),
	"uuid": value.Text("6f1c0b52-8c1c-4a57-9d2e-0f5f5a1b2c3d"), "filename": value.Text("a.txt"),
	"buffer": value.Buffer([]byte("content")), "json": value.Text(`{"a": 1}`), "any": value.Text("anything"),
	"path": value.Text("/a"), "folder": value.Text("/a"), "file": value.Text("/a/b.txt"), "dynamicCollection": value.Object(),
}

// rounds is how often a form is filled: what is filled in may show further fields.
const rounds = 4

// filled fills a form as a person in a hurry does: defaults, first options, a value of the
// type. It returns also what the form could not show.
func filled(ctx context.Context, f *form.Form, o form.Options) (*value.Collection, form.Problems) {
	values := value.NewCollection(8)
	var problems form.Problems
	for range rounds {
		var shown []*form.Shown
		shown, problems = f.Resolve(ctx, values, o)
		if !fill(values, shown) {
			break
		}
	}
	return values, problems
}

// fill sets what is missing and reports whether there was anything.
func fill(values *value.Collection, shown []*form.Shown) bool {
	added := false
	for _, s := range shown {
		if _, given := values.Lookup(s.Name); given || s.Type.Display || s.Name == "" {
			continue
		}
		values.Set(s.Name, plausible(s))
		added = true
	}
	return added
}

// plausible is a value that the field accepts.
func plausible(s *form.Shown) value.Value {
	if !s.Value.IsEmpty() {
		return s.Value
	}
	limits, _ := s.Limits()
	switch s.Type.Name {
	case "collection":
		return collection(s)
	case "array":
		return list(s, limits)
	case "filter":
		return value.List()
	}
	for _, option := range s.Options {
		if !option.Value.IsNil() {
			if s.Multiple {
				return value.List(option.Value)
			}
			return option.Value
		}
	}
	if name := strings.ToLower(s.Name); s.Type.Name == "pkey" || strings.Contains(name, "private") && strings.Contains(name, "key") {
		return privateKey()
	}
	if s.Multiple {
		return value.List()
	}
	return within(limits, sampleOf(s.Type.Name))
}

func sampleOf(typ string) value.Value {
	if v, ok := samples[typ]; ok {
		return v
	}
	return value.Text("sample")
}

// list is an array of as few items as are allowed, but of one where there may be one.
func list(s *form.Shown, limits form.Limits) value.Value {
	made := value.NewArray()
	for i := range max(1, limits.MinItems) {
		switch item := s.Item(); {
		case len(s.Fields) > 0:
			made.Append(collection(s))
		case len(limits.Enum) > i:
			made.Append(limits.Enum[i])
		case item != nil:
			made.Append(plausible(&form.Shown{Field: item, Options: item.Options()}))
		default:
			made.Append(value.Text(fmt.Sprintf("sample %d", i+1)))
		}
	}
	return value.FromArray(made)
}

// within changes a value so that it keeps to the limits of its field.
func within(limits form.Limits, v value.Value) value.Value {
	if len(limits.Enum) > 0 {
		return limits.Enum[0]
	}
	least, most := limits.Min, limits.Max
	switch {
	case v.Kind() == value.KindNumber && least.Kind() == value.KindNumber && v.Float() < least.Float():
		return least
	case v.Kind() == value.KindNumber && most.Kind() == value.KindNumber && v.Float() > most.Float():
		return most
	case v.Kind() != value.KindText:
		return v
	}
	text := v.Str()
	if limits.Pattern != "" {
		if fitting, ok := matching(limits.Pattern); ok {
			text = fitting
		}
	}
	if least.Kind() == value.KindNumber {
		text += strings.Repeat("a", max(0, int(least.Float())-len(text)))
	}
	if most.Kind() == value.KindNumber && float64(len(text)) > most.Float() {
		text = text[:int(most.Float())]
	}
	return value.Text(text)
}

// privateKey is a key that signs.
var privateKey = sync.OnceValue(func() value.Value {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return value.Text(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
})

func collection(s *form.Shown) value.Value {
	inner := value.NewCollection(len(s.Fields))
	fill(inner, s.Fields)
	return value.FromCollection(inner)
}
