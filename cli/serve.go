package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/server"
	"github.com/cleat-run/cleat/store"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

type serveOptions struct {
	*factory
	config string
	print  bool
	set    settings
}

func newServe(f *factory) *cobra.Command {
	o := &serveOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server: connections, runs, webhooks, polling triggers and the web app, for
programs and people of many teams.

On a fresh machine it makes its home (CLEAT_HOME) with keys and database, listens on
127.0.0.1:8480 and prints a link that signs in once. Beyond one machine give it PostgreSQL,
NATS and a keyset; all nodes are equal, behind any balancer.

Flags, environment and file say the same things, in that order of strength: --public-url,
CLEAT_PUBLIC_URL, and public-url in cleat.yaml. --print-config shows what holds, and where it
was said, and whether the server would start with them.`,
		Example: `  cleat serve --print-config
  cleat serve --listen 0.0.0.0:8480 --public-url https://cleat.example.com --trusted-proxies 10.0.0.0/8
  cleat serve --database postgres://cleat@db/cleat --nats tls://a:4222,tls://b:4222,tls://c:4222 --nats-sync always --keyset /run/secrets/keyset.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(cmd.Context(), o, cmd.Flags()) },
	}
	flags := cmd.Flags()
	flags.SetNormalizeFunc(settingName)
	flags.StringVar(&o.config, "config", "", "`file` with settings (default cleat.yaml in CLEAT_HOME, if there is one)")
	flags.BoolVar(&o.print, "print-config", false, "show the settings that hold, secrets masked, and end")
	o.set.add(flags)
	return cmd
}

// settings are those of server.md 4 and work.md 12.
type settings struct {
	listen, publicURL string
	proxies           []string
	database, keyset  string
	apps              string
	logFormat         string
	logLevel          string

	nats                                                    string
	natsSync, natsCreds, natsKey, natsCA, natsCert, natsTLS string
	natsPrefix, natsDir                                     string
	natsInsecure                                            bool
	natsReplicas                                            int
	natsMaxBytes                                            int64

	maxBody, maxAnswer                   int64
	runTime                              time.Duration
	teamRuns, connectionRuns, workers    int
	hookRequests                         int64
	hookWindow                           time.Duration
	listeners                            int
	keepDeliveries, keepRuns, keepEvents time.Duration
	keepAudit                            time.Duration

	signIn signInSettings
	traces traceSettings
}

func (s *settings) add(f *pflag.FlagSet) {
	const day = 24 * time.Hour
	f.StringVar(&s.listen, "listen", "127.0.0.1:8480", "`address` to listen on")
	f.StringVar(&s.publicURL, "public-url", "", "`URL` under which people and services reach the server (default http:// and the address of --listen)")
	f.StringSliceVar(&s.proxies, "trusted-proxies", nil, "`prefixes` of proxies whose X-Forwarded-For counts")
	f.StringVar(&s.database, "database", "", "`URL` of PostgreSQL; the default is SQLite in CLEAT_HOME")
	f.StringVar(&s.keyset, "keyset", "", "`file` with the keys of the store (default keyset.json in CLEAT_HOME)")
	f.StringVar(&s.apps, "apps", "", "`folder` of apps that are loaded, and loaded anew when they change (development)")
	f.StringVar(&s.logFormat, "log-format", "", "text or json (default text on a terminal, json otherwise)")
	f.StringVar(&s.logLevel, "log-level", "info", "debug, info, warn or error")

	s.signIn.add(f)
	s.traces.add(f)

	f.StringVar(&s.nats, "nats", "embedded", "embedded, or `addresses` of a cluster such as tls://a:4222,tls://b:4222,tls://c:4222")
	f.StringVar(&s.natsSync, "nats-sync", "", "what holds for the sync_interval of that cluster: always or lazy")
	f.StringVar(&s.natsCreds, "nats-creds", "", "`file` with credentials for it")
	f.StringVar(&s.natsKey, "nats-nkey", "", "`file` with the seed of an nkey")
	f.StringVar(&s.natsCA, "nats-tls-ca", "", "`file` with certificates to trust")
	f.StringVar(&s.natsCert, "nats-tls-cert", "", "`file` with a certificate of ours")
	f.StringVar(&s.natsTLS, "nats-tls-key", "", "`file` with its key")
	f.StringVar(&s.natsPrefix, "nats-prefix", "", "begins the names of streams and subjects, for a shared cluster")
	f.StringVar(&s.natsDir, "nats-dir", "", "`folder` of the embedded bus (default bus in CLEAT_HOME)")
	f.BoolVar(&s.natsInsecure, "nats-insecure", false, "allow nats:// without TLS beyond this machine")
	f.IntVar(&s.natsReplicas, "nats-replicas", 0, "copies of each stream (default 3 with a cluster)")
	f.Int64Var(&s.natsMaxBytes, "nats-max-bytes", 0, "`bytes` of each partition of deliveries (default 4 GiB)")

	f.Int64Var(&s.maxBody, "limits.body", 5<<20, "`bytes` of a request")
	f.Int64Var(&s.maxAnswer, "limits.answer", 32<<20, "`bytes` of an answer of a service, and of the bundles of one answer")
	f.DurationVar(&s.runTime, "limits.run", 300*time.Second, "`time` of one run")
	f.IntVar(&s.teamRuns, "limits.team-runs", 256, "runs of a team at once")
	f.IntVar(&s.connectionRuns, "limits.connection-runs", 64, "runs of a connection at once")
	f.IntVar(&s.workers, "limits.workers", 64, "deliveries at once, and polls at once")
	f.Int64Var(&s.hookRequests, "limits.hook-requests", 300, "requests of one hook in limits.hook-window")
	f.DurationVar(&s.hookWindow, "limits.hook-window", 10*time.Second, "`time` in which they are counted")
	f.IntVar(&s.listeners, "limits.listeners", 200, "open streams of events")
	f.DurationVar(&s.keepDeliveries, "retention.deliveries", 7*day, "`time` that deliveries are kept")
	f.DurationVar(&s.keepRuns, "retention.runs", 30*day, "`time` that runs are kept")
	f.DurationVar(&s.keepEvents, "retention.events", 30*day, "`time` that events are kept")
	f.DurationVar(&s.keepAudit, "retention.audit", 400*day, "`time` that the audit log is kept")
}

// settingName lets the bus be called by the name of what it does, too: work.md 12 says
// --work, server.md 4 says nats. Traces may be written with a dash, as otel-endpoint.
func settingName(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if rest, found := strings.CutPrefix(name, "work"); found && (rest == "" || rest[0] == '-') {
		name = "nats" + rest
	}
	if rest, found := strings.CutPrefix(name, "otel-"); found {
		name = "otel." + rest
	}
	return pflag.NormalizedName(name)
}

func runServe(ctx context.Context, o *serveOptions, flags *pflag.FlagSet) error {
	origins, err := o.readSettings(flags)
	if err != nil {
		return err
	}
	config, err := o.serverConfig()
	if o.print {
		return errors.Join(o.printSettings(flags, origins), err)
	}
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.set.listen)
	if err != nil {
		return &hintedError{fmt.Errorf("listen: %w", err), "give another address with --listen"}
	}
	defer listener.Close()
	if o.set.publicURL == "" {
		config.PublicURL = &url.URL{Scheme: "http", Host: listener.Addr().String()}
	}
	instance, err := server.Open(ctx, config)
	if err != nil {
		return natsSetting(err)
	}
	if o.set.apps != "" {
		go instance.WatchApps(ctx, o.set.apps)
	}
	if err := o.welcome(ctx, instance, config.PublicURL); err != nil {
		return errors.Join(err, instance.Close())
	}
	err = instance.Serve(ctx, listener)
	fmt.Fprintln(o.std.Err, "stopped")
	return err
}

// natsSetting names the setting that a cluster does not go with.
func natsSetting(err error) error {
	wrong, ok := errors.AsType[*bus.SettingError](err)
	switch {
	case !ok:
		return err
	case wrong.Setting == "servers":
		return fmt.Errorf("nats: %w", wrong.Err)
	}
	return fmt.Errorf("nats-%s: %w", wrong.Setting, wrong.Err)
}

// welcome says where the server is, and how to sign in for the first time.
func (o *serveOptions) welcome(ctx context.Context, instance *server.Instance, public *url.URL) error {
	link, err := instance.FirstLink(ctx)
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(o.std.Out, map[string]string{"event": "listening", "url": public.String(), "sign_in": link})
	}
	fmt.Fprintf(o.std.Err, "listening on %s\n", public)
	if link != "" {
		fmt.Fprintf(o.std.Err, "sign in once with %s (it works for an hour)\n", link)
	}
	return nil
}

// serverConfig checks the settings and makes what the server is opened with.
func (o *serveOptions) serverConfig() (server.Config, error) {
	s := &o.set
	if err := s.check(); err != nil {
		return server.Config{}, err
	}
	home, err := o.home()
	if err != nil {
		return server.Config{}, err
	}
	allow, err := o.allowed()
	if err != nil {
		return server.Config{}, err
	}
	c := server.Config{Version: version(), Workers: s.workers,
		Limits: server.Limits{Body: s.maxBody, Answer: s.maxAnswer, Run: s.runTime, PerTeam: s.teamRuns, PerConnect: s.connectionRuns,
			HookRequests: s.hookRequests, HookWindow: s.hookWindow, Listeners: s.listeners},
		Retain: server.Retain{Deliveries: s.keepDeliveries, Runs: s.keepRuns, Events: s.keepEvents, Audit: s.keepAudit},
		Runtime: cleat.Options{Timezone: o.timezone,
			Engine: engine.Options{Egress: engine.Egress{Allow: allow}, UserAgent: "cleat/" + version(), MaxBody: s.maxAnswer, Debug: false}},
	}
	if c.Log, err = o.logger(); err != nil {
		return c, err
	}
	if c.PublicURL, err = publicURL(s.publicURL); err != nil {
		return c, err
	}
	if c.Proxies, err = prefixes("trusted-proxies", s.proxies); err != nil {
		return c, err
	}
	if c.OIDC, err = o.oidc(); err != nil {
		return c, err
	}
	if c.Trace, err = s.traces.options(); err != nil {
		return c, err
	}
	if c.Store, err = s.store(home); err != nil {
		return c, err
	}
	c.Bus, err = s.bus(home)
	return c, err
}

func publicURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, usagef("it is like https://cleat.example.com", "public-url: %q is no address of a server", text)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	if u.Path != "" {
		return nil, usagef("give the server a host name of its own", "public-url: a path is not possible")
	}
	return u, nil
}

func prefixes(name string, texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if addr, single := netip.ParseAddr(text); err != nil && single == nil {
			p, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, usagef("prefixes are like 10.0.0.0/8", "%s: %q is no prefix of addresses", name, text)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// store says where the records are. Several nodes share one keyset, so with a database of
// its own the keyset has to be given.
func (s *settings) store(home string) (store.Options, error) {
	o := store.Options{Dir: home}
	if s.keyset != "" {
		text, err := os.ReadFile(s.keyset)
		if err != nil {
			return o, fmt.Errorf("keyset: %w", err)
		}
		o.Keyset = text
	}
	switch {
	case s.database == "" || s.database == "sqlite":
	case strings.HasPrefix(s.database, "sqlite:"):
		path := strings.TrimPrefix(s.database, "sqlite:")
		if filepath.Base(path) != "cleat.db" {
			return o, usagef("its folder may be any", "database: the file is called cleat.db")
		}
		o.Dir = filepath.Dir(path)
	case strings.HasPrefix(s.database, "postgres://"), strings.HasPrefix(s.database, "postgresql://"):
		if s.keyset == "" {
			return o, usagef("make one with cleat keys new > keyset.json and give the same to every node with --keyset", "keyset: it must be given with PostgreSQL")
		}
		o.URL = s.database
	default:
		return o, usagef("it is postgres://… or sqlite:/folder/cleat.db", "database: %q is no address of a database", masked(s.database))
	}
	return o, nil
}

// masked is an address without its password.
func masked(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "…"
	}
	// PostgreSQL takes secrets as parameters, too.
	if q := u.Query(); q.Has("password") || q.Has("sslpassword") {
		for _, name := range []string{"password", "sslpassword"} {
			if q.Has(name) {
				q.Set(name, hidden)
			}
		}
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}

func (o *serveOptions) logger() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.set.logLevel)); err != nil {
		return nil, usagef("levels are debug, info, warn and error", "log-level: there is no level %q", o.set.logLevel)
	}
	format := o.set.logFormat
	if format == "" {
		if format = "json"; o.std.IsTerminal {
			format = "text"
		}
	}
	switch options := (&slog.HandlerOptions{Level: level}); format {
	case "text":
		return slog.New(slog.NewTextHandler(o.std.Err, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(o.std.Err, options)), nil
	}
	return nil, usagef("formats are text and json", "log-format: there is no format %q", format)
}
