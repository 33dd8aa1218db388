package engine

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/value"
)

// FuzzURL: what an address becomes is one that net/http takes and sends byte for byte,
// and stays as it is when it is read again.
func FuzzURL(f *testing.F) {
	for _, text := range []string{"http://a.example/b c?d=é#f", "https://[::1]:443//x//", "http://0x7f.1/%zz?%", "http://ü.example:8080", "http://a/?a=1?b=2", "http://a\\b/", "http://a:b@c/"} {
		f.Add(text, true, false)
		f.Add(text, false, true)
	}
	f.Fuzz(func(t *testing.T, text string, encode, uniform bool) {
		if !isAbsolute(text) {
			t.Skip("only absolute addresses are normalized")
		}
		u, err := normalizeURL(text, urlMode{encode: encode, uniform: uniform})
		if err != nil {
			return
		}
		again, err := normalizeURL(u.String(), verbatim)
		if err != nil || again != u {
			t.Fatalf("%q is %q and then %q, %v", text, u, again, err)
		}
		var sent bytes.Buffer
		if err := (&http.Request{Method: "GET", URL: u.http(false), Host: u.host}).Write(&sent); err != nil {
			t.Fatalf("%q: %v", u, err)
		}
		line, _, _ := strings.Cut(sent.String(), "\r\n")
		path := u.path
		if path == "" {
			path = "/"
		}
		if u.query != "" {
			path += "?" + u.query
		}
		if want := "GET " + path + " HTTP/1.1"; line != want {
			t.Fatalf("%q is sent as %q, want %q", u, line, want)
		}
		if parsed, err := url.Parse("//" + u.host); err != nil || parsed.User != nil || parsed.Host != u.host {
			t.Fatalf("the host %q is read as %v, %v", u.host, parsed, err)
		}
	})
}

// FuzzXML: whatever comes, there is an end, and what is read is an object with one root.
func FuzzXML(f *testing.F) {
	for _, text := range []string{"<a/>", `<a b="c">d<e/>f<e>g</e></a>`, "<a><![CDATA[<b>]]></a>", "<?xml version='1.0' encoding='latin1'?><a>\xe9</a>", "<a></b>", "<a/><b/>", "text", "<!DOCTYPE a><a/>"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := parseXML(raw)
		if err == nil && v.Collection().Len() != 1 {
			t.Errorf("%q is read as %s", raw, v.AppendJSON(nil))
		}
	})
}

// FuzzMultipart: what is written is what an independent reader finds.
func FuzzMultipart(f *testing.F) {
	f.Add("name", "content", "file.txt", "text/plain")
	f.Add("a\"b\r\nc", "--cleat-\r\n", "", "")
	f.Fuzz(func(t *testing.T, name, content, filename, contentType string) {
		part := value.Object("value", value.Buffer([]byte(content)), "options", value.Object("filename", value.Text(filename), "contentType", value.Text(contentType)))
		body, header, err := encodeMultipart(value.Object("first", value.Text("1"), name, part))
		if err != nil || name == "first" {
			return
		}
		_, params, err := mime.ParseMediaType(header)
		if err != nil {
			t.Fatal(err)
		}
		r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
		if p, err := r.NextRawPart(); err != nil || p.FormName() != "first" {
			t.Fatalf("the first part: %v", err)
		}
		p, err := r.NextRawPart()
		if err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		got, err := io.ReadAll(p)
		if err != nil || string(got) != content {
			t.Errorf("the content %q is read as %q, %v", content, got, err)
		}
		if _, err := r.NextRawPart(); err != io.EOF {
			t.Errorf("there is more: %v", err)
		}
	})
}

// FuzzHeaders: what setHeaders accepts cannot begin a line of its own.
func FuzzHeaders(f *testing.F) {
	f.Add("X-A", "b")
	f.Add("X A", "b\r\nc: d")
	f.Fuzz(func(t *testing.T, name, text string) {
		header := http.Header{}
		if setHeaders(header, value.Object(name, value.Text(text))) != nil {
			return
		}
		var b bytes.Buffer
		if err := header.Write(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Count(b.String(), "\n") > 1 {
			t.Errorf("%q: %q is written as %q", name, text, b.String())
		}
	})
}
