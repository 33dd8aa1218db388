package engine

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"

	"golang.org/x/net/publicsuffix"
)

// addCookies sends the cookies of the run along, for a request with shareCookies.
func (r *Run) addCookies(w *wire) {
	if !w.cookies || r.jar == nil {
		return
	}
	out := http.Request{Header: w.header}
	for _, cookie := range r.jar.Cookies(w.url.plain()) {
		out.AddCookie(cookie)
	}
}

// keepCookies remembers the cookies of an answer for the rest of the run.
func (r *Run) keepCookies(w *wire, in *http.Response) {
	if !w.cookies {
		return
	}
	if r.jar == nil {
		r.jar, _ = cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List}) // never fails
	}
	r.jar.SetCookies(w.url.plain(), in.Cookies())
}

func (u wireURL) plain() *url.URL {
	return &url.URL{Scheme: u.scheme, Host: u.host, Path: u.path}
}
