package engine

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// maxLogged cuts bodies in the log.
const maxLogged = 64 << 10

// credentialHeaders are never shown.
var credentialHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "X-Auth-Token", "X-Amz-Security-Token"}

// sanitizer replaces what the paths of log.sanitize name, what is a secret by value, and
// what is one by its name.
type sanitizer struct {
	mask  *Mask
	paths [][]string // lower case
	exact *Mask      // values of the form request.body<expression>
}

// sanitizer compiles the paths of a request: dots and back ticks as in a variable path,
// without regard to case (communication.md 12).
func (r *Run) sanitizer(req *request) sanitizer {
	s := sanitizer{mask: r.mask}
	var exact []string
	for _, path := range req.sanitize {
		if _, expression, ok := strings.Cut(path, "<"); ok {
			program, _ := iml.Compile("{{"+strings.TrimSuffix(expression, ">")+"}}", iml.Options{})
			if v, err := program.Eval(&r.env); err == nil {
				exact = append(exact, Leaves(v)...)
			}
			continue
		}
		s.paths = append(s.paths, splitPath(strings.ToLower(path)))
	}
	s.exact = NewMask(exact)
	return s
}

// splitPath splits at dots outside back ticks.
func splitPath(path string) []string {
	var steps []string
	var step strings.Builder
	quoted := false
	for _, c := range path {
		switch {
		case c == '`':
			quoted = !quoted
		case c == '.' && !quoted:
			steps = append(steps, step.String())
			step.Reset()
		default:
			step.WriteRune(c)
		}
	}
	return append(steps, step.String())
}

// names reports whether a path names the given place or something above it.
func (s sanitizer) names(place ...string) bool {
	for _, path := range s.paths {
		if len(path) <= len(place) && slices.EqualFunc(path, place[:len(path)], strings.EqualFold) {
			return true
		}
	}
	return false
}

func (s sanitizer) text(text string) string { return s.exact.Text(s.mask.Text(text)) }

func (s sanitizer) url(u wireURL, open bool) string {
	switch {
	case s.names("request", "url"):
		return Redacted
	case u.query != "" && !open:
		u.query = Redacted
	case u.query != "":
		u.query = s.form("request", "qs", u.query)
	}
	return s.text(u.String())
}

func (s sanitizer) form(side, part, text string) string {
	pairs := oauth1.ParseForm(text)
	hidden := false
	for i, p := range pairs {
		if s.names(side, part, p.Name) || IsSecretName(p.Name) {
			pairs[i].Value, hidden = Redacted, true
		} else if p.Name == "oauth_token" {
			pairs[i].Value, hidden = opening(p.Value), true
		}
	}
	if !hidden {
		return text
	}
	return strings.ReplaceAll(oauth1.EncodeForm(pairs), oauth1.PercentEncode(Redacted), Redacted)
}

// opening is how a token is shown that is not known as a secret yet, such as one that was
// just given: enough to tell it from another, not enough to be used.
func opening(token string) string {
	const shown = 4
	if len(token) < 3*shown {
		return Redacted
	}
	return token[:shown] + Redacted
}

// IsSecretName reports whether a header, a protocol parameter or a member of this name must
// never be shown, whatever the app says (connections.md O1-23, communication.md 12). With
// PLAINTEXT the signature is the secrets.
func IsSecretName(name string) bool {
	switch strings.ToLower(name) {
	case "oauth_signature", "oauth_token_secret", "oauth_verifier", "oauth_session_handle", "consumer_secret", "token_secret",
		"private_key", "client_secret", "password", "access_token", "refresh_token", "id_token", "client_assertion", "x_auth_password":
		return true
	}
	return slices.Contains(credentialHeaders, http.CanonicalHeaderKey(name))
}

func (s sanitizer) headers(side string, header http.Header) http.Header {
	shown := http.Header{}
	for name, lines := range header {
		for _, line := range lines {
			if s.names(side, "headers", name) || IsSecretName(name) {
				if scheme, _, ok := strings.Cut(line, " "); ok && strings.HasSuffix(name, "Authorization") {
					line = scheme + " " + Redacted
				} else {
					line = Redacted
				}
			}
			shown[name] = append(shown[name], s.text(line))
		}
	}
	return shown
}

// Header returns a header as it may be shown: credentials and secrets replaced.
func (m *Mask) Header(header http.Header) http.Header {
	return sanitizer{mask: m}.headers("", header)
}

// Query returns a query or form as it may be shown: secrets replaced, by their value and
// by the names of protocol parameters.
func (m *Mask) Query(text string) string {
	s := sanitizer{mask: m}
	return s.text(s.form("", "", text))
}

// body shows a body: JSON and forms member by member, other text by value, bytes by size.
func (s sanitizer) body(side string, header http.Header, raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	if s.names(side, "body") {
		return Redacted
	}
	a := &answer{header: header, raw: raw}
	kind := automatic(a)
	if kind == "binary" {
		return "<buffer of " + strconv.Itoa(len(raw)) + " bytes>"
	}
	text := a.text()
	if kind == "urlencoded" {
		text = s.form(side, "body", text)
	} else if v, err := value.ParseJSON(raw); err == nil {
		text = string(s.value(v, side, "body").AppendJSON(nil))
	}
	return cut(s.text(text), maxLogged)
}

func (s sanitizer) value(v value.Value, place ...string) value.Value {
	switch v.Kind() {
	case value.KindCollection:
		shown := value.NewCollection(v.Collection().Len())
		for name, member := range v.Collection().All() {
			at := append(place[:len(place):len(place)], name)
			if s.names(at...) || IsSecretName(name) {
				member = value.Text(Redacted)
			}
			shown.Set(s.text(name), s.value(member, at...))
		}
		return value.FromCollection(shown)
	case value.KindArray:
		shown := value.NewArray()
		for _, item := range v.Array().Items() {
			shown.Append(s.value(item, place...))
		}
		return value.FromArray(shown)
	case value.KindText: // before it is escaped as JSON: it may be escaped already
		return value.Text(s.text(v.Str()))
	}
	return v
}
