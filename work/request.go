package work

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// Head is a request that a hook was sent, without its body (work.md 5). The order of
// headers of different names is not kept, for Go's server does not know it.
type Head struct {
	Method string      `json:"method"`
	Path   string      `json:"path"`
	Query  string      `json:"query,omitempty"`
	Host   string      `json:"host,omitempty"`
	Header [][2]string `json:"header,omitempty"`
}

// hidden are headers of a request that are no business of the app: they belong to the way
// to this server. Cookies and credentials of this server's own pages may be among them.
var hidden = map[string]bool{"Cookie": true, "Connection": true, "Transfer-Encoding": true, "X-Forwarded-For": true, "X-Forwarded-Proto": true,
	"X-Forwarded-Host": true, "Forwarded": true, "Proxy-Authorization": true}

// HeadOf returns the head of a request as one line of JSON. Of the path only what follows
// the hook's own address is kept, for the rest is its token.
func HeadOf(r *http.Request, rest string) []byte {
	h := Head{Method: r.Method, Path: rest, Query: r.URL.RawQuery, Host: r.Host}
	for name, lines := range r.Header {
		for _, line := range lines {
			if !hidden[name] {
				h.Header = append(h.Header, [2]string{name, line})
			}
		}
	}
	line, _ := json.Marshal(h) // cannot fail: texts only
	return line
}

// ReadHead is the inverse of HeadOf.
func ReadHead(head []byte) (*Head, error) {
	h := &Head{}
	if err := json.Unmarshal(head, h); err != nil {
		return nil, fmt.Errorf("the head of the delivery cannot be read: %w", err)
	}
	return h, nil
}

// RequestOf is the request of a head as the code of the webhook sees it.
func RequestOf(head []byte) (*http.Request, error) {
	h, err := ReadHead(head)
	if err != nil {
		return nil, err
	}
	r := &http.Request{Method: h.Method, URL: &url.URL{Path: h.Path, RawQuery: h.Query}, Host: h.Host, Header: make(http.Header, len(h.Header))}
	for _, line := range h.Header {
		r.Header.Add(line[0], line[1])
	}
	return r, nil
}

// Join makes one text of head and body, as it is kept for replays; Split is its inverse.
func Join(head, body []byte) []byte {
	all := make([]byte, 0, len(head)+1+len(body))
	return append(append(append(all, head...), '\n'), body...)
}

// Split takes apart what Join made.
func Split(raw []byte) (head, body []byte, err error) {
	head, body, found := bytes.Cut(raw, []byte("\n"))
	if !found {
		return nil, nil, errors.New("the delivery is not complete")
	}
	return head, body, nil
}
