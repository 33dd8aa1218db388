package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// startProvider starts a service that misbehaves in every way a path can name. Its
// address is in $PROVIDER.
func startProvider(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Setenv("PROVIDER", listen(ts, badProvider()))
}

func badProvider() http.Handler {
	mux := http.NewServeMux()
	for path, h := range map[string]http.HandlerFunc{
		"/500": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "the database is on fire", http.StatusInternalServerError)
		},
		"/html": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><title>Welcome</title>") },
		"/wrong-json": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, "{\"items\": [1, 2,\n  oops]}")
		},
		"/huge":  huge,
		"/empty": func(http.ResponseWriter, *http.Request) {},
		"/close": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"/hang":  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"/loop":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) },
		"/away": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
		},
		"/expired": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, "oauth_problem=token_expired&oauth_problem_advice=sign%20in%20again")
		},
		"/film.mp4": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "video/mp4")
			io.WriteString(w, strings.Repeat("01234567", 1<<20))
		},
		"/pages": pages,
		"/key":   checkKey,
	} {
		mux.HandleFunc(path, h)
	}
	return mux
}

// huge answers 100 MB.
func huge(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	block := strings.Repeat(" ", 1<<20)
	for range 100 {
		if _, err := io.WriteString(w, block); err != nil {
			return
		}
	}
}

// pages answers one full page and hangs on the next.
func pages(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("page") != "1" {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"items": [{"id": 1}, {"id": 2}]}`)
}

// checkKey knows one API key.
func checkKey(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("X-Api-Key") != "sesame-open" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"message": "this key is not known"}`)
		return
	}
	fmt.Fprint(w, `{"user": "ali"}`)
}

// requests counts what has arrived at the services of a script, by path.
type requests struct {
	mu    sync.Mutex
	news  *sync.Cond
	count map[string]int
}

func newRequests() *requests {
	s := &requests{count: map[string]int{}}
	s.news = sync.NewCond(&s.mu)
	return s
}

func (s *requests) watch(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.count[r.URL.Path]++
		s.news.Broadcast()
		s.mu.Unlock()
		h.ServeHTTP(w, r)
	})
}

// arrived waits for requests to a path: arrived /path [n]. With ! there must not have
// been any.
func arrived(ts *testscript.TestScript, neg bool, args []string) {
	s, wanted := sceneOf(ts).seen, 1
	if len(args) > 1 {
		_, err := fmt.Sscan(args[1], &wanted)
		ts.Check(err)
	}
	timer := time.AfterFunc(20*time.Second, s.news.Broadcast)
	defer timer.Stop()
	deadline := time.Now().Add(20 * time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	if neg {
		if s.count[args[0]] > 0 {
			ts.Fatalf("%d requests arrived at %s", s.count[args[0]], args[0])
		}
		return
	}
	for s.count[args[0]] < wanted {
		if !time.Now().Before(deadline) {
			ts.Fatalf("%d requests arrived at %s, not %d", s.count[args[0]], args[0], wanted)
		}
		s.news.Wait()
	}
}
