package js

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/cleat-run/cleat/value"
)

// Values cross the border as JSON. What JSON cannot hold travels as an object with one
// member whose name is the mark of the sandbox, a random text that no data can guess,
// followed by a letter for the kind:
//
//	u undefined   d date, in milliseconds   b buffer, in base64   n NaN, Infinity, -0
//	i BigInt      e error, as [type, message]
//
// Reading on either side trusts nothing: what JavaScript answers may be any text.

// writer writes values for JavaScript.
type writer struct {
	mark    string
	text    []byte
	special bool // something JSON cannot hold was written
	depth   int
}

var errTooDeep = errors.New("a value is nested too deeply, perhaps in itself")

// encode returns the text of v and whether reading it needs to look for marks.
func encode(mark string, v value.Value) (text string, special bool, err error) {
	w := writer{mark: mark}
	err = w.value(v)
	return string(w.text), w.special, err
}

func (w *writer) value(v value.Value) error {
	switch v.Kind() {
	case value.KindUndefined:
		w.marked('u', "0")
	case value.KindDate:
		w.marked('d', strconv.FormatInt(v.Millis(), 10))
	case value.KindBuffer:
		w.marked('b', `"`+base64.StdEncoding.EncodeToString(v.Bytes())+`"`)
	case value.KindNumber:
		w.number(v)
	case value.KindError:
		w.marked('e', string(value.List(value.Text(v.Err().Type), value.Text(v.Err().Message)).AppendJSON(nil)))
	case value.KindEmptyString:
		w.text = append(w.text, `""`...) // iml.md 10.1: emptystring is ""
	case value.KindArray, value.KindCollection:
		return w.container(v)
	default:
		w.text = v.AppendJSON(w.text)
	}
	return nil
}

func (w *writer) number(v value.Value) {
	n := v.Float()
	if n-n == 0 && (n != 0 || !math.Signbit(n)) {
		w.text = v.AppendJSON(w.text)
		return
	}
	text := value.FormatNumber(n)
	if n == 0 {
		text = "-0"
	}
	w.marked('n', `"`+text+`"`)
}

func (w *writer) marked(kind byte, json string) {
	w.special = true
	w.text = append(w.text, `{"`...)
	w.text = append(w.text, w.mark...)
	w.text = append(w.text, kind, '"', ':')
	w.text = append(w.text, json...)
	w.text = append(w.text, '}')
}

// container writes an array or a collection. One that holds itself is too deep.
func (w *writer) container(v value.Value) error {
	if w.depth++; w.depth >= value.MaxJSONDepth-2 {
		return errTooDeep
	}
	defer func() { w.depth-- }()
	if v.Array() != nil {
		return w.list(v.Array().Items())
	}
	w.text = append(w.text, '{')
	comma := false
	for name, member := range v.Collection().All() {
		if comma {
			w.text = append(w.text, ',')
		}
		comma = true
		w.text = append(value.AppendQuoted(w.text, name), ':')
		if err := w.value(member); err != nil {
			return err
		}
	}
	w.text = append(w.text, '}')
	return nil
}

func (w *writer) list(items []value.Value) error {
	w.text = append(w.text, '[')
	for i, item := range items {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		if err := w.value(item); err != nil {
			return err
		}
	}
	w.text = append(w.text, ']')
	return nil
}

// reader reads values that JavaScript wrote.
type reader struct {
	mark string
	long map[float64]string // see longNumbers
}

// decode reads the text of a value. A number that equals one of long gets its digits
// back.
func decode(mark, text string, long map[float64]string) (value.Value, error) {
	v, err := value.ParseJSON([]byte(text))
	if err != nil {
		return v, fmt.Errorf("unreadable value from JavaScript: %w", err)
	}
	r := reader{mark, long}
	return r.revive(v), nil
}

// revive puts dates and their like in the place of their marks, in v itself.
func (r *reader) revive(v value.Value) value.Value {
	if a := v.Array(); a != nil {
		for i, item := range a.Items() {
			a.Items()[i] = r.revive(item)
		}
		return v
	}
	if c := v.Collection(); c != nil {
		return r.collection(v, c)
	}
	if n := v.Float(); math.Abs(n) >= 1<<53 && r.long[n] != "" {
		if digits, err := value.Digits(r.long[n]); err == nil {
			return digits
		}
	}
	return v
}

func (r *reader) collection(v value.Value, c *value.Collection) value.Value {
	if c.Len() == 1 {
		name, content := c.At(0)
		if len(name) == len(r.mark)+1 && name[:len(r.mark)] == r.mark {
			return special(name[len(r.mark)], content)
		}
	}
	for name, member := range c.All() {
		if k := member.Kind(); k >= value.KindArray || k == value.KindNumber {
			c.Set(name, r.revive(member))
		}
	}
	return v
}

// special returns the value behind a mark, and null for a mark that makes no sense.
func special(kind byte, content value.Value) value.Value {
	switch kind {
	case 'u':
		return value.Undefined
	case 'd':
		if content.Kind() == value.KindNumber { // null is an invalid date
			return value.Date(int64(content.Float()))
		}
	case 'b':
		if bytes, err := base64.StdEncoding.DecodeString(content.Str()); err == nil {
			return value.Buffer(bytes)
		}
	case 'i':
		if digits, err := value.Digits(content.Str()); err == nil {
			return digits
		}
	case 'n':
		if content.Str() == "-0" {
			return value.Number(math.Copysign(0, -1))
		}
		return value.Number(value.ParseNumber(content.Str()))
	case 'e':
		return value.FromError(&value.Error{Type: knownType(content.Array().At(0).Str()), Message: content.Array().At(1).Str()})
	}
	return value.Null
}

// longNumbers collects the integers whose digits a double cannot hold, by their double.
// JavaScript computes with the double, as in Make; an id that only passes through keeps
// its digits. Two that share a double cannot be told apart and keep none.
func longNumbers(long map[float64]string, v value.Value, depth int) map[float64]string {
	if depth > value.MaxJSONDepth {
		return long
	}
	for _, item := range v.Array().Items() {
		long = longNumbers(long, item, depth+1)
	}
	for _, member := range v.Collection().All() {
		long = longNumbers(long, member, depth+1)
	}
	if n := v.Float(); math.Abs(n) < 1<<53 || n-n != 0 {
		return long
	}
	if long == nil {
		long = map[float64]string{}
	}
	digits := v.LongDigits() // "" when the double says it all
	if other, seen := long[v.Float()]; seen && other != digits {
		digits = ""
	}
	long[v.Float()] = digits
	return long
}
