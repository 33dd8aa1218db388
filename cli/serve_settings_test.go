package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestServeRefusesSettings tries what cannot be: the start stops with one line that names
// the setting, and a hint.
func TestServeRefusesSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const cluster = "--nats tls://127.0.0.1:1 "
	for _, test := range []struct{ args, want string }{
		{"--listen nonsense", "listen: listen tcp: address nonsense: missing port in address\n  hint: give another address with --listen"},
		{"--public-url ftp://x", `public-url: "ftp://x" is no address of a server` + "\n  hint: it is like https://cleat.example.com"},
		{"--public-url https://x/cleat", "public-url: a path is not possible\n  hint: give the server a host name of its own"},
		{"--trusted-proxies 1.2.3", `trusted-proxies: "1.2.3" is no prefix of addresses` + "\n  hint: prefixes are like 10.0.0.0/8"},
		{"--database mysql://u:hunter2@h/d", `database: "mysql://u:xxxxx@h/d" is no address of a database` + "\n  hint: it is postgres://… or sqlite:/folder/cleat.db"},
		{"--database sqlite:/x/y.db", "database: the file is called cleat.db\n  hint: its folder may be any"},
		{"--database postgres://h/d", "keyset: it must be given with PostgreSQL\n  hint: make one with cleat keys new > keyset.json and give the same to every node with --keyset"},
		{"--keyset DIR/none", "keyset: open DIR/none: no such file or directory"},
		{"--apps DIR/none", "apps: stat DIR/none: no such file or directory"},
		{"--apps FILE", "apps: FILE is no folder"},
		{"--config DIR/none", "config: open DIR/none: no such file or directory"},
		{"--log-level loud", `log-level: there is no level "loud"` + "\n  hint: levels are debug, info, warn and error"},
		{"--log-format xml", `log-format: there is no format "xml"` + "\n  hint: formats are text and json"},
		{"--limits.run -1s", "limits.run: -1s is less than 1s"},
		{"--limits.body 0", "limits.body: 0 is less than 1024"},
		{"--limits.answer -1", "limits.answer: -1 is less than 1024"},
		{"--limits.team-runs 0", "limits.team-runs: 0 is less than 1"},
		{"--limits.connection-runs 0", "limits.connection-runs: 0 is less than 1"},
		{"--limits.hook-requests 0", "limits.hook-requests: 0 is less than 1"},
		{"--limits.hook-window 0s", "limits.hook-window: 0s is less than 1s"},
		{"--limits.listeners 0", "limits.listeners: 0 is less than 1"},
		{"--retention.deliveries 0s", "retention.deliveries: 0s is less than 1m0s"},
		{"--retention.runs x", `invalid argument "x" for "--retention.runs" flag: time: invalid duration "x"` + "\n  hint: see cleat help serve"},
		{"--nats http://u:hunter2@x", `nats: "http://u:xxxxx@x" is no address of a server` + "\n  hint: it is embedded, or tls://a:4222,tls://b:4222,tls://c:4222"},
		{"--nats nats://example.com:4222 --nats-sync always", "nats: example.com:4222 is not on this machine, and nothing is encrypted\n  hint: use tls://, or allow it with nats-insecure"},
		{cluster, `nats-sync: it is always or lazy, not ""` + "\n  hint: say always when its servers run with jetstream { sync_interval: always }, lazy otherwise"},
		{"--nats-sync always", "nats-sync: it is for a cluster, and the bus is embedded\n  hint: name the cluster with nats"},
		{"--nats-creds FILE", "nats-creds: it is for a cluster, and the bus is embedded\n  hint: name the cluster with nats"},
		{"--nats-replicas 9", "nats-replicas: 9 is not possible\n  hint: clusters keep 1 to 5 copies"},
		{"--nats-replicas 3", "nats-replicas: it is for a cluster, and the bus is embedded\n  hint: name the cluster with nats"},
		{"--nats-max-bytes 5", "nats-max-bytes: 5 is less than 1048576"},
		{"--nats-prefix a.b", `nats-prefix: "a.b" is more than letters, digits, "_" and "-"`},
		{cluster + "--nats-sync always --nats-creds DIR/none", "nats-creds: open DIR/none: no such file or directory"},
		{cluster + "--nats-sync always --nats-tls-cert FILE", "nats-tls-cert: it comes together with nats-tls-key"},
		{"--otel.endpoint localhost:4318", `otel.endpoint: "localhost:4318" is no address of a receiver` + "\n  hint: it is like http://localhost:4318"},
		{"--otel.endpoint http://u:hunter2@h", `otel.endpoint: a password in "http://u:xxxxx@h" is not sent` + "\n  hint: say it in otel.headers"},
		{"--otel-endpoint http://otel.example.com:4318 --otel-headers key=hunter2",
			"otel.headers: they are secret, and nothing is encrypted on the way to otel.example.com:4318\n  hint: use https://"},
		{"--otel.headers key=hunter2,hunter3", "otel.headers: number 2 is no header\n  hint: headers are like api-key=secret,x-team=7"},
		{"--otel.headers key=hunter2%0d%0ax:y", "otel.headers: number 1 is no header\n  hint: headers are like api-key=secret,x-team=7"},
		{"--otel.sample 1.5", "otel.sample: 1.5 is not between 0 and 1\n  hint: 1 keeps all traces, 0.01 one in a hundred"},
		{"--otel.sample NaN", "otel.sample: NaN is not between 0 and 1\n  hint: 1 keeps all traces, 0.01 one in a hundred"},
		{"--otel.service=", "otel.service: a name is missing"},
		{"--signup", "signup: it is possible with OpenID Connect only\n  hint: name the provider with oidc.issuer"},
		{"--oidc.issuer http://id.example.com", `oidc.issuer: "http://id.example.com" is no https address of a provider` + "\n  hint: it is like https://accounts.example.com"},
		{"--oidc.issuer https://a", "oidc.client-id: it is missing\n  hint: the provider gives one when the server is registered there"},
		{"--oidc.issuer https://a --oidc.client-id c", "oidc.client-secret-file: it is missing\n  hint: name a file with oidc.client-secret-file, or set CLEAT_OIDC_CLIENT_SECRET"},
		{"--oidc.issuer https://a --oidc.client-id c --oidc.client-secret-file DIR/none", "oidc.client-secret-file: open DIR/none: no such file or directory"},
		{"--oidc.issuer https://a --oidc.client-id c --signup", "signup-domains: it is missing\n  hint: list the domains of your people, such as example.com"},
		{"--oidc.issuer https://a --oidc.client-id c --signup --signup-domains *", `signup-domains: "*" is no domain` + "\n  hint: domains are like example.com"},
		{"--oidc.issuer https://a --oidc.client-id c --signup --signup-domains a.b --signup-role owner",
			`signup-role: "owner" is not possible` + "\n  hint: roles are viewer, operator and developer; owners are made by owners"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			home := filepath.Join(t.TempDir(), "home")
			where := strings.NewReplacer("FILE", file, "DIR", dir)
			var out, errs strings.Builder
			streams := Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Env: func(name string) (string, bool) {
				value, known := map[string]string{"CLEAT_HOME": home}[name]
				return value, known
			}}
			code := Main(append([]string{"serve"}, strings.Fields(where.Replace(test.args))...), streams)
			if want := "cleat: " + where.Replace(test.want) + "\n"; code == 0 || out.String() != "" || errs.String() != want {
				t.Errorf("exit code %d\n got %s%s\nwant %s", code, errs.String(), out.String(), want)
			}
			if _, err := os.Stat(home); err == nil {
				t.Error("a home was made")
			}
		})
	}
}
