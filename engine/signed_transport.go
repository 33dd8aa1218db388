package engine

import (
	"context"
	"errors"
	"net/http"

	"github.com/cleat-run/cleat/oauth1"
)

// Network is the guarded network, for requests that no plan makes: only addresses that
// [Options] lets through are reached. It is safe for concurrent use.
func (e *Engine) Network() http.RoundTripper { return e.transports.all }

// errUnsigned means that nothing says how to sign.
var errUnsigned = errors.New("neither the base nor the connection has an oauth object with a consumer_key")

// Transport returns a transport over the guarded network that signs every request with
// the oauth object of the plan's only request over that of the connection, as the
// requests of a module are signed (connections.md O1-33). Each attempt has a nonce and a
// time of its own.
func (r *Run) Transport(ctx context.Context) (*oauth1.Transport, error) {
	own, err := r.OAuth(ctx)
	if err != nil {
		return nil, err
	}
	merged := r.overConnection(own)
	if !r.in.OAuth1 && merged.Get("consumer_key").IsEmpty() {
		return nil, &Error{Type: InvalidConfigurationError, Directive: "oauth", Message: errUnsigned.Error(), Cause: errUnsigned}
	}
	s, err := r.signer(merged)
	if err != nil {
		return nil, &Error{Type: InvalidConfigurationError, Directive: "oauth", Message: r.mask.Text(err.Error()), Cause: err}
	}
	return &oauth1.Transport{Base: r.engine.Network(), Config: &s.config, Source: oauth1.StaticToken(s.token)}, nil
}
