package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
)

// marker is in every secret of the tests. It is made of letters and digits, so that no
// escaping hides it: percent-encoding, forms, JSON and HTML leave it as it is.
const marker = "Zq7VaultX9"

// secretOf is the secret of a name: the marker, the name, and what is escaped somewhere.
func secretOf(name string) string {
	if name == "label" { // of a host
		return marker + name
	}
	return marker + name + "Z/+=&\"é<' ~!(%41)\\"
}

// disguises are the encodings that would hide a text from a search.
var disguises = []struct {
	name string
	of   func(text string) string
}{
	{"base64 at 0", func(text string) string { return inBase64(base64.StdEncoding, text, 0) }},
	{"base64 at 1", func(text string) string { return inBase64(base64.StdEncoding, text, 1) }},
	{"base64 at 2", func(text string) string { return inBase64(base64.StdEncoding, text, 2) }},
	{"base64url at 0", func(text string) string { return inBase64(base64.URLEncoding, text, 0) }},
	{"base64url at 1", func(text string) string { return inBase64(base64.URLEncoding, text, 1) }},
	{"base64url at 2", func(text string) string { return inBase64(base64.URLEncoding, text, 2) }},
	{"hex", func(text string) string { return hex.EncodeToString([]byte(text)) }},
	{"HEX", func(text string) string { return strings.ToUpper(hex.EncodeToString([]byte(text))) }},
}

// inBase64 is what every base64 text holds in which text stands at this offset.
func inBase64(encoding *base64.Encoding, text string, offset int) string {
	whole := encoding.EncodeToString([]byte(strings.Repeat("-", offset) + text + strings.Repeat("-", 3)))
	first := (offset*4 + 2) / 3
	return whole[first : (offset+len(text))*4/3]
}

// disguised returns text in every disguise, and in two over one another.
func disguised(text string) map[string]string {
	all := map[string]string{"plain": text}
	for _, once := range disguises {
		all[once.name] = once.of(text)
		for _, twice := range disguises {
			all[twice.name+" of "+once.name] = twice.of(once.of(text))
		}
	}
	return all
}

// traces names every form in which content holds the needle, with what stands around it.
// Case does not matter for the plain one: a host name is written in lower case.
func traces(content []byte, needles map[string]string) []string {
	var found []string
	for form, needle := range needles {
		at := bytes.Index(content, []byte(needle))
		if form == "plain" {
			at = bytes.Index(bytes.ToLower(content), []byte(strings.ToLower(needle)))
		}
		if at >= 0 {
			found = append(found, fmt.Sprintf("%s: …%q…", form, content[max(at-60, 0):min(at+len(needle)+60, len(content))]))
		}
	}
	slices.Sort(found)
	return found
}

// gossip is a secret in all the forms in which a service may write what it was sent.
func gossip(secret string) []string {
	quoted, _ := json.Marshal(secret)
	inner := string(quoted[1 : len(quoted)-1])
	var plain strings.Builder // JSON as most others write it
	for _, r := range strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret) {
		if r > 126 {
			fmt.Fprintf(&plain, `\u%04x`, r)
		} else {
			plain.WriteRune(r)
		}
	}
	again, _ := json.Marshal(inner)
	component := strings.NewReplacer("%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "+", "%20").Replace(url.QueryEscape(secret))
	all := []string{secret, inner, plain.String(), strings.ReplaceAll(plain.String(), "/", `\/`), string(again),
		url.QueryEscape(secret), url.PathEscape(secret), component, url.QueryEscape(url.QueryEscape(secret)), url.PathEscape(component),
		html.EscapeString(secret), fmt.Sprintf("%q", secret),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret)))}
	for _, before := range []string{"", "u", "u:", "ann:"} {
		all = append(all, base64.StdEncoding.EncodeToString([]byte(before+secret+":")), base64.RawURLEncoding.EncodeToString([]byte(before+secret)))
	}
	return all
}
