package connect

import (
	"context"
	"errors"
	"time"

	"github.com/cleat-run/cleat/engine"
)

// Health is how long a connection still works.
type Health string

// The states of health. The last two need the person.
const (
	Well     Health = "ok"
	Renewed  Health = "renewed"  // without a person, just now
	Failed   Health = "failed"   // it could not be renewed now; later it may
	Expiring Health = "expiring" // it ends soon and only a person can make it last
	Broken   Health = "broken"   // the person has to authorize it again
)

// NeedsPerson reports whether the person has to authorize the connection again.
func (h Health) NeedsPerson() bool { return h == Expiring || h == Broken }

// Check renews a connection that has to be renewed, or that ends within the given time and
// can be renewed without a person, and tells how it is then (connections.md O2-45). It asks
// the service nothing else; see [Connector.Test]. err says why it is Failed or Broken.
func (c *Connector) Check(ctx context.Context, t *Type, record *Record, within time.Duration) (h Health, after *Record, err error) {
	if record.Broken != "" {
		return Broken, record, errors.New(record.Broken)
	}
	ends := func(r *Record) bool { return !r.Expires.IsZero() && r.Expires.Before(c.now().Add(within)) }
	if ends(record) && t.CanRenew() {
		after, err = c.Renew(ctx, t, record, 0)
	} else {
		after, err = c.Fresh(ctx, t, record, 0)
	}
	var refused *engine.Error
	switch {
	case errors.As(err, &refused) && refused.Type == engine.InvalidAccessTokenError:
		return Broken, record, err
	case err != nil:
		return Failed, record, err
	case !after.Expires.IsZero() && !after.Expires.After(c.now()):
		return Broken, after, errors.New("expired")
	case ends(after):
		return Expiring, after, nil
	case after.Version != record.Version:
		return Renewed, after, nil
	}
	return Well, after, nil
}
