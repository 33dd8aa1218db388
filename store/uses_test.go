package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/webhook"
)

// Who works with a connection are attached hooks and states of triggers with its id, not
// those of an id that begins or ends in the same way.
func TestConnectionUses(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), openStore(t, store.Options{Dir: t.TempDir()})
	for name, h := range map[string]webhook.Record{"b": {Connection: 7, Attached: true}, "a": {Connection: 7, Attached: true},
		"detached": {Connection: 7}, "other": {Connection: 17, Attached: true}, "none": {Attached: true}} {
		h.Name, h.Token = name, name
		if err := s.InsertHook(ctx, &h); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"photos/watch#7", "photos/watch#7?0a1b", "photos/watch#71", "photos/watch#17", "photos/watch", "photos/watch?7", "my own"} {
		if err := s.PutTriggerState(ctx, id, &poll.State{}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.ConnectionUses(ctx, 7)
	want := store.Uses{Hooks: []string{"a", "b"}, Triggers: []string{"photos/watch#7", "photos/watch#7?0a1b"}}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %+v, error %v, want %+v", got, err, want)
	}
	if got, err := s.ConnectionUses(ctx, 8); err != nil || !cmp.Equal(got, store.Uses{}) {
		t.Errorf("of another connection: %+v, error %v", got, err)
	}
}
