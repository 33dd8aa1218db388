package bus

import (
	"context"
	"errors"
	"net"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Conn is the connection of a bus.
func (b *Bus) Conn() *nats.Conn { return b.nc }

// Wired puts something between a bus and its server.
func Wired(o Options, wire func(net.Conn) net.Conn) Options {
	o.wire = wire
	return o
}

// Subject is a subject with the bus's prefix.
func (b *Bus) Subject(tokens ...string) string { return b.subject(tokens...) }

// StreamName is the name of a stream with the bus's prefix.
func (b *Bus) StreamName(name string) string { return b.streamName(name) }

// Look reads what intake depends on, now.
func (b *Bus) Look(ctx context.Context) error { return b.look(ctx) }

// Revive restarts the embedded server as after a full disk.
func (b *Bus) Revive(ctx context.Context) error {
	b.disk.silent.Store(silentLimit)
	return b.revive(ctx)
}

// SweepBodies sweeps as if all bodies were old.
func (b *Bus) SweepBodies(ctx context.Context) error { return b.sweepBodies(ctx, 0) }

// Bodies counts large bodies.
func (b *Bus) Bodies(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, listLimit/10)
	defer cancel()
	objects, err := b.bodies.List(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrNoObjectsFound) {
		return -1
	}
	return len(objects)
}

// PutBody stores a body without its message.
func (b *Bus) PutBody(ctx context.Context, d Delivery) error { return b.putBody(ctx, &d) }

// DropBody removes a body.
func (b *Bus) DropBody(id string) { b.dropBody(id) }
