package bus

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Stats are figures for metrics and the status page. Counts are of this process since its
// start, the rest is of the whole installation.
type Stats struct {
	Publish     Latency // deliveries that were accepted
	Refused     uint64  // deliveries that were not
	Failures    uint64  // tries at one partition that failed, most of them hedged
	Redelivered uint64  // messages that came to this node again
	LeasesLost  uint64

	Bad       []string // partitions that this node passes over now
	Streams   []StreamStats
	Consumers []ConsumerStats
	FreeDisk  int64 // bytes below Options.Dir; 0 with external servers
	DiskFull  bool  // less than Options.MinFree: deliveries are refused
	Lazy      bool  // the servers acknowledge before they synchronise, says the operator
}

// Latency is a histogram. Counts has one more entry than Bounds, for what took longer.
type Latency struct {
	Bounds []time.Duration
	Counts []uint64
	Total  uint64
	Sum    time.Duration
}

// StreamStats are the figures of one stream.
type StreamStats struct {
	Name     string
	Leader   string // empty while there is none, and with one replica
	Messages uint64
	Bytes    uint64
	MaxBytes int64 // -1 when there is no limit
	Oldest   time.Duration
}

// ConsumerStats are the figures of one consumer.
type ConsumerStats struct {
	Stream, Name string
	Leader       string
	Pending      uint64 // not handed out yet
	InHand       int
	Redelivered  int // of those in hand, came again
}

// Stats asks JetStream. What does not answer is missing, and the error tells why.
func (b *Bus) Stats(ctx context.Context) (Stats, error) {
	s := b.counters.stats()
	s.FreeDisk, s.DiskFull, s.Lazy = b.disk.free.Load(), b.disk.full(), b.opts.Sync == "lazy"
	for _, p := range append(slices.Clone(b.hooks), b.sequences...) {
		if p.isBad() {
			s.Bad = append(s.Bad, p.name())
		}
	}
	var failed error
	for _, name := range b.streamNames() {
		stream, err := b.js.Stream(ctx, name)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		s.Streams = append(s.Streams, streamStats(stream.CachedInfo()))
		consumers := stream.ListConsumers(ctx)
		for info := range consumers.Info() {
			if info.Config.Durable != "" {
				s.Consumers = append(s.Consumers, consumerStats(info))
			}
		}
		failed = errors.Join(failed, consumers.Err())
	}
	return s, failed
}

// streamNames are those of all streams, with leases and bodies.
func (b *Bus) streamNames() []string {
	var names []string
	for _, p := range append(slices.Clone(b.hooks), b.sequences...) {
		names = append(names, p.name())
	}
	for _, name := range []string{"POLLS", "TURNS", "DEAD", "EVENTS"} {
		names = append(names, b.streamName(name))
	}
	return append(names, "KV_"+b.streamName(leaseName), "OBJ_"+b.streamName(bodyName))
}

func (c *counters) stats() Stats {
	s := Stats{Refused: c.refused.Load(), Failures: c.failures.Load(), Redelivered: c.redelivered.Load(), LeasesLost: c.leasesLost.Load()}
	s.Publish = Latency{Bounds: latencyBounds[:], Total: c.accepted.Load(), Sum: time.Duration(c.sum.Load())}
	for i := range c.latency {
		s.Publish.Counts = append(s.Publish.Counts, c.latency[i].Load())
	}
	return s
}

func streamStats(info *jetstream.StreamInfo) StreamStats {
	s := StreamStats{Name: info.Config.Name, Messages: info.State.Msgs, Bytes: info.State.Bytes, MaxBytes: info.Config.MaxBytes}
	if info.State.Msgs > 0 {
		s.Oldest = time.Since(info.State.FirstTime)
	}
	s.Leader = leaderOf(info.Cluster)
	return s
}

func consumerStats(info *jetstream.ConsumerInfo) ConsumerStats {
	return ConsumerStats{Stream: info.Stream, Name: info.Name, Leader: leaderOf(info.Cluster),
		Pending: info.NumPending, InHand: info.NumAckPending, Redelivered: info.NumRedelivered}
}

func leaderOf(c *jetstream.ClusterInfo) string {
	if c == nil {
		return ""
	}
	return c.Leader
}
