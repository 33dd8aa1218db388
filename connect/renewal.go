package connect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// renewal is the renewal of one connection by one owner.
type renewal struct {
	c       *Connector
	t       *Type
	record  *Record
	retries int
	refused bool // a service refused it; conditions are not asked
	claim   Renewal
}

// run claims, looks again, renews and stores (O2-41, O2-42).
func (r *renewal) run(ctx context.Context) (*Record, error) {
	for {
		if err := r.take(ctx); err != nil {
			return nil, err
		}
		if r.claim.Answer == nil {
			return r.held(ctx)
		}
		// An owner ended between the answer and the store: its answer counts.
		if _, err := r.store(ctx); err != nil {
			return nil, err
		}
	}
}

// poll is how often the claim of another process is tried.
const poll = 50 * time.Millisecond

// take waits until the renewal is ours.
func (r *renewal) take(ctx context.Context) error {
	r.claim = Renewal{ConnID: r.record.ID, Owner: NewSecret()}
	for {
		now := r.c.now()
		r.claim.Until = now.Add(renewalLease)
		err := r.c.Store.ClaimRenewal(ctx, &r.claim, now)
		if !errors.Is(err, ErrClaimed) {
			return err
		}
		timer := time.NewTimer(poll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return &engine.Error{Type: engine.ConnectionError, Message: "another process is renewing this connection and does not end", Cause: ctx.Err()}
		}
	}
}

// held does the work of the owner. What was stored in the meantime counts.
func (r *renewal) held(ctx context.Context) (*Record, error) {
	before := r.record.Version
	current, err := r.current(ctx)
	if err != nil {
		return nil, r.end(ctx, err)
	}
	if current.Broken != "" && current.Version != before {
		return nil, r.end(ctx, needsPerson(current)) // another owner was refused: the refresh token is no longer good
	}
	r.record = current
	section := r.t.renewals()[0]
	if r.refused {
		if current.Version != before {
			return current, r.end(ctx, nil)
		}
	} else if section, err = r.c.due(ctx, r.t, current); section == "" || err != nil {
		return current, r.end(ctx, err)
	}
	if r.claim.Answer, err = r.ask(ctx, section); err != nil {
		return r.fail(ctx, err)
	}
	r.claim.Version = current.Version
	err = r.patiently(ctx, func(ctx context.Context) error { return r.c.Store.JournalRenewal(ctx, &r.claim) })
	if err != nil {
		return nil, err
	}
	return r.store(ctx)
}

// storePause is between two tries to reach the store.
const storePause = 200 * time.Millisecond

// patiently repeats what the store does not do because it cannot be reached, or is full: a
// refresh token that is good once is lost with the answer to it, and nobody else gets the
// right to renew before its time is up. It gives up when that is so.
func (r *renewal) patiently(ctx context.Context, do func(context.Context) error) error {
	for {
		err := do(context.WithoutCancel(ctx)) // what has begun must not get lost half way
		if err == nil || errors.Is(err, ErrClaimed) || errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(storePause):
		}
	}
}

// end gives the right back, even when the time is up, and returns err.
func (r *renewal) end(ctx context.Context, err error) error {
	ended := r.patiently(ctx, func(ctx context.Context) error { return r.c.Store.EndRenewal(ctx, &r.claim, nil) })
	if err == nil {
		return ended
	}
	return err
}

// ask makes the request and returns what it changes: each name of data with its value
// before and after, and when the person has to authorize again.
func (r *renewal) ask(ctx context.Context, section string) (*value.Collection, error) {
	s := r.c.walk(r.t, r.record)
	s.retries, s.force = r.retries, r.refused
	if err := s.leg(ctx, section); err != nil {
		return nil, err
	}
	if s.storesNothing() {
		return nil, s.holdsNothing(section)
	}
	if old := r.record.Data.Get("expires"); !old.IsNil() && sameJSON(old, s.data.Get("expires")) {
		s.data.Set("expires", value.Undefined) // the new token does not say when it ends (O2-25)
	}
	changes := value.NewCollection(4)
	for name, after := range s.data.All() {
		if before := r.record.Data.Get(name); !sameJSON(before, after) {
			changes.Set(name, value.List(before, after))
		}
	}
	answer := value.Object("data", value.FromCollection(changes))
	if s.expires.Kind() == value.KindDate {
		answer.Collection().Set("expires", s.expires)
	}
	return answer.Collection(), nil
}

// store merges the answer into the connection, the journal of which ends in the same
// step. A value that somebody else has changed meanwhile, such as a new authorization,
// stays.
func (r *renewal) store(ctx context.Context) (*Record, error) {
	for {
		current, err := r.current(ctx)
		if err != nil {
			return nil, err
		}
		changed := *current
		changed.Data = current.Data.Clone()
		for name, values := range r.claim.Answer.Get("data").Collection().All() {
			before, after := values.Array().At(0), values.Array().At(1)
			switch {
			case !sameJSON(changed.Data.Get(name), before):
			case after.IsUndefined():
				changed.Data.Delete(name)
			default:
				changed.Data.Set(name, after)
			}
		}
		if expires := r.claim.Answer.Get("expires"); expires.Kind() == value.KindDate {
			changed.Expires = expires.AsTime()
		}
		changed.Broken = ""
		err = r.patiently(ctx, func(ctx context.Context) error { return r.c.Store.EndRenewal(ctx, &r.claim, &changed) })
		if !errors.Is(err, ErrConflict) {
			return &changed, err
		}
	}
}

// current is the connection as it is stored.
func (r *renewal) current(ctx context.Context) (current *Record, err error) {
	err = r.patiently(ctx, func(ctx context.Context) error {
		current, err = r.c.Store.Connection(ctx, r.record.ID)
		return err
	})
	return current, err
}

// fail ends a renewal that the provider refused or did not answer. Only a refusal marks
// the connection (O2-44).
func (r *renewal) fail(ctx context.Context, failure error) (*Record, error) {
	var e *engine.Error
	if !errors.As(failure, &e) || !refusesGrant(e) {
		return nil, r.end(ctx, failure)
	}
	broken := *r.record
	broken.Broken = e.Message
	err := r.patiently(ctx, func(ctx context.Context) error { return r.c.Store.EndRenewal(ctx, &r.claim, &broken) })
	if errors.Is(err, ErrConflict) {
		if err = r.end(ctx, nil); err == nil {
			return r.c.Store.Connection(ctx, r.record.ID) // authorized anew in the meantime
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, &engine.Error{Type: engine.InvalidAccessTokenError, Message: fmt.Sprintf("connection %q has to be authorized again: %s", r.record.Name, e.Message),
		StatusCode: e.StatusCode, Step: e.Step, Directive: e.Directive, Position: e.Position, Data: e.Data, Cause: e}
}

// needsPerson is the failure of a connection that has to be authorized again.
func needsPerson(r *Record) error {
	return &engine.Error{Type: engine.InvalidAccessTokenError, Message: fmt.Sprintf("connection %q has to be authorized again: %s", r.Name, r.Broken)}
}

// refusesGrant reports whether an answer means that the refresh token or the credentials
// are no longer good (RFC 6749 5.2).
func refusesGrant(e *engine.Error) bool {
	return e.Type == engine.InvalidAccessTokenError || e.StatusCode == http.StatusBadRequest || e.StatusCode == http.StatusUnauthorized ||
		e.Data.Member("error").ToText() == "invalid_grant"
}
