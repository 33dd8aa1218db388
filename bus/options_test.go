package bus_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/bus"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	servers := func(addresses ...string) bus.Options { return bus.Options{Servers: addresses, Sync: "always"} }
	with := func(o bus.Options, change func(*bus.Options)) bus.Options { change(&o); return o }
	for name, c := range map[string]struct {
		options bus.Options
		want    string
	}{
		"nothing":         {bus.Options{}, "no folder for the embedded server, and no servers"},
		"prefix":          {bus.Options{Dir: "x", Prefix: "a.b"}, `prefix "a.b": only letters, digits, _ and - are allowed, and at most 32`},
		"short key":       {bus.Options{Dir: "x", StoreKey: []byte("short")}, "store key: at least 16 bytes"},
		"lazy embedded":   {bus.Options{Dir: "x", Sync: "lazy"}, "sync: the embedded server always synchronises"},
		"replicas":        {bus.Options{Dir: "x", Replicas: 3}, "replicas: the embedded server keeps one"},
		"small":           {bus.Options{Dir: "x", MaxBytes: 5}, "max bytes: at least 1 MiB"},
		"half of TLS":     {bus.Options{Dir: "x", TLSKey: "k"}, "a TLS certificate needs its key, and a key its certificate"},
		"two credentials": {bus.Options{Dir: "x", NKey: "k", Creds: "c"}, "either credentials or an nkey, not both"},
		"sync unsaid":     {bus.Options{Servers: []string{"nats://127.0.0.1:1"}}, `sync: say "always" when the servers run with jetstream { sync_interval: always }, "lazy" otherwise`},
		"no host":         {servers("nats://"), "servers: want nats://host:port or tls://host:port"},
		"not NATS":        {servers("http://user:secret@example.com"), "servers: want nats://host:port or tls://host:port"},
		"in the clear": {servers("nats://127.0.0.1:4222", "nats://user:secret@example.com:4222"),
			"server example.com:4222: not encrypted; use tls://, or allow it with insecure"},
		"no such file": {with(servers("tls://127.0.0.1:1"), func(o *bus.Options) { o.NKey = "/nowhere" }),
			"NATS: nkey: nats: open /nowhere: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := bus.Open(t.Context(), c.options)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestWhatCannotBePublished(t *testing.T) {
	t.Parallel()
	b := embedded(t, bus.Options{})
	for name, c := range map[string]struct {
		change func(*bus.Delivery)
		want   string
	}{
		"an id with a wildcard": {func(d *bus.Delivery) { d.Hook = "*" }, `id "*": want up to 64 of a-z, 0-9 and _`},
		"an id with a dot":      {func(d *bus.Delivery) { d.Tenant = "a.b" }, `id "a.b": want up to 64 of a-z, 0-9 and _`},
		"no id":                 {func(d *bus.Delivery) { d.ID = "" }, `id "": want up to 64 of a-z, 0-9 and _`},
		"a head of two lines":   {func(d *bus.Delivery) { d.Head = []byte("a\nb") }, "head of a delivery: must be one line"},
		"a huge head": {func(d *bus.Delivery) { d.Head = []byte(strings.Repeat("x", 256<<10+1)) },
			"head of a delivery: 262145 bytes, at most 262144"},
	} {
		d := delivery("h", "")
		c.change(&d)
		err := b.PublishHook(t.Context(), d)
		var refusal *bus.Refusal
		if err == nil || err.Error() != c.want || errors.As(err, &refusal) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	d := delivery("h", "")
	d.Source = "x\r\nCleat-V: 9"
	must(t, b.PublishHook(t.Context(), d)) // without the source
}
