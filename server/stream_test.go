package server

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/work"
)

// streaming is a server of which only the streams are there.
func streaming() *Server {
	return &Server{Options: Options{Limits: Limits{}.withDefaults(), Now: time.Now}, draining: make(chan struct{}), records: away{}}
}

// away are records that do not answer: nobody has lost a right then.
type away struct{ work.Records }

func (away) TokenWithHash(context.Context, string) (*record.Token, error) {
	return nil, errors.New("away")
}

// silent is a watcher that is told nothing.
type silent struct{}

func (silent) Close() {}

func (silent) Next(ctx context.Context) (Told, error) {
	<-ctx.Done()
	return Told{}, ctx.Err()
}

// TestBeat: a stream without events shows every 15 seconds that it lives.
func TestBeat(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*Server, context.Context, *stream) error{
		"events": func(_ *Server, ctx context.Context, out *stream) error {
			for {
				if err := out.idle(ctx, nil, eventPoll); err != nil {
					return err
				}
			}
		},
		"exchanges": func(s *Server, ctx context.Context, out *stream) error {
			_, err := s.nextTold(ctx, silent{}, out)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
				defer cancel()
				s, w := streaming(), httptest.NewRecorder()
				out, err := s.listen(&Actor{}, record.RunModules, func(ctx context.Context, out *stream) error { return run(s, ctx, out) })
				if err != nil {
					t.Fatal(err)
				}
				out.Body(humago.NewContext(&huma.Operation{}, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), w))
				if got, want := w.Body.String(), ": hello\n\n"+strings.Repeat(": beat\n\n", 3); got != want {
					t.Errorf("in 50 seconds came %q, want %q", got, want)
				}
			})
		})
	}
}

// oneConn is a listener with one connection.
type oneConn struct {
	conns chan net.Conn
	ended chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *oneConn) Close() error   { close(l.ended); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// TestStalled: who takes nothing for ten seconds loses the connection, and the place of a
// listener is free again.
func TestStalled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := streaming()
		ended := make(chan error, 1)
		web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			out, err := s.listen(&Actor{}, record.RunModules, func(ctx context.Context, out *stream) error {
				for {
					err := out.idle(ctx, nil, eventPoll)
					if err == nil {
						err = out.send("1", "bundle", "x")
					}
					if err != nil {
						ended <- err
						return err
					}
				}
			})
			if err != nil {
				t.Error(err)
				return
			}
			out.Body(humago.NewContext(&huma.Operation{}, r, w))
		})}
		here, there := net.Pipe()
		l := &oneConn{make(chan net.Conn, 1), make(chan struct{})}
		l.conns <- there
		go func() { _ = web.Serve(l) }()
		if _, err := here.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewReader(here); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(line, "event: ") {
				break
			}
		}
		began := time.Now()
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the stream ended with %v", err)
		}
		if took := time.Since(began); took < writeTime || took > writeTime+2*eventPoll {
			t.Errorf("the stream ended after %s, want %s", took, writeTime)
		}
		synctest.Wait()
		if n := s.listeners.n.Load(); n != 0 {
			t.Errorf("%d listeners are counted still", n)
		}
		here.Close()
		if err := web.Close(); err != nil {
			t.Error(err)
		}
	})
}
