package iml

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// regexTranslator rewrites a regular expression of JavaScript (ECMA-262 22.2.1 and Annex
// B.1.2) for the engine, whose syntax is that of .NET: classes and assertions are spelled
// out, literals are escaped, so that nothing is left that the two read differently.
// Without the flag u a pattern matches UTF-16 units, and a character beyond U+FFFF is two
// of them.
type regexTranslator struct {
	in        []rune
	pos       int
	groups    int            // capturing groups of the whole pattern
	names     map[string]int // of the named ones
	named     bool           // named groups are allowed
	unicode   bool
	multiline bool
	dotAll    bool
	out       strings.Builder
}

// charSet is a list of ranges, first and last in turn.
type charSet []rune

var (
	digitSet = charSet{'0', '9'}
	wordSet  = charSet{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}
	spaceSet = charSet{'\t', '\r', ' ', ' ', 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x202F, 0x205F, 0x205F,
		0x3000, 0x3000, 0xFEFF, 0xFEFF}
	lineEndSet = charSet{'\n', '\n', '\r', '\r', 0x2028, 0x2029}
)

const lastRune = 0x10FFFF

// complement is every character that s, whose ranges are in order, does not hold.
func (s charSet) complement() charSet {
	var rest charSet
	next := rune(0)
	for i := 0; i < len(s); i += 2 {
		if s[i] > next {
			rest = append(rest, next, s[i]-1)
		}
		next = s[i+1] + 1
	}
	return append(rest, next, lastRune)
}

// String writes the ranges as they stand in brackets.
func (s charSet) String() string {
	var b strings.Builder
	for i := 0; i < len(s); i += 2 {
		b.WriteString(escapedRune(s[i]))
		if s[i+1] > s[i] {
			b.WriteString("-" + escapedRune(s[i+1]))
		}
	}
	return b.String()
}

func escapedRune(r rune) string {
	if r > 0xFFFF || r < 0x80 && isAlphanumericByte(byte(r)) {
		return string(r)
	}
	return fmt.Sprintf(`\u%04X`, r)
}

// translateRegex returns the pattern in the engine's syntax. Named groups become numbered
// ones, where they are allowed.
func translateRegex(pattern, flags string, named bool) (string, error) {
	t := regexTranslator{in: []rune(pattern), named: named, unicode: strings.Contains(flags, "u"), multiline: strings.Contains(flags, "m"),
		dotAll: strings.Contains(flags, "s")}
	t.countGroups()
	if strings.Contains(flags, "y") {
		t.out.WriteString(`\G(?:`)
	}
	for t.pos < len(t.in) {
		if err := t.term(); err != nil {
			return "", err
		}
	}
	if strings.Contains(flags, "y") {
		t.out.WriteByte(')')
	}
	return t.out.String(), nil
}

// countGroups finds the capturing groups, since references may come before them.
func (t *regexTranslator) countGroups() {
	t.names = map[string]int{}
	inClass := false
	for i := 0; i < len(t.in); i++ {
		switch c := t.in[i]; {
		case c == '\\':
			i++
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
		case c == '(':
			name, isNamed := groupName(t.in[i+1:])
			if isNamed || i+1 >= len(t.in) || t.in[i+1] != '?' {
				t.groups++
			}
			if isNamed {
				t.names[name] = t.groups
			}
		}
	}
}

// groupName returns the name in ?<name>, behind the bracket of a group.
func groupName(rest []rune) (name string, ok bool) {
	if len(rest) < 3 || rest[0] != '?' || rest[1] != '<' || rest[2] == '=' || rest[2] == '!' {
		return "", false
	}
	end := slices.Index(rest, '>')
	if end < 0 || !isIdent(string(rest[2:end])) {
		return "", false
	}
	return string(rest[2:end]), true
}

// has reports whether the rest of the pattern begins with s.
func (t *regexTranslator) has(s string) bool {
	rest := t.in[t.pos:]
	want := []rune(s)
	return len(rest) >= len(want) && string(rest[:len(want)]) == s
}

func (t *regexTranslator) term() error {
	c := t.in[t.pos]
	switch c {
	case '\\':
		return t.escape()
	case '[':
		return t.class()
	case '(':
		return t.group()
	case '{':
		return t.brace()
	}
	t.pos++
	switch c {
	case ')', '|', '*', '+', '?':
		t.out.WriteRune(c)
	case '.':
		t.anyChar()
	case '^':
		t.out.WriteString(orElse(t.multiline, "(?<![^"+lineEndSet.String()+"])", "^"))
	case '$':
		t.out.WriteString(orElse(t.multiline, "(?![^"+lineEndSet.String()+"])", `\z`))
	default:
		t.literal(c)
	}
	return nil
}

func orElse(condition bool, a, b string) string {
	if condition {
		return a
	}
	return b
}

func (t *regexTranslator) anyChar() {
	set := lineEndSet.complement()
	if t.dotAll {
		set = charSet{0, lastRune}
	}
	t.out.WriteString("[" + set.String() + "]")
}

// literal writes a character, or its two units.
func (t *regexTranslator) literal(r rune) {
	if high, low := utf16.EncodeRune(r); r > 0xFFFF && !t.unicode {
		t.out.WriteString(escapedRune(high) + escapedRune(low))
		return
	}
	t.out.WriteString(escapedRune(r))
}

var errNamedGroup = errors.New("named groups are not supported")

func (t *regexTranslator) group() error {
	for _, opening := range []string{"(?:", "(?=", "(?!", "(?<=", "(?<!"} {
		if t.has(opening) {
			t.out.WriteString(opening)
			t.pos += len(opening)
			return nil
		}
	}
	name, isNamed := groupName(t.in[t.pos+1:])
	switch {
	case isNamed && t.named:
		t.out.WriteByte('(')
		t.pos += len("(?<>") + utf8.RuneCountInString(name)
		return nil
	case isNamed:
		return errNamedGroup
	case t.has("(?"):
		return errors.New("invalid group")
	}
	t.out.WriteByte('(')
	t.pos++
	return nil
}

// brace writes a quantifier; any other brace is a literal, but not with the flag u.
func (t *regexTranslator) brace() error {
	end := t.pos + 1
	for end < len(t.in) && (t.in[end] >= '0' && t.in[end] <= '9' || t.in[end] == ',') {
		end++
	}
	body := string(t.in[t.pos+1 : min(end, len(t.in))])
	least, most, isRange := strings.Cut(body, ",")
	if end >= len(t.in) || t.in[end] != '}' || least == "" || strings.Contains(most, ",") {
		if t.unicode {
			return errors.New("incomplete quantifier")
		}
		t.pos++
		t.literal('{')
		return nil
	}
	t.pos = end + 1
	from, to := repetitions(least), repetitions(most)
	if isRange && most != "" && to < from {
		return errors.New("numbers out of order in {} quantifier")
	}
	switch {
	case !isRange:
		fmt.Fprintf(&t.out, "{%d}", from)
	case most == "":
		fmt.Fprintf(&t.out, "{%d,}", from)
	default:
		fmt.Fprintf(&t.out, "{%d,%d}", from, to)
	}
	return nil
}

// repetitions reads a number; nothing can be repeated more often than a text is long.
func repetitions(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil || n > 1<<30 {
		return 1 << 30
	}
	return n
}

// escape writes what begins with a back slash outside a class.
func (t *regexTranslator) escape() error {
	if t.pos+1 >= len(t.in) {
		return errors.New(`\ at end of pattern`)
	}
	switch c := t.in[t.pos+1]; {
	case c == 'b' || c == 'B':
		t.pos += 2
		t.out.WriteString(`\` + string(c))
		return nil
	case c >= '1' && c <= '9' && t.backReference(), c == 'k' && t.named && t.nameReference():
		return nil
	}
	set, r, err := t.atom()
	switch {
	case err != nil:
		return err
	case set != "":
		t.out.WriteString("[" + set + "]")
	default:
		t.literal(r)
	}
	return nil
}

// backReference writes \1 to the last group; a larger number is something else.
func (t *regexTranslator) backReference() bool {
	end := t.pos + 1
	for end < len(t.in) && t.in[end] >= '0' && t.in[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(t.in[t.pos+1 : end]))
	if err != nil || n > t.groups {
		return false
	}
	t.pos = end
	fmt.Fprintf(&t.out, `(?:\%d)`, n)
	return true
}

// nameReference writes \k<name> of a group that there is.
func (t *regexTranslator) nameReference() bool {
	rest := string(t.in[t.pos+2:])
	name, _, ok := strings.Cut(strings.TrimPrefix(rest, "<"), ">")
	n := t.names[name]
	if !ok || n == 0 || !strings.HasPrefix(rest, "<") {
		return false
	}
	t.pos += len(`\k<>`) + utf8.RuneCountInString(name)
	fmt.Fprintf(&t.out, `(?:\%d)`, n)
	return true
}
