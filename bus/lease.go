package bus

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	leaseName   = "LEASE"
	markerTTL   = time.Second // the least the server can
	leaseLimit  = 5 * time.Second
	holdTTL     = 5 * time.Second
	holdExtend  = 1500 * time.Millisecond
	holdRetry   = time.Second
	minLeaseTTL = time.Second
)

// ErrTaken means that somebody else holds the lease; ErrLost that it is not ours any more.
var (
	ErrTaken = errors.New("the lease is taken")
	ErrLost  = errors.New("the lease is lost")
)

// Lease is the right to do something alone for a while. It only reduces double work: what
// is done under it must be right when two do it at once. One goroutine may use it.
type Lease struct {
	bus      *Bus
	key      string
	holder   string
	revision uint64
	until    time.Time
}

func (b *Bus) ensureLeases(ctx context.Context) error {
	var err error
	b.leases, err = b.js.KeyValue(ctx, b.streamName(leaseName))
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		b.leases, err = b.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: b.streamName(leaseName), History: 1, LimitMarkerTTL: markerTTL, Replicas: b.opts.Replicas,
		})
	}
	return err
}

// Acquire takes a lease of a kind ("token", "scheduler") on an id until it is released, or
// for the time to live, which is at least a second. It returns [ErrTaken] when somebody
// else has it.
func (b *Bus) Acquire(ctx context.Context, kind, id, holder string, ttl time.Duration) (*Lease, error) {
	if err := checkIDs(kind, id); err != nil {
		return nil, err
	}
	ttl = max(ttl, minLeaseTTL)
	ctx, cancel := context.WithTimeout(ctx, leaseLimit)
	defer cancel()
	l := &Lease{bus: b, key: kind + "." + id, holder: holder}
	l.until = time.Now().Add(ttl) // before it begins for the server
	var err error
	if l.revision, err = b.leases.Create(ctx, l.key, []byte(holder), jetstream.KeyTTL(ttl)); err != nil {
		return nil, leaseError(err, ErrTaken)
	}
	return l, nil
}

// leaseError maps a wrong revision to what it means. Error 10164 comes instead of 10071
// when two creates are under way at once in R3, and not every path of the client maps it.
func leaseError(err, means error) error {
	var api *jetstream.APIError
	if errors.Is(err, jetstream.ErrKeyExists) || errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
		return means
	}
	return err
}

// Left is how long the lease lasts at least. Check it just before a request is sent: more
// than the timeout of the request must be left.
func (l *Lease) Left() time.Duration { return time.Until(l.until) }

// Extend makes the lease last for ttl from now. It returns [ErrLost] when it is not ours.
func (l *Lease) Extend(ctx context.Context, ttl time.Duration) error {
	ttl = max(ttl, minLeaseTTL)
	ctx, cancel := context.WithTimeout(ctx, leaseLimit)
	defer cancel()
	until := time.Now().Add(ttl)
	// The client's Update knows no TTL: this is the message that it would send.
	msg := nats.NewMsg("$KV." + l.bus.leases.Bucket() + "." + l.key)
	msg.Data = []byte(l.holder)
	msg.Header.Set(nats.ExpectedLastSubjSeqHdr, strconv.FormatUint(l.revision, 10))
	ack, err := l.bus.js.PublishMsg(ctx, msg, jetstream.WithMsgTTL(ttl))
	if err != nil {
		return leaseError(err, ErrLost)
	}
	l.revision, l.until = ack.Sequence, until
	return nil
}

// Release gives the lease back. One that is lost already is no error.
func (l *Lease) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaseLimit)
	defer cancel()
	// A purge, since its marker can have a TTL: the marker of a delete stays for ever, one
	// for each connection.
	err := l.bus.leases.Purge(ctx, l.key, jetstream.LastRevision(l.revision), jetstream.PurgeTTL(markerTTL))
	if err = leaseError(err, nil); err != nil {
		return err
	}
	return nil
}

// Hold keeps trying for a lease, runs do while it holds it, and does so again when it was
// lost, until ctx ends or the bus closes. The context of do ends before anybody else can
// have the lease. When do returns, the lease is given back and another node may be next.
func (b *Bus) Hold(ctx context.Context, kind, id, holder string, do func(context.Context)) error {
	if err := checkIDs(kind, id); err != nil {
		return err
	}
	if !b.enter() {
		return ErrClosed
	}
	defer b.runners.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(b.stopping, cancel)()
	for {
		if l, err := b.Acquire(ctx, kind, id, holder, holdTTL); err == nil {
			l.keep(ctx, do)
		}
		if !pause(ctx, holdRetry) {
			return nil
		}
	}
}

// keep runs do and extends the lease until do returns, the lease is lost, or ctx ends.
func (l *Lease) keep(ctx context.Context, do func(context.Context)) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	go func() { defer close(done); do(running) }()
	for l.extendWhile(running, done) {
	}
	cancel()
	<-done
	l.Release(context.WithoutCancel(ctx))
}

// extendWhile waits for the next time to extend, and returns false when keeping is over.
func (l *Lease) extendWhile(ctx context.Context, done chan struct{}) bool {
	next := time.NewTimer(holdExtend)
	defer next.Stop()
	select {
	case <-done:
		return false
	case <-ctx.Done():
		return false
	case <-next.C:
	}
	// A failure may be a passing one: there is time for another try before the end.
	try, cancel := context.WithTimeout(ctx, min(holdExtend, l.Left()-holdExtend))
	defer cancel()
	err := l.Extend(try, holdTTL)
	if errors.Is(err, ErrLost) || err != nil && l.Left() < holdExtend && ctx.Err() == nil {
		l.bus.counters.leasesLost.Add(1)
		return false
	}
	return true
}
