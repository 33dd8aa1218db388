package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// listener is a cleat listen in a process of its own.
type listener struct {
	*exec.Cmd
	address string
}

// startListener starts cleat listen and waits for its address. It adds what it prints to
// the file out.
func startListener(t *testing.T, app, home, server, out string) *listener {
	t.Helper()
	file, err := os.OpenFile(out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	errs := &notifying{ready: make(chan struct{}), sign: "Ctrl-C"}
	l := &listener{Cmd: exec.CommandContext(t.Context(), "cleat", "listen", app, "events", "--listen", server)}
	l.Env = append(os.Environ(), "CLEAT_HOME="+home)
	l.Stdout, l.Stderr = file, errs
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-errs.ready:
	case <-time.After(20 * time.Second):
		t.Fatalf("cleat listen does not listen: %s", errs)
	}
	l.address = listensOn.FindStringSubmatch(errs.String())[1]
	return l
}

// storm posts numbers from several clients at once, and keeps what became of each.
type storm struct {
	client  *http.Client
	address string
	next    atomic.Int64

	mu       sync.Mutex
	up       *sync.Cond // the listener is there
	running  bool
	answered map[int]bool // true: 2xx; false: the connection broke
}

func newStorm(clients int) *storm {
	s := &storm{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}, running: true, answered: map[int]bool{}}
	s.up = sync.NewCond(&s.mu)
	return s
}

// post posts n until a connection was made: what comes of it then is final.
func (s *storm) post(t *testing.T, n int) {
	for {
		s.mu.Lock()
		for !s.running {
			s.up.Wait()
		}
		s.mu.Unlock()
		answer, err := s.client.Post(s.address, "application/json", strings.NewReader(fmt.Sprintf(`{"n":%d}`, n)))
		if errors.Is(err, syscall.ECONNREFUSED) {
			continue // nobody was there to take it
		}
		taken := err == nil && answer.StatusCode == http.StatusOK
		if err == nil {
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if !taken {
				t.Errorf("%d was answered %d", n, answer.StatusCode)
			}
		}
		s.mu.Lock()
		s.answered[n] = taken
		s.mu.Unlock()
		return
	}
}

// set tells whether the listener is there.
func (s *storm) set(running bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = running
	s.up.Broadcast()
}

// TestListenKilled posts through cleat listen, which is killed without a word in the
// middle and started again: every post that was answered gives its bundle exactly once;
// one that was not answered gives it at most twice. CLEAT_POSTS=20000 is the full length.
func TestListenKilled(t *testing.T) {
	t.Parallel()
	posixShell(t)
	posts, clients := 2000, 16
	if n, err := strconv.Atoi(os.Getenv("CLEAT_POSTS")); err == nil {
		posts = n
	}
	app, home, out := killedApp(t), t.TempDir(), filepath.Join(t.TempDir(), "bundles")
	server := freeAddress(t)
	s := newStorm(clients)
	defer s.client.CloseIdleConnections()
	l := startListener(t, app, home, server, out)
	s.address = l.address

	began := time.Now()
	half := make(chan struct{})
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for n := int(s.next.Add(1)); n <= posts; n = int(s.next.Add(1)) {
				if n == posts/2 {
					close(half)
				}
				s.post(t, n)
			}
		})
	}
	<-half
	l.Process.Kill()
	s.set(false)
	if err := l.Wait(); err == nil {
		t.Error("the listener ended by itself")
	}
	l = startListener(t, app, home, server, out)
	if l.address != s.address {
		t.Errorf("the address is now %s and was %s", l.address, s.address)
	}
	s.set(true)
	group.Wait()
	took := time.Since(began)
	l.Process.Signal(os.Interrupt)
	if err := l.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v: %s", err, l.Stderr)
	}
	s.compare(t, out, posts)
	t.Logf("%d posts in %s: %.0f a second", posts, took.Round(time.Millisecond), float64(posts)/took.Seconds())
}

// compare counts the bundles of each post.
func (s *storm) compare(t *testing.T, out string, posts int) {
	t.Helper()
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	printed := map[int]int{}
	for line := range strings.Lines(string(text)) {
		var bundle struct{ N int }
		if err := json.Unmarshal([]byte(line), &bundle); err != nil {
			t.Errorf("%q is no bundle: %v", line, err)
		}
		printed[bundle.N]++
	}
	broken, again := 0, 0
	for n := 1; n <= posts; n++ {
		answered, posted := s.answered[n]
		switch times := printed[n]; {
		case !posted:
			t.Errorf("%d was not posted", n)
		case answered && times != 1:
			t.Errorf("%d was answered and printed %d times", n, times)
		case !answered && times > 2:
			t.Errorf("%d was printed %d times", n, times)
		case !answered:
			broken++
			again += max(times-1, 0)
		}
	}
	if broken == 0 {
		t.Error("the kill met no post in flight")
	}
	t.Logf("%d posts were in flight, %d of them were printed twice", broken, again)
}

func killedApp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"makecomapp.json": `{"fileVersion":1,"generalCodeFiles":{"base":null,"common":null,"readme":null,"groups":null},
			"components":{"connection":{},"webhook":{"events":{"label":"Events","webhookType":"web","connection":null,"codeFiles":{"communication":"events.json"}}},
			"module":{},"rpc":{},"function":{},"endpoint":{}},"origins":[]}`,
		"events.json": `{"output":{"n":"{{body.n}}"}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
