package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Moved counts what a move copied.
type Moved struct{ Deliveries, Sequential, Dead, Bodies int }

// Move copies unfinished work to another installation, with its ids, and checks the counts.
// Nothing may be published to from, and nothing run, until it is over; the copies in from
// stay. Polls are offered again from SQL, and the turns of sequential webhooks by the sweep.
// A move that failed can be repeated: what comes twice has its row in SQL.
func Move(ctx context.Context, from, to *Bus) (Moved, error) {
	var m Moved
	err := m.bodies(ctx, from, to) // before the messages that name them
	for _, family := range []struct {
		name  string
		count *int
	}{{"HOOKS_", &m.Deliveries}, {"SEQ_", &m.Sequential}, {"DEAD", &m.Dead}} {
		if err == nil {
			err = copyFamily(ctx, from, to, family.name, family.count)
		}
	}
	return m, err
}

func copyFamily(ctx context.Context, from, to *Bus, family string, count *int) error {
	for _, name := range from.streamNames() {
		if !strings.HasPrefix(name, from.streamName(family)) {
			continue
		}
		n, err := copyStream(ctx, from, to, name)
		*count += n
		if err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
	}
	return nil
}

// errChanged means that a stream was used during the move.
var errChanged = errors.New("it changed meanwhile: stop intake and workers first")

// copyStream publishes the messages of a stream in their order.
func copyStream(ctx context.Context, from, to *Bus, name string) (n int, err error) {
	stream, err := from.js.Stream(ctx, name)
	if err != nil {
		return 0, err
	}
	before := stream.CachedInfo().State
	for seq := before.FirstSeq; ; n++ {
		msg, err := nextOf(ctx, stream, seq, from.subject(">"))
		if err != nil {
			return n, err
		}
		if msg == nil {
			break
		}
		if err := to.take(ctx, from, msg); err != nil {
			return n, err
		}
		seq = msg.Sequence + 1
	}
	after, err := stream.Info(ctx)
	if err == nil && (uint64(n) != before.Msgs || after.State.LastSeq != before.LastSeq || after.State.Msgs != before.Msgs) {
		err = errChanged
	}
	return n, err
}

// take stores a message of another installation, at its home here.
func (b *Bus) take(ctx context.Context, from *Bus, msg *jetstream.RawStreamMsg) error {
	tokens := strings.Split(msg.Subject, ".")
	if from.opts.Prefix != "" {
		tokens = tokens[1:]
	}
	switch tokens[0] {
	case "hook":
		tokens[1] = b.hooks[home(msg.Header.Get(nats.MsgIdHdr), len(b.hooks))].number
	case "seq":
		tokens[1] = b.sequences[home(tokens[2], len(b.sequences))].number
	}
	copied := nats.NewMsg(b.subject(tokens...))
	copied.Data = msg.Data
	copied.Header = copyHeaders(msg.Header)
	return b.patiently(ctx, func(ctx context.Context) error {
		_, err := b.js.PublishMsg(ctx, copied)
		return err
	})
}

func (m *Moved) bodies(ctx context.Context, from, to *Bus) error {
	list, cancel := context.WithTimeout(ctx, listLimit)
	defer cancel()
	objects, err := from.bodies.List(list)
	if errors.Is(err, jetstream.ErrNoObjectsFound) {
		return nil
	}
	for _, object := range objects {
		if err == nil {
			err = moveBody(ctx, from, to, object)
			m.Bodies++
		}
	}
	if err != nil {
		return fmt.Errorf("bodies: %w", err)
	}
	return nil
}

func moveBody(ctx context.Context, from, to *Bus, object *jetstream.ObjectInfo) error {
	ctx, cancel := context.WithTimeout(ctx, bodyWait)
	defer cancel()
	body, err := from.bodies.Get(ctx, object.Name)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = to.bodies.Put(ctx, jetstream.ObjectMeta{Name: object.Name, Metadata: object.Metadata}, io.Reader(body))
	return err
}
