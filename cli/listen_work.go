package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// goodbye is how long the service may take to be told to stop.
const goodbye = 30 * time.Second

// work attaches, prints until it is told to end, and detaches.
func (l *listening) work(ctx context.Context, server string) error {
	if err := l.attach(ctx, server); err != nil {
		return err
	}
	fmt.Fprintf(l.std.Err, "listening on %s (Ctrl-C ends it)\n", printable(l.hook.Address(server)))
	if !l.hook.Type.Attached() {
		fmt.Fprintln(l.std.Err, "the app does not attach this webhook: tell the service this address")
	}
	err := l.receive(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if wrong := l.hook.Detach(ctx); wrong != nil {
		wrong = &hintedError{wrong, "the service may go on sending; remove the hook there"}
		return errors.Join(err, wrong)
	}
	return err
}

// attachPatience is that with a service that is being told of the hook when Ctrl-C comes: whoever hangs
// up in the middle does not learn what to detach.
const attachPatience = 5 * time.Second

func (l *listening) attach(ctx context.Context, server string) error {
	patient, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(attachPatience, cancel) })()
	return l.hook.Attach(patient, server)
}

// receive prints bundles until Ctrl-C, or with --send until what came of the file is
// printed.
func (l *listening) receive(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sent := make(chan error, 1)
	if l.send == "" {
		sent <- nil
	} else {
		go func() {
			defer cancel()
			sent <- l.post(ctx)
		}()
	}
	parallel := 1
	if l.trigger != "" || l.answers != nil {
		parallel = l.parallel
	}
	err := l.hook.Work(ctx, parallel, l.bundle)
	cancel()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, <-sent)
}

// bundle prints a bundle and lets the responder answer.
func (l *listening) bundle(ctx context.Context, bundle value.Value) (*engine.Reply, error) {
	if err := l.print(bundle); err != nil || l.answers == nil {
		return nil, err
	}
	run, err := l.runtime.Start(ctx, l.answers, cleat.Input{Parameters: bundle.Collection()})
	if err != nil {
		return nil, err
	}
	reply, err := run.Reply(ctx)
	if err != nil && ctx.Err() == nil {
		l.warn("the responder failed: " + faultOf(err).Message) // the request gets the app's answer
		return nil, nil
	}
	return reply, err
}

func (l *listening) print(bundle value.Value) error {
	l.printing.Lock()
	defer l.printing.Unlock()
	l.line = append(bundle.AppendJSON(l.line[:0]), '\n')
	_, err := l.std.Out.Write(l.line)
	return err
}

// backlog tells of what is left for the next time.
func (l *listening) backlog(ctx context.Context, records *store.Store) {
	left, err := records.Backlog(ctx, l.hook.Record.ID)
	if err == nil && left.Deliveries > 0 {
		l.warn(fmt.Sprintf("%d requests were received and not printed; the next cleat listen prints them", left.Deliveries))
	}
}
