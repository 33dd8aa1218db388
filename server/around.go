package server

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/work"
)

// around is what every request passes, the outermost first.
func (s *Server) around(inner http.Handler) http.Handler {
	h := s.authenticated(inner)
	h = s.sameOrigin(h)
	h = headers(h)
	h = s.recovered(h)
	return s.identified(h)
}

// requestID names a request in problems and in the log.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey).(string)
	return id
}

// identified gives a request its id and finds out where it comes from. An id that a
// stranger sends is not taken: it would stand in the log.
func (s *Server) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := record.NewID("req", s.Now())
		ctx := context.WithValue(r.Context(), requestKey, id)
		ctx = context.WithValue(ctx, addressKey, s.address(r))
		w.Header().Set("X-Request-Id", id)
		seen := &watched{ResponseWriter: w, control: http.NewResponseController(w), patience: s.Limits.Stall}
		began := time.Now()
		v := &visit{}
		next.ServeHTTP(seen, r.WithContext(context.WithValue(ctx, visitKey, v)))
		seen.expect() // what is left is sent now
		method, status := work.Method(r.Method), cmp.Or(seen.status, http.StatusOK)
		v.endTrace(method, status)
		s.metrics.served(method, v.route, status, time.Since(began))
	})
}

// routed notes which route a request took: only the mux that serves it says so, in the
// request that it is handed.
func routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r)
		v := visitFrom(r.Context())
		v.route = r.Pattern
		if _, path, found := strings.Cut(r.Pattern, " "); found {
			v.route = path
		}
	})
}

// watched notes the status of an answer, and gives up a reader that takes nothing of it:
// otherwise it would keep what it was answered in memory for as long as it likes.
type watched struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration // for one piece of the answer
	status   int
}

// pieceSize is how much of an answer has to be taken in the time for one piece.
const pieceSize = 64 << 10

// WriteHeader says when to come again wherever nobody has said it.
func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	if passes(status) && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", strconv.Itoa(seconds(retryDefault)))
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (n int, err error) {
	for {
		w.expect()
		piece := b[n:min(len(b), n+pieceSize)]
		wrote, err := w.ResponseWriter.Write(piece)
		if n += wrote; err != nil || n == len(b) {
			return n, err
		}
	}
}

// expect gives the reader its time for what is written next. Tests without a connection
// have no deadlines.
func (w *watched) expect() { _ = w.control.SetWriteDeadline(time.Now().Add(w.patience)) }

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush sends what is written so far.
func (w *watched) Flush() {
	w.expect()
	_ = w.control.Flush()
}

// address is where a request comes from. X-Forwarded-For counts as far as the trusted
// proxies wrote it: from the right, the first address that is none of them.
func (s *Server) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusted(host); i-- {
		hop, ok := hopOf(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		host = hop
	}
	return host
}

// hopOf reads one address of X-Forwarded-For. Some proxies add the port.
func hopOf(text string) (string, bool) {
	hop, err := netip.ParseAddr(text)
	if withPort, wrong := netip.ParseAddrPort(text); err != nil && wrong == nil {
		hop, err = withPort.Addr(), nil
	}
	return hop.Unmap().WithZone("").String(), err == nil
}

func (s *Server) trusted(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range s.Proxies {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

func addressFrom(ctx context.Context) string {
	a, _ := ctx.Value(addressKey).(string)
	return a
}

// recovered makes a panic the failure of one request.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			failure := recover()
			if failure == nil {
				return
			}
			if failure == http.ErrAbortHandler {
				panic(failure)
			}
			// The value of a panic may hold what the request held: only its type is logged.
			s.Log.ErrorContext(r.Context(), "panic", "request_id", requestID(r.Context()), "type", slog.AnyValue(failure).Kind(), "stack", string(debug.Stack()))
			writeProblem(w, r, s.Log, problem(http.StatusInternalServerError, "internal", "an internal error; the log of the server tells more under this request id"))
		}()
		next.ServeHTTP(w, r)
	})
}

// policy is what pages of the server may do: nothing but themselves (server.md 5).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// headers says what browsers are to refuse, in every answer: a page that is shown, a
// problem, and what nothing is found for.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// public are the addresses that strangers' pages may post to: they know no session.
var public = []string{hookPath, "/oauth/cb/"}

const hookPath = "/hooks/"

// sameOrigin refuses what other pages make a browser send. Programs send no Origin.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	_ = guard.AddTrustedOrigin(s.PublicURL.Scheme + "://" + s.PublicURL.Host) // fails for no host, which Options rules out
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, prefix := range public {
			if strings.HasPrefix(r.URL.Path, prefix) {
				next.ServeHTTP(w, r)
				return
			}
		}
		if err := guard.Check(r); err != nil {
			writeProblem(w, s.traced(r, nil), s.Log, problem(http.StatusForbidden, "cross_origin", "a page of another origin may not do this"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// authenticated finds the actor, but for what strangers send: it has no say there.
func (s *Server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, prefix := range public {
			if strings.HasPrefix(r.URL.Path, prefix) {
				next.ServeHTTP(w, s.traced(r, nil))
				return
			}
		}
		a, err := s.authenticate(r)
		r = s.traced(r, a)
		if err != nil {
			writeProblem(w, r, s.Log, err)
			return
		}
		if a != nil {
			a.Address = addressFrom(r.Context())
			r = r.WithContext(context.WithValue(r.Context(), actorKey, a))
		}
		next.ServeHTTP(w, r)
	})
}
