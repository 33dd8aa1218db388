package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/spf13/cobra"
)

type oauth1ProxyOptions struct {
	*factory
	connection string
	to         string
	address    string
	app        string
}

func newOAuth1Proxy(f *factory) *cobra.Command {
	o := &oauth1ProxyOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "proxy --connection CONNECTION --to ADDRESS",
		Short: "Sign all that passes, for programs that cannot",
		Long: `Listen on this machine and send every request on to --to, signed by OAuth 1.0 with a
connection. Paths, queries and bodies pass as they are; an Authorization header that
comes in does not.

Whoever can open the address acts as the account, so it is open to programs of this
machine only, and to no page of a browser. Ctrl-C ends it.`,
		Example: `  cleat oauth1 proxy --connection alice --to http://127.0.0.1:7480/api --egress-allow 127.0.0.1
  cleat oauth1 proxy --connection alice --to https://api.example.com --listen 127.0.0.1:8090`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runOAuth1Proxy(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.connection, "connection", "c", "", "`name` or id of the connection to sign with")
	flags.StringVar(&o.to, "to", "", "`address` that requests are sent on to; its path goes before theirs")
	flags.StringVar(&o.address, "listen", "127.0.0.1:0", "`address` of this machine to listen on")
	appFlag(cmd, &o.app)
	completeFlag(cmd, "connection", f.completeConnectionFlag())
	return cmd
}

func runOAuth1Proxy(ctx context.Context, o *oauth1ProxyOptions) error {
	target, err := o.target()
	if err != nil {
		return err
	}
	listener, err := o.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	signer, err := o.signer(ctx)
	if err != nil {
		return err
	}
	p := &signingProxy{factory: o.factory, target: target, signer: signer, self: "http://" + listener.Addr().String()}
	p.announce()
	return serveUntilDone(ctx, listener, p.handler())
}

// target reads --to.
func (o *oauth1ProxyOptions) target() (proxyTarget, error) {
	if o.connection == "" {
		return proxyTarget{}, usagef("name it with --connection", "there is no connection to sign with")
	}
	scheme, rest, _ := strings.Cut(o.to, "://")
	host, path, hasPath := strings.Cut(rest, "/")
	if scheme = strings.ToLower(scheme); scheme != "http" && scheme != "https" || host == "" || strings.ContainsAny(rest, "?#@ ") {
		return proxyTarget{}, usagef("write it like https://api.example.com/v1", "--to is no address of a service")
	}
	t := proxyTarget{scheme: scheme, host: host}
	if hasPath {
		t.path = strings.TrimSuffix("/"+path, "/")
	}
	return t, nil
}

func (o *oauth1ProxyOptions) listen() (net.Listener, error) {
	host, _, err := net.SplitHostPort(o.address)
	if err != nil {
		return nil, usagef("write it like 127.0.0.1:8090", "--listen: %v", err)
	}
	if !isLoopbackHost(host) {
		return nil, usagef("use 127.0.0.1: whoever reaches it acts as the account", "--listen %s is not an address of this machine alone", o.address)
	}
	listener, err := net.Listen("tcp", o.address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen: %w", err)
	}
	return listener, nil
}

func isLoopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// signer evaluates how the connection signs. The store is closed again: nothing of it is
// needed while requests pass.
func (o *oauth1ProxyOptions) signer(ctx context.Context) (*cleat.Signer, error) {
	records, err := o.openStore(ctx)
	if err != nil {
		return nil, err
	}
	defer records.Close()
	record, err := findConnection(ctx, records, o.connection)
	if err != nil {
		return nil, err
	}
	a, _, err := o.appOf(ctx, records, record, o.app)
	if err != nil {
		return nil, err
	}
	rt, err := o.runtime(records, "", nil)
	if err != nil {
		return nil, err
	}
	signer, err := rt.Signer(ctx, a, record)
	var unfit *cleat.ConnectionError
	if errors.As(err, &unfit) {
		return nil, needsUser(&hintedError{err, "cleat connections reauthorize " + shellWord(record.Name)})
	}
	return signer, err
}

// serveUntilDone serves until the context ends; what is under way then has two seconds.
func serveUntilDone(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: maxForm}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if server.Shutdown(last) != nil {
		server.Close()
	}
	return nil
}
