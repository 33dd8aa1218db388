//go:build linux

package kill_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// load is what is posted to hooks, and what came of it.
type load struct {
	mu       sync.Mutex
	accepted map[string][]int64 // by source, in the order of the answers
	refused  []time.Time        // 503 and 429 that say when to come again
	lost     int                // no answer: the node was dead, or took too long
	wrong    map[string]int     // answers that must not be, counted
	slowest  time.Duration
	gap      time.Duration // longest time without an accepted request
	lastGood time.Time
	step     stretch
}

// stretch is what came of the requests of some time.
type stretch struct {
	accepted, refused, lost int
	gap                     time.Duration
}

func (s stretch) String() string {
	return fmt.Sprintf("%d accepted, %d refused, %d without an answer, longest time without an accepted one %.1f s", s.accepted, s.refused, s.lost, s.gap.Seconds())
}

// mark returns what came of the requests since the last mark.
func (l *load) mark() stretch {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.step
	l.step = stretch{}
	return s
}

// hook is a hook that is posted to.
type hook struct {
	ID, URL string
	path    string
}

var poster = &http.Client{Timeout: 12 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// post sends one request to a node and notes what it answered.
func (l *load) post(node string, h hook, n int64) {
	began := time.Now()
	answer, err := poster.Post(node+h.path, "application/json", strings.NewReader(`{"n":`+strconv.FormatInt(n, 10)+`}`))
	if err == nil {
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	l.note(h.ID, n, answer, time.Since(began))
}

// note keeps an answer, nil for none.
func (l *load) note(source string, n int64, answer *http.Response, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	switch {
	case answer == nil:
		l.lost++
		l.step.lost++
	case answer.StatusCode == http.StatusOK:
		if !l.lastGood.IsZero() {
			l.gap, l.step.gap = max(l.gap, now.Sub(l.lastGood)), max(l.step.gap, now.Sub(l.lastGood))
		}
		l.step.accepted++
		l.lastGood, l.slowest = now, max(l.slowest, took)
		l.accepted[source] = append(l.accepted[source], n)
	case refusal(answer):
		l.refused = append(l.refused, now)
		l.step.refused++
	default:
		l.wrong[fmt.Sprintf("%s, Retry-After: %q", answer.Status, answer.Header.Get("Retry-After"))]++
	}
}

// refusal reports whether an answer tells the sender to come again (work.md 6).
func refusal(answer *http.Response) bool {
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	return err == nil && seconds > 0 && (answer.StatusCode == http.StatusServiceUnavailable || answer.StatusCode == http.StatusTooManyRequests)
}

// refusedSince waits until a request is refused that was answered after a time.
func (l *load) refusedSince(began time.Time, limit time.Duration) error {
	return until(limit, "hooks answer 503 with Retry-After", func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := len(l.refused); n == 0 || l.refused[n-1].Before(began) {
			return fmt.Errorf("the last accepted one was %.1f s ago", time.Since(l.lastGood).Seconds())
		}
		return nil
	})
}

// acceptedSince waits until a request is accepted again.
func (l *load) acceptedSince(began time.Time, limit time.Duration) error {
	return until(limit, "hooks are taken again", func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.lastGood.Before(began) {
			return fmt.Errorf("none since %.1f s", time.Since(l.lastGood).Seconds())
		}
		return nil
	})
}

// run posts to the hooks at a rate until done is closed; those of a sequential hook one
// after the other.
func (l *load) run(done <-chan struct{}, urls [3]string, hooks []hook, sequential hook, rate int) {
	var posting sync.WaitGroup
	defer posting.Wait()
	posting.Go(func() {
		for n := int64(1); ; n++ {
			select {
			case <-done:
				return
			default:
				l.post(urls[n%3], sequential, n)
			}
			pause(50 * time.Millisecond)
		}
	})
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for n := int64(1); ; n++ {
		select {
		case <-done:
			return
		case <-tick.C:
			posting.Go(func() { l.post(urls[n%3], hooks[n%int64(len(hooks))], n) })
		}
	}
}

func (l *load) report(t *testing.T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, all := range l.accepted {
		n += len(all)
	}
	t.Logf("hooks: %d requests accepted, %d refused with Retry-After, %d without an answer; slowest answer %.1f s, longest time without an accepted one %.1f s",
		n, len(l.refused), l.lost, l.slowest.Seconds(), l.gap.Seconds())
	for answer, count := range l.wrong {
		t.Errorf("hooks answered %d times %s", count, answer)
	}
}
