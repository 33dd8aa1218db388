package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Options say where the work is kept. The zero value of every field but Dir is a default;
// with Servers, Dir is not used.
type Options struct {
	Dir      string // folder of the embedded server's store, made with mode 0700
	StoreKey []byte // encrypts the embedded store; at least 16 bytes, nil for none

	Servers  []string // nats:// and tls:// addresses of an external cluster
	Sync     string   // what the operator states of those servers: "always" or "lazy"; required with Servers
	Creds    string   // file with credentials
	NKey     string   // file with the seed of an nkey
	TLSCA    string   // file with certificates that are trusted
	TLSCert  string   // file with the certificate of the client, with TLSKey
	TLSKey   string
	Insecure bool   // allow nats:// without TLS to addresses beyond this machine
	Prefix   string // begins every stream and subject: letters, digits, "_" and "-"
	Replicas int    // of each stream; 3 with Servers, otherwise 1

	MaxBytes    int64         // of each delivery partition, 4 GiB; the other streams in proportion
	MinFree     int64         // bytes of disk below which the embedded server takes no deliveries; max(1 GiB, 5 %)
	TenantQuota int64         // deliveries of one tenant that may wait, 100,000
	Rate        float64       // deliveries a second of one webhook that count as fast, 50
	Burst       float64       // and how many at once, 100
	AckWait     time.Duration // until the job of a dead worker runs again, 10 s
	MaxAttempts int           // deliveries above this many attempts are not run again, 10; below 0 the handler counts them
	JobTime     time.Duration // deadline of one job, 15 min

	Logger *slog.Logger // nil logs nothing

	// Fatal is called when the embedded server cannot be brought back after its disk was
	// full. The process should end then: nothing is lost, and a new one starts clean.
	Fatal func(error)

	wire func(net.Conn) net.Conn // of tests: what stands between us and the server
}

// The defaults of Options, and what follows from MaxBytes.
const (
	defaultMaxBytes    = 4 << 30
	defaultMinFree     = 1 << 30
	defaultTenantQuota = 100_000
	defaultRate        = 50
	defaultBurst       = 100
	defaultAckWait     = 10 * time.Second
	defaultMaxAttempts = 10
	defaultJobTime     = 15 * time.Minute
)

func (o Options) withDefaults() Options {
	if o.Replicas == 0 {
		o.Replicas = 1
		if o.external() {
			o.Replicas = 3
		}
	}
	setDefault(&o.MaxBytes, defaultMaxBytes)
	setDefault(&o.TenantQuota, defaultTenantQuota)
	setDefault(&o.Rate, defaultRate)
	setDefault(&o.Burst, defaultBurst)
	setDefault(&o.AckWait, defaultAckWait)
	setDefault(&o.MaxAttempts, defaultMaxAttempts)
	setDefault(&o.JobTime, defaultJobTime)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Fatal == nil {
		o.Fatal = func(error) {}
	}
	return o
}

func setDefault[T int | int64 | float64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func (o Options) external() bool { return len(o.Servers) > 0 }

// validName matches prefixes; ids in subjects have their own, stricter rule (validID).
var validName = regexp.MustCompile(`^[A-Za-z0-9_-]{0,32}$`)

func (o Options) check() error {
	switch {
	case !validName.MatchString(o.Prefix):
		return fmt.Errorf("prefix %q: only letters, digits, _ and - are allowed, and at most 32", o.Prefix)
	case o.MaxBytes < 0 || o.MaxBytes > 0 && o.MaxBytes < 1<<20:
		return errors.New("max bytes: at least 1 MiB")
	case (o.TLSCert == "") != (o.TLSKey == ""):
		return errors.New("a TLS certificate needs its key, and a key its certificate")
	case o.Creds != "" && o.NKey != "":
		return errors.New("either credentials or an nkey, not both")
	case o.external():
		return o.checkServers()
	case o.Dir == "":
		return errors.New("no folder for the embedded server, and no servers")
	case o.StoreKey != nil && len(o.StoreKey) < 16:
		return errors.New("store key: at least 16 bytes")
	case o.Sync != "" && o.Sync != "always":
		return errors.New("sync: the embedded server always synchronises")
	case o.Replicas > 1:
		return errors.New("replicas: the embedded server keeps one")
	}
	return nil
}

func (o Options) checkServers() error {
	// jepsen.io/analyses/nats-2.12.1: by default JetStream acknowledges up to two minutes
	// before it synchronises. A client cannot read the setting, so the operator states it.
	if o.Sync != "always" && o.Sync != "lazy" {
		return errors.New(`sync: say "always" when the servers run with jetstream { sync_interval: always }, "lazy" otherwise`)
	}
	for _, server := range o.Servers {
		if err := o.checkServer(server); err != nil {
			return err
		}
	}
	return nil
}

func (o Options) checkServer(server string) error {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" {
		// The address itself may hold a password.
		return errors.New("servers: want nats://host:port or tls://host:port")
	}
	encrypted := u.Scheme == "tls" || o.TLSCA != "" || o.TLSCert != ""
	if !encrypted && !o.Insecure && !loopback(u.Hostname()) {
		return fmt.Errorf("server %s: not encrypted; use tls://, or allow it with insecure", u.Host)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
