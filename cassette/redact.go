package cassette

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cleat-run/cleat/value"
)

// volatile are the parameters that are new in every request, and the headers.
var (
	volatile        = []string{"oauth_nonce", "oauth_timestamp"}
	volatileHeaders = []string{"Date", "X-Amz-Date"}
)

func (o Options) text(ctx context.Context, text string) string {
	if o.Mask == nil {
		return text
	}
	return o.Mask(ctx, text)
}

func (o Options) secret(name string) bool { return o.Secret != nil && o.Secret(name) }

// request is req as it is kept and compared. Its body stays readable.
func (o Options) request(req *http.Request) (Request, error) {
	content, err := drain(req)
	if err != nil {
		return Request{}, err
	}
	header := req.Header.Clone()
	if req.Host != "" && req.Host != req.URL.Host {
		header.Set("Host", req.Host)
	}
	for _, name := range volatileHeaders {
		if header.Get(name) != "" {
			header.Set(name, Any)
		}
	}
	return Request{Method: req.Method, URL: o.address(req), Headers: o.headers(req.Context(), header),
		Body: o.body(req.Context(), header.Get("Content-Type"), content)}, nil
}

func drain(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	content, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	req.Body = io.NopCloser(bytes.NewReader(content))
	return content, nil
}

// address is the URL as it goes over the wire, secrets hidden.
func (o Options) address(req *http.Request) string {
	address, query := wire(req)
	if query != "" {
		address += "?" + o.form(query)
	}
	return o.text(req.Context(), address)
}

// wire is the URL as it goes over the wire, and its query.
func wire(req *http.Request) (address, query string) {
	path := req.URL.RequestURI()
	if _, rest, ok := strings.Cut(path, "://"); ok && !strings.HasPrefix(path, "/") { // as to a proxy
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	path, query, _ = strings.Cut(path, "?")
	return req.URL.Scheme + "://" + req.URL.Host + path, query
}

// form hides parameters by name and leaves the rest as it is written.
func (o Options) form(text string) string {
	pairs := strings.Split(text, "&")
	for i, pair := range pairs {
		name, _, ok := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		switch {
		case !ok || err != nil:
		case slices.Contains(volatile, plain):
			pairs[i] = name + "=" + Any
		case o.secret(plain):
			pairs[i] = name + "=" + Redacted
		}
	}
	return strings.Join(pairs, "&")
}

func (o Options) headers(ctx context.Context, header http.Header) http.Header {
	kept := http.Header{}
	for name, lines := range header {
		for _, line := range lines {
			switch {
			case o.secret(name):
				line = Redacted
			default:
				line = o.text(ctx, line)
			}
			kept[name] = append(kept[name], line)
		}
	}
	return kept
}

// body masks a body and picks its form.
func (o Options) body(ctx context.Context, contentType string, content []byte) Body {
	if len(content) == 0 {
		return Body{}
	}
	media, _, _ := mime.ParseMediaType(contentType)
	if media == "application/json" || strings.HasSuffix(media, "+json") {
		if v, err := value.ParseJSON(content); err == nil {
			if masked, err := o.json(ctx, v); err == nil {
				return Body{JSON: &masked}
			}
		}
	}
	text := string(content)
	if media == "application/x-www-form-urlencoded" {
		text = o.form(text)
	}
	text = o.text(ctx, text)
	if !utf8.ValidString(text) {
		return Body{Base64: []byte(text)}
	}
	return Body{Text: text}
}

// again masks what is kept of an exchange once more.
func (o Options) again(ctx context.Context, x *Exchange) {
	x.Request.URL, x.Error = o.text(ctx, x.Request.URL), o.text(ctx, x.Error)
	x.Request.Headers, x.Request.Body = o.headers(ctx, x.Request.Headers), o.bodyAgain(ctx, x.Request.Body)
	if x.Response != nil {
		x.Response.Headers, x.Response.Body = o.headers(ctx, x.Response.Headers), o.bodyAgain(ctx, x.Response.Body)
	}
}

func (o Options) bodyAgain(ctx context.Context, b Body) Body {
	b.Text = o.text(ctx, b.Text)
	if b.JSON == nil {
		return b
	}
	if masked, err := o.json(ctx, *b.JSON); err == nil {
		b.JSON = &masked
	}
	return b
}

// json masks each text by itself, since it may be escaped already, and then all as it is
// written: a secret may be a number.
func (o Options) json(ctx context.Context, v value.Value) (value.Value, error) {
	return value.ParseJSON([]byte(o.text(ctx, string(o.members(ctx, v).AppendJSON(nil)))))
}

// members hides what has the name of a secret, at any depth, and masks all texts.
func (o Options) members(ctx context.Context, v value.Value) value.Value {
	switch v.Kind() {
	case value.KindCollection:
		c := value.NewCollection(v.Collection().Len())
		for name, member := range v.Collection().All() {
			if o.secret(name) {
				member = value.Text(Redacted)
			}
			c.Set(o.text(ctx, name), o.members(ctx, member))
		}
		return value.FromCollection(c)
	case value.KindArray:
		a := value.NewArray()
		for _, item := range v.Array().Items() {
			a.Append(o.members(ctx, item))
		}
		return value.FromArray(a)
	case value.KindText:
		return value.Text(o.text(ctx, v.Str()))
	}
	return v
}
