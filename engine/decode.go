package engine

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// responseType picks how the body is parsed (communication.md 10.1): the narrowest
// range that holds the status, or automatic.
func (r *Run) responseType(req *request, a *answer) (string, error) {
	v, err := r.evaluate(req, req.response.kindFor(a.status))
	if err != nil {
		return "", err
	}
	if kind := v.ToText(); kind != "" && kind != "automatic" {
		return kind, nil
	}
	return automatic(a), nil
}

func automatic(a *answer) string {
	media, _ := a.contentType()
	switch {
	case isTokenForm(a.raw):
		// OAuth 1.0 providers label these as text or HTML (connections.md O1-40).
		return "urlencoded"
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		return "json"
	case media == typeForm:
		return "urlencoded"
	case media == "application/xml" || media == "text/xml" || strings.HasSuffix(media, "+xml"):
		return "xml"
	case media == "" || strings.HasPrefix(media, "text/"):
		return "text"
	case utf8.Valid(a.raw):
		return "text"
	}
	return "binary"
}

func isTokenForm(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("oauth_token=")) || bytes.HasPrefix(raw, []byte("oauth_problem=")) || bytes.HasPrefix(raw, []byte("oauth_token_secret="))
}

// decode parses the body. A body that is not what its type says stays text when the
// status is an error, so that the error directive can still use it.
func (r *Run) decode(req *request, a *answer) (value.Value, error) {
	if a.file != nil {
		return a.file.value(a.header.Get("Content-Type")), nil
	}
	kind, err := r.responseType(req, a)
	if err != nil {
		return value.Undefined, err
	}
	switch kind {
	case "json":
		v, err := r.engine.parseJSON(a.utf8())
		return r.parsed(req, a, "JSON", v, err)
	case "xml":
		v, err := parseXML(a.utf8())
		return r.parsed(req, a, "XML", v, err)
	case "urlencoded":
		return formValue(a.text()), nil
	case "text", "string", "raw":
		return value.Text(a.text()), nil
	case "binary":
		return value.Buffer(a.raw), nil
	}
	return value.Undefined, &Error{Type: InvalidConfigurationError, Message: fmt.Sprintf("the response type '%s' is not supported", kind),
		Step: req.step, Directive: "response.type", Position: req.at["response.type"]}
}

// parseJSON reads JSON with a parser that has seen answers before.
func (e *Engine) parseJSON(text []byte) (value.Value, error) {
	p, _ := e.parsers.Get().(*value.JSONParser)
	if p == nil {
		p = new(value.JSONParser)
	}
	defer e.parsers.Put(p)
	return p.Parse(text)
}

// parsed is what a parser made of the body. Without a body there is nothing; one that
// cannot be parsed stays text when the status is an error.
func (r *Run) parsed(req *request, a *answer, format string, v value.Value, err error) (value.Value, error) {
	switch {
	case err == nil:
		return v, nil
	case len(bytes.TrimSpace(a.raw)) == 0:
		return value.Undefined, nil
	case a.status >= 400:
		return value.Text(a.text()), nil
	}
	return value.Undefined, &Error{Type: DataError, StatusCode: a.status, Step: req.step, Directive: "response.type", Position: req.at["response.type"], Cause: err,
		Message: fmt.Sprintf("Response is not valid %s: %s; it begins with %q", format, err, r.excerpt(a.text()))}
}

// excerpt is the beginning of a text for a message.
func (r *Run) excerpt(text string) string { return cut(r.mask.Text(text), 80) }

// contentType is the media type of the body, in lower case, and the charset it names.
func (a *answer) contentType() (media, charset string) {
	line := a.header.Get("Content-Type")
	if !strings.Contains(line, ";") {
		return strings.ToLower(strings.TrimSpace(line)), ""
	}
	media, params, err := mime.ParseMediaType(line)
	if err != nil {
		return strings.ToLower(strings.TrimSpace(line)), ""
	}
	return media, params["charset"]
}

// text decodes the raw body with the charset of its Content-Type, UTF-8 by default.
func (a *answer) text() string { return strings.ToValidUTF8(string(a.utf8()), "\uFFFD") }

// utf8 is the raw body in UTF-8, without a byte order mark. An unknown charset counts as
// UTF-8.
func (a *answer) utf8() []byte {
	if _, name := a.contentType(); name != "" && !strings.EqualFold(name, "utf-8") {
		if charset, err := htmlindex.Get(name); err == nil {
			if decoded, err := charset.NewDecoder().Bytes(a.raw); err == nil {
				return decoded
			}
		}
	}
	return bytes.TrimPrefix(a.raw, []byte("\xEF\xBB\xBF"))
}

// formValue is a form as a collection of texts; a repeated key gives an array.
func formValue(text string) value.Value {
	c := value.NewCollection(4)
	for _, p := range oauth1.ParseForm(text) {
		repeatable(c, p.Name, value.Text(p.Value))
	}
	return value.FromCollection(c)
}

// headerValue is the variable headers: lower-case names looked up without regard to
// case, several lines joined, set-cookie always an array (communication.md 10).
func headerValue(header http.Header) value.Value {
	c := value.NewHeaders(len(header))
	for name, lines := range header {
		name = strings.ToLower(name)
		if name == "set-cookie" {
			cookies := value.NewArray()
			for _, line := range lines {
				cookies.Append(value.Text(line))
			}
			c.Set(name, value.FromArray(cookies))
			continue
		}
		c.Set(name, value.Text(strings.Join(lines, ", ")))
	}
	return value.FromCollection(c)
}
