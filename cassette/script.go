package cassette

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/cleat-run/cleat/value"
)

// Step is a request that a test written by hand expects, with the answer to it
// (components.md 11.2). Of the request only what is said is compared; a body that is sent
// has to be said.
type Step struct {
	Request  Expected
	Response Response
}

// Expected is what a request has to be.
type Expected struct {
	URL     string // with or without the query
	Query   *value.Collection
	Method  string            // "" for any
	Headers *value.Collection // further ones are not looked at
	Body    value.Value       // as the service reads it; a text is the body itself
}

// Script answers requests by their position. It touches no network, and is safe for
// concurrent use, one request at a time.
type Script struct {
	// Read parses the body of a request by its type.
	Read func(req *http.Request, raw []byte) (value.Value, error)
	// Mask hides secrets in what is shown of a request; nil shows it as it is.
	Mask func(req *http.Request, text string) string

	steps []Step
	mu    sync.Mutex
	next  int
}

// NewScript returns a script of steps, which it does not change.
func NewScript(steps []Step) *Script { return &Script{steps: steps} }

// RoundTrip gives the answer of the next step, or a [*Changed] that tells which part of
// the request is another one.
func (s *Script) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	raw, err := drain(req)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == len(s.steps) {
		address, _ := wire(req)
		return nil, &Changed{0, fmt.Sprintf("  %s %s, after the %d of the test", req.Method, s.shown(req, address), len(s.steps)), "expected"}
	}
	step := s.steps[s.next]
	wrong, err := s.differs(step.Request, req, raw)
	if err != nil {
		return nil, err
	}
	if len(wrong) > 0 {
		return nil, &Changed{s.next + 1, s.shown(req, strings.Join(wrong, "\n")), "expected"}
	}
	s.next++
	return step.Response.answer(req), nil
}

func (s *Script) shown(req *http.Request, text string) string {
	if s.Mask == nil {
		return text
	}
	return s.Mask(req, text)
}

// Unused returns the requests that nobody made, as METHOD URL.
func (s *Script) Unused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var left []string
	for _, step := range s.steps[s.next:] {
		left = append(left, strings.TrimSpace(step.Request.Method+" "+step.Request.URL))
	}
	return left
}

// differs tells what of a request is not as expected, part by part.
func (s *Script) differs(want Expected, req *http.Request, raw []byte) ([]string, error) {
	var wrong []string
	differ := func(part, expected, is string) {
		wrong = append(wrong, fmt.Sprintf("  %s\n    expected %s\n    now      %s", part, orNothing(expected), orNothing(is)))
	}
	address, queryText, _ := strings.Cut(want.URL, "?")
	query, err := url.ParseQuery(queryText)
	if err != nil {
		return nil, fmt.Errorf("the url that is expected cannot be read: %w", err)
	}
	is, queryText := wire(req)
	made, _ := url.ParseQuery(queryText) // what cannot be read is compared as far as it can
	for name, v := range want.Query.All() {
		for _, item := range listed(v) {
			query.Add(name, item)
		}
	}
	if want.Method != "" && !strings.EqualFold(want.Method, req.Method) {
		differ("method", strings.ToUpper(want.Method), req.Method)
	}
	if !alike(rooted(address), is) {
		differ("url", address, is)
	}
	for _, name := range names(query, made) {
		if expected, is := strings.Join(query[name], ", "), strings.Join(made[name], ", "); !alike(expected, is) {
			differ("query "+name, expected, is)
		}
	}
	for name, v := range want.Headers.All() {
		if expected, is := strings.Join(listed(v), ", "), strings.Join(req.Header.Values(name), ", "); !alike(expected, is) {
			differ("header "+http.CanonicalHeaderKey(name), expected, is)
		}
	}
	body, err := s.body(want.Body, req, raw)
	if err != nil {
		return nil, err
	}
	for _, line := range body {
		wrong = append(wrong, "  "+line)
	}
	return wrong, nil
}

// body compares a body: a text with what is sent, anything else with what the service
// reads, where forms know texts alone.
func (s *Script) body(want value.Value, req *http.Request, raw []byte) ([]string, error) {
	if want.IsNil() && len(raw) == 0 {
		return nil, nil
	}
	if want.Kind() == value.KindText {
		return Differences("body", want, value.Text(string(raw))), nil
	}
	is, err := s.Read(req, raw)
	if err != nil {
		return nil, err
	}
	if len(raw) > 0 && !strings.Contains(req.Header.Get("Content-Type"), "json") {
		want = inTexts(want)
	}
	return Differences("body", want, is), nil
}

// inTexts makes texts of numbers and booleans, and leaves out what is null.
func inTexts(v value.Value) value.Value {
	switch v.Kind() {
	case value.KindCollection:
		c := value.NewCollection(v.Collection().Len())
		for name, member := range v.Collection().All() {
			if !member.IsNil() {
				c.Set(name, inTexts(member))
			}
		}
		return value.FromCollection(c)
	case value.KindArray:
		a := value.NewArray()
		for _, item := range v.Array().Items() {
			a.Append(inTexts(item))
		}
		return value.FromArray(a)
	case value.KindNumber, value.KindBool:
		return value.Text(v.ToText())
	}
	return v
}

// listed are the texts of an item, or of the items of an array.
func listed(v value.Value) []string {
	if v.Kind() != value.KindArray {
		return []string{v.ToText()}
	}
	var all []string
	for _, item := range v.Array().Items() {
		all = append(all, item.ToText())
	}
	return all
}

// rooted adds the path / to an address without one, as clients do (RFC 9110 4.2.3).
func rooted(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok && !strings.Contains(rest, "/") {
		return address + "/"
	}
	return address
}

func names(a, b url.Values) []string {
	var all []string
	for _, values := range []url.Values{a, b} {
		for name := range values {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// answer is the response as it comes from the network.
func (r *Response) answer(req *http.Request) *http.Response {
	content := r.bytes()
	header := r.Headers.Clone()
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{Status: fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status)), StatusCode: r.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, Request: req,
		Body: io.NopCloser(bytes.NewReader(content)), ContentLength: int64(len(content))}
}
