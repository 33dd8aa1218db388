package engine

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// tooLargeError says that an answer is larger than the limit.
type tooLargeError struct{ limit int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d MiB", e.limit>>20)
}

// readBody reads and decompresses the body; the limit counts decompressed bytes.
func readBody(in *http.Response, limit int64) ([]byte, error) {
	if in.ContentLength > limit {
		return nil, &tooLargeError{limit}
	}
	reader := io.Reader(in.Body)
	var err error
	switch strings.ToLower(in.Header.Get("Content-Encoding")) {
	case "gzip", "x-gzip":
		reader, err = gzip.NewReader(reader)
	case "deflate":
		reader, err = inflate(reader)
	}
	if err == io.EOF {
		return nil, nil // no body at all
	}
	if err != nil {
		return nil, fmt.Errorf("the answer cannot be decompressed: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(reader, limit+1))
	if int64(len(raw)) > limit {
		return nil, &tooLargeError{limit}
	}
	return raw, err
}

// inflate reads deflate in both forms in use: with the zlib header and without.
func inflate(r io.Reader) (io.Reader, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	all := io.MultiReader(bytes.NewReader(head[:]), r)
	if head[0]&0x0F == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(all)
	}
	return flate.NewReader(all), nil
}

// responseType picks how the body is parsed (communication.md 10.1): the narrowest
// range that holds the status, or automatic.
func (r *Run) responseType(req *request, a *answer) (string, error) {
	d, width := req.response.kind, 1<<30
	for _, t := range req.response.types {
		if a.status >= t.from && a.status <= t.to && t.to-t.from < width {
			d, width = t.kind, t.to-t.from
		}
	}
	v, err := r.evaluate(req, d)
	if err != nil {
		return "", err
	}
	if kind := v.ToText(); kind != "" && kind != "automatic" {
		return kind, nil
	}
	return automatic(a), nil
}

func automatic(a *answer) string {
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil {
		media = strings.ToLower(strings.TrimSpace(a.header.Get("Content-Type")))
	}
	switch {
	case isTokenForm(a.raw):
		// OAuth 1.0 providers label these as text or HTML (connections.md O1-40).
		return "urlencoded"
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		return "json"
	case media == typeForm:
		return "urlencoded"
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
	kind, err := r.responseType(req, a)
	if err != nil {
		return value.Undefined, err
	}
	switch kind {
	case "json":
		if len(bytes.TrimSpace(a.raw)) == 0 {
			return value.Undefined, nil
		}
		v, err := value.ParseJSON(bytes.TrimPrefix(a.raw, []byte("\xEF\xBB\xBF")))
		if err == nil {
			return v, nil
		}
		if a.status >= 400 {
			return value.Text(a.text()), nil
		}
		return value.Undefined, &Error{Type: DataError, StatusCode: a.status, Step: req.step, Directive: "response.type", Position: req.at["response.type"], Cause: err,
			Message: fmt.Sprintf("Response is not valid JSON: %s; it begins with %q", err, excerpt(a.text()))}
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

// excerpt is the beginning of a text for a message.
func excerpt(s string) string {
	if len(s) <= 80 {
		return s
	}
	return strings.ToValidUTF8(s[:80], "") + "…"
}

// text decodes the raw body with the charset of its Content-Type, UTF-8 by default.
func (a *answer) text() string {
	if _, params, err := mime.ParseMediaType(a.header.Get("Content-Type")); err == nil && params["charset"] != "" {
		if charset, err := htmlindex.Get(params["charset"]); err == nil {
			if decoded, err := charset.NewDecoder().Bytes(a.raw); err == nil {
				return string(decoded)
			}
		}
	}
	return strings.ToValidUTF8(string(a.raw), "\uFFFD")
}

// formValue is a form as a collection of texts; a repeated key gives an array.
func formValue(text string) value.Value {
	c := value.NewCollection(4)
	for _, p := range oauth1.ParseForm(text) {
		v := value.Text(p.Value)
		if old, ok := c.Lookup(p.Name); ok {
			if list := old.Array(); list != nil {
				list.Append(v)
				continue
			}
			v = value.List(old, v)
		}
		c.Set(p.Name, v)
	}
	return value.FromCollection(c)
}

// headerValue is the variable headers: lower-case names looked up without regard to
// case, several lines joined, set-cookie always an array (communication.md 10).
func headerValue(header http.Header) value.Value {
	c := value.NewHeaders()
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
