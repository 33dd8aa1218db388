package connect_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// fullRace asks for all rounds.
const fullRace = "CLEAT_FULL_RACE"

// raceType is a connection with refresh tokens at a provider.
func raceType(provider string) (*connect.Type, error) {
	return sections{kind: "oauth", api: strings.ReplaceAll(codeTemplate, "$", provider), common: clientCommon}.compile()
}

// rotator is a provider whose refresh token is good once. It knows processes by the name
// of their client.
type rotator struct {
	*httptest.Server
	lock            sync.Mutex
	serial          int // of the newest tokens
	grants, refused int
	dead            map[string]bool
	held            chan struct{} // if not nil, answers are held until it is closed
}

func newRotator(t *testing.T) *rotator {
	p := &rotator{dead: map[string]bool{}, serial: 1}
	p.Server = httptest.NewServer(http.HandlerFunc(p.token))
	t.Cleanup(p.Close)
	return p
}

func (p *rotator) tokens() (access, refresh string) {
	return fmt.Sprintf("access-%d", p.serial), fmt.Sprintf("refresh-%d", p.serial)
}

func (p *rotator) token(w http.ResponseWriter, q *http.Request) {
	q.ParseForm()
	p.lock.Lock()
	held := p.held
	p.lock.Unlock()
	if held != nil {
		<-held
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.dead[q.UserAgent()] {
		panic(http.ErrAbortHandler) // nobody is there to take an answer
	}
	if _, refresh := p.tokens(); q.PostForm.Get("refresh_token") != refresh {
		p.refused++
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	p.serial++
	p.grants++
	access, refresh := p.tokens()
	writeJSON(w, http.StatusOK, map[string]any{"access_token": access, "refresh_token": refresh, "expires_in": 1 << 30, "refresh_expires_in": 1 << 30})
}

// race is four processes which want one connection.
type race struct {
	t        *testing.T
	provider *rotator
	records  *store.Store
	dir      string
	children []*process
	said     chan said
	ahead    int // clock of the children, in seconds
}

// Many goroutines of several processes find that the token has ended. One of them renews
// it, whoever is killed meanwhile, and all get the same (connections.md O2-41). What no
// client can mend stays out: the end of the owner between the answer of the provider and
// the journal (O2-42).
func TestRefreshRace(t *testing.T) {
	t.Parallel()
	rounds := 12
	if os.Getenv(fullRace) != "" {
		rounds = 200
	}
	r := newRace(t)
	for n := range rounds {
		r.expire()
		r.provider.grants = 0
		switch n % 4 {
		case 1:
			r.run(killBeforeAnswer)
		case 3:
			r.run(killAfterJournal)
		default:
			r.run(killNobody)
		}
		r.check(n)
		if t.Failed() {
			return
		}
	}
}

func newRace(t *testing.T) *race {
	r := &race{t: t, provider: newRotator(t), dir: t.TempDir(), said: make(chan said)}
	var err error
	if r.records, err = store.Open(t.Context(), store.Options{Dir: r.dir}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.records.Close() })
	access, refresh := r.provider.tokens()
	err = r.records.InsertConnection(t.Context(), &connect.Record{Name: "work", App: "demo", Type: "conn", Kind: connect.OAuth2,
		Data: value.Object("accessToken", value.Text(access), "refreshToken", value.Text(refresh)).Collection()})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		r.children = append(r.children, startChild(t, r.dir, r.provider.URL, r.said))
	}
	t.Cleanup(func() {
		for _, c := range r.children {
			c.Process.Kill()
			c.Wait()
		}
	})
	return r
}

func (r *race) stored() *connect.Record {
	r.t.Helper()
	record, err := r.records.ConnectionNamed(r.t.Context(), "work")
	if err != nil {
		r.t.Fatal(err)
	}
	return record
}

// expire has the access token end.
func (r *race) expire() {
	record := r.stored()
	record.Data.Set("expires", value.Date(0))
	if err := r.records.UpdateConnection(r.t.Context(), record); err != nil {
		r.t.Fatal(err)
	}
}

type killing int

const (
	killNobody       killing = iota
	killBeforeAnswer         // any child, while the provider has answered nobody
	killAfterJournal         // the owner, when the answer is in the journal
)

// run lets all children ask, kills one, and returns when the others have their answer.
func (r *race) run(kill killing) {
	var timer <-chan time.Time
	if kill == killBeforeAnswer {
		r.provider.hold()
		timer = time.After(rand.N(30 * time.Millisecond))
	}
	for _, c := range r.children {
		c.done = ""
		c.tell(r.t, "go")
	}
	var killed time.Time
	limit := time.After(30 * time.Second)
	for !r.allDone() {
		select {
		case s := <-r.said:
			s.note()
			if s.line == "journaled" && kill == killAfterJournal && killed.IsZero() {
				killed = r.kill(s.by)
			}
		case <-timer:
			killed = r.kill(r.children[rand.IntN(len(r.children))])
			r.provider.release()
		case <-limit:
			r.t.Fatal("the children do not end")
		}
		if !killed.IsZero() && r.ownerless(killed) {
			killed = time.Now()
			r.ahead += 81 // the lease of the dead owner ends
			r.tellAll(fmt.Sprint("clock ", r.ahead))
		}
	}
	for len(r.children) < 4 {
		c := startChild(r.t, r.dir, r.provider.URL, r.said)
		c.tell(r.t, fmt.Sprint("clock ", r.ahead))
		r.children = append(r.children, c)
	}
}

func (r *race) tellAll(line string) {
	for _, c := range r.children {
		c.tell(r.t, line)
	}
}

// note keeps what a child says of its round.
func (s said) note() {
	word, rest, _ := strings.Cut(s.line, " ")
	switch word {
	case "done":
		s.by.done = rest
	case "busy":
		var nanos int64
		fmt.Sscan(rest, &nanos)
		s.by.waiting = time.Unix(0, nanos)
	}
}

func (r *race) allDone() bool {
	for _, c := range r.children {
		if c.done == "" {
			return false
		}
	}
	return true
}

// ownerless reports whether all children that are left wait for one that was killed.
func (r *race) ownerless(killed time.Time) bool {
	waiting := false
	for _, c := range r.children {
		if c.done == "" && !c.waiting.After(killed) {
			return false
		}
		waiting = waiting || c.done == ""
	}
	return waiting
}

// kill ends a child at once and returns when that was.
func (r *race) kill(victim *process) time.Time {
	victim.Process.Kill()
	victim.Process.Wait()
	r.provider.lock.Lock()
	r.provider.dead[fmt.Sprint(victim.Process.Pid)] = true
	r.provider.lock.Unlock()
	var left []*process
	for _, c := range r.children {
		if c != victim {
			left = append(left, c)
		}
	}
	r.children = left
	return time.Now()
}

func (p *rotator) hold() {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.held = make(chan struct{})
}

func (p *rotator) release() {
	p.lock.Lock()
	defer p.lock.Unlock()
	close(p.held)
	p.held = nil
}

// check compares what all have with what the provider gave.
func (r *race) check(round int) {
	r.provider.lock.Lock()
	defer r.provider.lock.Unlock()
	access, refresh := r.provider.tokens()
	if r.provider.grants != 1 || r.provider.refused > 0 {
		r.t.Errorf("round %d: %d grants and %d refusals, want one grant", round, r.provider.grants, r.provider.refused)
	}
	record := r.stored()
	if record.Broken != "" || token(record) != access || record.Data.Get("refreshToken").Str() != refresh {
		r.t.Errorf("round %d: %s is stored, the newest is %s; broken: %q", round, token(record), access, record.Broken)
	}
	for _, c := range r.children {
		if c.done != "" && c.done != access {
			r.t.Errorf("round %d: a child has %s, the newest is %s", round, c.done, access)
		}
	}
}
