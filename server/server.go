package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/work"
)

// Options say what a server works with. Records, Node and PublicURL are required.
type Options struct {
	Node      *work.Node
	History   *work.History
	Outbox    *work.Outbox
	Queue     Queue          // takes deliveries durably
	Live      Live           // exchanges as they happen; nil: none
	Ready     []Check        // what /readyz asks
	PublicURL *url.URL       // where people and services reach the server
	Proxies   []netip.Prefix // whose X-Forwarded-For counts
	Limits    Limits
	OIDC      OIDC // how people sign in besides with a password
	// NewDelivery makes the id of a delivery.
	NewDelivery func() string
	Metrics     func(io.Writer) // of other parts, in the format of Prometheus; nil means none
	Version     string
	Log         *slog.Logger
	Now         func() time.Time // nil means time.Now
}

// Limits bound what one caller may ask for. A zero field means the default.
type Limits struct {
	Body         int64         // bytes of a request: 5 MiB
	Upload       int64         // bytes of an app: 32 MiB
	Answer       int64         // bytes of the bundles of one answer that is not streamed: 32 MiB
	Run          time.Duration // of one run: 300 s
	PerTeam      int           // runs at once of a team: 256
	PerConnect   int           // runs at once of a connection: 64
	HookRequests int64         // of one hook in HookWindow: 300
	HookWindow   time.Duration // 10 s
	Listeners    int           // of events and exchanges at once: 200
	Arrival      time.Duration // until all of a request has arrived: 2 min
	Stall        time.Duration // that a reader may take nothing of its answer: 10 s
}

func (l Limits) withDefaults() Limits {
	set := func(field *int64, n int64) {
		if *field == 0 {
			*field = n
		}
	}
	set(&l.Body, 5<<20)
	set(&l.Upload, 32<<20)
	set(&l.Answer, 32<<20)
	set(&l.HookRequests, 300)
	for _, d := range []struct {
		field *time.Duration
		n     time.Duration
	}{{&l.Run, 300 * time.Second}, {&l.HookWindow, 10 * time.Second}, {&l.Arrival, 2 * time.Minute}, {&l.Stall, 10 * time.Second}} {
		if *d.field == 0 {
			*d.field = d.n
		}
	}
	for _, d := range []struct {
		field *int
		n     int
	}{{&l.PerTeam, 256}, {&l.PerConnect, 64}, {&l.Listeners, 200}} {
		if *d.field == 0 {
			*d.field = d.n
		}
	}
	return l
}

// Check is a part of the server that has to answer for it to be ready.
type Check struct {
	Name  string
	Ready func(context.Context) error
}

// Server serves the interface. It is safe for concurrent use.
type Server struct {
	Options
	records    work.Records
	api        huma.API
	mux        *mux
	handler    http.Handler
	runs       gates
	hooks      hookCache
	used       tokenUses
	attempts   attempts
	hashing    hashing
	cancels    cancels
	news       news
	listeners  listeners
	background sync.WaitGroup // runs that nobody waits for
	metrics    *metrics
	draining   chan struct{}
}

// New returns a server.
func New(o Options) *Server {
	humaProblems()
	o.Limits = o.Limits.withDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{Options: o, records: o.Node.Records, mux: &mux{}, hashing: make(hashing, 2), draining: make(chan struct{})}
	s.metrics = newMetrics(s)
	s.openAPI()
	s.routes()
	s.handler = s.around(routed(&s.mux.ServeMux))
	return s
}

// ServeHTTP serves every address of the server.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// OpenAPI returns the description of the interface.
func (s *Server) OpenAPI() *huma.OpenAPI { return s.api.OpenAPI() }

// Drain makes the server say that it is not ready and ends what would never end: streams
// of events. Requests go on.
func (s *Server) Drain() { close(s.draining) }

// routes registers everything; each file of a resource has one such function.
func (s *Server) routes() {
	s.appRoutes()
	s.installRoutes()
	s.connectionRoutes()
	s.connectSessionRoutes()
	s.runRoutes()
	s.formRoutes()
	s.triggerRoutes()
	s.hookRoutes()
	s.deliveryRoutes()
	s.destinationRoutes()
	s.eventRoutes()
	s.historyRoutes()
	s.tokenRoutes()
	s.userRoutes()
	s.teamRoutes()
	s.auditRoutes()
	s.signInRoutes()
	s.oidcRoutes()
	s.callbackRoutes()
	s.intakeRoutes()
	s.pageRoutes()
	s.healthRoutes()
}

func (s *Server) team(a *Actor) work.TeamRecords { return s.records.OfTeam(a.Team) }

// audit notes who did what (server.md 5). A line that cannot be written is a failure of
// the server, but what was done is done.
func (s *Server) audit(ctx context.Context, a *Actor, action, object, detail string) {
	line := &record.Audit{ID: record.NewID("aud", s.Now()), At: s.Now(), Actor: a.ID, Action: action, Object: object, Address: a.Address, Detail: detail}
	if err := s.team(a).AppendAudit(context.WithoutCancel(ctx), line); err != nil {
		s.Log.ErrorContext(ctx, "the audit log is not written", "action", action, "object", object, "actor", a.ID, "error", err)
	}
}
