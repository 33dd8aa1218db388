package server

import (
	"encoding/json"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cleat-run/cleat/value"
)

// maxDepth is how deep JSON of strangers may be nested (server.md 5).
const maxDepth = 500

// JSON is any value in a body. Numbers keep the text that they are written as.
type JSON struct{ value.Value }

// Schema is for huma: anything.
func (JSON) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

// MarshalJSON writes the value; what JSON does not know becomes null or text.
func (j JSON) MarshalJSON() ([]byte, error) {
	if j.IsUndefined() {
		return []byte("null"), nil
	}
	return j.AppendJSON(nil), nil
}

// UnmarshalJSON reads a value.
func (j *JSON) UnmarshalJSON(text []byte) error {
	if deeper(text, maxDepth) {
		return errors.New("nested too deeply")
	}
	v, err := value.ParseJSON(text)
	j.Value = v
	return err
}

// Object is a collection in a body, such as parameters.
type Object struct{ *value.Collection }

// Schema is for huma: an object of anything.
func (Object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// MarshalJSON writes the collection.
func (o Object) MarshalJSON() ([]byte, error) {
	if o.Collection == nil {
		return []byte("{}"), nil
	}
	return value.FromCollection(o.Collection).AppendJSON(nil), nil
}

// UnmarshalJSON reads a collection; null is none.
func (o *Object) UnmarshalJSON(text []byte) error {
	var v JSON
	if err := v.UnmarshalJSON(text); err != nil {
		return err
	}
	if o.Collection = v.Collection(); o.Collection == nil && !v.IsNil() {
		return errors.New("an object is wanted")
	}
	return nil
}

// given is the collection, an empty one when nothing was sent.
func (o Object) given() *value.Collection {
	if o.Collection == nil {
		return value.NewCollection(0)
	}
	return o.Collection
}

// deeper reports whether JSON is nested deeper than n levels.
func deeper(text []byte, n int) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted:
			switch c {
			case '\\':
				i++ // whatever it escapes ends no text
			case '"':
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if depth++; depth > n {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

var _ json.Marshaler = JSON{}
