package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/trace"
	"github.com/cleat-run/cleat/work"
)

// Config is everything that cleat serve can be told (server.md 4).
type Config struct {
	Store     store.Options
	Bus       bus.Options
	Runtime   cleat.Options // whose records are ignored
	PublicURL *url.URL
	Proxies   []netip.Prefix
	Limits    Limits
	OIDC      OIDC // whose Network is the guarded one of Runtime
	Retain    Retain
	Workers   int           // deliveries and polls at once, each
	Trace     trace.Options // whose Instance is the name of the node
	Version   string
	Log       *slog.Logger
}

// Retain says how long what has ended is kept.
type Retain struct {
	Deliveries, Runs, Events, Audit time.Duration // 7, 30, 30 and 400 days when 0
}

func (r Retain) withDefaults() Retain {
	const day = 24 * time.Hour
	return Retain{Deliveries: cmp.Or(r.Deliveries, 7*day), Runs: cmp.Or(r.Runs, 30*day), Events: cmp.Or(r.Events, 30*day), Audit: cmp.Or(r.Audit, 400*day)}
}

func (r Retain) at(now time.Time) record.Retention {
	r = r.withDefaults()
	return record.Retention{Deliveries: now.Add(-r.Deliveries), Runs: now.Add(-r.Runs), Events: now.Add(-r.Events), Audit: now.Add(-r.Audit)}
}

// pruneEvery is how often is looked for what is kept no longer: what is kept for a short
// time only goes soon afterwards.
func (r Retain) pruneEvery() time.Duration {
	r = r.withDefaults()
	return min(10*time.Minute, min(r.Deliveries, r.Runs, r.Events, r.Audit)/4)
}

// Instance is a running node: the server with its store, its bus and its background work.
type Instance struct {
	*Server
	config  Config
	store   *store.Store
	bus     *bus.Bus
	runtime *cleat.Runtime
	loops   *work.Loops
	trace   *trace.Tracer // nil: nothing is traced
	broken  chan error    // why the process has to end
}

// Open opens store and bus and makes everything ready to serve. The caller must Close it.
func Open(ctx context.Context, c Config) (*Instance, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	records, err := store.Open(ctx, c.Store)
	if err != nil {
		return nil, err
	}
	i := &Instance{config: c, store: records, broken: make(chan error, 1)}
	c.Bus.Logger, c.Bus.Fatal = c.Log, i.fail
	c.Bus.MaxAttempts = -1 // the records count what was begun
	if c.Bus.JobTime == 0 {
		c.Bus.JobTime = c.Limits.withDefaults().Run
	}
	if c.Bus.StoreKey, err = busKey(ctx, records, c.Bus); err != nil {
		return nil, errors.Join(err, records.Close())
	}
	if i.bus, err = bus.Open(ctx, c.Bus); err != nil {
		return nil, errors.Join(fmt.Errorf("open the bus: %w", err), records.Close())
	}
	name := nodeName()
	c.Trace.Instance, c.Trace.Version, c.Trace.Log = name, c.Version, c.Log
	if i.trace = trace.New(c.Trace); i.trace != nil {
		c.Runtime.Engine.Observer = work.Observer{Trace: i.trace}
	}
	i.runtime = cleat.New(c.Runtime)
	i.assemble(name)
	return i, nil
}

func (i *Instance) assemble(name string) {
	c := i.config
	records := work.Stored(i.store)
	node := &work.Node{Name: name, Records: records, Catalog: &work.Catalog{Records: records}, Log: c.Log, Trace: i.trace,
		Teams: &work.Teams{Runtime: i.runtime, Records: records, PublicURL: c.PublicURL.String()}}
	outbox := &work.Outbox{Node: node, Network: i.runtime.Network()}
	signIn := c.OIDC
	signIn.Network = i.runtime.Network()
	i.loops = &work.Loops{Node: node, Bus: i.bus, Outbox: outbox, Workers: c.Workers, Retention: c.Retain.at, PruneEvery: c.Retain.pruneEvery()}
	i.Server = New(Options{
		Node: node, History: work.NewHistory(records, c.Log), Outbox: outbox, Queue: queue{i.loops}, Live: &busLive{bus: i.bus},
		Ready:       []Check{{"database", i.storeReady}, {"bus", i.bus.Ready}},
		NewDelivery: bus.NewID, Metrics: i.busMetrics, PublicURL: c.PublicURL, Proxies: c.Proxies, Limits: c.Limits, OIDC: signIn, Version: c.Version, Log: c.Log,
	})
	node.Stored = func(team int64, events []*record.Event) {
		i.Stored(team, events)
		outbox.Wake()
	}
}

// nodeName names this process: the machine, the process and some chance, for numbers of
// processes come again.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return host + "-" + strconv.Itoa(os.Getpid()) + "-" + record.NewID("n", time.Now())[22:]
}

func (i *Instance) storeReady(ctx context.Context) error {
	_, err := i.store.Team(ctx, 1)
	return err
}

// queue is the bus as the server needs it.
type queue struct{ loops *work.Loops }

func (q queue) Publish(ctx context.Context, team int64, d *record.Delivery, head, body []byte, sequential bool) error {
	return refusal(q.loops.Publish(ctx, team, d, head, body, sequential))
}

// refusal says how refusals of the bus are answered.
func refusal(err error) error {
	refused, ok := errors.AsType[*bus.Refusal](err)
	switch {
	case !ok:
		return err
	case errors.Is(refused, bus.ErrBusy):
		return busy(http.StatusTooManyRequests, "too_many_deliveries", refused.RetryAfter, "too many deliveries of this team are waiting")
	}
	p := busy(http.StatusServiceUnavailable, "unavailable", refused.RetryAfter, "the delivery cannot be taken now: %s", refused.Reason)
	p.cause = err
	return p
}

// Limits of a connection to the server (server.md 5).
const (
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute
	maxHeader  = 64 << 10
	drainTime  = 20 * time.Second // for requests
	endTime    = 30 * time.Second // for everything
)

// Serve serves the listener and works in the background until ctx ends. Then it drains: it
// says that it is not ready, finishes requests and jobs in hand or gives them back, and
// returns within 30 seconds. It also ends, with an error, when the bus cannot go on: a
// process that is started anew can.
func (i *Instance) Serve(ctx context.Context, l net.Listener) error {
	web := &http.Server{Handler: i.Server, ReadHeaderTimeout: headerTime, ReadTimeout: i.Limits.Arrival, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(i.config.Log.Handler(), slog.LevelDebug)}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var loops sync.WaitGroup
	loops.Go(func() { i.loops.Run(background) })
	served := make(chan error, 1)
	go func() { served <- web.Serve(l) }()
	var err error
	select {
	case err = <-served:
	case err = <-i.broken:
	case <-ctx.Done():
	}
	i.Drain()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	requests, done := context.WithTimeout(ending, drainTime)
	defer done()
	if shut := web.Shutdown(requests); shut != nil {
		web.Close()
	}
	stop()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	err = errors.Join(err, i.end(ending, &loops))
	return err
}

// fail makes Serve end.
func (i *Instance) fail(err error) {
	select {
	case i.broken <- err:
	default: // it ends already
	}
}

// end waits for the background and closes what is open, in the order in which things need
// each other.
func (i *Instance) end(ctx context.Context, loops *sync.WaitGroup) error {
	ended := make(chan struct{})
	go func() {
		loops.Wait()
		i.background.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	return i.close(ctx)
}

// Close ends an instance that does not serve.
func (i *Instance) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	return i.close(ctx)
}

func (i *Instance) close(ctx context.Context) error {
	err := i.bus.Close(ctx)
	i.History.Close()
	err = errors.Join(err, i.runtime.Close(), i.store.Close())
	i.trace.Close(ctx)
	return err
}
