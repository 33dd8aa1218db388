package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// exporter posts spans (OpenTelemetry Protocol 1.5, OTLP/HTTP). Its spans come from one
// goroutine, that of the SDK's batches.
type exporter struct {
	client  *http.Client
	address string
	header  http.Header
	log     *slog.Logger
	open    context.Context // until nothing may be sent any more
	end     context.CancelFunc

	sending sync.Mutex // a batch is on its way
	lost    int        // since the receiver failed; 0 while it does not
}

func newExporter(o Options, network http.RoundTripper) *exporter {
	e := &exporter{address: o.Endpoint.String(), header: o.Header.Clone(), log: o.Log}
	if e.header == nil {
		e.header = http.Header{}
	}
	e.header.Set("Content-Type", "application/x-protobuf")
	e.header.Set("User-Agent", "cleat/"+o.Version)
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	// What is in the header is for this address only.
	e.client = &http.Client{Transport: network, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	e.open, e.end = context.WithCancel(context.Background())
	return e
}

// ExportSpans sends a batch. It never fails: the SDK would write that to standard error.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	e.sending.Lock()
	defer e.sending.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.open, cancel)()
	e.note(len(spans), e.deliver(ctx, appendBatch(nil, spans)))
	return nil
}

// stop gives up what is on its way, and returns when it has told that it is lost.
func (e *exporter) stop() {
	e.end()
	e.sending.Lock()
	defer e.sending.Unlock()
}

// Shutdown closes connections; the SDK calls it when everything is sent.
func (e *exporter) Shutdown(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}

// note tells once that the receiver fails, and once that it takes spans again.
func (e *exporter) note(spans int, err error) {
	switch {
	case err != nil && e.lost == 0:
		e.lost = spans
		e.log.Warn("spans are lost: the receiver of traces does not take them", "error", err)
	case err != nil:
		e.lost += spans
	case e.lost > 0:
		e.log.Info("the receiver of traces takes spans again", "lost", e.lost)
		e.lost = 0
	}
}

// tries is how often a batch is sent at most.
const tries = 4

// deliver sends a batch until the receiver takes or refuses it, or the time is up.
func (e *exporter) deliver(ctx context.Context, batch []byte) error {
	if err := e.open.Err(); err != nil {
		return err
	}
	for try := 1; ; try++ {
		wait, err := e.post(ctx, batch)
		if err == nil || wait == never || try == tries {
			return err
		}
		wait = max(wait, time.Second<<(try-1))
		if end, bounded := ctx.Deadline(); bounded && time.Until(end) <= wait {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// never is the wait after a refusal that another try would not change.
const never = time.Duration(-1)

// post sends a batch once. On failure it says how long to wait at least before it is tried
// again.
func (e *exporter) post(ctx context.Context, batch []byte) (wait time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address, bytes.NewReader(batch))
	if err != nil {
		return never, err
	}
	r.Header = e.header
	answer, err := e.client.Do(r)
	if err != nil {
		if whole, ok := errors.AsType[*url.Error](err); ok {
			err = whole.Err // without the address, which may hold a key
		}
		return 0, err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout: // OTLP/HTTP, retryable response codes
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		wait = time.Duration(min(max(seconds, 0), 3600)) * time.Second
	default:
		wait = never
	}
	if answer.StatusCode/100 != 2 {
		return wait, fmt.Errorf("it answered %d", answer.StatusCode)
	}
	return 0, nil
}
