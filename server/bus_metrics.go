package server

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/cleat-run/cleat/bus"
)

// busMetrics adds the figures of the bus (work.md 12). Those that count are of this node
// since its start; the rest is of the whole installation.
func (i *Instance) busMetrics(w io.Writer) {
	ctx, cancel := context.WithTimeout(context.Background(), readyTime)
	defer cancel()
	s, err := i.bus.Stats(ctx)
	if err != nil {
		i.config.Log.Warn("the figures of the bus are not complete", "error", err)
	}
	writeLatency(w, "cleat_bus_publish_seconds", "Deliveries that the bus took, by the time it needed.", s.Publish)
	counter(w, "cleat_bus_refused_total", "Deliveries that the bus refused.", s.Refused)
	counter(w, "cleat_bus_publish_failures_total", "Tries at one partition that failed; most were taken by another one.", s.Failures)
	counter(w, "cleat_bus_redelivered_total", "Messages that came to this node again.", s.Redelivered)
	counter(w, "cleat_bus_leases_lost_total", "Leases that this node lost.", s.LeasesLost)
	gauge(w, "cleat_bus_free_disk_bytes", "Room for the embedded bus.", float64(s.FreeDisk))
	gauge(w, "cleat_bus_disk_full", "1 while deliveries are refused for want of room.", truth(s.DiskFull))
	gauge(w, "cleat_bus_lazy", "1 when the servers acknowledge before they synchronise.", truth(s.Lazy))
	writeStreams(w, s)
	writeConsumers(w, s.Consumers)
}

func writeStreams(w io.Writer, s bus.Stats) {
	each := func(name, help string, of func(bus.StreamStats) float64) {
		writeGauges(w, name, help, s.Streams, func(x bus.StreamStats) (string, float64) { return fmt.Sprintf("stream=%q", x.Name), of(x) })
	}
	each("cleat_bus_stream_messages", "Messages that wait.", func(x bus.StreamStats) float64 { return float64(x.Messages) })
	each("cleat_bus_stream_bytes", "Size of what is stored.", func(x bus.StreamStats) float64 { return float64(x.Bytes) })
	each("cleat_bus_stream_max_bytes", "Size from which on the stream is full, -1 for none.", func(x bus.StreamStats) float64 { return float64(x.MaxBytes) })
	each("cleat_bus_stream_oldest_seconds", "How long the oldest has waited.", func(x bus.StreamStats) float64 { return x.Oldest.Seconds() })
	each("cleat_bus_partition_bad", "1 while this node passes over the partition.", func(x bus.StreamStats) float64 { return truth(slices.Contains(s.Bad, x.Name)) })
	writeGauges(w, "cleat_bus_stream_leader", "1 with the server that leads the stream; there is none with one copy.", s.Streams, func(x bus.StreamStats) (string, float64) {
		if x.Leader == "" {
			return fmt.Sprintf("stream=%q,server=\"\"", x.Name), 0
		}
		return fmt.Sprintf("stream=%q,server=%q", x.Name, x.Leader), 1
	})
}

func writeConsumers(w io.Writer, all []bus.ConsumerStats) {
	each := func(name, help string, of func(bus.ConsumerStats) float64) {
		writeGauges(w, name, help, all, func(x bus.ConsumerStats) (string, float64) {
			return fmt.Sprintf("stream=%q,consumer=%q", x.Stream, x.Name), of(x)
		})
	}
	each("cleat_bus_consumer_pending", "Messages that were not handed out yet.", func(x bus.ConsumerStats) float64 { return float64(x.Pending) })
	each("cleat_bus_consumer_in_hand", "Messages in the hands of workers.", func(x bus.ConsumerStats) float64 { return float64(x.InHand) })
	each("cleat_bus_consumer_redelivered", "Of those, messages that came again.", func(x bus.ConsumerStats) float64 { return float64(x.Redelivered) })
}

func writeGauges[T any](w io.Writer, name, help string, all []T, of func(T) (labels string, v float64)) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
	for _, x := range all {
		labels, v := of(x)
		fmt.Fprintf(w, "%s{%s} %g\n", name, labels, v)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func counter(w io.Writer, name, help string, n uint64) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s counter\n%s %d\n", name, help, name, name, n)
}

// writeLatency writes a histogram whose buckets are those of the bus.
func writeLatency(w io.Writer, name, help string, l bus.Latency) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name)
	below := uint64(0)
	for i, bound := range l.Bounds {
		below += l.Counts[i]
		fmt.Fprintf(w, "%s_bucket{le=\"%g\"} %d\n", name, bound.Seconds(), below)
	}
	fmt.Fprintf(w, "%s_bucket{le=\"+Inf\"} %d\n%s_sum %g\n%s_count %d\n", name, l.Total, name, l.Sum.Seconds(), name, l.Total)
}
