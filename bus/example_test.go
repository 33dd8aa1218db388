package bus_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// A webhook answers 200 when PublishHook returned nil; a worker runs what came in.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "work")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	b, err := bus.Open(ctx, bus.Options{Dir: dir, MinFree: 1})
	if err != nil {
		panic(err)
	}
	defer b.Close(ctx)

	err = b.PublishHook(ctx, bus.Delivery{
		ID: bus.NewID(), Tenant: "team_1", Hook: "hook_1", Received: time.Now(),
		Head: []byte(`{"method":"POST"}`), Body: []byte("hello"),
	})
	var refusal *bus.Refusal
	if errors.As(err, &refusal) {
		fmt.Println("503, Retry-After:", refusal.RetryAfter)
	}

	working, stop := context.WithCancel(ctx)
	b.RunHooks(working, bus.Runner{Workers: 1, Handle: func(_ context.Context, j *bus.Job) bus.Outcome {
		fmt.Printf("%s: %s, attempt %d\n", j.Hook, j.Body, j.Attempt)
		stop()           // enough for an example
		return bus.Ack() // after the outcome is committed in SQL
	}})
	// Output: hook_1: hello, attempt 1
}

// Only one node renews a token, and only while there is time enough.
func ExampleBus_Acquire() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "work")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	b, err := bus.Open(ctx, bus.Options{Dir: dir, MinFree: 1})
	if err != nil {
		panic(err)
	}
	defer b.Close(ctx)

	lease, err := b.Acquire(ctx, "token", "con_1", "node 1", 15*time.Second)
	if err != nil {
		panic(err)
	}
	_, err = b.Acquire(ctx, "token", "con_1", "node 2", 15*time.Second)
	fmt.Println(err)
	// Read the row again; if the token is still old and there is time, renew it.
	fmt.Println(lease.Left() > 10*time.Second)
	fmt.Println(lease.Release(ctx))
	// Output:
	// the lease is taken
	// true
	// <nil>
}
