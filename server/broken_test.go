package server_test

import (
	"context"
	"errors"
	"testing"
)

// A server whose bus cannot go on ends by itself and says why; whoever watches it starts it
// anew.
func TestBrokenBus(t *testing.T) {
	t.Parallel()
	n, err := startNode(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the queue does not come back")
	n.Fail(broken)
	n.Fail(errors.New("a second reason"))
	if err := n.ended(); !errors.Is(err, broken) {
		t.Errorf("it ended with %v, want %v", err, broken)
	}
}
