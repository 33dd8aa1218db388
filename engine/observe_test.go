package engine_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/engine"
)

type cause struct{}

// observer notes what it hears with what is in the context.
type observer struct {
	mu  sync.Mutex
	all []string
}

func (o *observer) note(ctx context.Context, what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	from, _ := ctx.Value(cause{}).(string)
	o.all = append(o.all, from+": "+what)
}

func (o *observer) Exchange(ctx context.Context, x engine.Exchange) {
	o.note(ctx, x.Method+" "+http.StatusText(x.Status)+" "+string(rune('0'+x.Resend)))
}

func (o *observer) Begin(ctx context.Context, what, of string) (context.Context, func(error)) {
	o.note(ctx, "begin "+what+" "+of)
	return context.WithValue(ctx, cause{}, of), func(err error) { o.note(ctx, "end "+what+", "+err.Error()) }
}

// TestObserver: it hears of every request with the context of its run.
func TestObserver(t *testing.T) {
	t.Parallel()
	asked := 0
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	var o observer
	e := local(engine.Options{Observer: &o, Sleep: func(context.Context, time.Duration) error { return nil }})
	ctx, end := e.Begin(context.WithValue(t.Context(), cause{}, "caller"), "renewal", "7")
	_, err := e.Start(compile(t, engine.Action, `{"url": "{{parameters.url}}"}`), engine.Input{Parameters: object("url", server.URL), Retries: 5}).Value(ctx)
	end(errors.New("no"))
	want := []string{"caller: begin renewal 7", "7: GET Service Unavailable 0", "7: GET Service Unavailable 1", "7: GET OK 2", "caller: end renewal, no"}
	if err != nil || !slices.Equal(o.all, want) {
		t.Errorf("heard %q, want %q, %v", o.all, want, err)
	}
}
