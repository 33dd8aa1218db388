package iml

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2"

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
	regex, err := compileRegex(pattern, flags)
	if err != nil {
		return value.Undefined, err
	}
	count := 1
	if strings.Contains(flags, "g") {
		count = -1
	}
	started := time.Now()
	result, err := regex.ReplaceFunc(text, func(m regexp2.Match) string { return expand(by, text, m) }, -1, count)
	env.used.Regex += time.Since(started)
	if err != nil || env.used.Regex > env.limits.Regex {
		return value.Undefined, &limitError{fmt.Sprintf("regular expressions take longer than %s", env.limits.Regex)}
	}
	return value.Text(result), env.Produce(len(result))
}

func replaceLiteral(env *Env, text, search, by string) (value.Value, error) {
	if search == "" {
		return value.Text(text), nil
	}
	n := strings.Count(text, search)
	if err := env.Produce(len(text) + n*len(by)); err != nil {
		return value.Undefined, err
	}
	by = strings.NewReplacer("$$", "$", "$&", search).Replace(by)
	return value.Text(strings.ReplaceAll(text, search, by)), nil
}

// regexParts takes /pattern/flags apart.
func regexParts(s string) (pattern, flags string, ok bool) {
	end := strings.LastIndexByte(s, '/')
	if len(s) < 3 || s[0] != '/' || end < 2 || strings.Trim(s[end+1:], "dgimsuy") != "" {
		return "", "", false
	}
	return s[1:end], s[end+1:], true
}

// regexes caches compiled expressions; it is emptied when it grows too large.
var regexes = struct {
	sync.Mutex
	compiled map[string]*regexp2.Regexp
}{compiled: map[string]*regexp2.Regexp{}}

const maxRegexes = 500

func compileRegex(pattern, flags string) (*regexp2.Regexp, error) {
	key := flags + "/" + pattern
	regexes.Lock()
	defer regexes.Unlock()
	if r := regexes.compiled[key]; r != nil {
		return r, nil
	}
	options := regexp2.RegexOptions(regexp2.ECMAScript)
	if strings.Contains(flags, "u") {
		options |= regexp2.Unicode
	}
	if strings.Contains(flags, "i") {
		options |= regexp2.IgnoreCase
	}
	if strings.Contains(flags, "m") {
		options |= regexp2.Multiline
	}
	if strings.Contains(flags, "s") {
		options = options&^regexp2.ECMAScript | regexp2.Singleline
	}
	if strings.Contains(pattern, "(?<") && !strings.Contains(pattern, "(?<=") && !strings.Contains(pattern, "(?<!") {
		return nil, withHint("Invalid regular expression: named groups are not supported.", "number the groups: $1")
	}
	r, err := regexp2.Compile(pattern, options)
	if err != nil {
		return nil, errors.New("Invalid regular expression: /" + pattern + "/: " + err.Error())
	}
	r.MatchTimeout = time.Second
	if len(regexes.compiled) >= maxRegexes {
		clear(regexes.compiled)
	}
	regexes.compiled[key] = r
	return r, nil
}

// expand writes a replacement: $$, $&, $`, $' and $1 to $99 (ECMA-262 GetSubstitution).
func expand(by, text string, m regexp2.Match) string {
	if !strings.Contains(by, "$") {
		return by
	}
	var b strings.Builder
	runes := []rune(text)
	for i := 0; i < len(by); i++ {
		if by[i] != '$' || i+1 >= len(by) {
			b.WriteByte(by[i])
			continue
		}
		switch c := by[i+1]; {
		case c == '$':
			b.WriteByte('$')
			i++
		case c == '&':
			b.WriteString(m.String())
			i++
		case c == '`':
			b.WriteString(string(runes[:m.Index]))
			i++
		case c == '\'':
			b.WriteString(string(runes[m.Index+m.Length:]))
			i++
		case c >= '0' && c <= '9':
			n, size := groupNumber(by[i+1:], m.GroupCount())
			if n == 0 {
				b.WriteByte('$')
				continue
			}
			b.WriteString(m.GroupByNumber(n).String())
			i += size
		default:
			b.WriteByte('$')
		}
	}
	return b.String()
}

// groupNumber reads one or two digits that name an existing group.
func groupNumber(s string, groups int) (n, size int) {
	if len(s) > 1 && s[1] >= '0' && s[1] <= '9' {
		if n = int(s[0]-'0')*10 + int(s[1]-'0'); n > 0 && n < groups {
			return n, 2
		}
	}
	if n = int(s[0] - '0'); n > 0 && n < groups {
		return n, 1
	}
	return 0, 0
}
