package engine_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

const getURL = `{"url": "{{parameters.url}}"}`

// tricks are addresses that are not public, and ways to write or to hide them. prefix
// opens the address.
var tricks = []struct{ name, url, prefix string }{
	{"loopback", "http://127.0.0.1/", "127.0.0.0/8"},
	{"loopback, end of the block", "http://127.255.255.254/", "127.0.0.0/8"},
	{"loopback over TLS", "https://127.0.0.1/", "127.0.0.0/8"},
	{"loopback with a port", "http://127.0.0.1:8080/", "127.0.0.0/8"},
	{"loopback with a trailing dot", "http://127.0.0.1./", "127.0.0.0/8"},
	{"decimal", "http://2130706433/", "127.0.0.0/8"},
	{"hexadecimal", "http://0x7f000001/", "127.0.0.0/8"},
	{"hexadecimal in capitals", "http://0X7F000001/", "127.0.0.0/8"},
	{"octal", "http://017700000001/", "127.0.0.0/8"},
	{"octal parts", "http://0177.0.0.01/", "127.0.0.0/8"},
	{"hexadecimal parts", "http://0x7f.0x0.0x0.0x1/", "127.0.0.0/8"},
	{"mixed parts", "http://0x7f.0.0.01/", "127.0.0.0/8"},
	{"two parts", "http://127.1/", "127.0.0.0/8"},
	{"three parts", "http://127.0.1/", "127.0.0.0/8"},
	{"zero", "http://0/", "0.0.0.0/8"},
	{"empty hexadecimal", "http://0x/", "0.0.0.0/8"},
	{"this network", "http://0.0.0.0/", "0.0.0.0/8"},
	{"this network, other", "http://0.1.2.3/", "0.0.0.0/8"},
	{"full-width digits", "http://１２７.０.０.１/", "127.0.0.0/8"},
	{"circled digits", "http://①②⑦.⓪.⓪.①/", "127.0.0.0/8"},
	{"ideographic full stops", "http://127。0。0。1/", "127.0.0.0/8"},
	{"private 10", "http://10.0.0.1/", "10.0.0.0/8"},
	{"private 10, decimal", "http://167772161/", "10.0.0.0/8"},
	{"private 172.16", "http://172.16.0.1/", "172.16.0.0/12"},
	{"private 172.31", "http://172.31.255.255/", "172.16.0.0/12"},
	{"private 192.168", "http://192.168.1.1/", "192.168.0.0/16"},
	{"private 192.168, two parts", "http://192.11010305/", "192.0.0.0/8"},
	{"carrier-grade NAT", "http://100.64.0.1/", "100.64.0.0/10"},
	{"carrier-grade NAT, end", "http://100.127.255.254/", "100.64.0.0/10"},
	{"metadata", "http://169.254.169.254/latest/meta-data", "169.254.0.0/16"},
	{"metadata, decimal", "http://2852039166/", "169.254.0.0/16"},
	{"metadata, hexadecimal", "http://0xA9FEA9FE/", "169.254.0.0/16"},
	{"metadata of containers", "http://169.254.170.2/", "169.254.0.0/16"},
	{"metadata of another cloud", "http://100.100.100.200/", "100.64.0.0/10"},
	{"protocol assignments", "http://192.0.0.192/", "192.0.0.0/24"},
	{"documentation 1", "http://192.0.2.1/", "192.0.2.0/24"},
	{"documentation 2", "http://198.51.100.1/", "198.51.100.0/24"},
	{"documentation 3", "http://203.0.113.1/", "203.0.113.0/24"},
	{"6to4 relay", "http://192.88.99.1/", "192.88.99.0/24"},
	{"benchmarks", "http://198.18.0.1/", "198.18.0.0/15"},
	{"multicast", "http://224.0.0.1/", "224.0.0.0/4"},
	{"reserved", "http://240.0.0.1/", "240.0.0.0/4"},
	{"broadcast", "http://255.255.255.255/", "255.255.255.255/32"},
	{"IPv6 loopback", "http://[::1]/", "::1/128"},
	{"IPv6 loopback, long", "http://[0:0:0:0:0:0:0:1]/", "::1/128"},
	{"IPv6 loopback with a port", "http://[::1]:8080/", "::1/128"},
	{"IPv6 unspecified", "http://[::]/", "::/128"},
	{"IPv4-mapped", "http://[::ffff:127.0.0.1]/", "127.0.0.0/8"},
	{"IPv4-mapped, hexadecimal", "http://[::ffff:7f00:1]/", "127.0.0.0/8"},
	{"IPv4-mapped metadata", "http://[::ffff:a9fe:a9fe]/", "169.254.0.0/16"},
	{"IPv4-compatible", "http://[::127.0.0.1]/", "::/96"},
	{"NAT64", "http://[64:ff9b::7f00:1]/", "64:ff9b::/96"},
	{"NAT64 of metadata", "http://[64:ff9b::169.254.169.254]/", "64:ff9b::/96"},
	{"local NAT64", "http://[64:ff9b:1::1]/", "64:ff9b:1::/48"},
	{"6to4 of loopback", "http://[2002:7f00:1::]/", "2002::/16"},
	{"Teredo", "http://[2001::1]/", "2001::/32"},
	{"discard", "http://[100::1]/", "100::/64"},
	{"documentation, IPv6", "http://[2001:db8::1]/", "2001:db8::/32"},
	{"unique local", "http://[fd00::1]/", "fc00::/7"},
	{"metadata over IPv6", "http://[fd00:ec2::254]/", "fc00::/7"},
	{"link-local, IPv6", "http://[fe80::1]/", "fe80::/10"},
	{"site-local, IPv6", "http://[fec0::1]/", "fec0::/10"},
	{"multicast, IPv6", "http://[ff02::1]/", "ff00::/8"},
	{"name of this machine", "http://localhost/", "127.0.0.0/8"},
	{"name in capitals", "http://LOCALHOST/", "127.0.0.0/8"},
	{"name with a trailing dot", "http://localhost./", "127.0.0.0/8"},
	{"name with look-alike letters", "http://ｌｏｃａｌｈｏｓｔ/", "127.0.0.0/8"},
	{"name that is an alias of a private one", "http://alias.example/", "10.0.0.0/8"},
	{"name with a private address beside a public one", "http://both.example/", "10.0.0.0/8"},
	{"name with a private IPv6 address", "http://six.example/", "fc00::/7"},
	{"metadata by name", "http://metadata.google.internal/", "169.254.0.0/16"},
}

// names stands for a name server. An alias is resolved to its address before the guard
// sees it, so that it is no different from a name of its own.
func names(_ context.Context, host string) ([]netip.Addr, error) {
	known := map[string]string{
		"localhost": "127.0.0.1", "alias.example": "10.1.2.3", "both.example": "8.8.8.8 10.1.2.3",
		"six.example": "fd00::5", "metadata.google.internal": "169.254.169.254",
	}
	var addrs []netip.Addr
	for text := range strings.FieldsSeq(known[host]) {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	if addrs == nil {
		return nil, errors.New("no such host " + host)
	}
	return addrs, nil
}

func TestEgressRefusesWhatIsNotPublic(t *testing.T) {
	t.Parallel()
	plan := compile(t, engine.Action, getURL)
	guarded := engine.New(engine.Options{Egress: engine.Egress{Resolve: names}})
	for _, trick := range tricks {
		t.Run(trick.name, func(t *testing.T) {
			t.Parallel()
			_, err := result(t, guarded.Start(plan, at(trick.url)))
			var refused *engine.RefusedError
			if !errors.As(err, &refused) || err.Type != engine.InvalidConfigurationError {
				t.Fatalf("the error is %v, want a refusal", err)
			}
			prefix := netip.MustParsePrefix(trick.prefix)
			if !prefix.Contains(refused.Addr) {
				t.Errorf("refused is %s, want an address in %s", refused.Addr, prefix)
			}
			if err.Hint != "if you trust it, allow it: --egress-allow "+netip.PrefixFrom(refused.Addr, refused.Addr.BitLen()).String() {
				t.Errorf("the hint is %q", err.Hint)
			}
			open := engine.Egress{Allow: []netip.Prefix{prefix}}
			if err := open.Check(refused.Host, refused.Addr, refused.Port); err != nil {
				t.Errorf("with %s allowed: %v", prefix, err)
			}
		})
	}
}

func TestEgressLetsPublicAddressesThrough(t *testing.T) {
	t.Parallel()
	var g engine.Egress
	for _, addr := range []string{"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
		"223.255.255.255", "2606:4700::1111", "2a00::1", "::ffff:8.8.8.8"} {
		for _, port := range []int{80, 443, 1024, 8443} {
			if err := g.Check("host", netip.MustParseAddr(addr), port); err != nil {
				t.Errorf("port %d of %s: %v", port, addr, err)
			}
		}
		for _, port := range []int{1, 22, 25, 53, 445, 1023} {
			if g.Check("host", netip.MustParseAddr(addr), port) == nil {
				t.Errorf("port %d of %s is let through", port, addr)
			}
		}
	}
}

// TestEgressAllowsTheWaysToWriteAnAddress sends real requests to the server behind each
// way to write 127.0.0.1.
func TestEgressAllowsTheWaysToWriteAnAddress(t *testing.T) {
	t.Parallel()
	server := serve(t, answers(`{"ok":true}`))
	port := ":" + server.URL[strings.LastIndexByte(server.URL, ':')+1:]
	e := engine.New(engine.Options{Egress: engine.Egress{Allow: loopback.Allow, Resolve: names}})
	plan := compile(t, engine.Action, getURL)
	for _, host := range []string{"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "localhost", "LOCALHOST.", "１２７.０.０.１"} {
		v, err := result(t, e.Start(plan, at("http://"+host+port+"/")))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		wantJSON(t, v, `{"ok":true}`)
	}
}

func TestEgressRefusesAddressesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	e := engine.New(engine.Options{Egress: engine.Egress{Resolve: names}})
	plan := compile(t, engine.Action, getURL)
	for address, want := range map[string]string{
		"http://alice:secret@example.com/":   "the url holds a user name or password; use the Authorization header",
		"http://example.com@127.0.0.1/":      "the url holds a user name or password; use the Authorization header",
		`http://example.com\@127.0.0.1/`:     "the url holds a user name or password; use the Authorization header",
		`http://127.0.0.1\.example.com/`:     `'127.0.0.1\.example.com' is no host name`,
		"http://127.0.0.1%2eexample.com/":    "'127.0.0.1%2eexample.com' is no host name",
		"http://256.256.256.256/":            "'256.256.256.256' is no host name and no address",
		"http://4294967296/":                 "'4294967296' is no host name and no address",
		"http://99999999999999999999/":       "'99999999999999999999' is no host name and no address",
		"http://1.2.3.4.5/":                  "'1.2.3.4.5' is no host name and no address",
		"http://example.09/":                 "'example.09' is no host name and no address",
		"http://[fe80::1%25eth0]/":           "'fe80::1%25eth0' is no host name and no address",
		"http://[::zz]/":                     "'::zz' is no host name and no address",
		"http://[::1]x/":                     "'::1]x' is no host name and no address",
		"http://example.com:99999/":          "'99999' is no port",
		"http://exa mple.com/":               "'exa mple.com' is no host name",
		"http:///path":                       "the url has no host",
		"ftp://example.com/":                 "the scheme of 'ftp://example.com/' is neither http nor https",
		"file:///etc/passwd":                 "the scheme of 'file:///etc/passwd' is neither http nor https",
		"gopher://127.0.0.1:6379/_INFO":      "the scheme of 'gopher://127.0.0.1:6379/_INFO' is neither http nor https",
		"//169.254.169.254/latest/meta-data": "the url '//169.254.169.254/latest/meta-data' is relative and there is no baseUrl",
	} {
		_, err := result(t, e.Start(plan, at(address)))
		if err == nil || err.Type != engine.InvalidConfigurationError || err.Message != want {
			t.Errorf("%s: the error is %v, want %s", address, err, want)
		}
	}
}

// TestEgressResolvesOnce shows that a name server which changes its mind between the check
// and the connection gains nothing: the address that was checked is the one connected to.
func TestEgressResolvesOnce(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // each request dials anew
		answers(`{"ok":true}`)(w, r)
	})
	var lookups atomic.Int32
	e := engine.New(engine.Options{Egress: engine.Egress{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			if lookups.Add(1) == 1 {
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.2")}, nil
		},
	}})
	plan := compile(t, engine.Action, getURL)
	address := "http://rebind.example:" + server.URL[strings.LastIndexByte(server.URL, ':')+1:]
	if _, err := result(t, e.Start(plan, at(address))); err != nil || lookups.Load() != 1 {
		t.Fatalf("%d lookups, %v; want one and no error", lookups.Load(), err)
	}
	_, err := result(t, e.Start(plan, at(address)))
	wantError(t, err, engine.InvalidConfigurationError, "the address 127.0.0.2 of rebind.example is not public and refused")
}

func TestEgressChecksEveryRedirect(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"http://127.0.0.2:%s/", "http://2130706434:%s/", "http://[::ffff:127.0.0.2]:%s/", "//127.0.0.2:%s/", "http://localhost:%s/"} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/from" {
				t.Error("the redirect was followed")
			}
			_, port, _ := strings.Cut(r.Host, ":")
			w.Header().Set("Location", strings.ReplaceAll(to, "%s", port))
			w.WriteHeader(http.StatusFound)
		})
		e := engine.New(engine.Options{Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
			Resolve: func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("127.0.0.2")}, nil
			}}})
		_, err := result(t, e.Start(compile(t, engine.Action, getURL), at(server.URL+"/from")))
		var refused *engine.RefusedError
		if !errors.As(err, &refused) || refused.Addr != netip.MustParseAddr("127.0.0.2") {
			t.Errorf("%s: the error is %v", to, err)
		}
	}
}

// TestEgressProxy shows that a proxy of the settings is reached though its address is
// private, that everything goes through it, and that those of the environment are not used.
func TestEgressProxy(t *testing.T) {
	var asked atomic.Value
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.RequestURI)
		answers(`{"by":"proxy"}`)(w, r)
	})
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	at := func(e *engine.Engine) (value.Value, *engine.Error) {
		return result(t, e.Start(compile(t, engine.Action, getURL), at("http://api.example/a?b=c")))
	}
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	v, failed := at(engine.New(engine.Options{Egress: engine.Egress{Proxy: address}}))
	if failed != nil || asked.Load() != "http://api.example/a?b=c" {
		t.Fatalf("the proxy was asked for %v: %v", asked.Load(), failed)
	}
	wantJSON(t, v, `{"by":"proxy"}`)
	_, failed = at(engine.New(engine.Options{Egress: engine.Egress{Resolve: names}}))
	wantError(t, failed, engine.ConnectionError, "GET http://api.example/a: no such host api.example")
}
