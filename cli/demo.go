package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/examples"
	"github.com/cleat-run/cleat/internal/photoservice"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
	"github.com/spf13/cobra"
)

type demoOptions struct {
	*factory
	check     bool
	noBrowser bool
	listen    string
}

// demoAddress is where the sample service listens when nobody else does; the sample app
// knows it.
const demoAddress = "127.0.0.1:7480"

func newDemo(f *factory) *cobra.Command {
	o := &demoOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Walk through a sample app on this machine",
		Long: `Start a sample photo service behind OAuth 1.0 and a page that walks you through a sample
app: connect an account, run its modules, see what goes over the wire. Nothing leaves this
machine, and nothing stays when you end it.

With --check the same happens without a browser, and the command ends.`,
		Example: `  cleat demo --check
  cleat demo`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.check {
				return runDemoCheck(cmd.Context(), o)
			}
			return runDemo(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.check, "check", false, "walk through it without a browser, then end")
	flags.BoolVar(&o.noBrowser, "no-browser", false, "only print the address of the page")
	flags.StringVar(&o.listen, "listen", "", "`address` of the sample service (default "+demoAddress+" or a free one)")
	return cmd
}

// demo is a sample service, the sample app, and a store that is thrown away.
type demo struct {
	*factory
	service   *photoservice.Service
	address   string // of the service: http://127.0.0.1:7480
	app       *cleat.App
	runtime   *cleat.Runtime
	records   *store.Store
	exchanges exchanges
	closing   []func()
}

// exchanges collects what went over the wire.
type exchanges struct {
	mu   sync.Mutex
	list []engine.Exchange
}

func (x *exchanges) add(e engine.Exchange) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.list = append(x.list, e)
}

// take returns what was collected and begins anew.
func (x *exchanges) take() []engine.Exchange {
	x.mu.Lock()
	defer x.mu.Unlock()
	list := x.list
	x.list = nil
	return list
}

// startDemo starts everything. redirectURI is where the service sends people back to.
func (f *factory) startDemo(ctx context.Context, listen, redirectURI string) (*demo, error) {
	d := &demo{factory: f}
	if err := d.start(ctx, listen, redirectURI); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *demo) start(ctx context.Context, listen, redirectURI string) error {
	d.service = photoservice.New(oauth1test.Options{})
	listener, err := demoListener(listen)
	if err != nil {
		return err
	}
	d.address = "http://" + listener.Addr().String()
	d.closing = append(d.closing, serve(listener, d.service))

	definition, found, err := app.LoadFS(examples.Photos(), ".")
	if err != nil {
		return err
	}
	definition.Name = "photos"
	d.app = cleat.NewApp(definition, found)

	dir, err := os.MkdirTemp("", "cleat-demo-")
	if err != nil {
		return err
	}
	d.closing = append(d.closing, func() { os.RemoveAll(dir) })
	if d.records, err = store.Open(ctx, store.Options{Dir: dir}); err != nil {
		return err
	}
	d.closing = append(d.closing, func() { d.records.Close() })
	d.runtime = cleat.New(cleat.Options{
		Engine: engine.Options{
			Egress:    engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
			UserAgent: "cleat/" + version(),
			Log:       d.tracing(d.exchanges.add),
			Debug:     true,
		},
		Connections: d.records, Triggers: d.records, Hooks: d.records, RedirectURI: redirectURI, Timezone: d.timezone,
	})
	return nil
}

// demoListener listens where it was told to, or at the address that the sample app
// knows, or else anywhere.
func demoListener(address string) (net.Listener, error) {
	if address != "" {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			err = &hintedError{fmt.Errorf("cannot start the sample service: %w", err), "write --listen 127.0.0.1:PORT, with a port that is free"}
		}
		return listener, err
	}
	listener, err := net.Listen("tcp", demoAddress)
	if errors.Is(err, syscall.EADDRINUSE) {
		return net.Listen("tcp", "127.0.0.1:0")
	}
	return listener, err
}

// serve serves until the returned function is called.
func serve(listener net.Listener, h http.Handler) (end func()) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	return func() { server.Close() }
}

// close ends everything, the last first.
func (d *demo) close() {
	for i := len(d.closing) - 1; i >= 0; i-- {
		d.closing[i]()
	}
}

// connect begins a connection of the sample app.
func (d *demo) connect(ctx context.Context, session string) (*connect.Started, error) {
	t, err := d.app.ConnectionType("photos")
	if err != nil {
		return nil, err
	}
	return d.runtime.Connector().Create(ctx, t, connect.Request{Name: fmt.Sprintf("demo %d", time.Now().UnixNano()), Session: session,
		Parameters: value.Object("service", value.Text(d.address)).Collection()})
}

// finish takes the callback to the connection.
func (d *demo) finish(ctx context.Context, cb connect.Callback) (*connect.Record, error) {
	t, err := d.app.ConnectionType("photos")
	if err != nil {
		return nil, err
	}
	flow, err := d.runtime.Connector().Flow(ctx, cb)
	if err != nil {
		return nil, err
	}
	started, err := d.runtime.Connector().Finish(ctx, t, flow, cb)
	if err != nil {
		return nil, err
	}
	return started.Record, nil
}

// run runs a module or an RPC of the sample app to its end.
func (d *demo) run(ctx context.Context, c *cleat.Component, record *connect.Record, parameters *value.Collection, limit int) ([]value.Value, error) {
	run, err := d.runtime.Start(ctx, c, cleat.Input{Connection: record, Parameters: parameters, Limit: limit})
	if err != nil {
		return nil, err
	}
	bundles := []value.Value{}
	for bundle, err := range run.Bundles(ctx) {
		if err != nil {
			return nil, err
		}
		bundles = append(bundles, bundle)
	}
	return bundles, nil
}
