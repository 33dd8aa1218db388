package store

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cleat-run/cleat/value"
)

// MaxData is the greatest size of a collection in the form in which it is stored.
const MaxData = 64 << 10

// maxDepth leaves room for the tags within what [value.ParseJSON] accepts. Collections
// that contain themselves end here.
const maxDepth = value.MaxJSONDepth - 2

// ErrTooBig means that a collection does not fit into a record.
var ErrTooBig = errors.New("data exceeds 64 KiB")

// errMalformed stands for any fault of stored data; it never quotes them.
var errMalformed = errors.New("stored data is malformed")

// encodeCollection returns c in the form that is encrypted: JSON in which the kinds
// that JSON does not know are collections with one member whose name begins with $.
//
//	null, boolean, text, array, collection   as JSON
//	number                                   as JSON, shortest digits
//	-0, NaN, Infinity, -Infinity             {"$number":"-0"}
//	number with more digits than a double    {"$digits":"12345678901234567890"}
//	forced empty text                        {"$empty":true}
//	date                                     {"$date":1700000000000}
//	buffer                                   {"$buffer":"AAE="}
//	text that is not UTF-8                   {"$text":"/w=="}
//	error                                    {"$error":["DataError","message"]}
//	undefined in an array                    {"$undefined":true}
//	undefined member                         left out
//
// A member name that begins with $ gets a second $; one that is not UTF-8 is written
// as $= and its base64. Base64 is the standard one, padded. A nil c is empty.
func encodeCollection(c *value.Collection) ([]byte, error) {
	e := encoder{limit: MaxData}
	if err := e.collection(c); err != nil {
		return nil, err
	}
	return e.out, nil
}

// decodeCollection is the inverse of encodeCollection.
func decodeCollection(text []byte) (*value.Collection, error) {
	raw, err := value.ParseJSON(text)
	if err != nil {
		return nil, errMalformed
	}
	v, err := decodeValue(raw)
	if err != nil || v.Kind() != value.KindCollection {
		return nil, errMalformed
	}
	return v.Collection(), nil
}

type encoder struct {
	limit int // of out
	out   []byte
	depth int
}

func (e *encoder) value(v value.Value) error {
	switch v.Kind() {
	case value.KindUndefined:
		e.raw(`{"$undefined":true}`)
	case value.KindNull:
		e.raw("null")
	case value.KindBool:
		e.raw(strconv.FormatBool(v.Truthy()))
	case value.KindNumber:
		e.number(v)
	case value.KindText:
		return e.text(v.Str())
	case value.KindEmptyString:
		e.raw(`{"$empty":true}`)
	case value.KindDate:
		e.raw(`{"$date":` + strconv.FormatInt(v.Millis(), 10) + `}`)
	case value.KindBuffer:
		return e.base64(`{"$buffer":"`, string(v.Bytes()), `"}`)
	case value.KindArray:
		return e.array(v.Array())
	case value.KindCollection:
		return e.collection(v.Collection())
	case value.KindError:
		return e.failure(v.Err())
	default:
		return fmt.Errorf("a value of kind %s cannot be stored", v.Kind())
	}
	return e.room(0)
}

// room fails when size more bytes do not fit, so that a huge value ends early.
func (e *encoder) room(size int) error {
	if len(e.out)+size > e.limit {
		return ErrTooBig
	}
	return nil
}

func (e *encoder) raw(s string) { e.out = append(e.out, s...) }

func (e *encoder) number(v value.Value) {
	f := v.Float()
	switch {
	case v.LongDigits() != "":
		e.raw(`{"$digits":"` + v.LongDigits() + `"}`)
	case math.IsNaN(f) || math.IsInf(f, 0):
		e.raw(`{"$number":"` + value.FormatNumber(f) + `"}`)
	case f == 0 && math.Signbit(f):
		e.raw(`{"$number":"-0"}`)
	default:
		e.raw(value.FormatNumber(f))
	}
}

func (e *encoder) text(s string) error {
	if !utf8.ValidString(s) {
		return e.base64(`{"$text":"`, s, `"}`)
	}
	if err := e.room(len(s)); err != nil {
		return err
	}
	e.out = value.AppendQuoted(e.out, s)
	return nil
}

func (e *encoder) base64(before, s, after string) error {
	if err := e.room(len(s)); err != nil {
		return err
	}
	e.raw(before)
	e.out = base64.StdEncoding.AppendEncode(e.out, []byte(s))
	e.raw(after)
	return nil
}

func (e *encoder) failure(err *value.Error) error {
	if err == nil {
		err = &value.Error{}
	}
	e.raw(`{"$error":`)
	if err := e.array(value.NewArray(value.Text(err.Type), value.Text(err.Message))); err != nil {
		return err
	}
	e.raw("}")
	return nil
}

func (e *encoder) array(a *value.Array) error {
	return e.nested('[', ']', func() error {
		for i, item := range a.Items() {
			if i > 0 {
				e.raw(",")
			}
			if err := e.value(item); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *encoder) collection(c *value.Collection) error {
	return e.nested('{', '}', func() error {
		first := true
		for name, member := range c.All() {
			if member.IsUndefined() {
				continue
			}
			if !first {
				e.raw(",")
			}
			first = false
			if err := e.member(name, member); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *encoder) nested(begin, end byte, content func() error) error {
	if e.depth++; e.depth > maxDepth {
		return fmt.Errorf("data is nested deeper than %d levels", maxDepth)
	}
	e.out = append(e.out, begin)
	err := content()
	e.out = append(e.out, end)
	e.depth--
	if err != nil {
		return err
	}
	return e.room(0)
}

func (e *encoder) member(name string, v value.Value) error {
	switch {
	case !utf8.ValidString(name):
		if err := e.base64(`"$=`, name, `"`); err != nil {
			return err
		}
	case strings.HasPrefix(name, "$"):
		name = "$" + name
		fallthrough
	default:
		if err := e.text(name); err != nil {
			return err
		}
	}
	e.raw(":")
	return e.value(v)
}

func decodeValue(raw value.Value) (value.Value, error) {
	switch raw.Kind() {
	case value.KindArray:
		items := make([]value.Value, raw.Array().Len())
		for i, item := range raw.Array().Items() {
			v, err := decodeValue(item)
			if err != nil {
				return value.Undefined, err
			}
			items[i] = v
		}
		return value.List(items...), nil
	case value.KindCollection:
		return decodeMembers(raw.Collection())
	}
	return raw, nil
}

func decodeMembers(raw *value.Collection) (value.Value, error) {
	if raw.Len() == 1 {
		if name, content := raw.At(0); isTag(name) {
			return decodeTagged(name, content)
		}
	}
	c := value.NewCollection(raw.Len())
	for name, member := range raw.All() {
		name, err := decodeName(name)
		if err != nil {
			return value.Undefined, err
		}
		v, err := decodeValue(member)
		if err != nil {
			return value.Undefined, err
		}
		c.Set(name, v)
	}
	return value.FromCollection(c), nil
}

func isTag(name string) bool {
	return len(name) > 1 && name[0] == '$' && name[1] != '$' && name[1] != '='
}

func decodeName(name string) (string, error) {
	switch {
	case !strings.HasPrefix(name, "$"):
		return name, nil
	case strings.HasPrefix(name, "$$"):
		return name[1:], nil
	case strings.HasPrefix(name, "$="):
		b, err := base64.StdEncoding.DecodeString(name[2:])
		return string(b), err
	}
	return "", errMalformed
}

func decodeTagged(tag string, content value.Value) (value.Value, error) {
	switch tag {
	case "$undefined":
		return value.Undefined, nil
	case "$empty":
		return value.EmptyString, nil
	case "$number":
		return decodeNumber(content.Str())
	case "$digits":
		return value.Digits(content.Str())
	case "$date":
		ms, err := strconv.ParseInt(content.ToText(), 10, 64)
		return value.Date(ms), err
	case "$buffer":
		b, err := base64.StdEncoding.DecodeString(content.Str())
		return value.Buffer(b), err
	case "$text":
		b, err := base64.StdEncoding.DecodeString(content.Str())
		return value.Text(string(b)), err
	case "$error":
		v, err := decodeValue(content)
		a := v.Array()
		return value.FromError(&value.Error{Type: a.At(0).Str(), Message: a.At(1).Str()}), err
	}
	return value.Undefined, errMalformed
}

func decodeNumber(text string) (value.Value, error) {
	if text == "-0" {
		return value.Number(math.Copysign(0, -1)), nil
	}
	f := value.ParseNumber(text)
	if !math.IsInf(f, 0) && text != "NaN" {
		return value.Undefined, errMalformed
	}
	return value.Number(f), nil
}
