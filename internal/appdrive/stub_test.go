package appdrive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/cleat-run/cleat/value"
)

// stub is the service of an app for one component: it answers every request with the same
// body, pages behind the first with one whose lists are empty, and notes what is wrong
// with requests.
type stub struct {
	body, last []byte
	pages      pages
	wanted     []wanted // requests that the code says; none checks nothing

	mu   sync.Mutex
	sent []string // method and address of each request
	seen map[string]bool
	bad  []string
}

// answering is the stub for a communication.
func (s *provider) answering(e *expected, bundle value.Value, n int, parameters *value.Collection) *stub {
	body := s.answer(e, bundle, n, parameters)
	return &stub{body: body.AppendJSON(nil), last: s.nothing(e, body).AppendJSON(nil), pages: e.pages}
}

// again lets the service answer as if it had not been asked.
func (s *stub) again() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = nil
}

func (s *stub) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// RoundTrip checks the request and answers.
func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	answer := s.take(r, string(body))
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(answer)), ContentLength: int64(len(answer))}, nil
}

func (s *stub) take(r *http.Request, body string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, r.Method+" "+addressOf(r)+"\n"+body)
	s.bad = append(s.bad, wrongWith(r, body)...)
	if len(s.wanted) > 0 && !isWanted(s.wanted, r) {
		s.bad = append(s.bad, fmt.Sprintf("%s %s is no request of the code, which has %v", r.Method, addressOf(r), s.wanted))
	}
	resource, _, _ := strings.Cut(r.Method+" "+addressOf(r), "?")
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	seen := s.seen[resource]
	s.seen[resource] = true
	if s.pages.further(r, seen) {
		return s.last
	}
	return s.body
}

// leftovers are texts that no request holds unless something was not evaluated, or was
// turned into text that has none.
var leftovers = []string{"{{", "}}", "[object Object]", "[object Array]", "undefined"}

func wrongWith(r *http.Request, body string) []string {
	var wrong []string
	note := func(format string, args ...any) {
		wrong = append(wrong, r.Method+" "+addressOf(r)+": "+fmt.Sprintf(format, args...))
	}
	if !r.URL.IsAbs() || r.URL.Host == "" {
		note("the address is not absolute")
	}
	address, err := url.PathUnescape(addressOf(r))
	if err != nil {
		address = addressOf(r)
	}
	pieces := map[string]string{"address": address, "body": body}
	for name, values := range r.Header {
		pieces["header "+name] = strings.Join(values, "\n")
	}
	for where, text := range pieces {
		for _, left := range leftovers {
			nested := left == "}}" && where == "body" // the end of two JSON objects
			if strings.Contains(text, left) && !nested {
				note("%s holds %q", where, left)
			}
		}
	}
	if strings.Contains(r.Header.Get("Content-Type"), "json") && body != "" && !json.Valid([]byte(body)) {
		note("the body is not JSON: %.80s", body)
	}
	return wrong
}
