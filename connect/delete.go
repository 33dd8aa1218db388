package connect

import (
	"context"
	"time"
)

// invalidateTimeout is how long a provider may take to forget a connection
// (connections.md CN-24).
const invalidateTimeout = 10 * time.Second

// Delete asks the provider to forget a connection, where the app says how, and removes it
// with its secrets. It is removed whatever the provider says: refused is its answer. With
// a nil type nobody is asked.
func (c *Connector) Delete(ctx context.Context, t *Type, record *Record) (refused, err error) {
	if t != nil && record.Data != nil {
		bounded, cancel := context.WithTimeout(ctx, invalidateTimeout)
		defer cancel()
		refused = c.walk(t, record).leg(bounded, invalidate)
	}
	return refused, c.Store.DeleteConnection(ctx, record.ID)
}
