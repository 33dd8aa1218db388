package iml

import (
	"errors"
	"strings"
	"unicode/utf16"
)

// class writes a class in brackets.
func (t *regexTranslator) class() error {
	t.pos++
	negated := t.has("^")
	if negated {
		t.pos++
	}
	var set strings.Builder
	for {
		if t.pos >= len(t.in) {
			return errors.New("unterminated character class")
		}
		if t.in[t.pos] == ']' {
			t.pos++
			break
		}
		if err := t.classRange(&set); err != nil {
			return err
		}
	}
	switch {
	case set.Len() == 0 && negated:
		t.out.WriteString("[" + charSet{0, lastRune}.String() + "]")
	case set.Len() == 0:
		t.out.WriteString("(?!)")
	case negated:
		t.out.WriteString("[^" + set.String() + "]")
	default:
		t.out.WriteString("[" + set.String() + "]")
	}
	return nil
}

// classRange writes one character, set or range. A - beside a set is a character.
func (t *regexTranslator) classRange(out *strings.Builder) error {
	set, first, err := t.classAtom()
	if err != nil {
		return err
	}
	if !t.has("-") || t.pos+1 >= len(t.in) || t.in[t.pos+1] == ']' {
		t.member(out, set, first)
		return nil
	}
	t.pos++
	lastSet, last, err := t.classAtom()
	switch {
	case err != nil:
		return err
	case set != "" || lastSet != "":
		if t.unicode {
			return errors.New("invalid character class")
		}
		t.member(out, set, first)
		out.WriteString(escapedRune('-'))
		t.member(out, lastSet, last)
	case last < first:
		return errors.New("range out of order in character class")
	default:
		out.WriteString(charSet{first, last}.String())
	}
	return nil
}

func (t *regexTranslator) member(out *strings.Builder, set string, r rune) {
	if set != "" {
		out.WriteString(set)
		return
	}
	out.WriteString(escapedRune(r))
}

// classAtom reads one character or set in a class. A character beyond U+FFFF is read as
// its two units, one after the other, without the flag u.
func (t *regexTranslator) classAtom() (set string, r rune, err error) {
	c := t.in[t.pos]
	if c == '\\' {
		if t.pos+1 < len(t.in) && t.in[t.pos+1] == 'b' {
			t.pos += 2
			return "", '\b', nil
		}
		return t.atom()
	}
	if high, low := utf16.EncodeRune(c); c > 0xFFFF && !t.unicode {
		t.in[t.pos] = low // the pattern is a copy
		return "", high, nil
	}
	t.pos++
	return "", c, nil
}

// atom reads an escape that stands for a character or a set of characters.
func (t *regexTranslator) atom() (set string, r rune, err error) {
	if t.pos+1 >= len(t.in) {
		return "", 0, errors.New(`\ at end of pattern`)
	}
	c := t.in[t.pos+1]
	t.pos += 2
	switch c {
	case 'd':
		return digitSet.String(), 0, nil
	case 'D':
		return digitSet.complement().String(), 0, nil
	case 'w':
		return wordSet.String(), 0, nil
	case 'W':
		return wordSet.complement().String(), 0, nil
	case 's':
		return spaceSet.String(), 0, nil
	case 'S':
		return spaceSet.complement().String(), 0, nil
	case 'p', 'P':
		if t.unicode {
			return t.property(c)
		}
	}
	r, err = t.escapedChar(c)
	return "", r, err
}

var controlEscapes = map[rune]rune{'t': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r'}

// escapedChar reads the character that the escape \c stands for.
func (t *regexTranslator) escapedChar(c rune) (rune, error) {
	if r, ok := controlEscapes[c]; ok {
		return r, nil
	}
	switch {
	case c == 'c':
		return t.control(), nil
	case c == 'x':
		if n, ok := t.hex(2); ok {
			return n, nil
		}
	case c == 'u':
		return t.unicodeEscape()
	case c >= '0' && c <= '7' && !t.unicode:
		return t.octal(c), nil
	case c == '0' && (t.pos >= len(t.in) || t.in[t.pos] < '0' || t.in[t.pos] > '9'):
		return 0, nil
	case t.unicode && !strings.ContainsRune(`^$\.*+?()[]{}|/-`, c):
		return 0, errors.New("invalid escape")
	}
	return c, nil
}

// control reads the letter of \cX; without one the back slash is a character.
func (t *regexTranslator) control() rune {
	if t.pos < len(t.in) && t.in[t.pos] < 0x80 && isLetterByte(byte(t.in[t.pos])) {
		t.pos++
		return t.in[t.pos-1] & 31
	}
	t.pos-- // c is read again, as a character
	return '\\'
}

// octal reads up to three digits, of which c is the first, up to 377.
func (t *regexTranslator) octal(c rune) rune {
	n := c - '0'
	for i := 0; i < 2 && t.pos < len(t.in) && t.in[t.pos] >= '0' && t.in[t.pos] <= '7' && n*8+t.in[t.pos]-'0' <= 0o377; i++ {
		n = n*8 + t.in[t.pos] - '0'
		t.pos++
	}
	return n
}

// hex reads exactly that many digits.
func (t *regexTranslator) hex(digits int) (rune, bool) {
	if t.pos+digits > len(t.in) {
		return 0, false
	}
	n := rune(0)
	for _, c := range t.in[t.pos : t.pos+digits] {
		if c >= 0x80 || !isHex(byte(c)) {
			return 0, false
		}
		n = n*16 + hexValue(byte(c))
	}
	t.pos += digits
	return n, true
}

func hexValue(c byte) rune {
	if isDigit(c) {
		return rune(c - '0')
	}
	return rune(c|0x20-'a') + 10
}

// unicodeEscape reads what follows \u: four digits, two halves of a pair or {…} with the
// flag u; anything else makes it the letter u.
func (t *regexTranslator) unicodeEscape() (rune, error) {
	if t.unicode && t.has("{") {
		end := t.pos + 1
		for end < len(t.in) && t.in[end] != '}' {
			end++
		}
		digits := end - t.pos - 1
		t.pos++
		if n, ok := t.hex(min(digits, 8)); ok && digits <= 8 && n >= 0 && n <= lastRune && t.has("}") {
			t.pos++
			return n, nil
		}
		return 0, errors.New("invalid Unicode escape")
	}
	n, ok := t.hex(4)
	switch {
	case !ok && t.unicode:
		return 0, errors.New("invalid Unicode escape")
	case !ok:
		return 'u', nil
	}
	if t.unicode && utf16.IsSurrogate(n) && t.has(`\u`) {
		mark := t.pos
		t.pos += 2
		if low, ok := t.hex(4); ok {
			if r := utf16.DecodeRune(n, low); r != 0xFFFD {
				return r, nil
			}
		}
		t.pos = mark
	}
	return n, nil
}

// property reads {…} of \p: a general category, or a script behind Script=. The engine
// knows the short names of categories.
func (t *regexTranslator) property(c rune) (set string, r rune, err error) {
	end := t.pos
	for end < len(t.in) && t.in[end] != '}' {
		end++
	}
	if !t.has("{") || end >= len(t.in) {
		return "", 0, errors.New("invalid property name")
	}
	name := string(t.in[t.pos+1 : end])
	t.pos = end + 1
	if kind, of, ok := strings.Cut(name, "="); ok {
		switch kind {
		case "Script", "sc", "Script_Extensions", "scx", "General_Category", "gc":
			name = of
		default:
			return "", 0, errors.New("invalid property name")
		}
	}
	if short, ok := categoryNames[name]; ok {
		name = short
	}
	return `\` + string(c) + "{" + name + "}", 0, nil
}

// categoryNames are the long names of general categories (PropertyValueAliases.txt).
var categoryNames = map[string]string{"Letter": "L", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt",
	"Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Nonspacing_Mark": "Mn", "Spacing_Mark": "Mc", "Enclosing_Mark": "Me",
	"Number": "N", "Decimal_Number": "Nd", "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P", "Dash_Punctuation": "Pd",
	"Open_Punctuation": "Ps", "Close_Punctuation": "Pe", "Connector_Punctuation": "Pc", "Initial_Punctuation": "Pi",
	"Final_Punctuation": "Pf", "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm", "Currency_Symbol": "Sc",
	"Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs", "Line_Separator": "Zl",
	"Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc", "Format": "Cf"}
