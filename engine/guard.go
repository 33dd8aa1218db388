package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// Egress says which addresses may be reached. The zero value allows public addresses
// only.
type Egress struct {
	// Allow opens prefixes that are otherwise refused, such as 127.0.0.0/8.
	Allow []netip.Prefix
	// Resolve looks a host up; nil means the system's resolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Proxy is an HTTP proxy that enforces the same policy itself; nil means none.
	// Proxy settings of the environment are not used.
	Proxy *url.URL
}

// refused are the prefixes that are no public addresses (IANA special-purpose
// registries for IPv4 and IPv6), 6to4, Teredo and NAT64 among them, since they embed
// IPv4 addresses.
var refused = parsePrefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
	"2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
	"fec0::/10", "ff00::/8",
)

func parsePrefixes(texts ...string) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		prefixes[i] = netip.MustParsePrefix(text)
	}
	return prefixes
}

// RefusedError says that the egress guard let a connection not happen.
type RefusedError struct {
	Host string
	Addr netip.Addr // not valid when the port was refused
	Port int
}

// Error names the host, the address and what opens it.
func (e *RefusedError) Error() string {
	if !e.Addr.IsValid() {
		return fmt.Sprintf("port %d of %s is refused: only 80, 443 and ports above 1023 are allowed", e.Port, e.Host)
	}
	if e.Host == e.Addr.String() {
		return fmt.Sprintf("the address %s is not public and refused", e.Addr)
	}
	return fmt.Sprintf("the address %s of %s is not public and refused", e.Addr, e.Host)
}

// Hint tells how to open the address.
func (e *RefusedError) Hint() string {
	if !e.Addr.IsValid() {
		return ""
	}
	return fmt.Sprintf("if you trust it, allow it: --egress-allow %s/%d", e.Addr, e.Addr.BitLen())
}

const dialTimeout = 15 * time.Second

// Check reports whether the address may be reached.
func (g *Egress) Check(host string, addr netip.Addr, port int) error {
	addr = addr.Unmap().WithZone("")
	for _, prefix := range g.Allow {
		if prefix.Contains(addr) {
			return nil
		}
	}
	for _, prefix := range refused {
		if prefix.Contains(addr) {
			return &RefusedError{Host: host, Addr: addr, Port: port}
		}
	}
	if port != 80 && port != 443 && port < 1024 {
		return &RefusedError{Host: host, Port: port}
	}
	return nil
}

func (g *Egress) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	if g.Resolve != nil {
		return g.Resolve(ctx, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// dial resolves the host once, refuses it when any of its addresses is refused, and
// connects to the addresses it has checked: nothing resolves in between.
func (g *Egress) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, err
	}
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, addr := range addrs {
		if err := g.Check(host, addr, port); err != nil {
			return nil, err
		}
	}
	dialer := net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return g.Check(host, to.Addr(), int(to.Port()))
	}}
	err = fmt.Errorf("%s has no address", host)
	for _, addr := range addrs {
		var conn net.Conn
		if conn, err = dialer.DialContext(ctx, network, netip.AddrPortFrom(addr.Unmap(), uint16(port)).String()); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// checkURL refuses an address that is written as numbers before anything is dialled.
func (g *Egress) checkURL(u wireURL) error {
	host, portText := u.host, "80"
	if u.scheme == "https" {
		portText = "443"
	}
	if h, p, err := net.SplitHostPort(u.host); err == nil {
		host, portText = h, p
	}
	addr, err := netip.ParseAddr(trimBrackets(host))
	if err != nil {
		return nil
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return errors.New("the port of the url is no number")
	}
	return g.Check(host, addr, port)
}

func trimBrackets(host string) string {
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		return host[1 : len(host)-1]
	}
	return host
}

// transport is the one place that opens connections.
func (g *Egress) transport() *http.Transport {
	t := &http.Transport{
		DialContext:            g.dial,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    dialTimeout,
		DisableCompression:     true, // answers are decoded by decode.go, with a limit
		MaxResponseHeaderBytes: 256 << 10,
	}
	if g.Proxy != nil { // chosen by the operator, who may keep it in a private network
		t.Proxy, t.DialContext = http.ProxyURL(g.Proxy), (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	return t
}
