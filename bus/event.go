package bus

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Event is something that happened to a run, for those who watch it.
type Event struct {
	ID     uint64 // grows; give it to Subscribe to go on behind it
	Tenant string
	Run    string
	Kind   string
	Time   time.Time
	Data   []byte
}

// Reset is the kind of the event that says: what you missed is not kept any more, read
// everything from SQL. Its ID is where the stream goes on.
const Reset = "reset"

// Filter says which events are of interest. The zero Filter takes all.
type Filter struct{ Tenant, Run string }

func (f Filter) match(e *Event) bool {
	return (f.Tenant == "" || f.Tenant == e.Tenant) && (f.Run == "" || f.Run == e.Run)
}

// The errors of [Subscription.Next].
var (
	ErrSlow  = errors.New("too slow: subscribe again behind the last event")
	ErrEnded = errors.New("the subscription has ended")
)

const (
	subscriberBuffer = 256
	replayBatch      = 100 // that are in memory for each of those who come back
	replayWait       = time.Second
)

// Emit tells an event to everybody who watches, on every node. It does not wait for
// anything: an event may be lost.
func (b *Bus) Emit(tenant, run, kind string, data []byte) error {
	if err := checkIDs(tenant, run, kind); err != nil {
		return err
	}
	msg := nats.NewMsg(b.subject("event", tenant, run))
	msg.Header.Set(headerKind, kind)
	msg.Data = data
	return b.nc.PublishMsg(msg)
}

// hub hands the events of one ordered consumer to all subscriptions of this node.
type hub struct {
	bus *Bus

	mu      sync.Mutex
	stream  jetstream.Stream
	consume jetstream.ConsumeContext
	last    uint64 // that was handed out
	subs    map[*Subscription]bool
}

func (h *hub) start(b *Bus) { h.bus, h.subs = b, map[*Subscription]bool{} }

// begin starts the consumer with the first subscription.
func (h *hub) begin(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.consume != nil {
		return nil
	}
	stream, err := h.bus.js.Stream(ctx, h.bus.streamName("EVENTS"))
	if err != nil {
		return err
	}
	state := stream.CachedInfo().State
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: state.LastSeq + 1,
	})
	if err != nil {
		return err
	}
	h.stream, h.last = stream, state.LastSeq
	h.consume, err = consumer.Consume(h.handOut)
	return err
}

func (h *hub) handOut(msg jetstream.Msg) {
	e := eventOf(msg)
	h.mu.Lock()
	defer h.mu.Unlock()
	if e == nil || e.ID <= h.last {
		return
	}
	h.last = e.ID
	for s := range h.subs {
		if s.filter.match(e) {
			s.offer(*e)
		}
	}
}

func (h *hub) end() {
	h.mu.Lock()
	consume := h.consume
	for s := range h.subs {
		s.finish(ErrEnded)
	}
	h.mu.Unlock()
	if consume != nil {
		consume.Stop()
		<-consume.Closed()
	}
}

// eventOf reads event.<tenant>.<run>, with or without a prefix.
func eventOf(msg jetstream.Msg) *Event {
	meta, err := msg.Metadata()
	if err != nil {
		return nil
	}
	tokens := strings.Split(msg.Subject(), ".")
	return &Event{ID: meta.Sequence.Stream, Tenant: tokens[len(tokens)-2], Run: tokens[len(tokens)-1],
		Kind: msg.Headers().Get(headerKind), Time: meta.Timestamp, Data: msg.Data()}
}

// Subscription is a stream of events with a bounded buffer. One goroutine may read it.
type Subscription struct {
	hub    *hub
	filter Filter
	behind *replay // what is missed yet, nil when it is nothing
	missed []Event // read of it, come first
	live   chan Event
	after  uint64

	once sync.Once
	err  error
	done chan struct{}
}

// Subscribe gives the events that match, from the one after the ID on, or only new ones
// for 0. When some of them are not kept any more, the first event is a [Reset]. Close it
// in the end.
func (b *Bus) Subscribe(ctx context.Context, f Filter, after uint64) (*Subscription, error) {
	h := &b.events
	if err := h.begin(ctx); err != nil {
		return nil, err
	}
	s := &Subscription{hub: h, filter: f, live: make(chan Event, subscriberBuffer), done: make(chan struct{})}
	h.mu.Lock()
	h.subs[s] = true
	last := h.last
	h.mu.Unlock()
	s.after = last
	if after == 0 {
		return s, nil
	}
	if err := s.resume(ctx, after, last); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// replay is what one subscription has missed, up to what the hub handed out before it knew
// of it.
type replay struct {
	consumer jetstream.Consumer
	last     uint64
}

// resume goes on behind an event, or tells with a [Reset] that this is not possible.
func (s *Subscription) resume(ctx context.Context, after, last uint64) error {
	info, err := s.hub.stream.Info(ctx)
	if err != nil {
		return err
	}
	if after+1 < info.State.FirstSeq || after > info.State.LastSeq {
		s.reset(last)
		return nil
	}
	if after >= last {
		s.after = after
		return nil
	}
	consumer, err := s.hub.from(ctx, s.filter, after+1)
	if err != nil {
		return err
	}
	if s.filter.Run != "" && consumer.CachedInfo().NumPending >= eventsEach {
		s.reset(last) // the oldest of this run may have made room for newer ones
		return nil
	}
	s.behind = &replay{consumer, last}
	return nil
}

func (s *Subscription) reset(last uint64) {
	s.missed = []Event{{ID: last, Kind: Reset, Time: time.Now()}}
}

// from makes a short ordered consumer of the events that match, the first of them included.
func (h *hub) from(ctx context.Context, f Filter, first uint64) (jetstream.Consumer, error) {
	tenant, run := f.Tenant, f.Run
	if tenant == "" {
		tenant = "*"
	}
	if run == "" {
		run = "*"
	}
	return h.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{h.bus.subject("event", tenant, run)},
		DeliverPolicy:  jetstream.DeliverByStartSequencePolicy, OptStartSeq: first,
	})
}

// read takes the next events. There are no more when it returns none.
func (r *replay) read() ([]Event, error) {
	batch, err := r.consumer.FetchNoWait(replayBatch)
	if err != nil {
		return nil, err
	}
	var events []Event
	for msg := range batch.Messages() {
		if e := eventOf(msg); e != nil && e.ID <= r.last {
			events = append(events, *e)
		}
	}
	return events, batch.Error()
}

// offer puts an event into the buffer. Who does not read fast enough is dropped, so that
// nobody waits for it.
func (s *Subscription) offer(e Event) {
	select {
	case s.live <- e:
	default:
		s.finish(ErrSlow)
		delete(s.hub.subs, s)
	}
}

func (s *Subscription) finish(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.done)
	})
}

// Next waits for an event. What was buffered comes before [ErrSlow] or [ErrEnded].
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	for s.behind != nil && len(s.missed) == 0 {
		var err error
		if s.missed, err = s.behind.read(); err != nil {
			return Event{}, err
		}
		if len(s.missed) == 0 {
			s.behind = nil
		}
	}
	if len(s.missed) > 0 {
		e := s.missed[0]
		s.missed = s.missed[1:]
		return e, nil
	}
	for {
		select {
		case e := <-s.live:
			if e.ID > s.after {
				return e, nil
			}
			continue
		default:
		}
		select {
		case e := <-s.live:
			if e.ID > s.after {
				return e, nil
			}
		case <-s.done:
			if len(s.live) == 0 {
				return Event{}, s.err
			}
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	delete(s.hub.subs, s)
	s.hub.mu.Unlock()
	s.finish(ErrEnded)
}
