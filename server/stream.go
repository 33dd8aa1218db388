package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/cleat-run/cleat/record"
)

// stream sends server-sent events (WHATWG HTML 9.2). A reader that does not read is
// dropped: it comes back with the id of the last event that it got.
type stream struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	draining <-chan struct{}
	wrote    time.Time
}

const (
	writeTime = 10 * time.Second // after which a reader that takes nothing is dropped
	beatEvery = 15 * time.Second // so that proxies keep a silent connection
)

// errDraining ends streams of a server that stops; the reader goes to another node.
var errDraining = errors.New("the server stops")

func wantsStream(accept string) bool { return strings.Contains(accept, "text/event-stream") }

// stillEvery is how often a stream looks whether its reader may still read.
const stillEvery = 2 * time.Second

// errGone ends the stream of somebody who may not read it any more.
var errGone = problem(http.StatusUnauthorized, "unauthorized", "the session has ended, the token is revoked, or the team has let you go")

// whileAllowed ends a context when whoever asked loses the right to what they read.
func (s *Server) whileAllowed(ctx context.Context, a *Actor, scope record.Scope) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		tick := time.NewTicker(stillEvery)
		defer tick.Stop()
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-tick.C:
				if !s.still(ctx, a, scope) {
					cancel(errGone)
				}
			}
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// listen answers with a stream that run fills until it fails, or until the actor loses the
// scope.
func (s *Server) listen(a *Actor, scope record.Scope, run func(context.Context, *stream) error) (*runOutput, error) {
	leave, err := s.listeners.enter(s.Limits.Listeners)
	if err != nil {
		return nil, err
	}
	return &runOutput{ContentType: "text/event-stream", Body: func(hc huma.Context) {
		defer leave()
		_, w := humago.Unwrap(hc)
		w.Header().Set("X-Accel-Buffering", "no")
		out := &stream{w: w, control: http.NewResponseController(w), draining: s.draining}
		if err := out.write(": hello\n\n"); err != nil {
			return
		}
		ctx, end := s.whileAllowed(hc.Context(), a, scope)
		defer end()
		err := run(ctx, out)
		if context.Cause(ctx) == errGone {
			err = errGone
		}
		if err != nil && hc.Context().Err() == nil && !errors.Is(err, errDraining) && !errors.Is(err, ErrBehind) {
			_ = out.send("", "failed", problemOf(err))
		}
	}}, nil
}

func (o *stream) write(text string) error {
	if err := o.control.SetWriteDeadline(time.Now().Add(writeTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	o.wrote = time.Now()
	if _, err := o.w.Write([]byte(text)); err != nil {
		return err
	}
	return o.control.Flush()
}

// send sends one event; an empty id leaves that of the reader as it is.
func (o *stream) send(id, name string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	var b strings.Builder
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", id)
	}
	fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", name, text)
	return o.write(b.String())
}

// idle waits for news, for at most wait, and lets the reader know that somebody is there.
func (o *stream) idle(ctx context.Context, heard <-chan struct{}, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-o.draining:
		return errDraining
	case <-heard:
	case <-timer.C:
	}
	if time.Since(o.wrote) >= beatEvery {
		return o.beat()
	}
	return nil
}

// beat tells the reader, and what stands between, that the stream lives.
func (o *stream) beat() error { return o.write(": beat\n\n") }
