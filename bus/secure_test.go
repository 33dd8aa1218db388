package bus_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/cleat-run/cleat/bus"
)

// guarded starts a server of NATS on loopback that asks who comes, and returns its address.
func guarded(t *testing.T, change func(*server.Options)) string {
	t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: freePort(t), NoSigs: true, NoLog: true, JetStream: true, SyncAlways: true, StoreDir: t.TempDir(),
		JetStreamMaxStore: 1 << 40, JetStreamMaxMemory: 1 << 30}
	change(o)
	srv := startServer(t, o)
	t.Cleanup(func() { stopServer(srv) })
	return fmt.Sprintf("127.0.0.1:%d", o.Port)
}

func startServer(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	srv, err := server.NewServer(o.Clone())
	must(t, err)
	srv.Start()
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server is not ready")
	}
	return srv
}

func stopServer(srv *server.Server) {
	srv.Shutdown()
	srv.WaitForShutdown()
}

// authority signs certificates, and writes them to files.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.file, _ = a.sign(t, "ca")
	return a
}

// sign makes a certificate for 127.0.0.1; the first one is that of the authority itself.
func (a *authority) sign(t *testing.T, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	cert := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	if a.cert == nil {
		cert.IsCA, a.cert, a.key = true, cert, key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, key.Public(), a.key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	certFile, keyFile = filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key")
	must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return certFile, keyFile
}

// encrypted is the TLS of a server.
func (a *authority) encrypted(t *testing.T, askClient bool) *tls.Config {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(a.sign(t, "server"))
	must(t, err)
	c := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if askClient {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		text, err := os.ReadFile(a.file)
		must(t, err)
		c.ClientCAs.AppendCertsFromPEM(text)
	}
	return c
}

// seed writes the seed of a new user to a file and returns its public key.
func seed(t *testing.T) (public, file string) {
	t.Helper()
	pair, err := nkeys.CreateUser()
	must(t, err)
	public, err = pair.PublicKey()
	must(t, err)
	text, err := pair.Seed()
	must(t, err)
	file = filepath.Join(t.TempDir(), "user.nk")
	must(t, os.WriteFile(file, text, 0o600))
	return public, file
}

// issuer is an operator with an account, whose users it gives files with credentials.
type issuer struct {
	operator, account nkeys.KeyPair
	resolver          *server.MemAccResolver
	trusted, system   string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{resolver: &server.MemAccResolver{}}
	var err error
	i.operator, err = nkeys.CreateOperator()
	must(t, err)
	i.trusted, err = i.operator.PublicKey()
	must(t, err)
	i.account, _ = i.open(t, jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1})
	_, i.system = i.open(t, jwt.JetStreamLimits{})
	return i
}

// open makes an account.
func (i *issuer) open(t *testing.T, limits jwt.JetStreamLimits) (pair nkeys.KeyPair, id string) {
	t.Helper()
	pair, err := nkeys.CreateAccount()
	must(t, err)
	id, err = pair.PublicKey()
	must(t, err)
	claims := jwt.NewAccountClaims(id)
	claims.Limits.JetStreamLimits = limits
	text, err := claims.Encode(i.operator)
	must(t, err)
	must(t, i.resolver.Store(id, text))
	return pair, id
}

// creds writes credentials of a user, as `nsc generate creds` does.
func (i *issuer) creds(t *testing.T, change func(*jwt.UserClaims)) string {
	t.Helper()
	user, err := nkeys.CreateUser()
	must(t, err)
	id, err := user.PublicKey()
	must(t, err)
	claims := jwt.NewUserClaims(id)
	change(claims)
	token, err := claims.Encode(i.account)
	must(t, err)
	private, err := user.Seed()
	must(t, err)
	text, err := jwt.FormatUserConfig(token, private)
	must(t, err)
	file := filepath.Join(t.TempDir(), "user.creds")
	must(t, os.WriteFile(file, text, 0o600))
	return file
}

// useAll uses everything of a bus.
func useAll(t *testing.T, o bus.Options) {
	t.Helper()
	b := open(t, o)
	got := make(chan string, 10)
	hooks(t, b, 12, func(_ context.Context, j *bus.Job) bus.Outcome {
		got <- j.Hook
		if j.Hook == "dead" {
			return bus.Dead("no")
		}
		return bus.Ack()
	})
	turns(t, b, 1, func(_ context.Context, j *bus.Job) bus.Outcome { got <- j.Hook; return bus.Ack() })
	running(t, func(ctx context.Context) error {
		return b.RunPolls(ctx, bus.PollRunner{Workers: 1, Handle: func(_ context.Context, id string, _ int) bus.Outcome { got <- id; return bus.Ack() }})
	})
	dead := delivery("dead", strings.Repeat("z", 600<<10))
	must(t, b.PublishHook(t.Context(), delivery("hook", strings.Repeat("z", 600<<10))))
	must(t, b.PublishHook(t.Context(), dead))
	must(t, b.PublishSequential(t.Context(), delivery("turn", "")))
	_, err := b.OfferPolls(t.Context(), []string{"poll"})
	must(t, err)
	seen := map[string]bool{}
	for range 4 {
		select {
		case what := <-got:
			seen[what] = true
		case <-time.After(10 * time.Second):
			t.Fatalf("only %v came", seen)
		}
	}
	eventually(t, 5*time.Second, "the dead one is copied", func() bool {
		d, _, err := b.ReadDead(t.Context(), "acme", "dead", dead.ID)
		return err == nil && len(d.Body) == len(dead.Body)
	})
	l, err := b.Acquire(t.Context(), "token", "con_1", "me", time.Second)
	must(t, err)
	must(t, l.Extend(t.Context(), time.Second))
	must(t, l.Release(t.Context()))
	s, err := b.Subscribe(t.Context(), bus.Filter{}, 0)
	must(t, err)
	must(t, b.Emit("acme", "r", "step", nil))
	e, err := s.Next(t.Context())
	must(t, err)
	s.Close()
	s, err = b.Subscribe(t.Context(), bus.Filter{}, e.ID-1)
	must(t, err)
	s.Close()
	must(t, b.SweepBodies(t.Context()))
	must(t, b.Look(t.Context()))
	must(t, b.Ready(t.Context()))
	stats, err := b.Stats(t.Context())
	if err != nil || len(stats.Streams) != 12 || len(stats.Consumers) != 8 {
		t.Errorf("figures of %d streams and %d consumers, %v", len(stats.Streams), len(stats.Consumers), err)
	}
}

func TestGuardedServers(t *testing.T) {
	t.Parallel()
	ours, others := newAuthority(t), newAuthority(t)
	cert, key := ours.sign(t, "client")
	foreignCert, foreignKey := others.sign(t, "client")
	public, nkey := seed(t)
	_, wrongNKey := seed(t)
	mine, theirs := newIssuer(t), newIssuer(t)
	creds := mine.creds(t, func(*jwt.UserClaims) {})
	wrongCreds := theirs.creds(t, func(*jwt.UserClaims) {})
	expired := mine.creds(t, func(c *jwt.UserClaims) { c.Expires = time.Now().Add(-time.Hour).Unix() })
	broken := filepath.Join(t.TempDir(), "broken")
	must(t, os.WriteFile(broken, []byte("nothing of use"), 0o600))

	addresses := map[string]string{
		"tls":    guarded(t, func(o *server.Options) { o.TLSConfig = ours.encrypted(t, false); o.TLSTimeout = 5 }),
		"mutual": guarded(t, func(o *server.Options) { o.TLSConfig = ours.encrypted(t, true); o.TLSTimeout = 5 }),
		"nkey":   guarded(t, func(o *server.Options) { o.Nkeys = []*server.NkeyUser{{Nkey: public}} }),
		"jwt": guarded(t, func(o *server.Options) {
			o.TrustedKeys, o.AccountResolver, o.SystemAccount = []string{mine.trusted}, mine.resolver, mine.system
		}),
		"plain": guarded(t, func(*server.Options) {}),
	}
	for name, c := range map[string]struct {
		server, scheme string
		options        bus.Options
		want           string // of the error: its beginning
	}{
		"TLS":                          {"tls", "tls", bus.Options{TLSCA: ours.file}, ""},
		"TLS, said by the CA alone":    {"tls", "nats", bus.Options{TLSCA: ours.file}, ""},
		"TLS of an unknown authority":  {"tls", "tls", bus.Options{}, "tls-ca: the certificate of the server is not trusted: "},
		"TLS of another authority":     {"tls", "tls", bus.Options{TLSCA: others.file}, "tls-ca: the certificate of the server is not trusted: "},
		"no authority in the file":     {"tls", "tls", bus.Options{TLSCA: broken}, "tls-ca: nats: failed to parse root certificate from "},
		"no TLS there":                 {"plain", "tls", bus.Options{TLSCA: ours.file}, "servers: they speak no TLS: nats: secure connection not available"},
		"client certificate":           {"mutual", "tls", bus.Options{TLSCA: ours.file, TLSCert: cert, TLSKey: key}, ""},
		"client certificate not given": {"mutual", "tls", bus.Options{TLSCA: ours.file}, "tls-cert: the server may want a certificate of ours: "},
		"client certificate of others": {"mutual", "tls", bus.Options{TLSCA: ours.file, TLSCert: foreignCert, TLSKey: foreignKey}, "tls-cert: the server does not accept it: "},
		"key of another certificate":   {"mutual", "tls", bus.Options{TLSCA: ours.file, TLSCert: cert, TLSKey: foreignKey}, "tls-cert: nats: error loading client certificate: "},
		"nkey":                         {"nkey", "nats", bus.Options{NKey: nkey}, ""},
		"another nkey":                 {"nkey", "nats", bus.Options{NKey: wrongNKey}, "nkey: the server does not accept us: nats: Authorization Violation"},
		"no nkey in the file":          {"nkey", "nats", bus.Options{NKey: broken}, "nkey: nkeys: no nkey seed found"},
		"nobody":                       {"nkey", "nats", bus.Options{}, "servers: the server does not accept us: nats: Authorization Violation"},
		"credentials":                  {"jwt", "nats", bus.Options{Creds: creds}, ""},
		"credentials of others":        {"jwt", "nats", bus.Options{Creds: wrongCreds}, "creds: the server does not accept us: nats: Authorization Violation"},
		"credentials that expired":     {"jwt", "nats", bus.Options{Creds: expired}, "creds: the server does not accept us: nats: Authorization Violation"},
		"no credentials in the file":   {"jwt", "nats", bus.Options{Creds: broken}, "creds: unable to extract key pair from file "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := c.options
			o.Servers, o.Sync, o.Replicas, o.MaxBytes = []string{c.scheme + "://" + addresses[c.server]}, "always", 1, 4<<20
			if c.want == "" {
				o.Prefix = fmt.Sprintf("g%d", prefixes.Add(1))
				useAll(t, o)
				return
			}
			begin := time.Now()
			_, err := bus.Open(t.Context(), o)
			if want := "NATS: " + c.want; err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v\nwant %s…", err, want)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// rights are those of an account that shares its servers, as docs/server.md gives them.
func rights(prefix string) *server.Permissions {
	publish := []string{prefix + ".>", "$KV." + prefix + "_LEASE.>", "$O." + prefix + "_BODIES.>", "$JS.API.INFO", "$JS.API.STREAM.NAMES"}
	for _, name := range streams(prefix) {
		publish = append(publish, "$JS.API.STREAM.*."+name, "$JS.API.STREAM.MSG.*."+name, "$JS.API.STREAM.LEADER.STEPDOWN."+name,
			"$JS.API.CONSUMER.*."+name, "$JS.API.CONSUMER.*."+name+".>", "$JS.API.CONSUMER.MSG.NEXT."+name+".>", "$JS.API.CONSUMER.DURABLE.CREATE."+name+".>",
			"$JS.API.CONSUMER.LEADER.STEPDOWN."+name+".>", "$JS.API.DIRECT.GET."+name, "$JS.API.DIRECT.GET."+name+".>", "$JS.ACK."+name+".>", "$JS.FC."+name+".>")
	}
	return &server.Permissions{Publish: &server.SubjectPermission{Allow: publish}, Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX." + prefix + ".>"}}}
}

// streams are the names of all streams with a prefix.
func streams(prefix string) []string {
	all := []string{"KV_" + prefix + "_LEASE", "OBJ_" + prefix + "_BODIES"}
	for _, name := range []string{"HOOKS_0", "HOOKS_1", "HOOKS_2", "SEQ_0", "SEQ_1", "SEQ_2", "TURNS", "POLLS", "DEAD", "EVENTS"} {
		all = append(all, prefix+"_"+name)
	}
	return all
}

// TestRights: an account needs nothing beyond its own names, and one that lacks something
// is told at once what.
func TestRights(t *testing.T) {
	t.Parallel()
	public, nkey := seed(t)
	inbox, inboxKey := seed(t)
	lease, leaseKey := seed(t)
	denied := func(list *server.SubjectPermission, subject string) *server.SubjectPermission {
		list.Deny = append(list.Deny, subject)
		return list
	}
	noInbox, noLease := rights("mine"), rights("mine")
	denied(noInbox.Subscribe, "_INBOX.mine.>")
	denied(noLease.Publish, "$JS.API.STREAM.*.KV_mine_LEASE")
	address := guarded(t, func(o *server.Options) {
		o.Nkeys = []*server.NkeyUser{{Nkey: public, Permissions: rights("mine")}, {Nkey: inbox, Permissions: noInbox}, {Nkey: lease, Permissions: noLease}}
	})
	o := bus.Options{Servers: []string{"nats://" + address}, Sync: "always", Replicas: 1, MaxBytes: 4 << 20, NKey: nkey, Prefix: "mine"}
	useAll(t, o)
	for _, c := range []struct{ key, prefix, want string }{
		{nkey, "theirs", `the account lacks a right: nats: permissions violation: Permissions Violation for Subscription to "_INBOX.theirs.`},
		{inboxKey, "mine", `the account lacks a right: nats: permissions violation: Permissions Violation for Subscription to "_INBOX.mine.`},
		{leaseKey, "mine", `the account lacks a right: nats: permissions violation: Permissions Violation for Publish to "$JS.API.STREAM.INFO.KV_mine_LEASE"`},
	} {
		o.NKey, o.Prefix = c.key, c.prefix
		begin := time.Now()
		_, err := bus.Open(t.Context(), o)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || time.Since(begin) > 5*time.Second {
			t.Errorf("after %v: %v\nwant %s", time.Since(begin), err, c.want)
		}
	}
}

// TestRefusedForAWhile: a server that comes back and does not know us yet is asked until it
// does.
func TestRefusedForAWhile(t *testing.T) {
	t.Parallel()
	public, nkey := seed(t)
	o := &server.Options{Host: "127.0.0.1", Port: freePort(t), NoSigs: true, NoLog: true, JetStream: true, SyncAlways: true, StoreDir: t.TempDir(),
		JetStreamMaxStore: 1 << 40, JetStreamMaxMemory: 1 << 30, Nkeys: []*server.NkeyUser{{Nkey: public}}}
	srv := startServer(t, o)
	t.Cleanup(func() { stopServer(srv) }) // the last one, after the bus has closed
	b := open(t, bus.Options{Servers: []string{fmt.Sprintf("nats://127.0.0.1:%d", o.Port)}, Sync: "always", Replicas: 1, MaxBytes: 4 << 20, NKey: nkey})
	must(t, b.PublishHook(t.Context(), delivery("h", "")))
	stopServer(srv)
	stranger := o.Clone()
	other, _ := seed(t)
	stranger.Nkeys = []*server.NkeyUser{{Nkey: other}}
	srv = startServer(t, stranger)
	eventually(t, 10*time.Second, "it was refused several times", func() bool {
		v, err := srv.Varz(nil)
		return err == nil && v.TotalConnections > 4
	})
	stopServer(srv)
	srv = startServer(t, o)
	eventually(t, 10*time.Second, "it works again", func() bool { return b.PublishHook(t.Context(), delivery("h", "")) == nil })
}
