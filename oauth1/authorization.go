package oauth1

import "strings"

// ParseAuthorization reads the parameters of an Authorization header of the
// OAuth scheme, or of a WWW-Authenticate header, decoded and in their order,
// realm included (RFC 5849 3.5.1). It returns nil when the scheme, compared
// without letter case, is another. Pieces that are no name="value" are skipped;
// values without quotes are accepted.
func ParseAuthorization(header string) []Param {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "OAuth") {
		return nil
	}
	params := []Param{}
	for rest != "" {
		var name, value string
		rest = strings.TrimLeft(rest, ", \t\r\n")
		end := strings.IndexAny(rest, "=,")
		if end < 0 {
			break
		}
		name, rest = strings.TrimSpace(rest[:end]), rest[end:]
		if rest[0] == ',' {
			continue
		}
		value, rest = headerValue(strings.TrimLeft(rest[1:], " \t"))
		params = append(params, Param{PercentDecode(name), PercentDecode(value)})
	}
	return params
}

// headerValue cuts a quoted or bare value off the beginning of s. A backslash
// quotes the next character (RFC 9110 5.6.4).
func headerValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexByte(s, ',')
		if end < 0 {
			end = len(s)
		}
		return strings.TrimSpace(s[:end]), s[end:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}
