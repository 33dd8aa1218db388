package bus

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// badFor is how long a partition that did not answer is left alone.
const badFor = 2 * time.Second

// partition is one of the streams that share deliveries.
type partition struct {
	number string // as it stands in subjects
	stream jetstream.Stream
	bad    atomic.Int64 // until this time, in nanoseconds
}

func (p *partition) mark()        { p.bad.Store(time.Now().Add(badFor).UnixNano()) }
func (p *partition) heal()        { p.bad.Store(0) }
func (p *partition) isBad() bool  { return time.Now().UnixNano() < p.bad.Load() }
func (p *partition) name() string { return p.stream.CachedInfo().Config.Name }

// findPartitions takes all partitions there are, which may be more than this version
// makes: their number may grow.
func (b *Bus) findPartitions(ctx context.Context) error {
	names := b.js.StreamNames(ctx)
	var all []string
	for name := range names.Name() {
		all = append(all, name)
	}
	if err := names.Err(); err != nil {
		return err
	}
	var err error
	if b.hooks, err = b.partitionsOf(ctx, all, "HOOKS_"); err != nil {
		return err
	}
	b.sequences, err = b.partitionsOf(ctx, all, "SEQ_")
	return err
}

func (b *Bus) partitionsOf(ctx context.Context, names []string, family string) ([]*partition, error) {
	var found []*partition
	for _, name := range names {
		number, ok := strings.CutPrefix(name, b.streamName(family))
		if _, err := strconv.ParseUint(number, 10, 16); !ok || err != nil {
			continue
		}
		stream, err := b.js.Stream(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", name, err)
		}
		found = append(found, &partition{number: number, stream: stream})
	}
	slices.SortFunc(found, func(a, b *partition) int {
		if len(a.number) != len(b.number) {
			return len(a.number) - len(b.number)
		}
		return strings.Compare(a.number, b.number)
	})
	return found, nil
}

// home is the partition that an id goes to when all are well: that of a delivery, which
// comes to the same stream when it is published again, or that of a sequential webhook, whose
// order needs one stream. Deliveries are not kept together by webhook: one that is busy would
// have the disk of one stream, which writes and synchronises one message after the other.
func home(id string, count int) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % uint32(count))
}

// order gives the partitions in the order in which to try them: from home on, those that
// are marked bad last.
func order(all []*partition, home int) []*partition {
	tries := make([]*partition, 0, len(all))
	for i := range all {
		if p := all[(home+i)%len(all)]; !p.isBad() {
			tries = append(tries, p)
		}
	}
	for i := range all {
		if p := all[(home+i)%len(all)]; !slices.Contains(tries, p) {
			tries = append(tries, p)
		}
	}
	return tries
}
