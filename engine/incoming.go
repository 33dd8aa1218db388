package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/cleat-run/cleat/value"
)

// Limits of a request that came in, beside that of its size.
const (
	maxIncomingDepth = 500
	maxIncomingParts = 1000
)

// ReadRequest returns the variables of a request that came in: body, parsed by its
// Content-Type, rawBody, query, headers and method (components.md 7.2). The raw body is a
// text where it can be one, for signatures over it. A body that is not what its type says
// is a DataError.
func ReadRequest(in *http.Request, raw []byte) (map[string]value.Value, error) {
	body, err := incomingBody(in.Header, raw)
	if err != nil {
		return nil, &Error{Type: DataError, Message: err.Error(), Cause: err}
	}
	rawBody := value.Text(string(raw))
	if !utf8.Valid(raw) {
		rawBody = value.Buffer(raw)
	}
	return map[string]value.Value{"body": body, "rawBody": rawBody, "query": formValue(in.URL.RawQuery),
		"headers": headerValue(in.Header), "method": value.Text(in.Method)}, nil
}

func incomingBody(header http.Header, raw []byte) (value.Value, error) {
	if len(raw) == 0 {
		return value.Undefined, nil
	}
	if media, params, err := mime.ParseMediaType(header.Get("Content-Type")); err == nil && media == typeMultipart {
		return partsOf(multipart.NewReader(bytes.NewReader(raw), params["boundary"]))
	}
	a := &answer{header: header, raw: raw}
	switch automatic(a) {
	case "json":
		return incomingJSON(a.utf8())
	case "xml":
		v, err := parseXML(a.utf8())
		if err != nil {
			err = fmt.Errorf("the request is not valid XML: %w", err)
		}
		return v, err
	case "urlencoded":
		return formValue(a.text()), nil
	case "binary":
		return value.Buffer(raw), nil
	}
	return value.Text(a.text()), nil
}

func incomingJSON(raw []byte) (value.Value, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return value.Undefined, nil
	}
	v, err := value.ParseJSON(raw)
	switch {
	case err != nil:
		return v, fmt.Errorf("the request is not valid JSON: %w", err)
	case deeper(v, maxIncomingDepth):
		return v, fmt.Errorf("the request is nested deeper than %d levels", maxIncomingDepth)
	}
	return v, nil
}

// deeper reports whether v is nested deeper than n levels.
func deeper(v value.Value, n int) bool {
	if v.Array() == nil && v.Collection() == nil {
		return false
	}
	if n == 0 {
		return true
	}
	for _, item := range v.Array().Items() {
		if deeper(item, n-1) {
			return true
		}
	}
	for _, member := range v.Collection().All() {
		if deeper(member, n-1) {
			return true
		}
	}
	return false
}

// partsOf reads a multipart form: fields are texts, files are buffers, and a repeated
// name gives an array (components.md 7.2).
func partsOf(in *multipart.Reader) (value.Value, error) {
	c := value.NewCollection(4)
	for n := 0; ; n++ {
		part, err := in.NextRawPart()
		if errors.Is(err, io.EOF) {
			return value.FromCollection(c), nil
		}
		if err != nil {
			return value.Undefined, fmt.Errorf("the request is not a valid multipart form: %w", err)
		}
		if n == maxIncomingParts {
			return value.Undefined, fmt.Errorf("the request has more than %d parts", maxIncomingParts)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return value.Undefined, fmt.Errorf("the request is not a valid multipart form: %w", err)
		}
		v := value.Buffer(content)
		if part.FileName() == "" {
			v = value.Text(strings.ToValidUTF8(string(content), "\uFFFD"))
		}
		repeatable(c, part.FormName(), v)
	}
}

// repeatable sets a member that may be repeated: the second makes an array of it.
func repeatable(c *value.Collection, name string, v value.Value) {
	old, again := c.Lookup(name)
	switch list := old.Array(); {
	case !again:
		c.Set(name, v)
	case list != nil:
		list.Append(v)
	default:
		c.Set(name, value.List(old, v))
	}
}
