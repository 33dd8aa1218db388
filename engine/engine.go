package engine

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/cleat-run/cleat/oauth1"
)

// Options configure an [Engine]. The zero value works: public addresses only.
type Options struct {
	Egress    Egress            // which addresses may be reached
	Transport http.RoundTripper // replaces the guarded network, for tests and replays
	UserAgent string            // "" means cleat
	Now       func() time.Time
	Sleep     func(ctx context.Context, d time.Duration) error
	NewNonce  func() string // of OAuth 1.0; nil means random
	MaxBody   int64         // largest answer that is parsed; 0 means 32 MiB
	MaxFile   int64         // largest answer of response.type binary; 0 means 512 MiB
	// Files takes answers of response.type binary above 4 MiB as they come. In place of
	// the bytes the bundles hold a collection of file, size, contentType and sha256. Nil:
	// the bytes are held in memory up to MaxFile.
	Files     Files
	MaxStored int64 // largest answer that Files is given; 0 means 64 GiB
	// InsecureTLS lets an app turn the verification of certificates off.
	InsecureTLS bool
	// Wrap stands between the engine and the guarded network, such as a recorder; nil
	// means nothing does.
	Wrap func(http.RoundTripper) http.RoundTripper
	// Log receives every exchange, masked; nil means that nobody listens.
	Log func(Exchange)
	// Observer hears what runs do; nil means that nobody listens.
	Observer Observer
	// Debug shows headers and bodies also of requests without log.sanitize.
	Debug bool
}

// Engine runs plans. It is safe for concurrent use.
type Engine struct {
	options    Options
	transports *transports
	now        func() time.Time
	clock      oauth1.Clock // skew of each host, learnt from refused timestamps
	parsers    sync.Pool    // of *value.JSONParser
}

// The largest answers (communication.md 17.7).
const (
	maxBody   = 32 << 20
	maxFile   = 512 << 20
	maxStored = 64 << 30
)

// New returns an engine.
func New(o Options) *Engine {
	if o.UserAgent == "" {
		o.UserAgent = "cleat"
	}
	if o.MaxBody == 0 {
		o.MaxBody = maxBody
	}
	if o.MaxFile == 0 {
		o.MaxFile = maxFile
	}
	if o.MaxStored == 0 {
		o.MaxStored = maxStored
	}
	return &Engine{options: o, transports: newTransports(o), now: orNow(o.Now)}
}

func (e *Engine) sleep(ctx context.Context, d time.Duration) error {
	if e.options.Sleep != nil {
		return e.options.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
