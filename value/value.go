package value

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Kind says what a [Value] is.
type Kind uint8

// The kinds, in the order of the table in the language reference.
const (
	KindUndefined Kind = iota
	KindNull
	KindBool
	KindNumber
	KindText
	KindEmptyString // the forced empty text of the keyword emptystring
	KindDate
	KindBuffer
	KindArray
	KindCollection
	KindError // an error made by errorFactory, raised wherever it surfaces
)

var kindNames = [...]string{"undefined", "null", "boolean", "number", "text", "emptystring",
	"date", "buffer", "array", "collection", "error"}

// String returns the name of the kind as the language reference spells it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// Value is one value of the expression language. The zero Value is undefined.
type Value struct {
	kind Kind
	num  float64 // number; boolean as 0 or 1; date as milliseconds since the epoch
	text string  // text; digits of a number as read, when the double would lose them; codepage of a buffer; not "" for Erase
	ref  any     // []byte, *Array, *Collection or *Error
}

// The values without content.
var (
	Undefined   = Value{}
	Null        = Value{kind: KindNull}
	True        = Value{kind: KindBool, num: 1}
	False       = Value{kind: KindBool}
	EmptyString = Value{kind: KindEmptyString}
	// Erase is the null of the keyword erase. It is null to every function; where a form
	// takes it, it empties the field at the service.
	Erase = Value{kind: KindNull, text: "erase"}
)

// Error is the content of a [KindError] value: an error of a runtime type
// (DataError, RateLimitError, …) as errorFactory makes it.
type Error struct {
	Type    string
	Message string
}

// Error returns the type and the message.
func (e *Error) Error() string { return e.Type + ": " + e.Message }

// Bool returns true or false.
func Bool(b bool) Value {
	if b {
		return True
	}
	return False
}

// Number returns a number.
func Number(f float64) Value { return Value{kind: KindNumber, num: f} }

// Int returns a whole number.
func Int(n int) Value { return Value{kind: KindNumber, num: float64(n)} }

// Digits returns the number written as text in JSON or decimal notation. The text is
// kept beside the double when it is an integer beyond 2^53 whose digits the double
// would lose. A number too big for a double counts as infinite.
func Digits(text string) (Value, error) {
	f, err := parseDecimal(text)
	if err != nil {
		return Undefined, err
	}
	v := Number(f)
	if math.Abs(f) >= 1<<53 && isInteger(text) && formatFloat(f) != text {
		v.text = text
	}
	return v, nil
}

// isInteger reports whether s is an integer as JSON writes it: no plus, no leading zeros.
func isInteger(s string) bool {
	s = strings.TrimPrefix(s, "-")
	if len(s) > 1 && s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0
}

// Text returns a text.
func Text(s string) Value { return Value{kind: KindText, text: s} }

// Date returns the instant ms milliseconds after the start of 1970 UTC.
func Date(ms int64) Value { return Value{kind: KindDate, num: float64(ms)} }

// Time returns the instant t with millisecond precision.
func Time(t time.Time) Value { return Date(t.UnixMilli()) }

// Buffer returns bytes. The slice is not copied.
func Buffer(b []byte) Value { return Value{kind: KindBuffer, ref: b} }

// Encoded returns bytes that are text in a codepage, such as utf8. The slice is not copied.
func Encoded(b []byte, codepage string) Value {
	return Value{kind: KindBuffer, ref: b, text: codepage}
}

// FromArray returns the array a, shared.
func FromArray(a *Array) Value { return Value{kind: KindArray, ref: a} }

// List returns a new array of items.
func List(items ...Value) Value { return FromArray(&Array{items: items}) }

// FromCollection returns the collection c, shared.
func FromCollection(c *Collection) Value { return Value{kind: KindCollection, ref: c} }

// FromError returns an error value.
func FromError(e *Error) Value { return Value{kind: KindError, ref: e} }

// Kind returns the kind of v.
func (v Value) Kind() Kind { return v.kind }

// IsUndefined reports whether v is undefined.
func (v Value) IsUndefined() bool { return v.kind == KindUndefined }

// IsNil reports whether v is undefined or null.
func (v Value) IsNil() bool { return v.kind <= KindNull }

// IsErase reports whether v is [Erase].
func (v Value) IsErase() bool { return v.kind == KindNull && v.text != "" }

// IsText reports whether v is a text or the forced empty text.
func (v Value) IsText() bool { return v.kind == KindText || v.kind == KindEmptyString }

// IsEmpty reports whether v is undefined, null or an empty text: what ifempty replaces.
// The forced empty text is not empty in this sense.
func (v Value) IsEmpty() bool { return v.IsNil() || v.kind == KindText && v.text == "" }

// Str returns the content of a text and "" for every other kind. For the text form of
// any value see [Value.ToText].
func (v Value) Str() string {
	if v.kind == KindText {
		return v.text
	}
	return ""
}

// Float returns the content of a number, and 0 for every other kind. For the number
// form of any value see [Value.ToNumber].
func (v Value) Float() float64 {
	if v.kind == KindNumber {
		return v.num
	}
	return 0
}

// LongDigits returns the digits of a number that a double cannot hold, or "".
func (v Value) LongDigits() string {
	if v.kind == KindNumber {
		return v.text
	}
	return ""
}

// Millis returns the instant of a date in milliseconds since the epoch, and 0 for every
// other kind.
func (v Value) Millis() int64 {
	if v.kind == KindDate {
		return int64(v.num)
	}
	return 0
}

// AsTime returns the instant of a date in UTC.
func (v Value) AsTime() time.Time { return time.UnixMilli(v.Millis()).UTC() }

// Bytes returns the content of a buffer, shared, and nil for every other kind.
func (v Value) Bytes() []byte {
	b, _ := v.ref.([]byte)
	return b
}

// Codepage returns how the text in a buffer is encoded, and "" when that is not known and
// for every other kind.
func (v Value) Codepage() string {
	if v.kind == KindBuffer {
		return v.text
	}
	return ""
}

// Array returns the array that v refers to, or nil.
func (v Value) Array() *Array {
	a, _ := v.ref.(*Array)
	return a
}

// Collection returns the collection that v refers to, or nil.
func (v Value) Collection() *Collection {
	c, _ := v.ref.(*Collection)
	return c
}

// Err returns the content of an error value, or nil.
func (v Value) Err() *Error {
	e, _ := v.ref.(*Error)
	return e
}

// Truthy reports whether v counts as true: false are undefined, null, false, 0, NaN, ""
// and the forced empty text; true is everything else, also "false", "0", [] and {}.
func (v Value) Truthy() bool {
	switch v.kind {
	case KindUndefined, KindNull, KindEmptyString:
		return false
	case KindBool:
		return v.num != 0
	case KindNumber:
		return v.num != 0 && !math.IsNaN(v.num)
	case KindText:
		return v.text != ""
	}
	return true
}

// Member returns the member name of a collection, and undefined when v is no collection
// or has no such member.
func (v Value) Member(name string) Value {
	if c := v.Collection(); c != nil {
		return c.Get(name)
	}
	return Undefined
}

// Clone returns a deep copy of v: arrays, collections and buffers are new.
func (v Value) Clone() Value {
	switch ref := v.ref.(type) {
	case []byte:
		return Encoded(append([]byte(nil), ref...), v.text)
	case *Array:
		return FromArray(ref.Clone())
	case *Collection:
		return FromCollection(ref.Clone())
	}
	return v
}
