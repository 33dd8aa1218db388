// Package noteservice is a service for tests: notes behind an API key, or behind OAuth 2.0
// that sends the person back with a redirect or with a form (OAuth 2.0 Form Post Response
// Mode). [App] is the app that connects to it. Everything is in memory.
package noteservice

import (
	"crypto/rand"
	"embed"
	"encoding/json"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Key is the API key that the service accepts.
const Key = "key-of-ann-0123456789"

//go:embed notes
var app embed.FS

// App returns the files of the app.
func App() fs.FS {
	files, err := fs.Sub(app, "notes")
	if err != nil {
		panic(err) // the name above is no path
	}
	return files
}

// Service is the service. It is safe for concurrent use.
type Service struct {
	mux http.ServeMux

	mu     sync.Mutex
	codes  map[string]bool
	tokens map[string]bool
}

// New returns a service that nobody has used.
func New() *Service {
	s := &Service{codes: map[string]bool{}, tokens: map[string]bool{}}
	s.mux.HandleFunc("GET /authorize", s.ask)
	s.mux.HandleFunc("POST /authorize", s.decide)
	s.mux.HandleFunc("POST /token", s.token)
	s.mux.HandleFunc("GET /me", s.me)
	return s
}

// ServeHTTP serves the addresses of the service.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

var question = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><title>Notes</title>
<form method="post"><p>Let {{.Get "client_id"}} read your notes?</p>
<button name="decision" value="allow" id="allow">Allow</button> <button name="decision" value="deny" id="deny">Deny</button></form>`))

func (s *Service) ask(w http.ResponseWriter, r *http.Request) {
	_ = question.Execute(w, r.URL.Query()) // whoever asked is gone
}

var posted = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><title>Notes</title>
<body onload="document.forms[0].submit()"><form method="post" action="{{.To}}">
{{range $name, $lines := .Answer}}<input type="hidden" name="{{$name}}" value="{{index $lines 0}}">{{end}}
<button>Go back</button></form>`))

// decide sends the person back in the way that was asked for.
func (s *Service) decide(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	answer := url.Values{"state": {asked.Get("state")}}
	if r.PostFormValue("decision") == "allow" {
		answer.Set("code", s.grant(s.codes))
	} else {
		answer.Set("error", "access_denied")
	}
	if asked.Get("response_mode") == "form_post" {
		_ = posted.Execute(w, struct {
			To     string
			Answer url.Values
		}{asked.Get("redirect_uri"), answer})
		return
	}
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+answer.Encode(), http.StatusSeeOther)
}

func (s *Service) grant(kept map[string]bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret := rand.Text()
	kept[secret] = true
	return secret
}

// redeem takes a code away and reports whether it was there.
func (s *Service) redeem(code string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.codes[code]
	delete(s.codes, code)
	return known
}

func (s *Service) token(w http.ResponseWriter, r *http.Request) {
	if !s.redeem(r.PostFormValue("code")) {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	answer(w, http.StatusOK, map[string]string{"access_token": s.grant(s.tokens), "token_type": "Bearer"})
}

func (s *Service) me(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := r.Header.Get("Authorization")
	if token, ok := strings.CutPrefix(sent, "Bearer "); sent != "Key "+Key && !(ok && s.tokens[token]) {
		answer(w, http.StatusUnauthorized, map[string]string{"message": "the key is wrong"})
		return
	}
	answer(w, http.StatusOK, map[string]string{"name": "ann"})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked is gone
}
