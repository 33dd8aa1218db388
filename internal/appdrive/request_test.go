package appdrive

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// wanted is a request as the code writes it: what an expression gives may be anything.
type wanted struct {
	method  string // "" for any
	address *regexp.Regexp
	written string
}

// String is the request as the code has it.
func (w wanted) String() string { return strings.TrimSpace(w.method + " " + w.written) }

// wantedOf are the requests of a communication and of the endpoints that it calls.
func wantedOf(a *app.App, code *app.Code) []wanted {
	var all []wanted
	for _, base := range append(requestsOf(a.Base.Root()), nil)[:1] { // one base, or none
		for _, request := range requestsOf(code.Root()) {
			all = append(all, wantedBy(base, request)...)
			if name := endpointName(request); name != "" {
				if e := a.Endpoint(name); e != nil {
					all = append(all, wantedOf(a, e.API)...)
				}
			}
		}
	}
	return all
}

func endpointName(request *jsonc.Node) string {
	node := request.Get("endpoint")
	if node.Is(jsonc.Object) {
		node = node.Get("name")
	}
	name, _ := node.Str()
	return name
}

// wantedBy is a request, and its further pages when they have an address or a method of
// their own.
func wantedBy(base, request *jsonc.Node) []wanted {
	address := first(request.Get("url"), base.Get("url"))
	if address == "" {
		return nil
	}
	method := first(request.Get("method"), base.Get("method"))
	server := first(request.Get("baseUrl"), base.Get("baseUrl"))
	all := []wanted{wantedAt(server, address, method)}
	if next := request.Get("pagination"); next.Has("url") || next.Has("method") {
		further := first(next.Get("url"))
		if further == "" {
			further = address
		}
		again := first(next.Get("method"))
		if again == "" {
			again = method
		}
		all = append(all, wantedAt(server, further, again))
	}
	return all
}

// first is the first node that is a text.
func first(nodes ...*jsonc.Node) string {
	for _, node := range nodes {
		if text, ok := node.Str(); ok && text != "" {
			return text
		}
	}
	return ""
}

func wantedAt(server, address, method string) wanted {
	written := address
	if !strings.HasPrefix(address, "http") && !strings.HasPrefix(address, "{{") {
		written = strings.TrimSuffix(server, "/") + "/" + strings.TrimPrefix(address, "/")
	}
	w := wanted{method: method, address: regexp.MustCompile("^" + anything(written) + "$"), written: written}
	switch {
	case method == "":
		w.method = http.MethodGet
	case strings.Contains(method, "{{"):
		w.method = ""
	}
	return w
}

// expression is one expression in a text.
var expression = regexp.MustCompile(`\{\{.*?\}\}`)

// anything is the pattern of an address without its query.
func anything(template string) string {
	var b strings.Builder
	end := 0
	static := func(text string) bool {
		path, _, query := strings.Cut(text, "?")
		b.WriteString(regexp.QuoteMeta(path))
		return query
	}
	for _, at := range expression.FindAllStringIndex(template, -1) {
		if static(template[end:at[0]]) {
			return b.String()
		}
		b.WriteString(".*")
		end = at[1]
	}
	static(template[end:])
	return b.String()
}

// addressOf is the whole address of a request as it goes out.
func addressOf(r *http.Request) string { return r.URL.Scheme + "://" + r.URL.Host + r.URL.RequestURI() }

// isWanted reports whether the code says a request.
func isWanted(all []wanted, r *http.Request) bool {
	address, _, _ := strings.Cut(addressOf(r), "?")
	if plain, err := url.PathUnescape(address); err == nil {
		address = plain
	}
	for _, w := range all {
		if (w.method == "" || strings.EqualFold(w.method, r.Method)) && w.address.MatchString(address) {
			return true
		}
	}
	return false
}
