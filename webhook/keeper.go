package webhook

import (
	"context"
	"errors"
	"fmt"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// Keeper makes, changes and removes hooks. It is safe for concurrent use.
type Keeper struct {
	Engine *engine.Engine
	Store  Store
	// Lost hears that the service could not be told to forget a former address; nil means
	// that nobody listens.
	Lost func(error)
}

// Request is the wish for a hook.
type Request struct {
	Name       string
	Connection int64  // 0 for none
	UID        string // of the connection, for shared webhooks
	Parameters *value.Collection
	Sequential bool
}

// Create makes a hook that the service does not know yet.
func (k *Keeper) Create(ctx context.Context, t *Type, q Request) (*Record, error) {
	r := &Record{Name: q.Name, App: t.App, Root: t.Root, Type: t.ID, Connection: q.Connection, Token: NewToken(), UID: q.UID,
		Sequential: q.Sequential, Parameters: q.Parameters}
	return r, k.Store.InsertHook(ctx, r)
}

// Attach tells the service to send to address, where somebody should be listening by now:
// many services ask at once whether there is. A hook that the service knows under this
// address already is left alone; one that it knows under another is detached first, which
// may fail: whoever was killed must be able to start again.
func (k *Keeper) Attach(ctx context.Context, t *Type, r *Record, account engine.Input, address string) error {
	if t.attach == nil || r.Attached && r.Address == address {
		return nil
	}
	if err := k.Detach(ctx, t, r, account); err != nil && k.Lost != nil {
		k.Lost(err)
	}
	data, err := k.call(ctx, t, t.attach, r, account, address)
	if err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	changed := *r
	changed.Data, changed.Attached, changed.Address = data, true, address
	return k.keep(ctx, r, &changed)
}

// Detach tells the service to send no more. What attach stored is forgotten.
func (k *Keeper) Detach(ctx context.Context, t *Type, r *Record, account engine.Input) error {
	if !r.Attached {
		return nil
	}
	if t.detach != nil {
		if _, err := k.call(ctx, t, t.detach, r, account, r.Address); err != nil {
			return fmt.Errorf("detach: %w", err)
		}
	}
	changed := *r
	changed.Data, changed.Attached, changed.Address = value.NewCollection(0), false, ""
	return k.keep(ctx, r, &changed)
}

// Update changes the parameters of a hook and tells the service, with update where the
// app has it, else by detaching and attaching (components.md 7.3).
func (k *Keeper) Update(ctx context.Context, t *Type, r *Record, account engine.Input, parameters *value.Collection) error {
	address, attached := r.Address, r.Attached
	if attached && t.update == nil {
		if err := k.Detach(ctx, t, r, account); err != nil {
			return err
		}
	}
	changed := *r
	changed.Parameters = parameters
	if r.Attached {
		data, err := k.call(ctx, t, t.update, &changed, account, address)
		if err != nil {
			return fmt.Errorf("update: %w", err)
		}
		changed.Data = data
	}
	if err := k.keep(ctx, r, &changed); err != nil || !attached {
		return err
	}
	return k.Attach(ctx, t, r, account, address)
}

// Delete detaches and removes a hook with all that waits in its queue. With force it is
// removed even though the service could not be told; the error says so.
func (k *Keeper) Delete(ctx context.Context, t *Type, r *Record, account engine.Input, force bool) error {
	err := k.Detach(ctx, t, r, account)
	if err != nil && !force {
		return err
	}
	return errors.Join(err, k.Store.DeleteHook(ctx, r.ID))
}

// call runs attach, detach or update and returns the data of the hook with what the code
// stored merged over it.
func (k *Keeper) call(ctx context.Context, t *Type, plan *engine.Plan, r *Record, account engine.Input, address string) (*value.Collection, error) {
	run := k.Engine.Start(plan, t.input(r, account, address))
	if _, err := run.Value(ctx); err != nil {
		return nil, err
	}
	data := value.NewCollection(0)
	if r.Data != nil {
		data = r.Data
	}
	return iml.Merge(value.FromCollection(data), iml.Clean(run.State().Data)).Collection(), nil
}

// keep stores changed over r, and lets r be it.
func (k *Keeper) keep(ctx context.Context, r, changed *Record) error {
	// The service was told already: that must not be forgotten.
	if err := k.Store.UpdateHook(context.WithoutCancel(ctx), changed); err != nil {
		return err
	}
	*r = *changed
	return nil
}
