package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/webhook"
	"github.com/spf13/cobra"
)

// listenOptions are those of listen. Of runOptions it uses what finds a connection.
type listenOptions struct {
	runOptions
	publicURL string
	address   string
	send      string
	trigger   string
	responder string
	parallel  int
}

func newListen(f *factory) *cobra.Command {
	o := &listenOptions{runOptions: runOptions{factory: f}}
	cmd := &cobra.Command{
		Use:   "listen APP WEBHOOK",
		Short: "Receive what a service sends to a webhook",
		Long: `Attach a webhook, print each bundle that comes in as one JSON object a line, answer as the
app says, and detach on Ctrl-C.

What was received is on the disk before it is answered: what was answered and not printed
when the command ends, be it by kill -9, is printed by the next one. The path of the address
stays the same from one to the next. A service that is not on this machine needs
--public-url, the address of a tunnel to the one of --listen.

--trigger names an instant trigger that makes the bundles of what the webhook gives, and
--responder a responder that answers; its parameters are the members of the bundle. --send
posts the content of a file to the webhook as the service would, and ends; a file .http
holds a whole request.`,
		Example: `  cleat listen my-app bookSold --send event.json
  cleat listen examples/photos photoRenamed --egress-allow 127.0.0.1 --trigger watchRenamed`,
		Args:              arguments("APP", "WEBHOOK"),
		ValidArgsFunction: completeAppThen(app.WebhookKind),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.app, o.id = args[0], args[1]
			return runListen(cmd.Context(), o)
		},
	}
	o.flags(cmd, app.WebhookKind)
	flags := cmd.Flags()
	flags.StringVar(&o.publicURL, "public-url", "", "`address` under which the service reaches this machine (default: that of --listen)")
	flags.StringVar(&o.address, "listen", "127.0.0.1:0", "`address` to listen on")
	flags.StringVar(&o.send, "send", "", "post this `file` to the webhook, then end")
	flags.StringVar(&o.trigger, "trigger", "", "`module` that makes bundles of what the webhook gives")
	flags.StringVar(&o.responder, "responder", "", "`module` that answers what comes in")
	flags.IntVar(&o.parallel, "parallel", 8, "run the modules for up to this `number` of requests at once; 1 keeps the order of arrival")
	return cmd
}

// listening is a webhook at work.
type listening struct {
	*listenOptions
	runtime *cleat.Runtime
	record  *connect.Record // of the connection, nil without one
	hook    *cleat.Hook
	answers *cleat.Component // the responder, nil without one
	posted  *http.Request    // of --send, nil without one
	unlock  func()           // lets the next listen in

	printing sync.Mutex
	line     []byte
}

func runListen(ctx context.Context, o *listenOptions) error {
	if o.parallel < 1 {
		return usagef("write 1 to keep the order of arrival", "--parallel %d is below one", o.parallel)
	}
	l := &listening{listenOptions: o}
	if err := l.readSample(); err != nil {
		return err
	}
	records, err := o.openStore(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	err = l.prepare(ctx, records)
	defer l.close()
	if err != nil {
		return o.advise(err, l.record)
	}
	listener, err := net.Listen("tcp", o.address)
	if err != nil {
		return &hintedError{fmt.Errorf("cannot listen: %w", err), "write --listen 127.0.0.1:PORT, with a port that is free"}
	}
	server, err := l.server(listener)
	if err != nil {
		listener.Close()
		return err
	}
	end := l.serve(listener)
	err = l.work(ctx, server)
	end()
	l.backlog(context.WithoutCancel(ctx), records)
	return o.advise(err, l.record)
}

func (l *listening) close() {
	if l.runtime != nil {
		l.runtime.Close()
	}
	if l.unlock != nil {
		l.unlock()
	}
}

// lockPatience is how long a listen waits for one that is about to end.
const lockPatience = 500 * time.Millisecond

// alone keeps a second listen from the hook: it would take the address away at the
// service, and both would print the same bundles.
func (l *listening) alone(ctx context.Context, records *store.Store, name string) (err error) {
	patient, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	l.unlock, err = records.LockTrigger(patient, name)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return &hintedError{fmt.Errorf("another cleat listen receives for webhook %q", l.id),
			"end it first, or post to the address that it prints"}
	}
	return err
}

// prepare compiles, finds the connection and makes the hook.
func (l *listening) prepare(ctx context.Context, records *store.Store) error {
	a, err := l.load(l.app)
	if err != nil {
		return err
	}
	c, err := a.Webhook(l.id)
	if err != nil {
		return unknownComponent(err)
	}
	in, err := l.input(a, c)
	if err != nil {
		return err
	}
	if l.connection != "" || len(c.Connections) > 0 {
		if l.record, err = l.choose(ctx, records, c); err != nil {
			return err
		}
		in.Connection = l.record
	}
	l.warnUninstalled(ctx, records, a, l.app, connectionTypeOf(l.record))
	in.Name = l.name(a)
	if err := l.alone(ctx, records, in.Name); err != nil {
		return err
	}
	if l.runtime, err = l.factory.runtime(records, "", nil); err != nil {
		return err
	}
	in.RPC = form.Cache(l.runtime.RPC(a, l.record))
	if err := l.params.readFed(ctx, c.Form(), in.Parameters, form.Options{RPC: in.RPC}); err != nil {
		return err
	}
	if l.hook, err = l.runtime.Hook(ctx, c, in); err != nil {
		return err
	}
	l.warnMissing(c, l.record)
	return nil
}

// Times that a request stays open: until its bundles are printed, or until the responder
// has answered (components.md 7.2).
const (
	holdToPrint   = 5 * time.Second
	holdToRespond = 40 * time.Second
)

// input reads the parameters of the webhook and compiles the modules that work with it.
func (l *listening) input(a *cleat.App, c *cleat.Component) (in cleat.HookInput, err error) {
	// Nobody but the person at this machine is hurt by many requests.
	in = cleat.HookInput{Hold: holdToPrint, Limits: webhook.Limits{Requests: -1}, Refused: l.refused,
		Failed: func(err error) { l.warn("a bundle is lost: " + faultOf(err).Message) },
		Lost:   func(err error) { l.warn("the service may go on sending to a former address: " + faultOf(err).Message) }}
	if in.Parameters, err = l.params.read(l.factory, c.Form()); err != nil {
		return in, err
	}
	if err := fillIn(c.Form(), in.Parameters); err != nil {
		return in, err
	}
	if l.trigger != "" {
		if in.Trigger, err = a.InstantTrigger(l.trigger); err != nil {
			return in, unknownComponent(err)
		}
	}
	if l.responder != "" {
		in.Hold = holdToRespond
		if l.answers, err = a.Module(l.responder); err != nil {
			return in, unknownComponent(err)
		}
		if !l.answers.Replies() {
			return in, usagef("name a module of the type responder", "module %q is no responder", l.responder)
		}
	}
	return in, nil
}

// listenPrefix begins the names of the hooks that listen makes.
const listenPrefix = "listen "

// name is that of the hook in the store: the same for the same webhook and connection.
func (l *listening) name(a *cleat.App) string {
	name := listenPrefix + a.Name + "/" + l.id
	if l.record != nil {
		name += "/" + l.record.Name
	}
	return name
}

// refused tells of a request that was not taken.
func (l *listening) refused(status int, err error) {
	text := faultOf(err).Message
	if cause := errors.Unwrap(err); cause != nil {
		text += ": " + faultOf(cause).Message
	}
	l.warn(fmt.Sprintf("answered %d to a request: %s", status, text))
}

// server is the address that the service is told.
func (l *listening) server(listener net.Listener) (string, error) {
	if l.publicURL == "" {
		return "http://" + listener.Addr().String(), nil
	}
	u, err := url.Parse(l.publicURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return "", usagef("write it like https://example.com", "--public-url %q is no address", l.publicURL)
	}
	return l.publicURL, nil
}

// serve serves the hook until the returned function is called, which lets open requests
// get their answers.
func (l *listening) serve(listener net.Listener) (end func()) {
	server := &http.Server{Handler: l.hook, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute,
		IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
	go server.Serve(listener)
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(ctx)
		server.Close()
	}
}
