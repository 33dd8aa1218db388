package bus

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// buryLimit is how long a worker tries to copy a dead delivery.
const buryLimit = 30 * time.Second

// copyHeaders gives what a copy takes along: the id and all that is not of the server,
// which would obey its own again. A newer version may have more than we know.
func copyHeaders(h nats.Header) nats.Header {
	copied := nats.Header{nats.MsgIdHdr: {h.Get(nats.MsgIdHdr)}}
	for name, values := range h {
		if !strings.HasPrefix(name, "Nats-") {
			copied[name] = values
		}
	}
	return copied
}

// bury copies a delivery to DEAD. Only then its message may go.
func (b *Bus) bury(ctx context.Context, p *parcel, reason string) bool {
	copied := nats.NewMsg(b.subject("dead", p.tenant, p.hook))
	copied.Data = p.data
	copied.Header = copyHeaders(p.header)
	setHeader(copied.Header, headerReason, reason)
	ctx, cancel := context.WithTimeout(ctx, buryLimit)
	defer cancel()
	err := b.patiently(ctx, func(ctx context.Context) error {
		_, err := b.js.PublishMsg(ctx, copied)
		return err
	})
	if err != nil {
		b.opts.Logger.Error("no copy of a dead delivery", "delivery", p.id(), "err", err)
	}
	return err == nil
}

// ErrNotFound means that there is no such dead delivery, or none any more.
var ErrNotFound = errors.New("not found")

// ReadDead returns the raw copy of a dead delivery and the reason of its death. It reads
// what died of this hook in order, so it takes longer the more there is.
func (b *Bus) ReadDead(ctx context.Context, tenant, hook, id string) (Delivery, string, error) {
	if err := checkIDs(tenant, hook, id); err != nil {
		return Delivery{}, "", err
	}
	stream, err := b.js.Stream(ctx, b.streamName("DEAD"))
	if err != nil {
		return Delivery{}, "", err
	}
	for seq := uint64(1); ; {
		msg, err := nextOf(ctx, stream, seq, b.subject("dead", tenant, hook))
		if err != nil {
			return Delivery{}, "", err
		}
		if msg == nil {
			return Delivery{}, "", ErrNotFound
		}
		seq = msg.Sequence + 1
		if msg.Header.Get(nats.MsgIdHdr) == id {
			return b.exhume(ctx, tenant, hook, msg)
		}
	}
}

func (b *Bus) exhume(ctx context.Context, tenant, hook string, msg *jetstream.RawStreamMsg) (Delivery, string, error) {
	reason := msg.Header.Get(headerReason)
	d, err := decode(msg.Header, msg.Data)
	if err != nil {
		return Delivery{}, reason, err
	}
	d.Tenant, d.Hook = tenant, hook
	if msg.Header.Get(headerBody) == bodyObject {
		d.Body, err = b.loadBody(ctx, d.ID)
	}
	return *d, reason, err
}

// Republish publishes a dead delivery again under a new id, which it returns. Its copy
// stays, and the delivery's ReplayOf names it.
func (b *Bus) Republish(ctx context.Context, tenant, hook, id string) (string, error) {
	d, _, err := b.ReadDead(ctx, tenant, hook, id)
	if err != nil {
		return "", err
	}
	d.ID, d.ReplayOf = NewID(), id
	return d.ID, b.PublishHook(ctx, d)
}
