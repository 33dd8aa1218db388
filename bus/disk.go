package bus

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"
)

// disk guards the file system of the embedded store: deliveries are refused before it is
// really full, since then publishes time out and the streams stay in their error state.
type disk struct {
	free    atomic.Int64
	refused atomic.Bool
	silent  atomic.Int32 // publishes in a row that the embedded server failed to store
}

// silentLimit is how many of those mean that the store does not recover by itself.
const silentLimit = 6

func (d *disk) full() bool { return d.refused.Load() }

func (b *Bus) lookAtDisk() error {
	if b.server == nil {
		return nil
	}
	free, size, err := diskRoom(b.opts.Dir)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	floor := b.opts.MinFree
	if floor == 0 {
		floor = max(defaultMinFree, size/20)
	}
	b.disk.free.Store(free)
	if full := free < floor; b.disk.refused.Swap(full) != full {
		b.opts.Logger.Warn("room on the disk of the queue", "free", free, "floor", floor, "refusing", full)
	}
	return nil
}

// heard notes what became of one publish to the embedded server.
func (d *disk) heard(err error) {
	var api *jetstream.APIError
	switch {
	case err == nil, storeRefused(err):
		d.silent.Store(0)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &api) && api.ErrorCode == codeStoreFailed:
		d.silent.Add(1)
	}
}

// revive restarts the embedded server when it has stopped storing although there is room.
// A stream whose disk was really full stays in its error state even when room is made.
func (b *Bus) revive(context.Context) error {
	if b.server == nil || b.disk.full() || b.disk.silent.Load() < silentLimit {
		return nil
	}
	b.opts.Logger.Warn("the embedded queue does not store, although there is room: restarting it")
	b.disk.silent.Store(0)
	if err := b.server.restart(b.opts.Logger); err != nil {
		err = fmt.Errorf("restart of the embedded queue: %w", err)
		b.opts.Fatal(err)
		return err
	}
	// The client comes back by itself; the streams in memory are gone.
	return b.ensureStreams(b.living)
}
