//go:build linux

package kill_test

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Times of access tokens. The app refreshes one second before the end, and a service takes
// a token a little longer than it says.
const (
	tokenTime  = 5 * time.Second
	tokenGrace = 3 * time.Second
)

// provider is an authorization server of OAuth 2.0 and the service behind it. Each refresh
// token is good once (RFC 6749 6, RFC 9700 4.14), and every request for a token is kept.
// Tokens of an account are numbered: refresh token 7 comes with access token 7.
type provider struct {
	items  *items
	nodeOf func(address string) int // which node has this end of a connection; -1: none

	mu       sync.Mutex
	accounts map[string]*account
	calls    []*call
	trap     *trap // for the next request to refresh
}

// account is the state of the tokens of one account.
type account struct {
	newest int
	used   map[int]bool // refresh tokens that are no longer good
	made   map[int]time.Time
}

// call is one request for tokens.
type call struct {
	account      string
	given, got   int // refresh tokens; given 0: authorized by a person, got 0: refused
	node         int
	began, ended time.Time
}

// trap catches a request to refresh behind the decision and before the answer.
type trap struct {
	caught  chan *call
	release chan struct{}
}

func newProvider(s *items) *provider {
	return &provider{items: s, accounts: map[string]*account{}, nodeOf: func(string) int { return -1 }}
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/authorize": // the person says yes at once
		q := r.URL.Query()
		back := url.Values{"code": {q.Get("account")}, "state": {q.Get("state")}}
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	case "/token":
		p.token(w, r)
	default:
		p.resource(w, r)
	}
}

// resource is the service: /me and /items.
func (p *provider) resource(w http.ResponseWriter, r *http.Request) {
	name, number := split(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	p.mu.Lock()
	good := p.accounts[name] != nil && time.Since(p.accounts[name].made[number]) < tokenTime+tokenGrace
	p.mu.Unlock()
	switch {
	case !good:
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
	case r.URL.Path == "/items":
		p.items.ServeHTTP(w, r)
	default:
		answer(w, http.StatusOK, map[string]string{"id": name})
	}
}

// token grants, or refuses what was used before.
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	c := &call{began: time.Now(), node: p.nodeOf(r.RemoteAddr)}
	if c.account = r.FormValue("code"); c.account == "" {
		c.account, c.given = split(r.FormValue("refresh_token"))
	}
	caught := p.decide(c)
	if caught != nil {
		caught.caught <- c
		<-caught.release
	} else {
		pause(50 * time.Millisecond) // a provider far away
	}
	if c.got == 0 {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
	} else {
		answer(w, http.StatusOK, map[string]any{"access_token": join(c.account, c.got), "refresh_token": join(c.account, c.got), "expires_in": int(tokenTime / time.Second)})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c.ended = time.Now()
}

// decide does what the request asks for, and returns the trap that it runs into.
func (p *provider) decide(c *call) *trap {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, c)
	a := p.accounts[c.account]
	if a == nil {
		a = &account{used: map[int]bool{}, made: map[int]time.Time{}}
		p.accounts[c.account] = a
	}
	if c.given == 0 || c.given <= a.newest && !a.used[c.given] {
		a.used[c.given] = true
		a.newest++
		c.got, a.made[a.newest] = a.newest, time.Now()
	}
	if c.given == 0 || c.got == 0 {
		return nil
	}
	caught := p.trap
	p.trap = nil
	return caught
}

// catch waits for the next request to refresh that is granted, and holds its answer back
// until release is called.
func (p *provider) catch(limit time.Duration) (c *call, release func(), err error) {
	t := &trap{make(chan *call, 1), make(chan struct{})}
	p.mu.Lock()
	p.trap = t
	p.mu.Unlock()
	select {
	case c := <-t.caught:
		return c, func() { close(t.release) }, nil
	case <-time.After(limit):
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trap == t {
		p.trap = nil
		return nil, nil, fmt.Errorf("no connection was refreshed within %v", limit)
	}
	return <-t.caught, func() { close(t.release) }, nil
}

// history are all calls so far. One that is not answered yet has no end.
func (p *provider) history() []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []call
	for _, c := range p.calls {
		all = append(all, *c)
	}
	return all
}

func join(account string, number int) string { return account + "." + strconv.Itoa(number) }

func split(token string) (account string, number int) {
	account, text, _ := strings.Cut(token, ".")
	number, _ = strconv.Atoi(text)
	return account, number
}

// owner returns which of some processes has the given end of a connection open, by what
// the system tells of each (proc(5)); -1 for none.
func ownerOf(address string, processes []int) int {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return -1
	}
	number, _ := strconv.Atoi(port)
	table, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		return -1
	}
	var socket string
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 9 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", number)) && f[9] != "0" {
			socket = "socket:[" + f[9] + "]"
		}
	}
	return slices.IndexFunc(processes, func(pid int) bool {
		open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		return slices.ContainsFunc(open, func(path string) bool {
			to, _ := os.Readlink(path)
			return socket != "" && to == socket
		})
	})
}

func TestOwnerOf(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := ownerOf(c.LocalAddr().String(), []int{os.Getppid(), os.Getpid()}); got != 1 {
		t.Errorf("the connection is of process %d", got)
	}
	if got := ownerOf(c.LocalAddr().String(), []int{os.Getppid()}); got != -1 {
		t.Errorf("the connection is of process %d", got)
	}
}
