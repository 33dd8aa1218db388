package iml

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf16"

	"github.com/dlclark/regexp2"
	"github.com/dlclark/regexp2/syntax"

	"github.com/cleat-run/cleat/value"
)

// replaceFunction replaces literally everywhere, or by a JavaScript regular expression
// when the search has the form /…/flags (language reference 6.2).
func replaceFunction(env *Env, args []value.Value) (value.Value, error) {
	text, search, by := arg(args, 0).ToText(), arg(args, 1).ToText(), arg(args, 2).ToText()
	pattern, flags, ok := regexParts(search)
	if !ok {
		return replaceLiteral(env, text, search, by)
	}
	regex, err := compileRegex(pattern, flags, env.limits.Regex)
	if err != nil {
		wrong := &argumentError{index: 1, value: arg(args, 1), what: "regular expression", detail: err.Error()}
		if errors.Is(err, errNamedGroup) {
			wrong.hint = "number the groups: $1"
		}
		return value.Undefined, wrong
	}
	r := replacement{env: env, text: units(text, strings.Contains(flags, "u")), by: by}
	if err := r.replace(regex, strings.Contains(flags, "g")); err != nil {
		return value.Undefined, err
	}
	result := fromUnits(r.out)
	return value.Text(result), env.Produce(len(result))
}

func replaceLiteral(env *Env, text, search, by string) (value.Value, error) {
	if search == "" {
		return value.Text(text), nil
	}
	if strings.Contains(by, "$") {
		return expandLiteral(env, text, search, by)
	}
	n := strings.Count(text, search)
	if err := env.Produce(len(text) + n*len(by)); err != nil {
		return value.Undefined, err
	}
	return value.Text(strings.ReplaceAll(text, search, by)), nil
}

// expandLiteral replaces a literal by a text with references such as $&.
func expandLiteral(env *Env, text, search, by string) (value.Value, error) {
	r := replacement{env: env, text: units(text, false), by: by}
	searched := units(search, false)
	last := 0
	for at := strings.Index(text, search); at >= 0; {
		start := utf16Length(text[:at])
		r.out = append(r.out, r.text[last:start]...)
		last = start + len(searched)
		r.expand(start, last, nil)
		if err := r.fits(); err != nil {
			return value.Undefined, err
		}
		next := strings.Index(text[at+len(search):], search)
		if next < 0 {
			break
		}
		at += len(search) + next
	}
	result := fromUnits(append(r.out, r.text[last:]...))
	return value.Text(result), env.Produce(len(result))
}

// regexParts takes /pattern/flags apart.
func regexParts(s string) (pattern, flags string, ok bool) {
	end := strings.LastIndexByte(s, '/')
	if len(s) < 3 || s[0] != '/' || end < 2 || strings.Trim(s[end+1:], "dgimsuy") != "" {
		return "", "", false
	}
	return s[1:end], s[end+1:], true
}

// units returns the UTF-16 units of s, or its characters.
func units(s string, characters bool) []rune {
	if characters {
		return []rune(s)
	}
	all := make([]rune, 0, len(s))
	for _, r := range s {
		if high, low := utf16.EncodeRune(r); r > 0xFFFF {
			all = append(all, high, low)
		} else {
			all = append(all, r)
		}
	}
	return all
}

// fromUnits joins the halves of pairs; a lone half becomes U+FFFD.
func fromUnits(units []rune) string {
	var b strings.Builder
	b.Grow(len(units))
	for i := 0; i < len(units); i++ {
		r := units[i]
		if utf16.IsSurrogate(r) {
			if i+1 < len(units) {
				if pair := utf16.DecodeRune(r, units[i+1]); pair != 0xFFFD {
					r = pair
					i++
				}
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

// regexKey names a compiled expression; the time limit is a part of it.
type regexKey struct {
	pattern, flags string
	limit          time.Duration
}

// regexes caches compiled expressions; it is emptied when it grows too large.
var regexes = struct {
	sync.Mutex
	compiled map[regexKey]*regexp2.Regexp
}{compiled: map[regexKey]*regexp2.Regexp{}}

const (
	maxRegexes = 500
	maxPattern = 5000 // characters
)

func compileRegex(pattern, flags string, limit time.Duration) (*regexp2.Regexp, error) {
	key := regexKey{pattern, flags, limit}
	regexes.Lock()
	defer regexes.Unlock()
	if r := regexes.compiled[key]; r != nil {
		return r, nil
	}
	r, err := newRegex(pattern, flags, false)
	if err != nil {
		return nil, err
	}
	r.MatchTimeout = limit
	if len(regexes.compiled) >= maxRegexes {
		clear(regexes.compiled)
	}
	regexes.compiled[key] = r
	return r, nil
}

func newRegex(pattern, flags string, named bool) (*regexp2.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("it is longer than %d characters", maxPattern)
	}
	for i := range len(flags) {
		if strings.IndexByte(flags[i+1:], flags[i]) >= 0 {
			return nil, errors.New("a flag stands twice")
		}
	}
	translated, err := translateRegex(pattern, flags, named)
	if err != nil {
		return nil, err
	}
	options := regexp2.RegexOptions(regexp2.ECMAScript)
	if strings.Contains(flags, "i") {
		options |= regexp2.IgnoreCase
	}
	r, err := regexp2.Compile(translated, options)
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		wrong.Expr = pattern // it quotes the translation, which nobody has written
	}
	return r, err
}

// replacement is one replacing of parts of a text under way.
type replacement struct {
	env  *Env
	text []rune // units
	by   string
	out  []rune
}

// replace replaces what regex finds, everything or the first only.
func (r *replacement) replace(regex *regexp2.Regexp, all bool) error {
	started := time.Now()
	last := 0
	match, err := regex.FindRunesMatch(r.text)
	for match != nil && err == nil {
		if err := r.env.Step(1); err != nil {
			return err
		}
		r.out = append(r.out, r.text[last:match.Index]...)
		last = match.Index + match.Length
		r.expand(match.Index, last, match)
		if err := r.fits(); err != nil {
			return err
		}
		if !all {
			break
		}
		if r.env.used.Regex+time.Since(started) > r.env.limits.Regex {
			break
		}
		match, err = regex.FindNextMatch(match)
	}
	r.out = append(r.out, r.text[last:]...)
	if r.env.used.Regex += time.Since(started); err != nil || r.env.used.Regex > r.env.limits.Regex {
		return &limitError{fmt.Sprintf("regular expressions take longer than %s", r.env.limits.Regex)}
	}
	return nil
}

// fits reports a result that has grown too long.
func (r *replacement) fits() error {
	if len(r.out) > r.env.limits.Text {
		return r.env.Produce(len(r.out))
	}
	return nil
}

// expand writes the replacement of the part from start to end: $$, $&, $`, $' and $1 to
// $99 (ECMA-262 22.1.3.19.1 GetSubstitution). A literal search has no match.
func (r *replacement) expand(start, end int, match *regexp2.Match) {
	by := r.by
	for {
		plain, rest, ok := strings.Cut(by, "$")
		r.out = append(r.out, units(plain, false)...)
		if !ok {
			return
		}
		by = rest
		switch {
		case strings.HasPrefix(by, "$"):
			r.out = append(r.out, '$')
			by = by[1:]
		case strings.HasPrefix(by, "&"):
			r.out = append(r.out, r.text[start:end]...)
			by = by[1:]
		case strings.HasPrefix(by, "`"):
			r.out = append(r.out, r.text[:start]...)
			by = by[1:]
		case strings.HasPrefix(by, "'"):
			r.out = append(r.out, r.text[end:]...)
			by = by[1:]
		default:
			n, size := groupNumber(by, match)
			if size == 0 {
				r.out = append(r.out, '$')
				continue
			}
			r.out = append(r.out, match.GroupByNumber(n).Runes()...)
			by = by[size:]
		}
	}
}

// groupNumber reads one or two digits that name an existing group.
func groupNumber(s string, match *regexp2.Match) (n, size int) {
	if match == nil {
		return 0, 0
	}
	groups := match.GroupCount()
	if len(s) > 1 && isDigit(s[0]) && isDigit(s[1]) {
		if n = toInt(s[:2]); n > 0 && n < groups {
			return n, 2
		}
	}
	if len(s) > 0 && isDigit(s[0]) {
		if n = toInt(s[:1]); n > 0 && n < groups {
			return n, 1
		}
	}
	return 0, 0
}
