package iml

import (
	"math"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/cleat-run/cleat/value"
)

var textFunctions = []Function{
	{Name: "length", Summary: "Gives the length of a text in UTF-16 units, of a buffer in bytes, of an array in elements.",
		Params: []Param{{Name: "value"}}, Examples: []Example{{"length('héllo')", "5"}, {"length('👍')", "2"}, {"length(null)", "0"}}, Call: lengthFunction},
	{Name: "lower", Summary: "Gives the text in lower case.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"lower('ABC')", `"abc"`}}, Call: onText(func(s string) string { return changeCase(s, false) })},
	{Name: "upper", Summary: "Gives the text in upper case.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"upper('straße')", `"STRASSE"`}}, Call: onText(func(s string) string { return changeCase(s, true) })},
	{Name: "capitalize", Summary: "Gives the text with its first character in upper case.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"capitalize('mAKE it')", `"MAKE it"`}}, Call: onText(capitalize)},
	{Name: "startcase", Summary: "Gives the text with the first character of each word in upper case, the others in lower case.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"startcase('hello  WORLD')", `"Hello  World"`}}, Call: onText(startcase)},
	{Name: "trim", Summary: "Gives the text without white space at both ends.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"trim('  a ')", `"a"`}},
		Call: onText(func(s string) string { return strings.TrimFunc(s, value.IsSpace) })},
	{Name: "substring", Summary: "Gives the part of a text between two positions, which count from 0.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "start"}, {Name: "end", Optional: true}},
		Examples: []Example{{"substring('Hello', 1, 3)", `"el"`}, {"substring('Hello', 3, -1)", `"Hel"`}}, Call: substringFunction},
	{Name: "indexOf", Summary: "Gives the position of a text in another, from 0; -1 when it is not there.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "value"}, {Name: "start", Optional: true}},
		Examples: []Example{{"indexOf('We love Make', 'e', 7)", "11"}, {"indexOf('Make', 'x')", "-1"}}, Call: indexOfFunction},
	{Name: "contains", Summary: "Reports whether a text contains another, or an array an element equal to a value.",
		Params:   []Param{{Name: "textOrArray"}, {Name: "value"}, {Name: "ignoreCase", Optional: true}},
		Examples: []Example{{"contains('Hello', 'ell')", "true"}, {"contains(split('A,b', ','), 'a', true)", "true"}, {"contains(null, 'a')", "false"}},
		Call:     containsFunction},
	{Name: "replace", Summary: "Replaces a text everywhere, or what a regular expression /…/flags finds.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "search"}, {Name: "replacement", Optional: true}},
		Examples: []Example{{"replace('a.b.c', '.', '-')", `"a-b-c"`}, {`replace('x12', '/(\d)/', '<$1>')`, `"x<1>2"`}}, Call: replaceFunction},
	{Name: "replaceEmojiCharacters", Summary: "Replaces each emoji of a text, composed ones as a whole.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "replacement", Optional: true}},
		Examples: []Example{{"replaceEmojiCharacters('Hi 👋🏽 #1', '-')", `"Hi - #1"`}}, Call: replaceEmojiFunction},
	{Name: "split", Summary: "Gives the trimmed parts of a text; empty ones only when asked for.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "separator"}, {Name: "keepEmpty", Optional: true}},
		Examples: []Example{{"split('a, b,,c', ',')", `["a","b","c"]`}, {"split('a,,b', ',', true)", `["a","","b"]`}}, Call: splitFunction},
	{Name: "join", Summary: "Gives the text of the elements joined by a separator, a comma by default.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "separator", Optional: true}},
		Examples: []Example{{"join(split('a,b', ','), '-')", `"a-b"`}}, Call: joinFunction},
}

// onText makes a function of one text.
func onText(change func(string) string) func(*Env, []value.Value) (value.Value, error) {
	return func(env *Env, args []value.Value) (value.Value, error) {
		text := change(arg(args, 0).ToText())
		return value.Text(text), env.Produce(len(text))
	}
}

func lengthFunction(_ *Env, args []value.Value) (value.Value, error) {
	v := arg(args, 0)
	switch {
	case v.IsNil():
		return value.Int(0), nil
	case v.IsText():
		return value.Int(utf16Length(v.Str())), nil
	case v.Kind() == value.KindBuffer:
		return value.Int(len(v.Bytes())), nil
	case v.Array() != nil:
		return value.Int(v.Array().Len()), nil
	}
	return value.Undefined, &argumentError{value: v, what: "array"}
}

// changeCase maps the full Unicode way (ß becomes SS); ASCII needs no table.
func changeCase(s string, up bool) string {
	switch {
	case isASCII(s) && up:
		return strings.ToUpper(s)
	case isASCII(s):
		return strings.ToLower(s)
	case up:
		return cases.Upper(language.Und).String(s)
	}
	return cases.Lower(language.Und).String(s)
}

func capitalize(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return changeCase(s[:size], true) + s[size:]
}

func startcase(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		word := strings.IndexFunc(s, func(r rune) bool { return !value.IsSpace(r) })
		if word < 0 {
			break
		}
		b.WriteString(s[:word])
		s = s[word:]
		end := strings.IndexFunc(s, value.IsSpace)
		if end < 0 {
			end = len(s)
		}
		b.WriteString(capitalize(changeCase(s[:end], false)))
		s = s[end:]
	}
	return b.String() + s
}

// positionArg returns the argument i as a position between 0 and length; otherwise when
// it is not given (ECMA-262 22.1.3.25 clamps in the same way).
func positionArg(args []value.Value, i, length, otherwise int) (int, error) {
	if arg(args, i).IsUndefined() {
		return otherwise, nil
	}
	n, err := numberArg(args, i)
	if math.IsNaN(n) {
		n = 0
	}
	return int(max(0, min(n, float64(length)))), err
}

func substringFunction(env *Env, args []value.Value) (value.Value, error) {
	text := arg(args, 0).ToText()
	length := utf16Length(text)
	start, err := positionArg(args, 1, length, 0)
	if err != nil {
		return value.Undefined, err
	}
	end, err := positionArg(args, 2, length, length)
	if err != nil {
		return value.Undefined, err
	}
	part := cut(text, min(start, end), max(start, end))
	return value.Text(part), env.Produce(len(part))
}

func indexOfFunction(_ *Env, args []value.Value) (value.Value, error) {
	text := arg(args, 0).ToText()
	start, err := positionArg(args, 2, utf16Length(text), 0)
	return value.Int(indexUnits(text, arg(args, 1).ToText(), start)), err
}

func containsFunction(env *Env, args []value.Value) (value.Value, error) {
	in, v, fold := arg(args, 0), arg(args, 1), arg(args, 2).Truthy()
	if in.IsNil() {
		return value.False, nil
	}
	list := in.Array()
	if list == nil {
		text, part := in.ToText(), v.ToText()
		if fold {
			text, part = changeCase(text, false), changeCase(part, false)
		}
		return value.Bool(strings.Contains(text, part)), nil
	}
	if err := env.Step(list.Len()); err != nil {
		return value.Undefined, err
	}
	for _, item := range list.Items() {
		if LooseEqual(item, v) || fold && item.IsText() && v.IsText() && changeCase(item.Str(), false) == changeCase(v.Str(), false) {
			return value.True, nil
		}
	}
	return value.False, nil
}

func splitFunction(env *Env, args []value.Value) (value.Value, error) {
	text, separator := arg(args, 0).ToText(), arg(args, 1).ToText()
	if arg(args, 1).IsUndefined() {
		separator = text + "." // no separator, no split: it is never found
	}
	if err := env.Elements(strings.Count(text, separator) + 1); err != nil {
		return value.Undefined, err
	}
	keep := arg(args, 2).Truthy()
	parts := value.NewArray()
	for part := range strings.SplitSeq(text, separator) {
		if part = strings.TrimFunc(part, value.IsSpace); part != "" || keep {
			parts.Append(value.Text(part))
		}
	}
	return value.FromArray(parts), nil
}

func joinFunction(env *Env, args []value.Value) (value.Value, error) {
	list, err := arrayArg(args, 0)
	if err != nil {
		return value.Undefined, err
	}
	if err := env.Step(list.Len()); err != nil {
		return value.Undefined, err
	}
	separator := ","
	if v := arg(args, 1); !v.IsNil() {
		separator = v.ToText()
	}
	base := len(env.buf)
	for i, item := range list.Items() {
		if i > 0 {
			env.buf = append(env.buf, separator...)
		}
		env.buf = item.AppendText(env.buf)
		if len(env.buf)-base > env.limits.Text {
			break // Produce says why
		}
	}
	text := string(env.buf[base:])
	env.buf = env.buf[:base]
	return value.Text(text), env.Produce(len(text))
}
