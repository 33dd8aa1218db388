package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"path"
	"strings"
	"unicode"

	"github.com/cleat-run/cleat/value"
)

// part is one part of a multipart body.
type part struct {
	disposition, contentType string
	header                   []string // further lines
	content                  []byte
}

// encodeMultipart writes an object as multipart/form-data (RFC 7578, communication.md 13):
// a member is a part, an array several of the same name. The boundary comes from the
// content, so that the same body is the same bytes on every attempt and in a recording.
func encodeMultipart(v value.Value) (body []byte, contentType string, err error) {
	if v.Collection() == nil {
		return nil, "", fmt.Errorf("a body of type %s must be an object, but is %s", typeMultipart, v.Kind())
	}
	var parts []part
	for name, member := range v.Collection().All() {
		items := []value.Value{member}
		if list := member.Array(); list != nil {
			items = list.Items()
		}
		for _, item := range items {
			if item.IsNil() {
				continue
			}
			p, err := newPart(name, item)
			if err != nil {
				return nil, "", err
			}
			parts = append(parts, p)
		}
	}
	boundary := "cleat-" + fingerprint(parts)
	for _, p := range parts {
		body = append(body, "--"+boundary+"\r\n"...)
		body = append(body, p.head()...)
		body = append(append(body, p.content...), "\r\n"...)
	}
	return append(body, "--"+boundary+"--\r\n"...), typeMultipart + "; boundary=" + boundary, nil
}

func fingerprint(parts []part) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s%d ", len(p.head()), p.head(), len(p.content))
		h.Write(p.content)
	}
	return hex.EncodeToString(h.Sum(nil))[:40]
}

func (p part) head() string {
	lines := append([]string{"Content-Disposition: " + p.disposition}, p.header...)
	if p.contentType != "" {
		lines = append(lines, "Content-Type: "+p.contentType)
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// newPart makes the part of a value. {value, options} is a file with a name; a bare
// buffer has none.
func newPart(name string, v value.Value) (part, error) {
	p := part{disposition: `form-data; name="` + quoted(name) + `"`}
	var options value.Value
	if c := v.Collection(); c != nil {
		content, one := c.Lookup("value")
		own, two := c.Lookup("options")
		if one && two {
			v, options = content, own
		}
	}
	filename := options.Member("filename").ToText()
	if filename != "" {
		p.disposition += `; filename="` + quoted(filename) + `"`
	}
	switch {
	case !options.Member("contentType").IsEmpty():
		p.contentType = options.Member("contentType").ToText()
	case mime.TypeByExtension(path.Ext(filename)) != "":
		p.contentType, _, _ = strings.Cut(mime.TypeByExtension(path.Ext(filename)), ";")
	case v.Kind() == value.KindBuffer || filename != "":
		p.contentType = "application/octet-stream"
	}
	for name, line := range options.Member("header").Collection().All() {
		p.header = append(p.header, name+": "+line.ToText())
	}
	if strings.ContainsFunc(p.contentType+strings.Join(p.header, ""), unicode.IsControl) {
		return p, errors.New("the options of a part hold a line break or another control character")
	}
	switch {
	case v.Kind() == value.KindBuffer:
		p.content = v.Bytes()
	case v.Collection() != nil || v.Array() != nil:
		p.content = v.AppendJSON(nil)
	default:
		p.content = []byte(v.ToText())
	}
	return p, nil
}

// quoted escapes what cannot stand in a quoted name (WHATWG HTML, multipart/form-data;
// control characters likewise).
func quoted(s string) string {
	return escapeBytes(s, func(c byte) bool { return c < ' ' || c == '"' || c == 0x7F })
}
