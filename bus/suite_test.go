package bus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/cleat-run/cleat/bus"
)

// suite is what holds for every kind of server.
var suite = []struct {
	name string
	test func(*testing.T, opener)
}{
	{"a delivery arrives as it was sent", testRoundTrip},
	{"a retry comes again and counts", testRetry},
	{"a dead delivery can be read and replayed", testDead},
	{"a delivery that kills its workers dies unrun", testPoison},
	{"a message of a newer version dies unrun", testNewer},
	{"a message of a newer version does not hold up a sequential webhook", testNewerInOrder},
	{"a delivery without its body dies unrun", testLost},
	{"a dropped job comes again after AckWait", testDropped},
	{"a long job keeps its message", testHeartbeat},
	{"workers stop while SQL is away", testPause},
	{"full is refused and works again when drained", testFull},
	{"a tenant above its quota waits", testQuota},
	{"a burst does not hold up a quiet hook", testFair},
	{"sequential hooks keep their order", testSequential},
	{"a retry holds up its own sequential hook only", testSequentialRetry},
	{"a sequential delivery can die", testSequentialDead},
	{"a trigger runs once at a time", testPolls},
	{"two schedulers do no harm", testSchedulers},
	{"a lease is held by one", testLeases},
	{"a held lease moves on", testHold},
	{"events come in order, resume and reset", testEvents},
	{"a slow reader is dropped and can resume", testSlow},
	{"jobs in hand finish when the bus closes", testDrain},
	{"jobs that do not finish are given back", testHandBack},
	{"bodies without a message are swept", testSweep},
	{"work moves from one machine", testMove},
	{"a process may end at any step", testCrashPoints},
	{"settings of other versions", testSettings},
	{"figures", testStats},
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	for _, s := range suite {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.test(t, embedded)
		})
	}
}

// In the cluster there are the streams of other tests beside ours, and those of somebody
// else. First come the faults, since they would disturb the rest.
func TestCluster(t *testing.T) {
	t.Parallel()
	t.Run("faults", testFaults)
	t.Run("somebody else's streams", testForeign)
	for _, s := range suite {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.test(t, clustered)
		})
	}
}

// testForeign shares the servers with somebody whose names are ours. It leaves his streams
// there for the other tests.
func testForeign(t *testing.T) {
	c := startCluster(t)
	nc, err := nats.Connect(strings.Join(c.addresses(), ","))
	must(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	must(t, err)
	for _, config := range []jetstream.StreamConfig{
		{Name: "EVENTS", Subjects: []string{"theirs.>"}, Replicas: 3},
		{Name: "OTHER_HOOKS_0", Subjects: []string{"hook.>", "poll.>", "event.>"}, Replicas: 1},
	} {
		_, err := js.CreateStream(t.Context(), config)
		must(t, err)
	}
	_, err = bus.Open(t.Context(), bus.Options{Servers: c.addresses(), Sync: "always", MaxBytes: 8 << 20})
	if err == nil {
		t.Fatal("it opened without a prefix")
	}
	b := open(t, bus.Options{Servers: c.addresses(), Sync: "always", Prefix: "OTHER2", MaxBytes: 8 << 20})
	must(t, b.PublishHook(t.Context(), delivery("h", "")))
	theirs, err := js.Stream(t.Context(), "OTHER_HOOKS_0")
	must(t, err)
	if n := theirs.CachedInfo().State.Msgs; n != 0 {
		t.Errorf("%d of our messages are in their stream", n)
	}
}

func testRoundTrip(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	want := map[string]bus.Delivery{}
	for i, body := range []string{"", "x", "a\nb", strings.Repeat("y", 512<<10), strings.Repeat("z", 2<<20)} {
		d := delivery(fmt.Sprintf("hook_%d", i), body)
		d.Traceparent, d.ReplayOf = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", bus.NewID()
		want[d.ID] = d
		must(t, b.PublishHook(t.Context(), d))
	}
	got := make(chan *bus.Job, len(want))
	hooks(t, b, 3, func(_ context.Context, j *bus.Job) bus.Outcome {
		got <- j
		return bus.Ack()
	})
	for range want {
		j := <-got
		d := want[j.ID]
		if !bytes.Equal(j.Body, d.Body) || string(j.Head) != string(d.Head) || !j.Received.Equal(d.Received) {
			t.Errorf("delivery %s arrived with a body of %d bytes, head %s, received %v", j.ID, len(j.Body), j.Head, j.Received)
		}
		if j.Tenant != d.Tenant || j.Hook != d.Hook || j.Source != d.Source || j.Traceparent != d.Traceparent || j.ReplayOf != d.ReplayOf ||
			j.Attempt != 1 || j.Class != "fast" {
			t.Errorf("delivery %+v arrived as %+v", d, j)
		}
	}
	eventually(t, 5*time.Second, "the large body is removed", func() bool { return b.Bodies(t.Context()) == 0 })
}

func testRetry(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	must(t, b.PublishHook(t.Context(), delivery("h", "")))
	attempts := make(chan int, 10)
	hooks(t, b, 1, func(_ context.Context, j *bus.Job) bus.Outcome {
		attempts <- j.Attempt
		if j.Attempt < 3 {
			return bus.Retry(50 * time.Millisecond)
		}
		return bus.Ack()
	})
	for want := 1; want <= 3; want++ {
		if got := <-attempts; got != want {
			t.Errorf("attempt %d, want %d", got, want)
		}
	}
}

func testDead(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	d := delivery("h", strings.Repeat("z", 600<<10))
	must(t, b.PublishHook(t.Context(), delivery("h", "before")))
	must(t, b.PublishHook(t.Context(), d))
	got := make(chan *bus.Job, 10)
	hooks(t, b, 1, func(_ context.Context, j *bus.Job) bus.Outcome {
		if j.ReplayOf == "" {
			return bus.Dead("the service said 400")
		}
		got <- j
		return bus.Ack()
	})
	eventually(t, 10*time.Second, "the copy is there", func() bool {
		have, reason, err := b.ReadDead(t.Context(), "acme", "h", d.ID)
		return err == nil && reason == "the service said 400" && bytes.Equal(have.Body, d.Body)
	})
	id, err := b.Republish(t.Context(), "acme", "h", d.ID)
	must(t, err)
	if j := <-got; j.ID != id || j.ReplayOf != d.ID || !bytes.Equal(j.Body, d.Body) {
		t.Errorf("replayed as %s of %s with %d bytes", j.ID, j.ReplayOf, len(j.Body))
	}
	if _, _, err := b.ReadDead(t.Context(), "acme", "h", bus.NewID()); !errors.Is(err, bus.ErrNotFound) {
		t.Errorf("an unknown one: %v", err)
	}
}

// refusals runs deliveries and gives the reasons of those that must not run.
func refusals(t *testing.T, b *bus.Bus, handle func(context.Context, *bus.Job) bus.Outcome) chan string {
	reasons := make(chan string, 10)
	running(t, func(ctx context.Context) error {
		return b.RunHooks(ctx, bus.Runner{Workers: 1, Handle: handle,
			Refuse: func(_ context.Context, j *bus.Job, reason string) bus.Outcome {
				reasons <- j.Tenant + "/" + j.Hook + ": " + reason
				return bus.Dead(reason)
			}})
	})
	return reasons
}

func testPoison(t *testing.T, open opener) {
	b := open(t, bus.Options{MaxAttempts: 2})
	must(t, b.PublishHook(t.Context(), delivery("h", "")))
	var runs atomic.Int32
	reasons := refusals(t, b, func(context.Context, *bus.Job) bus.Outcome {
		runs.Add(1)
		return bus.Retry(0)
	})
	if got := <-reasons; got != "acme/h: not done after 2 attempts" || runs.Load() != 2 {
		t.Errorf("%d runs, then %q", runs.Load(), got)
	}
}

func testNewer(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	msg := nats.NewMsg(b.Subject("hook", "1", "fast", "acme", "h"))
	msg.Header.Set("Cleat-V", "2")
	msg.Header.Set("Nats-Msg-Id", "future")
	msg.Data = []byte("who knows")
	js, err := jetstream.New(b.Conn())
	must(t, err)
	_, err = js.PublishMsg(t.Context(), msg)
	must(t, err)
	reasons := refusals(t, b, func(context.Context, *bus.Job) bus.Outcome {
		t.Error("it ran")
		return bus.Ack()
	})
	if got := <-reasons; got != "acme/h: made by a newer version" {
		t.Error(got)
	}
	eventually(t, 5*time.Second, "the copy keeps its version", func() bool {
		_, reason, err := b.ReadDead(t.Context(), "acme", "h", "future")
		return reason == "made by a newer version" && err != nil && err.Error() == reason
	})
}

func testNewerInOrder(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	js, err := jetstream.New(b.Conn())
	must(t, err)
	for _, p := range []string{"0", "1", "2"} { // one of them is that of the hook
		msg := nats.NewMsg(b.Subject("seq", p, "h"))
		msg.Header.Set("Cleat-V", "2")
		msg.Header.Set("Nats-Msg-Id", "future")
		_, err = js.PublishMsg(t.Context(), msg)
		must(t, err)
	}
	must(t, b.PublishSequential(t.Context(), delivery("h", "behind")))
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan string, 1)
	var turns sync.WaitGroup
	turns.Go(func() {
		_ = b.RunTurns(ctx, bus.Runner{Workers: 2, Handle: func(_ context.Context, j *bus.Job) bus.Outcome {
			ran <- string(j.Body)
			return bus.Ack()
		}})
	})
	defer turns.Wait()
	defer cancel()
	select {
	case got := <-ran:
		if got != "behind" {
			t.Errorf("%q ran", got)
		}
	case <-time.After(20 * time.Second):
		t.Error("what is behind does not run")
	}
}

func testLost(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	d := delivery("h", strings.Repeat("z", 600<<10))
	must(t, b.PublishHook(t.Context(), d))
	b.DropBody(d.ID)
	reasons := refusals(t, b, func(context.Context, *bus.Job) bus.Outcome {
		t.Error("it ran")
		return bus.Ack()
	})
	if got := <-reasons; got != "acme/h: the body of the delivery is lost" {
		t.Error(got)
	}
}

func testDropped(t *testing.T, open opener) {
	b := open(t, bus.Options{AckWait: 500 * time.Millisecond})
	must(t, b.PublishHook(t.Context(), delivery("h", "")))
	at := make(chan time.Time, 10)
	hooks(t, b, 1, func(_ context.Context, j *bus.Job) bus.Outcome {
		at <- time.Now()
		if j.Attempt == 1 {
			return bus.Outcome{}
		}
		return bus.Ack()
	})
	first := <-at
	if took := (<-at).Sub(first); took < 450*time.Millisecond {
		t.Errorf("it came again after %v", took)
	}
}

func testHeartbeat(t *testing.T, open opener) {
	b := open(t, bus.Options{AckWait: 600 * time.Millisecond})
	must(t, b.PublishHook(t.Context(), delivery("h", "")))
	var runs tally
	done := make(chan struct{})
	hooks(t, b, 2, func(ctx context.Context, j *bus.Job) bus.Outcome {
		if runs.add(j.ID) == 1 {
			defer close(done)
			wait(ctx, 2*time.Second)
		}
		return bus.Ack()
	})
	<-done
	if runs.twice() > 0 {
		t.Error("it ran again while it was in hand")
	}
}

// wait is the work of a job.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func testPause(t *testing.T, open opener) {
	b := open(t, bus.Options{AckWait: time.Second})
	for range 20 {
		must(t, b.PublishHook(t.Context(), delivery("h", "")))
	}
	var away atomic.Bool
	away.Store(true)
	var ran, probed, taken atomic.Int32
	running(t, func(ctx context.Context) error {
		return b.RunHooks(ctx, bus.Runner{Workers: 1,
			Handle: func(context.Context, *bus.Job) bus.Outcome {
				ran.Add(1)
				if away.Load() {
					return bus.Pause()
				}
				return bus.Ack()
			},
			Probe: func(context.Context) error {
				if probed.Add(1) == 1 {
					return errors.New("still away")
				}
				taken.Store(ran.Load())
				away.Store(false)
				return nil
			}})
	})
	eventually(t, 10*time.Second, "the second probe", func() bool { return probed.Load() == 2 })
	if n := taken.Load(); n != 3 {
		t.Errorf("%d jobs were taken while SQL was away", n)
	}
	eventually(t, 15*time.Second, "all are run", func() bool { return ran.Load() == 23 })
}

func testFull(t *testing.T, open opener) {
	b := open(t, bus.Options{MaxBytes: 1 << 20})
	var sent []string
	body := strings.Repeat("x", 100<<10)
	var err error
	for err == nil && len(sent) < 100 {
		d := delivery("h", body)
		if err = b.PublishHook(t.Context(), d); err == nil {
			sent = append(sent, d.ID)
		}
	}
	var refusal *bus.Refusal
	if !errors.Is(err, bus.ErrFull) || !errors.As(err, &refusal) || refusal.RetryAfter <= 0 {
		t.Fatalf("after %d: %v", len(sent), err)
	}
	if len(sent) < 24 {
		t.Errorf("full after %d: the other partitions were not used", len(sent))
	}
	var got tally
	hooks(t, b, 4, func(_ context.Context, j *bus.Job) bus.Outcome {
		got.add(j.ID)
		return bus.Ack()
	})
	eventually(t, 10*time.Second, "drained", func() bool { return got.len() == len(sent) })
	eventually(t, 5*time.Second, "it works again", func() bool { return b.PublishHook(t.Context(), delivery("h", body)) == nil })
}

func testQuota(t *testing.T, open opener) {
	b := open(t, bus.Options{TenantQuota: 5})
	for range 5 {
		must(t, b.PublishHook(t.Context(), delivery("h", "")))
	}
	must(t, b.Look(t.Context()))
	var refusal *bus.Refusal
	if err := b.PublishHook(t.Context(), delivery("h", "")); !errors.Is(err, bus.ErrBusy) || !errors.As(err, &refusal) || refusal.RetryAfter <= 0 {
		t.Errorf("above the quota: %v", err)
	}
	other := delivery("h2", "")
	other.Tenant = "other"
	must(t, b.PublishHook(t.Context(), other))
}

// testFair sends a burst of one hook and then single deliveries of another one. The
// workers are slower than the burst; the quiet hook must not wait for it.
func testFair(t *testing.T, open opener) {
	b := open(t, bus.Options{Burst: 10, Rate: 1})
	const burst = 400
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range burst / 8 {
				if err := b.PublishHook(t.Context(), delivery("noisy", "")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	const hook = "quiet"
	quiet := make(chan time.Duration, 10)
	var noisy atomic.Int32
	hooks(t, b, 12, func(ctx context.Context, j *bus.Job) bus.Outcome {
		if j.Hook == hook {
			quiet <- time.Since(j.Received)
		} else {
			noisy.Add(1)
		}
		wait(ctx, 100*time.Millisecond)
		return bus.Ack()
	})
	for range 5 {
		before := noisy.Load()
		must(t, b.PublishHook(t.Context(), delivery(hook, "")))
		// In one queue it would be all of the burst.
		took := <-quiet
		if passed := noisy.Load() - before; passed > 60 {
			t.Errorf("the quiet hook waited %v and for %d of the burst", took, passed)
		}
	}
	if noisy.Load() > burst/2 {
		t.Errorf("%d of the burst were done by then: it proves nothing", noisy.Load())
	}
}
