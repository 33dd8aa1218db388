package oauth1_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/oauth1"
)

func TestMemoryNonces(t *testing.T) {
	t.Parallel()
	store := &oauth1.MemoryNonces{Max: 3}
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	for i, tt := range []struct {
		nonce oauth1.Nonce
		fresh bool
	}{
		{oauth1.Nonce{"a", "", "1", at(10)}, true},
		{oauth1.Nonce{"a", "", "1", at(10).UTC()}, false},
		{oauth1.Nonce{"a", "", "1", at(11)}, true},  // another timestamp
		{oauth1.Nonce{"a", "t", "1", at(10)}, true}, // another token
		{oauth1.Nonce{"b", "", "1", at(10)}, true},  // another client
		{oauth1.Nonce{"a", "", "2", at(12)}, true},  // full: one of second 10 goes
		{oauth1.Nonce{"a", "", "1", at(10)}, false}, // forgotten, and still refused
		{oauth1.Nonce{"a", "", "9", at(10)}, false}, // the price of it
		{oauth1.Nonce{"a", "", "9", at(11)}, true},
		{oauth1.Nonce{"b", "", "2", at(9)}, true}, // other clients are not touched
	} {
		if fresh, err := store.UseNonce(t.Context(), tt.nonce); fresh != tt.fresh || err != nil {
			t.Errorf("%d: %+v: %v, %v", i, tt.nonce, fresh, err)
		}
	}
}

// Of many equal nonces at the same time exactly one is fresh.
func TestMemoryNoncesAreAtomic(t *testing.T) {
	t.Parallel()
	var store oauth1.MemoryNonces
	var fresh atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 100 {
				if ok, _ := store.UseNonce(t.Context(), oauth1.Nonce{ConsumerKey: "ck", Nonce: fmt.Sprint(i), Timestamp: time.Unix(1, 0)}); ok {
					fresh.Add(1)
				}
			}
		})
	}
	group.Wait()
	if fresh.Load() != 100 {
		t.Errorf("%d fresh, want 100", fresh.Load())
	}
}
