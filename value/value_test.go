package value_test

import (
	"errors"
	"math"
	"strconv"
	"testing"

	"github.com/cleat-run/cleat/value"
)

func TestTheZeroValueIsUndefined(t *testing.T) {
	t.Parallel()
	var v value.Value
	if !v.IsUndefined() || !v.IsNil() || !v.IsEmpty() || v.Truthy() || v.Kind() != value.KindUndefined {
		t.Errorf("the zero Value is %s", v.Kind())
	}
}

func TestKindsHaveTheNamesOfTheLanguageReference(t *testing.T) {
	t.Parallel()
	want := []string{"undefined", "null", "boolean", "number", "text", "emptystring", "date", "buffer", "array",
		"collection", "error", "kind(11)"}
	for i, name := range want {
		if got := value.Kind(i).String(); got != name {
			t.Errorf("kind %d is %s, want %s", i, got, name)
		}
	}
}

func TestPropertiesOfEveryKind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                      string
		give                      value.Value
		kind                      value.Kind
		truthy, empty, isNil, txt bool
	}{
		{"undefined", value.Undefined, value.KindUndefined, false, true, true, false},
		{"null", value.Null, value.KindNull, false, true, true, false},
		{"true", value.Bool(true), value.KindBool, true, false, false, false},
		{"false", value.Bool(false), value.KindBool, false, false, false, false},
		{"0", value.Int(0), value.KindNumber, false, false, false, false},
		{"-0", value.Number(math.Copysign(0, -1)), value.KindNumber, false, false, false, false},
		{"NaN", value.Number(math.NaN()), value.KindNumber, false, false, false, false},
		{"-1", value.Int(-1), value.KindNumber, true, false, false, false},
		{"Infinity", value.Number(math.Inf(1)), value.KindNumber, true, false, false, false},
		{"empty text", value.Text(""), value.KindText, false, true, false, true},
		{"text false", value.Text("false"), value.KindText, true, false, false, true},
		{"text 0", value.Text("0"), value.KindText, true, false, false, true},
		{"emptystring", value.EmptyString, value.KindEmptyString, false, false, false, true},
		{"date 0", value.Date(0), value.KindDate, true, false, false, false},
		{"empty buffer", value.Buffer(nil), value.KindBuffer, true, false, false, false},
		{"empty array", value.List(), value.KindArray, true, false, false, false},
		{"empty collection", value.Object(), value.KindCollection, true, false, false, false},
		{"error", value.FromError(&value.Error{}), value.KindError, true, false, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := tt.give
			if v.Kind() != tt.kind || v.Truthy() != tt.truthy || v.IsEmpty() != tt.empty || v.IsNil() != tt.isNil || v.IsText() != tt.txt {
				t.Errorf("kind %s, truthy %v, empty %v, nil %v, text %v", v.Kind(), v.Truthy(), v.IsEmpty(), v.IsNil(), v.IsText())
			}
		})
	}
}

func TestGettersGiveTheZeroOfOtherKinds(t *testing.T) {
	t.Parallel()
	all := []value.Value{value.Undefined, value.Null, value.True, value.Int(7), value.Text("t"), value.EmptyString,
		value.Date(9), value.Buffer([]byte("b")), value.List(), value.Object("k", value.Int(1)), value.FromError(&value.Error{Type: "T"})}
	for _, v := range all {
		k := v.Kind()
		checks := map[string]bool{
			"Str":        (v.Str() == "t") == (k == value.KindText),
			"Float":      (v.Float() == 7) == (k == value.KindNumber) && (v.Float() == 0) == (k != value.KindNumber),
			"Millis":     (v.Millis() == 9) == (k == value.KindDate) && (v.Millis() == 0) == (k != value.KindDate),
			"Bytes":      (v.Bytes() != nil) == (k == value.KindBuffer),
			"Array":      (v.Array() != nil) == (k == value.KindArray),
			"Collection": (v.Collection() != nil) == (k == value.KindCollection),
			"Err":        (v.Err() != nil) == (k == value.KindError),
			"Member":     (v.Member("k").Float() == 1) == (k == value.KindCollection),
			"LongDigits": v.LongDigits() == "",
		}
		for name, ok := range checks {
			if !ok {
				t.Errorf("%s of %s", name, k)
			}
		}
	}
}

func TestDigitsKeepsWhatADoubleLoses(t *testing.T) {
	t.Parallel()
	tests := []struct{ give, keeps, text string }{
		{"0", "", "0"}, {"-0", "", "0"}, {"1.50", "", "1.5"}, {"1e3", "", "1000"}, {"-12", "", "-12"}, {"007", "", "7"}, {".5", "", "0.5"},
		{"9007199254740991", "", "9007199254740991"},
		{"9007199254740992", "", "9007199254740992"},
		{"9007199254740993", "9007199254740993", "9007199254740993"},
		{"-9007199254740993", "-9007199254740993", "-9007199254740993"},
		{"12345678901234567890", "12345678901234567890", "12345678901234567890"},
		{"123456789012345680000", "", "123456789012345680000"},
		{"1000000000000000000000", "1000000000000000000000", "1000000000000000000000"},
		{"1e21", "", "1e+21"},
		{"9007199254740993.0", "", "9007199254740992"},
		{"009007199254740993", "", "9007199254740992"},
		{"+9007199254740993", "", "9007199254740992"},
		{"1e400", "", "Infinity"},
		{"-1e400", "", "-Infinity"},
	}
	for _, tt := range tests {
		v := digits(t, tt.give)
		if got := v.LongDigits(); got != tt.keeps {
			t.Errorf("Digits(%s) keeps %q, want %q", tt.give, got, tt.keeps)
		}
		if got := v.ToText(); got != tt.text {
			t.Errorf("Digits(%s) is the text %s, want %s", tt.give, got, tt.text)
		}
	}
}

func TestDigitsRefusesWhatIsNoDecimalNumber(t *testing.T) {
	t.Parallel()
	for _, give := range []string{"", " ", " 1", "1 ", "x", "-", "1e", "inf", "Infinity", "NaN", "0x10", "0x1p2", "1_000", "1,5", `1"`} {
		if v, err := value.Digits(give); !errors.Is(err, strconv.ErrSyntax) {
			t.Errorf("Digits(%q) = %s, %v", give, v.ToText(), err)
		}
	}
}

func TestCloneIsIndependent(t *testing.T) {
	t.Parallel()
	inner := value.List(value.Int(1))
	original := value.Object(
		"list", inner,
		"object", value.Object("k", value.Buffer([]byte("abc"))),
		"text", value.Text("t"),
	)
	clone := original.Clone()
	before := string(original.AppendJSON(nil))

	clone.Member("list").Array().Append(value.Int(2))
	clone.Member("list").Array().Set(0, value.Int(9))
	clone.Member("object").Collection().Set("new", value.True)
	clone.Member("object").Member("k").Bytes()[0] = 'X'
	clone.Collection().Delete("text")

	if got := string(original.AppendJSON(nil)); got != before {
		t.Errorf("a change of the clone changed the original: %s, was %s", got, before)
	}
	if got, want := string(clone.AppendJSON(nil)), `{"list":[9,2],"object":{"k":"WGJj","new":true}}`; got != want {
		t.Errorf("the clone is %s, want %s", got, want)
	}
}

func TestArraysAndCollectionsAreShared(t *testing.T) {
	t.Parallel()
	a := value.List(value.Int(1))
	b := a
	b.Array().Append(value.Int(2))
	c := value.Object()
	d := c
	d.Collection().Set("k", value.True)
	if a.Array().Len() != 2 || c.Collection().Len() != 1 {
		t.Error("a copy of a Value does not share its content")
	}
}

func TestNilContentIsEmpty(t *testing.T) {
	t.Parallel()
	array, collection := value.FromArray(nil), value.FromCollection(nil)
	if array.Array().Len() != 0 || !array.Array().At(0).IsUndefined() || len(array.Array().Items()) != 0 {
		t.Error("a nil array is not empty")
	}
	if collection.Collection().Len() != 0 || !collection.Member("x").IsUndefined() || len(collection.Collection().Names()) != 0 {
		t.Error("a nil collection is not empty")
	}
	for range collection.Collection().All() {
		t.Error("a nil collection yields a member")
	}
	if got := string(value.List(array, collection).Clone().AppendJSON(nil)); got != "[[],{}]" {
		t.Errorf("got %s", got)
	}
}

func TestArrayEnds(t *testing.T) {
	t.Parallel()
	a := value.NewArray(value.Int(1), value.Int(2), value.Int(3))
	if got := a.Shift().Float(); got != 1 {
		t.Errorf("Shift gave %v", got)
	}
	if got := a.Pop().Float(); got != 3 {
		t.Errorf("Pop gave %v", got)
	}
	a.Set(3, value.Int(4))
	if got := string(value.FromArray(a).AppendJSON(nil)); got != "[2,null,null,4]" {
		t.Errorf("got %s", got)
	}
	if !a.At(-1).IsUndefined() || !a.At(4).IsUndefined() || a.At(3).Float() != 4 {
		t.Error("At out of range is not undefined")
	}
	var empty value.Array
	if !empty.Pop().IsUndefined() || !empty.Shift().IsUndefined() {
		t.Error("an empty array gives an element")
	}
}

func TestEraseIsNull(t *testing.T) {
	t.Parallel()
	if !value.Erase.IsErase() || value.Null.IsErase() || value.Text("erase").IsErase() {
		t.Error("erase is not told from null")
	}
	if !value.Erase.IsNil() || !value.Erase.IsEmpty() || value.Erase.Truthy() || value.Erase.ToText() != value.Null.ToText() || string(value.Erase.AppendJSON(nil)) != "null" || !value.Erase.Clone().IsErase() {
		t.Error("erase is not null")
	}
}
