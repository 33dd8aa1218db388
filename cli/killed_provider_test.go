package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// forgiving is a provider of OAuth 2.0 which gives a new refresh token with each answer, and
// takes the one before until the new one was used: nothing is lost with an answer that
// nobody could store. Access tokens end at once.
type forgiving struct {
	*httptest.Server
	asked chan struct{} // gets one for each request, if somebody waits

	lock             sync.Mutex
	serial           int
	current, earlier map[string]string // refresh tokens, by account
	access           map[string]bool
}

func newForgiving(t *testing.T) *forgiving {
	p := &forgiving{asked: make(chan struct{}), current: map[string]string{}, earlier: map[string]string{}, access: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {"code"}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		p.lock.Lock()
		defer p.lock.Unlock()
		if key := r.Header.Get("X-Key"); !strings.HasPrefix(key, "key-") && !p.access[key] {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, http.StatusOK, map[string]any{"id": 7, "name": "ann"})
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r)
		select {
		case p.asked <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *forgiving) token(w http.ResponseWriter, r *http.Request) {
	p.lock.Lock()
	defer p.lock.Unlock()
	given := r.FormValue("refresh_token")
	account, _, _ := strings.Cut(given, " ")
	if given == "" {
		account = fmt.Sprint("account-", p.serial)
	} else if given != p.current[account] && given != p.earlier[account] {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	p.serial++
	if given != p.earlier[account] {
		p.earlier[account] = given
	}
	p.current[account] = fmt.Sprint(account, " refresh-", p.serial)
	token := fmt.Sprint("access-", p.serial)
	p.access[token] = true
	answer(w, http.StatusOK, map[string]any{"access_token": token, "refresh_token": p.current[account], "expires_in": 1})
}
