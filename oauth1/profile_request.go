package oauth1

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of npm qs as the package request used it.
const (
	qsParameterLimit = 1000
	qsArrayLimit     = 20
)

// qsParams reads query and form as npm request did before signing: joined,
// parsed into objects by qs, and flattened by oauth-sign. So a[0]=x is signed
// as a=x, a[b][c]=x as a[b]=[object Object], and only 1000 pairs count. No
// server can verify that; it is here to explain old signatures.
func qsParams(query, form string) []parameter {
	var params []parameter
	pairs := 0
	seen := make(map[string]bool) // objects already written
	for i, source := range []string{query, form} {
		from := []origin{originURL, originBody}[i]
		for piece := range strings.SplitSeq(source, "&") {
			if piece == "" {
				continue
			}
			if pairs++; pairs > qsParameterLimit {
				return params
			}
			name, value, _ := strings.Cut(piece, "=")
			p, isObject := qsParam(qsDecode(name), qsDecode(value))
			if p.Name == "" || p.Name == "oauth_signature" || isObject && seen[p.Name] {
				continue
			}
			seen[p.Name] = seen[p.Name] || isObject
			params = append(params, encodedParameter(p, from))
		}
	}
	return params
}

// qsParam flattens one name: arrays lose their brackets, one level of object
// keeps its brackets, anything deeper becomes the text of a JavaScript object.
func qsParam(name, value string) (p Param, isObject bool) {
	parent, keys := qsKeys(name)
	if len(keys) == 0 {
		return Param{parent, value}, false
	}
	if !qsArrayKey(keys[0]) {
		parent += "[" + keys[0] + "]"
	}
	switch {
	case len(keys) == 1:
		return Param{parent, value}, false
	case qsArrayKey(keys[1]):
		return Param{parent, value}, false // an array of one, as text
	}
	return Param{parent, "[object Object]"}, true
}

// qsKeys splits a[b][c] into a and b, c.
func qsKeys(name string) (parent string, keys []string) {
	parent, rest, ok := strings.Cut(name, "[")
	if !ok || parent == "" || !strings.Contains(rest, "]") {
		return name, nil
	}
	for ok {
		var key string
		if key, rest, ok = strings.Cut(rest, "]"); !ok {
			break
		}
		keys = append(keys, key)
		rest, ok = strings.CutPrefix(rest, "[")
	}
	return parent, keys
}

func qsArrayKey(key string) bool {
	n, err := strconv.Atoi(key)
	return key == "" || err == nil && n >= 0 && n <= qsArrayLimit && strconv.Itoa(n) == key
}

// qsDecode is decodeURIComponent with + as space; what it cannot decode stays
// as written.
func qsDecode(s string) string {
	for i := range len(s) {
		if s[i] == '%' && !escapeAt(s, i) {
			return s
		}
	}
	if decoded := formDecode(s); utf8.ValidString(decoded) {
		return decoded
	}
	return s
}
