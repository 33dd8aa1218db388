package engine

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"
)

// Timing tells where the time of an exchange went. What did not happen is zero: a reused
// connection is neither looked up nor opened.
type Timing struct {
	DNS       time.Duration `json:"dns,omitempty"`
	Connect   time.Duration `json:"connect,omitempty"`
	TLS       time.Duration `json:"tls,omitempty"`
	FirstByte time.Duration `json:"firstByte,omitempty"` // from the request's last byte to the answer's first
	Body      time.Duration `json:"body,omitempty"`
	Reused    bool          `json:"reused,omitempty"` // the connection was open already
}

// trace takes the times of one exchange. The network may report to it from goroutines
// that outlive the exchange. A nil trace takes none.
type trace struct {
	now     func() time.Time
	started time.Time

	mu                              sync.Mutex
	timing                          Timing
	dns, connect, tls, wrote, first time.Time
}

// startTrace begins a trace if anybody listens, to the run or to all of them.
func (r *Run) startTrace() *trace {
	if o := &r.engine.options; o.Log == nil && o.Observer == nil && r.in.Log == nil {
		return nil
	}
	return &trace{now: r.engine.now, started: r.engine.now()}
}

func (t *trace) watch(ctx context.Context) context.Context {
	if t == nil {
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(i httptrace.GotConnInfo) { t.take(func(time.Time) { t.timing.Reused = i.Reused }) },
		DNSStart:             func(httptrace.DNSStartInfo) { t.take(func(now time.Time) { t.dns = now }) },
		DNSDone:              func(httptrace.DNSDoneInfo) { t.take(func(now time.Time) { t.timing.DNS = now.Sub(t.dns) }) },
		ConnectStart:         func(_, _ string) { t.take(func(now time.Time) { t.connect = now }) },
		ConnectDone:          func(_, _ string, _ error) { t.take(func(now time.Time) { t.timing.Connect = now.Sub(t.connect) }) },
		TLSHandshakeStart:    func() { t.take(func(now time.Time) { t.tls = now }) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { t.take(func(now time.Time) { t.timing.TLS = now.Sub(t.tls) }) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { t.take(func(now time.Time) { t.wrote = now }) },
		GotFirstResponseByte: func() { t.take(func(now time.Time) { t.first = now }) },
	})
}

func (t *trace) take(note func(now time.Time)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	note(t.now())
}

// end returns the times, with the whole duration.
func (t *trace) end() (Timing, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if !t.first.IsZero() {
		t.timing.Body = now.Sub(t.first)
		if !t.wrote.IsZero() { // an answer may come before the request is through
			t.timing.FirstByte = max(0, t.first.Sub(t.wrote))
		}
	}
	return t.timing, now.Sub(t.started)
}
