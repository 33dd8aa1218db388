package form

import (
	"fmt"
	"unicode/utf8"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/value"
)

// validate are the limits of a field; a limit that is not set is undefined or -1.
type validate struct {
	min, max           value.Value
	minItems, maxItems int
	pattern            *iml.Pattern
	patternText        string
	patternLabel       string
	enum               []value.Value
	unique             bool
	uniqueBy           string // key of items that are collections
	past               bool   // dates before now are fine
}

// Limits are what validate of a field asks for, as a widget or a caller needs to know it.
type Limits struct {
	Min, Max           value.Value // of a number, of the length of a text, of a date; undefined for none
	MinItems, MaxItems int         // -1 for none
	Pattern            string      // regular expression of JavaScript, not anchored
	PatternLabel       string      // the same for people
	Enum               []value.Value
	Unique             bool   // no two items of an array are the same,
	UniqueBy           string // or have the same value under this key
	NotPast            bool   // a date before now is refused
}

// Limits returns the limits of f, and false when it has none. The slice must not be
// changed.
func (f *Field) Limits() (Limits, bool) {
	v := f.validate
	if v == nil {
		return Limits{MinItems: -1, MaxItems: -1}, false
	}
	return Limits{v.min, v.max, v.minItems, v.maxItems, v.patternText, v.patternLabel, v.enum, v.unique, v.uniqueBy, !v.past}, true
}

// validation reads validate, and pattern, which once stood beside it.
func (c *compiler) validation(f *Field) {
	node := f.node.Get("validate")
	if b, ok := node.Bool(); ok && !b {
		f.unchecked = true
		return
	}
	pattern := node.Get("pattern")
	if pattern == nil {
		pattern = f.node.Get("pattern")
	}
	if !node.Is(jsonc.Object) && pattern == nil {
		return
	}
	v := &validate{min: node.Get("min").Value(), max: node.Get("max").Value(), past: true}
	v.minItems, v.maxItems = count(node.Get("minItems")), count(node.Get("maxItems"))
	if past, ok := node.Get("past").Bool(); ok {
		v.past = past
	}
	if enum := node.Get("enum"); enum.Is(jsonc.Array) {
		v.enum = enum.Value().Array().Items()
	}
	if u := node.Get("unique"); u.Is(jsonc.Object) {
		v.unique = true
		v.uniqueBy, _ = u.Get("by").Str()
	} else {
		v.unique = u.Value().Truthy()
	}
	c.pattern(v, pattern)
	c.order(node, v)
	f.validate = v
}

// count reads a number of items, -1 when there is none.
func count(node *jsonc.Node) int {
	v := node.Value()
	if v.Kind() != value.KindNumber || v.Float() < 0 || v.Float() > 1e9 {
		return -1
	}
	return int(v.Float())
}

// pattern compiles a regular expression, or {regexp, label}.
func (c *compiler) pattern(v *validate, node *jsonc.Node) {
	if node.Is(jsonc.Object) {
		v.patternLabel, _ = node.Get("label").Str()
		node = node.Get("regexp")
	}
	text, ok := node.Str()
	if !ok || text == "" {
		return
	}
	compiled, err := iml.CompilePattern(text)
	if err != nil {
		c.wrong(node, "PAR015", err.Error(), "write a regular expression of JavaScript, without slashes")
		return
	}
	v.pattern, v.patternText = compiled, text
}

// order finds limits that nothing can satisfy.
func (c *compiler) order(node *jsonc.Node, v *validate) {
	if v.min.Kind() == value.KindNumber && v.max.Kind() == value.KindNumber && v.min.Float() > v.max.Float() {
		c.wrong(node.Get("min"), "PAR014", "min is above max", "")
	}
	if v.maxItems >= 0 && v.minItems > v.maxItems {
		c.wrong(node.Get("minItems"), "PAR014", "minItems is above maxItems", "")
	}
}

// text checks a text against the pattern, the limits of its length, and the enumeration.
func (p *pass) text(f *Field, s string, at *place) {
	v := f.validate
	if v == nil {
		return
	}
	p.pattern(f, s, at)
	if n := utf16Length(s); n >= 0 {
		if v.min.Kind() == value.KindNumber && float64(n) < v.min.Float() {
			p.fail(f, at, CodeMinLength, fmt.Sprintf("the text is shorter than %s characters", v.min.ToText()), "")
		}
		if v.max.Kind() == value.KindNumber && float64(n) > v.max.Float() {
			p.fail(f, at, CodeMaxLength, fmt.Sprintf("the text is longer than %s characters", v.max.ToText()), "")
		}
	}
	if v.enum != nil && !contains(v.enum, value.Text(s)) {
		p.fail(f, at, CodeEnum, "the value is none of those allowed", "it may be "+listed(v.enum))
	}
}

func (p *pass) pattern(f *Field, s string, at *place) {
	v := f.validate
	if v.pattern == nil {
		return
	}
	matches, err := v.pattern.Match(s)
	switch {
	case err != nil:
		p.fail(f, at, CodePattern, "the pattern cannot be checked: "+err.Error(), "write a pattern with fewer repetitions inside each other")
	case !matches && v.patternLabel != "":
		p.fail(f, at, CodePattern, "the text does not match: "+v.patternLabel, "")
	case !matches:
		p.fail(f, at, CodePattern, "the text does not match the pattern "+v.patternText, "")
	}
}

// utf16Length is the length of a text as JavaScript counts it.
func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		if n++; r > 0xFFFF && r != utf8.RuneError {
			n++
		}
	}
	return n
}

// number checks a number against its limits.
func (p *pass) number(f *Field, n float64, at *place) {
	v := f.validate
	if v == nil {
		return
	}
	if v.min.Kind() == value.KindNumber && n < v.min.Float() {
		p.fail(f, at, CodeMin, fmt.Sprintf("%s is below the minimum %s", p.shown(f, value.Number(n)), v.min.ToText()), "")
	}
	if v.max.Kind() == value.KindNumber && n > v.max.Float() {
		p.fail(f, at, CodeMax, fmt.Sprintf("%s is above the maximum %s", p.shown(f, value.Number(n)), v.max.ToText()), "")
	}
}

// items checks the number of items.
func (p *pass) items(f *Field, n int, at *place) {
	v := f.validate
	if v == nil {
		return
	}
	if v.minItems >= 0 && n < v.minItems {
		p.fail(f, at, CodeMinItems, fmt.Sprintf("%d items are fewer than %d", n, v.minItems), "")
	}
	if v.maxItems >= 0 && n > v.maxItems {
		p.fail(f, at, CodeMaxItems, fmt.Sprintf("%d items are more than %d", n, v.maxItems), "")
	}
}
