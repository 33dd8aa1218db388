package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// partitions is how many streams share deliveries, and sequential inboxes. In a cluster
// each has its leader on another server, so that one dead server does not stop intake;
// on one machine each synchronises by itself.
const partitions = 3

const (
	eventBytes = 64 << 20
	// ownEventBytes is that of the embedded server, which shares its heap with everything
	// else: 64 MiB there were 140 MiB of memory.
	ownEventBytes = 16 << 20

	eventAge   = 10 * time.Minute
	eventsEach = 1000 // of one run
	deadAge    = 30 * 24 * time.Hour

	// settingsVersion goes up when the settings below change. An older node leaves the
	// streams of a newer one as they are.
	settingsVersion = 1
	settingsKey     = "cleat-settings"
)

// reserved is the sum of MaxBytes of all streams in files.
func reserved(maxBytes int64) int64 {
	return partitions*maxBytes + partitions*maxBytes/2 + maxBytes/4 + 2*maxBytes
}

func (b *Bus) streamName(name string) string {
	if b.opts.Prefix == "" {
		return name
	}
	return b.opts.Prefix + "_" + name
}

func (b *Bus) subject(tokens ...string) string {
	if b.opts.Prefix != "" {
		tokens = append([]string{b.opts.Prefix}, tokens...)
	}
	return strings.Join(tokens, ".")
}

// streamConfigs is the table of streams, except for leases and bodies.
func (b *Bus) streamConfigs() []jetstream.StreamConfig {
	size := b.opts.MaxBytes
	var all []jetstream.StreamConfig
	for p := range partitions {
		n := strconv.Itoa(p)
		all = append(all,
			jetstream.StreamConfig{Name: "HOOKS_" + n, Subjects: []string{b.subject("hook", n, "*", "*", "*")},
				// Full means refused, never dropped.
				Retention: jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew,
				MaxBytes: size, Duplicates: 2 * time.Minute},
			// No AllowDirect: a turn must read its inbox from the leader.
			jetstream.StreamConfig{Name: "SEQ_" + n, Subjects: []string{b.subject("seq", n, "*")},
				Discard: jetstream.DiscardNew, MaxBytes: size / 2, Duplicates: 2 * time.Minute})
	}
	polls := jetstream.StreamConfig{Name: "POLLS", Subjects: []string{b.subject("poll", "*")},
		// At most one message for each trigger, queued or in hand.
		Retention: jetstream.WorkQueuePolicy, MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew,
		DiscardNewPerSubject: true, Duplicates: 100 * time.Millisecond}
	turns := polls
	turns.Name, turns.Subjects = "TURNS", []string{b.subject("turn", "*")}
	if b.opts.Replicas == 1 {
		// The contents can be made again from SQL: 100,000 in 0.4 s instead of 19.6 s.
		polls.PersistMode = jetstream.AsyncPersistMode
	}
	return append(all, polls, turns,
		jetstream.StreamConfig{Name: "DEAD", Subjects: []string{b.subject("dead", "*", "*")},
			Discard: jetstream.DiscardNew, MaxBytes: size / 4, MaxAge: deadAge, AllowDirect: true},
		jetstream.StreamConfig{Name: "EVENTS", Subjects: []string{b.subject("event", "*", "*")},
			Storage: jetstream.MemoryStorage, MaxAge: eventAge, MaxMsgsPerSubject: eventsEach,
			MaxBytes: b.eventBytes(), AllowDirect: true,
			// The stream is gone after a restart. Sequences begin at the time, so that an
			// old one is never taken for one of the new stream.
			FirstSeq: uint64(time.Now().UnixMicro())})
}

func (b *Bus) eventBytes() int64 {
	if b.opts.external() {
		return eventBytes
	}
	return ownEventBytes
}

// ensureAll makes what is missing and brings older settings up to date.
func (b *Bus) ensureAll(ctx context.Context) error {
	if err := b.ensureStreams(ctx); err != nil {
		return err
	}
	if err := b.patiently(ctx, b.ensureLeases); err != nil {
		return fmt.Errorf("leases: %w", err)
	}
	if err := b.patiently(ctx, b.ensureBodies); err != nil {
		return fmt.Errorf("bodies: %w", err)
	}
	return nil
}

func (b *Bus) ensureStreams(ctx context.Context) error {
	for _, config := range b.streamConfigs() {
		config.Name = b.streamName(config.Name)
		config.Replicas = b.opts.Replicas
		config.Metadata = map[string]string{settingsKey: strconv.Itoa(settingsVersion)}
		if err := b.patiently(ctx, func(ctx context.Context) error { return b.ensureStream(ctx, config) }); err != nil {
			return fmt.Errorf("stream %s: %w", config.Name, err)
		}
	}
	return nil
}

// errForeign means that the names are taken by somebody who shares the servers.
var errForeign = errors.New("exists and is not of cleat: set a prefix")

func (b *Bus) ensureStream(ctx context.Context, config jetstream.StreamConfig) error {
	stream, err := b.js.Stream(ctx, config.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = b.js.CreateStream(ctx, config)
		return err
	}
	if err != nil {
		return err
	}
	have := stream.CachedInfo().Config
	theirs, err := strconv.Atoi(have.Metadata[settingsKey])
	switch {
	case err != nil:
		return errForeign
	case theirs > settingsVersion,
		theirs == settingsVersion && have.MaxBytes == normalBytes(config.MaxBytes) && have.Replicas == config.Replicas:
		return nil
	}
	config.FirstSeq = have.FirstSeq
	config.PersistMode = have.PersistMode
	_, err = b.js.UpdateStream(ctx, config)
	return err
}

// normalBytes is how the server writes a limit that is not set.
func normalBytes(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}

// patiently tries again what fails for want of a leader, which a cluster that just
// started has not for some seconds.
func (b *Bus) patiently(ctx context.Context, do func(context.Context) error) error {
	for {
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := do(try)
		cancel()
		if err == nil || !temporary(err) || !pause(ctx, 200*time.Millisecond) {
			return err
		}
	}
}

// pause waits, and returns false when ctx ends before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// askLimit is how long one question to JetStream may take. The client adds no limit to a
// context that has one: a job asked a leader that died, and kept its turn with heartbeats
// until the job's own deadline.
const askLimit = 2 * time.Second

// nextOf reads the first message of a subject from a sequence on; nil when there is none.
func nextOf(ctx context.Context, stream jetstream.Stream, seq uint64, subject string) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	msg, err := stream.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	return msg, err
}
