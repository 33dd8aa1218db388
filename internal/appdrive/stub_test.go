package appdrive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/value"
)

// stub answers every request with the same body and notes what is wrong with requests.
type stub struct {
	body []byte
	mu   sync.Mutex
	sent int
	bad  []string
}

// answerFor is a stub for a component: its body is what a bundle looks like, at the path
// that the communication iterates, or as a whole when it does not.
func answerFor(api *app.Code, bundle value.Value) *stub {
	item := bundle
	if item.Collection() == nil {
		item = generic()
	}
	root := item.Clone()
	for _, path := range iterated(api.Root()) {
		place(root.Collection(), path, value.List(item.Clone(), item.Clone()))
	}
	if wholeBody(api.Root()) {
		root = value.List(item.Clone(), item.Clone())
	}
	return &stub{body: root.AppendJSON(nil)}
}

func generic() value.Value {
	return value.Object("id", value.Text("42"), "name", value.Text("Alice"), "label", value.Text("Alice"), "value", value.Text("42"),
		"email", value.Text("alice@example.com"), "status", value.Text("completed"), "success", value.True, "created_at", value.Text("2026-01-02T03:04:05.000Z"))
}

// place puts v at a path such as data.items.
func place(in *value.Collection, path []string, v value.Value) {
	for _, name := range path[:len(path)-1] {
		next := in.Get(name).Collection()
		if next == nil {
			next = value.NewCollection(1)
			in.Set(name, value.FromCollection(next))
		}
		in = next
	}
	in.Set(path[len(path)-1], v)
}

var bodyPath = regexp.MustCompile(`body((?:\.[A-Za-z_][A-Za-z0-9_]*)+)`)

// iterated are the paths below body that response.iterate of a communication names.
func iterated(root *jsonc.Node) [][]string {
	var paths [][]string
	for _, text := range iterates(root) {
		if found := bodyPath.FindStringSubmatch(text); found != nil {
			paths = append(paths, strings.Split(found[1][1:], "."))
		}
	}
	return paths
}

func wholeBody(root *jsonc.Node) bool {
	for _, text := range iterates(root) {
		if strings.TrimSpace(strings.Trim(text, "{}")) == "body" {
			return true
		}
	}
	return false
}

func iterates(root *jsonc.Node) []string {
	requests := []*jsonc.Node{root}
	if root.Is(jsonc.Array) {
		requests = root.Elements
	}
	var texts []string
	for _, request := range requests {
		iterate := request.Get("response").Get("iterate")
		if iterate.Is(jsonc.Object) {
			iterate = iterate.Get("container")
		}
		if text, ok := iterate.Str(); ok {
			texts = append(texts, text)
		}
	}
	return texts
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
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
	s.bad = append(s.bad, wrongWith(r, string(body))...)
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(s.body)), ContentLength: int64(len(s.body))}, nil
}

// leftovers are texts that no request holds unless something was not evaluated, or was
// turned into text that has none.
var leftovers = []string{"{{", "}}", "[object Object]", "[object Array]", "undefined"}

func wrongWith(r *http.Request, body string) []string {
	var wrong []string
	note := func(format string, args ...any) {
		wrong = append(wrong, r.Method+" "+r.URL.String()+": "+fmt.Sprintf(format, args...))
	}
	if !r.URL.IsAbs() || r.URL.Host == "" {
		note("the address is not absolute")
	}
	address, err := url.PathUnescape(r.URL.String())
	if err != nil {
		address = r.URL.String()
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
