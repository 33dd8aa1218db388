package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/store"
)

// MoveWork copies the work that waits in the embedded bus of this machine to a cluster of
// NATS (work.md 12). The records hold the key of the embedded bus. No node may run on
// either; what is here stays, and a move that failed can be repeated.
func MoveWork(ctx context.Context, records store.Options, from, to bus.Options) (moved bus.Moved, err error) {
	s, err := store.Open(ctx, records)
	if err != nil {
		return moved, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if from.StoreKey, err = busKey(ctx, s, from); err != nil {
		return moved, err
	}
	here, err := bus.Open(ctx, from)
	if err != nil {
		return moved, fmt.Errorf("open the embedded bus: %w", err)
	}
	defer func() { err = errors.Join(err, here.Close(context.WithoutCancel(ctx))) }()
	there, err := bus.Open(ctx, to)
	if err != nil {
		return moved, fmt.Errorf("open the bus of the cluster: %w", err)
	}
	defer func() { err = errors.Join(err, there.Close(context.WithoutCancel(ctx))) }()
	return bus.Move(ctx, here, there)
}
