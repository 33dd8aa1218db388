package connect_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/engine"
)

type inRenewal struct{}

// renewals hears of renewals, and of the requests made in them.
type renewals struct {
	mu    sync.Mutex
	heard []string
}

func (r *renewals) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = append(r.heard, text)
}

func (r *renewals) Exchange(ctx context.Context, x engine.Exchange) {
	if ctx.Value(inRenewal{}) != nil {
		r.note(x.Plan)
	}
}

func (r *renewals) Begin(ctx context.Context, what, of string) (context.Context, func(error)) {
	r.note(what + " " + of)
	return context.WithValue(ctx, inRenewal{}, true), func(err error) {
		if err == nil {
			r.note("end")
		}
	}
}

// A renewal is told to whoever watches, with its requests in it; a connection that is
// good is not renewed.
func TestRenewalIsObserved(t *testing.T) {
	t.Parallel()
	r, _, typ, record := expired(t, nil)
	heard := &renewals{}
	r.connector.Engine = engine.New(engine.Options{Observer: heard, Now: func() time.Time { return r.clock },
		Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	for range 2 {
		fresh, err := r.connector.Fresh(t.Context(), typ, record, 0)
		if err != nil {
			t.Fatal(err)
		}
		record = fresh
	}
	if len(heard.heard) != 3 || heard.heard[0] != "renewal 1" || !strings.HasPrefix(heard.heard[1], "connection ") || !slices.Contains(heard.heard[2:], "end") {
		t.Errorf("heard %q", heard.heard)
	}
}
