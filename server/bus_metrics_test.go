package server

import (
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// TestBusMetrics compares what is written of known figures.
func TestBusMetrics(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	writeLatency(&out, "publish", "Help.", bus.Latency{Bounds: []time.Duration{time.Millisecond, time.Second}, Counts: []uint64{2, 3, 1}, Total: 6, Sum: 4 * time.Second})
	writeStreams(&out, bus.Stats{Bad: []string{"HOOKS_0"}, Streams: []bus.StreamStats{
		{Name: "HOOKS_0", Leader: "n1", Messages: 5, Bytes: 600, MaxBytes: 1000, Oldest: time.Minute}, {Name: "DEAD", MaxBytes: -1}}})
	writeConsumers(&out, []bus.ConsumerStats{{Stream: "HOOKS_0", Name: "fast", Pending: 3, InHand: 2, Redelivered: 1}})
	var lines []string
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "# HELP") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	const want = `# TYPE publish histogram
publish_bucket{le="0.001"} 2
publish_bucket{le="1"} 5
publish_bucket{le="+Inf"} 6
publish_sum 4
publish_count 6
# TYPE cleat_bus_stream_messages gauge
cleat_bus_stream_messages{stream="HOOKS_0"} 5
cleat_bus_stream_messages{stream="DEAD"} 0
# TYPE cleat_bus_stream_bytes gauge
cleat_bus_stream_bytes{stream="HOOKS_0"} 600
cleat_bus_stream_bytes{stream="DEAD"} 0
# TYPE cleat_bus_stream_max_bytes gauge
cleat_bus_stream_max_bytes{stream="HOOKS_0"} 1000
cleat_bus_stream_max_bytes{stream="DEAD"} -1
# TYPE cleat_bus_stream_oldest_seconds gauge
cleat_bus_stream_oldest_seconds{stream="HOOKS_0"} 60
cleat_bus_stream_oldest_seconds{stream="DEAD"} 0
# TYPE cleat_bus_partition_bad gauge
cleat_bus_partition_bad{stream="HOOKS_0"} 1
cleat_bus_partition_bad{stream="DEAD"} 0
# TYPE cleat_bus_stream_leader gauge
cleat_bus_stream_leader{stream="HOOKS_0",server="n1"} 1
cleat_bus_stream_leader{stream="DEAD",server=""} 0
# TYPE cleat_bus_consumer_pending gauge
cleat_bus_consumer_pending{stream="HOOKS_0",consumer="fast"} 3
# TYPE cleat_bus_consumer_in_hand gauge
cleat_bus_consumer_in_hand{stream="HOOKS_0",consumer="fast"} 2
# TYPE cleat_bus_consumer_redelivered gauge
cleat_bus_consumer_redelivered{stream="HOOKS_0",consumer="fast"} 1`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("written:\n%s\nwant:\n%s", got, want)
	}
}
