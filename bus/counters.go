package bus

import (
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// latencyBounds are the upper bounds of the histogram of publishing.
var latencyBounds = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second,
}

// counters count since the start of the process.
type counters struct {
	latency     [len(latencyBounds) + 1]atomic.Uint64
	sum         atomic.Int64
	accepted    atomic.Uint64
	refused     atomic.Uint64
	redelivered atomic.Uint64
	leasesLost  atomic.Uint64
	failures    atomic.Uint64 // publishes of one partition that did not answer
}

func (c *counters) published(begin time.Time, err error) {
	if err != nil {
		c.refused.Add(1)
		return
	}
	took := time.Since(begin)
	c.accepted.Add(1)
	c.sum.Add(int64(took))
	for i, bound := range latencyBounds {
		if took <= bound {
			c.latency[i].Add(1)
			return
		}
	}
	c.latency[len(latencyBounds)].Add(1)
}

func (c *counters) taken(msg jetstream.Msg) {
	if meta, err := msg.Metadata(); err == nil && meta.NumDelivered > 1 {
		c.redelivered.Add(1)
	}
}
