package cassette

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// Match says which exchange answers a request.
type Match uint8

const (
	// InOrder expects the requests of the recording one after the other.
	InOrder Match = iota
	// ByRequest takes the first exchange not yet used whose request is the same.
	ByRequest
)

// Player answers from a recording. It touches no network.
type Player struct {
	options Options
	match   Match

	mu   sync.Mutex
	tape *Tape
	used []bool
}

// NewPlayer returns a player of t, which it does not change.
func NewPlayer(t *Tape, m Match, o Options) *Player {
	return &Player{options: o, match: m, tape: t, used: make([]bool, len(t.Exchanges))}
}

// Changed says that a request is not the recorded one.
type Changed struct {
	Number     int    // of the exchange, from 1; 0 when none of them is like the request
	Difference string // one line for each thing that differs

	source string // where the request was expected, "" for a recording
}

// Error shows the difference.
func (e *Changed) Error() string {
	switch {
	case e.Number == 0 && e.source != "":
		return "a request that is not expected:\n" + e.Difference
	case e.Number == 0:
		return "no recorded request fits:\n" + e.Difference
	}
	return fmt.Sprintf("request %d is not the %s one:\n%s", e.Number, cmp.Or(e.source, "recorded"), e.Difference)
}

// Final reports that another attempt would fail as well.
func (e *Changed) Final() bool { return true }

// Hint tells what to do about it.
func (e *Changed) Hint() string { return "record again if the change is meant" }

// RoundTrip gives the recorded answer to req, or a [*Changed].
func (p *Player) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	now, err := p.options.request(req)
	if err != nil {
		return nil, err
	}
	x, err := p.next(now)
	if err != nil {
		return nil, err
	}
	if x.Response == nil {
		return nil, errors.New(x.Error)
	}
	return x.Response.answer(req), nil
}

// next takes the exchange that answers now.
func (p *Player) next(now Request) (*Exchange, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.used {
		if p.used[i] {
			continue
		}
		found := difference(p.tape.Exchanges[i].Request, now)
		switch {
		case found == "":
			p.used[i] = true
			return &p.tape.Exchanges[i], nil
		case p.match == InOrder:
			return nil, &Changed{Number: i + 1, Difference: found}
		}
	}
	return nil, &Changed{Difference: fmt.Sprintf("  now      %s %s, after all %d recorded requests that it could be", now.Method, now.URL, len(p.used))}
}

// Unused returns the requests that nobody has made yet, as METHOD URL.
func (p *Player) Unused() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []string
	for i, used := range p.used {
		if !used {
			left = append(left, p.tape.Exchanges[i].Request.Method+" "+p.tape.Exchanges[i].Request.URL)
		}
	}
	return left
}

// uncompared are headers that may differ: the version of the client, and what follows
// from the body.
var uncompared = []string{"User-Agent", "Content-Length", "Accept-Encoding"}

// difference returns what differs, "" for nothing.
func difference(recorded, now Request) string {
	var b strings.Builder
	differ := func(what, was, is string) {
		if was != is {
			fmt.Fprintf(&b, "  %s\n    recorded %s\n    now      %s\n", what, orNothing(was), orNothing(is))
		}
	}
	differ("method", recorded.Method, now.Method)
	differ("url", recorded.URL, now.URL)
	for _, name := range headerNames(recorded.Headers, now.Headers) {
		differ("header "+name, strings.Join(recorded.Headers[name], ", "), strings.Join(now.Headers[name], ", "))
	}
	differ("body", sorted(recorded.Body), sorted(now.Body))
	return strings.TrimSuffix(b.String(), "\n")
}

func orNothing(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return s
}
