package oauth1test

import (
	"net/http"
	"strings"
)

// endpoint is an endpoint of the flow at a place of its own.
type endpoint struct {
	path  string
	query [][2]string // that a request must have to be meant
	serve http.HandlerFunc
}

// endpointsOf returns the endpoints that the options put elsewhere.
func endpointsOf(p *Provider) []endpoint {
	var list []endpoint
	add := func(target string, serve http.HandlerFunc) {
		if path, query, _ := strings.Cut(target, "?"); path != "" {
			list = append(list, endpoint{path, pairs(query), serve})
		}
	}
	o := p.options
	if o.RequestToken == o.AccessToken {
		add(o.RequestToken, p.leg(p.eitherToken))
	}
	add(o.RequestToken, p.leg(p.requestToken))
	add(o.AccessToken, p.leg(p.accessToken))
	add(o.Authorize, p.authorize)
	return list
}

// authorize is the page and what its form is sent to.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		p.decide(w, r)
		return
	}
	p.authorizePage(w, r)
}

func (e endpoint) is(r *http.Request) bool {
	if r.URL.Path != e.path {
		return false
	}
	sent := r.URL.Query()
	for _, p := range e.query {
		if sent.Get(p[0]) != p[1] {
			return false
		}
	}
	return true
}

// eitherToken is one endpoint for both steps: who has temporary credentials wants the
// token credentials for them.
func (p *Provider) eitherToken(r *http.Request) ([][2]string, error) {
	in, err := receive(r, p.options.PublicURL)
	if err != nil {
		return nil, err
	}
	if s, _, err := in.protocol(); err == nil && s.Token != "" {
		return p.accessToken(r)
	}
	return p.requestToken(r)
}
