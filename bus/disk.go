package bus

import (
	"errors"
	"sync/atomic"
)

// disk guards the file system of the embedded store: deliveries are refused before it is
// really full, since then publishes time out and the streams stay in their error state.
type disk struct {
	free    atomic.Int64
	refused atomic.Bool
}

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
