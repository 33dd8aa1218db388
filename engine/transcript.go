package engine

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// maxLogged cuts bodies in the log.
const maxLogged = 64 << 10

// Exchange is one request with its answer as it may be shown: secrets, credentials and
// what log.sanitize names are replaced by [Redacted]. Of a request without log.sanitize
// there are neither headers, bodies nor values of the query, unless the run is debugged
// (communication.md 12).
type Exchange struct {
	Plan           string          `json:"plan"`
	Step           string          `json:"step"`
	Directive      string          `json:"directive,omitempty"` // that the url came from, such as pagination.url
	Position       source.Position `json:"position"`            // of that directive
	Started        time.Time       `json:"started"`
	Duration       time.Duration   `json:"duration"`
	Timing         Timing          `json:"timing"`
	Method         string          `json:"method"`
	URL            string          `json:"url"`
	RequestHeader  http.Header     `json:"requestHeader,omitempty"`
	RequestBody    string          `json:"requestBody,omitempty"`
	RequestSize    int             `json:"requestSize"` // of the body in bytes
	Status         int             `json:"status,omitempty"`
	ResponseHeader http.Header     `json:"responseHeader,omitempty"`
	ResponseBody   string          `json:"responseBody,omitempty"`
	Size           int             `json:"size"` // of the answer's body in bytes, decompressed
	Error          string          `json:"error,omitempty"`
}

// credentialHeaders are never shown.
var credentialHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "X-Auth-Token", "X-Amz-Security-Token"}

// log hands the exchange to the listener. Only for a listener anything is made ready.
func (r *Run) log(req *request, w *wire, a *answer, err error, t *trace) {
	if t == nil {
		return
	}
	s := r.sanitizer(req)
	x := Exchange{Plan: r.plan.Name, Step: req.step, Directive: w.place, Position: req.at[w.place], Started: t.started,
		Method: w.method, RequestSize: len(w.body)}
	x.Timing, x.Duration = t.end()
	open := r.in.Debug || r.engine.options.Debug || len(req.sanitize) > 0
	x.URL = s.url(w.url, open)
	if open {
		x.RequestHeader, x.RequestBody = s.headers("request", w.header), s.body("request", w.header, w.body)
	}
	if a != nil {
		x.Status, x.Size = a.status, len(a.raw)
	}
	if a != nil && open {
		x.ResponseHeader, x.ResponseBody = s.headers("response", a.header), s.body("response", a.header, a.raw)
	}
	if err != nil {
		x.Error = s.text(err.Error())
	}
	r.engine.options.Log(x)
}

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
		}
	}
	if !hidden {
		return text
	}
	return strings.ReplaceAll(oauth1.EncodeForm(pairs), oauth1.PercentEncode(Redacted), Redacted)
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
				shown.Set(name, value.Text(Redacted))
			} else {
				shown.Set(name, s.value(member, at...))
			}
		}
		return value.FromCollection(shown)
	case value.KindArray:
		shown := value.NewArray()
		for _, item := range v.Array().Items() {
			shown.Append(s.value(item, place...))
		}
		return value.FromArray(shown)
	}
	return v
}
