package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
)

// The key of the embedded bus lies among the records as the details of a link, sealed as
// all of them are. No link that somebody opens leads to it: theirs are called by the hash
// of a secret, and this is none.
const (
	busKeyName    = "key of the embedded bus"
	purposeBusKey = "bus-key"
	busKeyAge     = 100 * 365 * 24 * time.Hour
)

// busKey returns the key of the embedded bus and makes it on the first start (work.md 12:
// deliveries hold personal data, and dead ones stay there for a month). A cluster keeps its
// files by itself, and a store that was begun without a key goes on without one.
func busKey(ctx context.Context, records *store.Store, o bus.Options) ([]byte, error) {
	if len(o.Servers) > 0 || o.StoreKey != nil {
		return o.StoreKey, nil
	}
	link, err := records.Link(ctx, busKeyName)
	if err == nil {
		return link.Details, nil
	}
	if !errors.Is(err, record.ErrNotFound) {
		return nil, fmt.Errorf("the key of the bus: %w", err)
	}
	if _, err := os.Stat(filepath.Join(o.Dir, "jetstream")); err == nil {
		return nil, nil
	}
	key := make([]byte, 32)
	rand.Read(key)
	now := time.Now()
	err = records.InsertLink(ctx, &record.Link{Hash: busKeyName, Purpose: purposeBusKey, Team: 1, Details: key, Created: now, Expires: now.Add(busKeyAge)})
	if err != nil {
		return nil, fmt.Errorf("the key of the bus: %w", err)
	}
	return key, nil
}
