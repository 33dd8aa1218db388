package trace

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// network answers requests without one.
type network func(*http.Request) (*http.Response, error)

func (n network) RoundTrip(r *http.Request) (*http.Response, error) { return n(r) }

func answer(status int, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: http.NoBody}
}

func over(n network, log *bytes.Buffer) *Tracer {
	plain := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	u := &url.URL{Scheme: "https", Host: "otel.example", Path: "/key-in-path/v1/traces"}
	return newTracer(Options{Endpoint: u, Sample: 1, Log: slog.New(slog.NewTextHandler(log, plain))}, n)
}

func (t *Tracer) one(name string) {
	_, s := t.Start(context.Background(), Internal, name)
	s.End()
}

// TestReceiverHangs: spans are dropped, nobody waits, and the end comes in time.
func TestReceiverHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var asked atomic.Int64
		tr := over(func(r *http.Request) (*http.Response, error) {
			asked.Add(1)
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, &log)
		began := time.Now()
		for range 100_000 {
			tr.one("x")
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("spans waited for %s", waited)
		}
		tr.Close(t.Context())
		if took := time.Since(began); took != flushTime {
			t.Errorf("the end took %s", took)
		}
		synctest.Wait()
		if n := asked.Load(); n != 1 {
			t.Errorf("the receiver was asked %d times", n)
		}
		if !strings.HasPrefix(log.String(), `level=WARN msg="spans are lost: the receiver of traces does not take them" error="context canceled"`+"\n") || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("the log is %s", log.String())
		}
	})
}

// TestReceiverFails tries what may pass again, what may not once, and tells it once.
func TestReceiverFails(t *testing.T) {
	t.Parallel()
	const lost = `level=WARN msg="spans are lost: the receiver of traces does not take them" error=`
	const taken = `level=INFO msg="the receiver of traces takes spans again" lost=1` + "\n"
	unreachable := errors.New("connection refused")
	for _, test := range []struct {
		name    string
		answers []any           // errors or responses, of which the last stays
		at      []time.Duration // when the receiver was asked
		log     string
	}{
		{"takes them", []any{answer(200)}, []time.Duration{2 * time.Second}, ""},
		{"comes back", []any{unreachable, answer(503), answer(200)}, []time.Duration{2 * time.Second, 3 * time.Second, 5 * time.Second}, ""},
		{"asks to wait", []any{answer(429, "Retry-After", "5"), answer(202)}, []time.Duration{2 * time.Second, 7 * time.Second}, ""},
		{"asks to wait too long", []any{answer(429, "Retry-After", "86400")}, []time.Duration{2 * time.Second}, lost + `"it answered 429"` + "\n"},
		{"refuses", []any{answer(400)}, []time.Duration{2 * time.Second}, lost + `"it answered 400"` + "\n"},
		{"sends elsewhere", []any{answer(307, "Location", "https://evil.example/")}, []time.Duration{2 * time.Second}, lost + `"it answered 307"` + "\n"},
		{"stays away", []any{unreachable}, []time.Duration{2 * time.Second, 3 * time.Second, 5 * time.Second, 9 * time.Second}, lost + `"connection refused"` + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				var at []time.Duration
				began, healthy := time.Now(), false
				tr := over(func(*http.Request) (*http.Response, error) {
					if healthy {
						return answer(200), nil
					}
					at = append(at, time.Since(began))
					switch a := test.answers[min(len(at), len(test.answers))-1].(type) {
					case error:
						return nil, a
					default:
						return a.(*http.Response), nil
					}
				}, &log)
				tr.one("x")
				time.Sleep(time.Minute)
				synctest.Wait()
				healthy = true
				tr.one("y")
				tr.Close(t.Context())
				if want := test.log; want != "" {
					test.log += taken
				}
				if log.String() != test.log {
					t.Errorf("the log is\n%swant\n%s", log.String(), test.log)
				}
				if len(at) != len(test.at) {
					t.Fatalf("asked at %v, want %v", at, test.at)
				}
				for i := range at {
					if at[i] != test.at[i] {
						t.Errorf("asked at %v, want %v", at, test.at)
					}
				}
			})
		})
	}
}
