package bus_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// BenchmarkIntake is durable deliveries of 1 kB while workers take and acknowledge them.
func BenchmarkIntake(b *testing.B) {
	for _, clients := range []int{32, 128} {
		b.Run(fmt.Sprintf("embedded/%d", clients), func(b *testing.B) { intake(b, embedded, clients) })
	}
	for _, clients := range []int{32, 128} {
		b.Run(fmt.Sprintf("cluster/%d", clients), func(b *testing.B) { intake(b, clustered, clients) })
	}
}

func intake(b *testing.B, open opener, clients int) {
	work := open(b, bus.Options{MaxBytes: 1 << 30, Rate: 1e9, Burst: 1e9})
	hooks(b, work, 24, func(context.Context, *bus.Job) bus.Outcome { return bus.Ack() })
	body := strings.Repeat("x", 1000)
	took := make([]time.Duration, b.N)
	var group sync.WaitGroup
	b.ResetTimer()
	for c := range clients {
		group.Go(func() {
			for i := c; i < b.N; i += clients {
				begin := time.Now()
				if err := work.PublishHook(b.Context(), delivery(fmt.Sprintf("hook_%d", i%64), body)); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(begin)
			}
		})
	}
	group.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepted/s")
	b.ReportMetric(float64(took[b.N/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkFloor is what the disk allows: three files, as there are partitions, each
// synchronised after every write of 1.2 kB.
func BenchmarkFloor(b *testing.B) {
	dir, record := b.TempDir(), make([]byte, 1200)
	var group sync.WaitGroup
	b.ResetTimer()
	for n := range 3 {
		group.Go(func() {
			f, err := os.Create(fmt.Sprint(dir, "/", n))
			if err != nil {
				b.Error(err)
				return
			}
			defer f.Close()
			for i := n; i < b.N; i += 3 {
				_, err := f.Write(record)
				if err = errors.Join(err, f.Sync()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "written/s")
}

// BenchmarkThrough is from publishing to the start of the job, one at a time.
func BenchmarkThrough(b *testing.B) {
	work := embedded(b, bus.Options{MaxBytes: 1 << 30, Rate: 1e9, Burst: 1e9})
	got := make(chan struct{})
	hooks(b, work, 24, func(context.Context, *bus.Job) bus.Outcome { got <- struct{}{}; return bus.Ack() })
	for b.Loop() {
		must(b, work.PublishHook(b.Context(), delivery("h", "x")))
		<-got
	}
}

// BenchmarkOpen is from nothing, or from a store with all streams, to ready.
func BenchmarkOpen(b *testing.B) {
	for _, name := range []string{"new", "again"} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			for i := 0; b.Loop(); i++ {
				o := bus.Options{Dir: dir, MinFree: 1}
				if name == "new" {
					o.Dir = fmt.Sprint(dir, "/", i)
				}
				work, err := bus.Open(b.Context(), o)
				must(b, err)
				b.StopTimer()
				shut(b, work)
				b.StartTimer()
			}
		})
	}
}

// BenchmarkPolls offers 10,000 triggers, offers them again, and takes them all.
func BenchmarkPolls(b *testing.B) {
	work := embedded(b, bus.Options{})
	triggers := make([]string, 10_000)
	for i := range triggers {
		triggers[i] = fmt.Sprintf("trg_%d", i)
	}
	for b.Loop() {
		begin := time.Now()
		got, err := work.OfferPolls(b.Context(), triggers)
		must(b, err)
		offered := time.Since(begin)
		again, err := work.OfferPolls(b.Context(), triggers)
		must(b, err)
		refused := time.Since(begin) - offered
		if len(got.Accepted) != len(triggers) || len(again.Refused) != len(triggers) {
			b.Fatalf("%d accepted, %d refused", len(got.Accepted), len(again.Refused))
		}
		var seen tally
		stop := running(b, func(ctx context.Context) error {
			return work.RunPolls(ctx, bus.PollRunner{Workers: 64, Handle: func(_ context.Context, id string, _ int) bus.Outcome {
				seen.add(id)
				return bus.Ack()
			}})
		})
		eventually(b, time.Minute, "all are taken", func() bool { return seen.len() == len(triggers) })
		stop()
		b.ReportMetric(offered.Seconds(), "s-offered")
		b.ReportMetric(refused.Seconds(), "s-refused")
		b.ReportMetric((time.Since(begin) - offered - refused).Seconds(), "s-taken")
	}
}
