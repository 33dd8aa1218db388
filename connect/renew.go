package connect

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/cleat-run/cleat/value"
)

// renewalLease is how long one process may take to renew a connection: twice the timeout
// of a request (connections.md O2-43).
const renewalLease = 80 * time.Second

// soon is how near data.expires is when a refresh without a condition runs (O2-5).
const soon = time.Minute

// flights are the renewals under way in this process, by connection.
type flights struct {
	lock sync.Mutex
	open map[int64]*flight
}

// flight is one renewal, for which several callers may wait.
type flight struct {
	done   chan struct{}
	record *Record
	err    error
}

// Fresh returns the connection as it can be used now. It is renewed before when a
// condition of refresh or token says so (connections.md O2-40); then one owner renews it
// and all others, in other processes too, wait for what it gets. Fresh gives up with ctx,
// the renewal goes on. When the provider refuses it is marked as broken, and the error is
// an [*engine.Error] of type InvalidAccessTokenError. retries is how often a lost request
// is repeated.
func (c *Connector) Fresh(ctx context.Context, t *Type, record *Record, retries int) (*Record, error) {
	if section, err := c.due(ctx, t, record); section == "" || err != nil {
		return record, err
	}
	return c.renewed(ctx, &renewal{c: c, t: t, record: record, retries: retries})
}

// Renew is Fresh for a connection that a service has refused although it seemed good: no
// condition is asked (CN-25). Nothing is done when the stored connection is newer than
// record already.
func (c *Connector) Renew(ctx context.Context, t *Type, record *Record, retries int) (*Record, error) {
	if !t.CanRenew() {
		return nil, &Error{Reason: Configuration, Message: fmt.Sprintf("connections of type %q cannot be renewed without a person", t.ID)}
	}
	return c.renewed(ctx, &renewal{c: c, t: t, record: record, retries: retries, refused: true})
}

// renewals are the directives that renew a connection in use: refresh, and a token that
// needs no person (O2-5, O2-6).
func (t *Type) renewals() []string {
	var sections []string
	if t.plans[refresh] != nil {
		sections = append(sections, refresh)
	}
	if plan := t.plans[token]; plan != nil && plan.Conditional() && t.plans[authorize] == nil {
		sections = append(sections, token)
	}
	return sections
}

// CanRenew reports whether connections of the type can be renewed without a person.
func (t *Type) CanRenew() bool { return len(t.renewals()) > 0 }

// due returns the directive that has to run before the connection is used, "" for none.
func (c *Connector) due(ctx context.Context, t *Type, record *Record) (string, error) {
	for _, section := range t.renewals() {
		plan := t.plans[section]
		if !plan.Conditional() {
			if expires := record.Data.Get("expires"); expires.Kind() == value.KindDate && expires.AsTime().Before(c.now().Add(skew(record.Data)+soon)) {
				return section, nil
			}
			continue
		}
		wanted, err := c.Engine.Start(plan, c.walk(t, record).input()).Wanted(ctx)
		if err != nil {
			return "", err
		}
		if wanted {
			return section, nil
		}
	}
	return "", nil
}

// renewed waits for the flight of a connection, and begins one when there is none. The
// flight does not end with the caller.
func (c *Connector) renewed(ctx context.Context, r *renewal) (*Record, error) {
	id := r.record.ID
	c.flights.lock.Lock()
	f := c.flights.open[id]
	if f == nil {
		f = &flight{done: make(chan struct{})}
		if c.flights.open == nil {
			c.flights.open = map[int64]*flight{}
		}
		c.flights.open[id] = f
		go func() {
			bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewalLease)
			defer cancel()
			bounded, end := c.Engine.Begin(bounded, "renewal", strconv.FormatInt(id, 10))
			f.record, f.err = r.run(bounded)
			end(f.err)
			c.flights.lock.Lock()
			delete(c.flights.open, id)
			c.flights.lock.Unlock()
			close(f.done)
		}()
	}
	c.flights.lock.Unlock()
	select {
	case <-f.done:
		return f.record, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
