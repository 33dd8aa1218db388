package webhook

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Limits are those of one hook. A zero field means the default, a negative one no limit.
type Limits struct {
	Body       int64 // bytes of a request: 5 MiB, then 413
	Header     int64 // bytes of its address and header: 64 KiB, then 431
	Requests   int64 // in a Window: 300, then 429
	Window     time.Duration
	Deliveries int64 // in the queue: 10,000, then 400 with Retry-After
	Bytes      int64 // in the queue: 256 MiB, then the same
}

// withDefaults: components.md 7.4.
func (l Limits) withDefaults() Limits {
	return Limits{
		Body: orDefault(l.Body, 5<<20), Header: orDefault(l.Header, 64<<10), Requests: orDefault(l.Requests, 300),
		Window: orDefault(l.Window, 10*time.Second), Deliveries: orDefault(l.Deliveries, 10_000), Bytes: orDefault(l.Bytes, 256<<20),
	}
}

func orDefault[N ~int64](n, otherwise N) N {
	switch {
	case n == 0:
		return otherwise
	case n < 0:
		return 1 << 62 // more than anybody sends
	}
	return n
}

// refusal is an answer to a request that is not taken.
type refusal struct {
	status  int
	message string
	cause   error
	retry   time.Duration // 0: never
}

func (e *refusal) Error() string { return e.message }

func (e *refusal) Unwrap() error { return e.cause }

// fits refuses an address and a header that are too large (RFC 6585 5).
func (l Limits) fits(r *http.Request) error {
	size := len(r.URL.RawQuery) + len(r.URL.Path)
	for name, lines := range r.Header {
		for _, line := range lines {
			size += len(name) + len(line)
		}
	}
	if int64(size) > l.Header {
		return &refusal{status: http.StatusRequestHeaderFieldsTooLarge, message: fmt.Sprintf("address and header are larger than %d bytes", l.Header)}
	}
	return nil
}

// read reads the body before anything looks at it.
func (l Limits) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	tooLarge := &refusal{status: http.StatusRequestEntityTooLarge, message: fmt.Sprintf("the request is larger than %d bytes", l.Body)}
	if r.ContentLength > l.Body {
		return nil, tooLarge
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, l.Body))
	switch err.(type) {
	case nil:
		return raw, nil
	case *http.MaxBytesError:
		return nil, tooLarge
	}
	return nil, &refusal{status: http.StatusBadRequest, message: "the request ended early", cause: err}
}

// rate counts the requests of the present window.
type rate struct {
	mu    sync.Mutex
	began time.Time
	count int64
}

// admit refuses what is beyond the limit of the window that holds now.
func (r *rate) admit(l Limits, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if passed := now.Sub(r.began); passed < 0 || passed >= l.Window {
		r.began, r.count = now, 0
	}
	if r.count++; r.count > l.Requests {
		return &refusal{status: http.StatusTooManyRequests, message: "too many requests", retry: r.began.Add(l.Window).Sub(now)}
	}
	return nil
}

// room refuses what the queue of a hook cannot take.
func (l Limits) room(b Backlog) error {
	if b.Deliveries >= l.Deliveries || b.Bytes >= l.Bytes {
		return &refusal{status: http.StatusBadRequest, message: "the queue is full", retry: time.Minute}
	}
	return nil
}
