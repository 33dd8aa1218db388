package cli

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// check refuses numbers that cannot be, and a folder of apps that is none.
func (s *settings) check() error {
	for _, n := range []struct {
		name       string
		value, min int64
	}{
		{"limits.body", s.maxBody, 1 << 10}, {"limits.answer", s.maxAnswer, 1 << 10},
		{"limits.team-runs", int64(s.teamRuns), 1}, {"limits.connection-runs", int64(s.connectionRuns), 1}, {"limits.workers", int64(s.workers), 1},
		{"limits.hook-requests", s.hookRequests, 1}, {"limits.listeners", int64(s.listeners), 1},
	} {
		if n.value < n.min {
			return usagef("", "%s: %d is less than %d", n.name, n.value, n.min)
		}
	}
	for _, d := range []struct {
		name       string
		value, min time.Duration
	}{
		{"limits.run", s.runTime, time.Second}, {"limits.hook-window", s.hookWindow, time.Second},
		{"retention.deliveries", s.keepDeliveries, time.Minute}, {"retention.runs", s.keepRuns, time.Minute},
		{"retention.events", s.keepEvents, time.Minute}, {"retention.audit", s.keepAudit, time.Minute},
	} {
		if d.value < d.min {
			return usagef("", "%s: %s is less than %s", d.name, d.value, d.min)
		}
	}
	if s.apps == "" {
		return nil
	}
	if info, err := os.Stat(s.apps); err != nil {
		return fmt.Errorf("apps: %w", err)
	} else if !info.IsDir() {
		return usagef("", "apps: %s is no folder", s.apps)
	}
	return nil
}

// natsFiles are the settings that name a file.
func (s *settings) natsFiles() map[string]string {
	return map[string]string{"nats-creds": s.natsCreds, "nats-nkey": s.natsKey, "nats-tls-ca": s.natsCA, "nats-tls-cert": s.natsCert, "nats-tls-key": s.natsTLS}
}

// bus says where the work is kept.
func (s *settings) bus(home string) (bus.Options, error) {
	o := bus.Options{Dir: cmp.Or(s.natsDir, filepath.Join(home, "bus")), Sync: s.natsSync, Creds: s.natsCreds, NKey: s.natsKey, TLSCA: s.natsCA, TLSCert: s.natsCert,
		TLSKey: s.natsTLS, Insecure: s.natsInsecure, Prefix: s.natsPrefix, Replicas: s.natsReplicas, MaxBytes: s.natsMaxBytes}
	switch {
	case strings.ContainsFunc(s.natsPrefix, func(r rune) bool { return !strings.ContainsRune(prefixLetters, r) }):
		return o, usagef("", "nats-prefix: %q is more than letters, digits, \"_\" and \"-\"", s.natsPrefix)
	case s.natsMaxBytes != 0 && s.natsMaxBytes < 1<<20:
		return o, usagef("", "nats-max-bytes: %d is less than %d", s.natsMaxBytes, 1<<20)
	case s.natsReplicas < 0 || s.natsReplicas > 5:
		return o, usagef("clusters keep 1 to 5 copies", "nats-replicas: %d is not possible", s.natsReplicas)
	case s.nats == "embedded":
		return o, s.embedded()
	}
	o.Servers = strings.Split(s.nats, ",")
	for _, address := range o.Servers {
		if u, err := url.Parse(address); err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Host == "" {
			return o, usagef("it is embedded, or tls://a:4222,tls://b:4222,tls://c:4222", "nats: %q is no address of a server", masked(address))
		} else if !s.natsInsecure && !s.encrypted(u) {
			return o, usagef("use tls://, or allow it with nats-insecure", "nats: %s is not on this machine, and nothing is encrypted", u.Host)
		}
	}
	if s.natsSync != "always" && s.natsSync != "lazy" {
		return o, usagef("say always when its servers run with jetstream { sync_interval: always }, lazy otherwise", "nats-sync: it is always or lazy, not %q", s.natsSync)
	}
	return o, s.readable()
}

const prefixLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

func (s *settings) encrypted(u *url.URL) bool {
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "tls" || s.natsCA != "" || s.natsCert != "" || u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
}

// embedded refuses what makes sense with a cluster only: whoever says it means one.
func (s *settings) embedded() error {
	given := s.natsFiles()
	given["nats-sync"] = s.natsSync
	if s.natsReplicas > 1 {
		given["nats-replicas"] = "given"
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] != "" {
			return usagef("name the cluster with nats", "%s: it is for a cluster, and the bus is embedded", name)
		}
	}
	return nil
}

func (s *settings) readable() error {
	files := s.natsFiles()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name] == "" {
			continue
		}
		f, err := os.Open(files[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		f.Close()
	}
	if (s.natsCert == "") != (s.natsTLS == "") {
		return usagef("", "nats-tls-cert: it comes together with nats-tls-key")
	}
	return nil
}
