package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/cleat-run/cleat/value"
)

// Record is a hook that a person has made: an instance of a webhook of an app. Token,
// Address, Parameters, TriggerParameters, Data and UID are secret.
type Record struct {
	ID         int64
	Name       string // unique in a store
	App        string // name of the app
	Root       string // folder or archive of the app when the hook was made, "" when it has none
	Type       string // id of the webhook in the app
	Connection int64  // id of the connection that it was made with, 0 for none
	Token      string // the part of its address that nobody can guess
	Address    string // under which the service knows it; "" unless Attached
	Attached   bool   // the service was told to send and has not been told to stop
	Disabled   bool   // what comes in is refused
	Sequential bool   // bundles are worked on one after the other
	UID        string // of the account at the service, for shared webhooks
	Parameters *value.Collection
	// Trigger is the id of the instant trigger that makes bundles of what comes in, "" for
	// none; TriggerParameters are the answers of its form, nil without one.
	Trigger           string
	TriggerParameters *value.Collection
	Destination       string            // id of the record.Destination of its bundles, "" for the event log only
	Data              *value.Collection // what attach and update stored
	Version           int64             // grows by one with each change; the guard of compare-and-set
	Created           time.Time
	Updated           time.Time
}

// Known is what the codes of the webhook see as parameters, data and webhook: the answers
// of the form, and over them what attach stored (components.md 7.3).
func (r *Record) Known() *value.Collection {
	all := value.NewCollection(r.Parameters.Len() + r.Data.Len())
	for name, v := range r.Parameters.All() {
		all.Set(name, v)
	}
	for name, v := range r.Data.All() {
		all.Set(name, v)
	}
	return all
}

// Delivery is what one request gave one hook. Bundles are secret.
type Delivery struct {
	ID       string // random, made by [NewID]
	Hook     int64
	Received time.Time
	Bundles  []value.Value
}

// Backlog is what waits in the queue of a hook.
type Backlog struct {
	Deliveries int64
	Bytes      int64 // of the bundles, as stored
}

// Errors of a [Store].
var (
	// ErrNotFound means that there is no such hook.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that the hook has changed since it was read.
	ErrConflict = errors.New("changed by another process in the meantime")
	// ErrNameTaken means that another hook has this name.
	ErrNameTaken = errors.New("a hook with this name exists")
	// ErrTooBig means that the bundles of a delivery are more than the queue can hold.
	ErrTooBig = errors.New("the bundles of one request are too large")
)

// Store keeps hooks and the queue of what they were sent. Each method is atomic and
// durable when it returns: after a crash a record is as it was before or after, and a
// delivery is there or not.
type Store interface {
	// Hook returns the hook with the given id, or ErrNotFound.
	Hook(ctx context.Context, id int64) (*Record, error)
	// HookNamed returns the hook with the given name, or ErrNotFound.
	HookNamed(ctx context.Context, name string) (*Record, error)
	// HooksWithUID returns the ids, ascending, of the hooks of an app's webhook that are
	// for the account uid. An empty uid has none.
	HooksWithUID(ctx context.Context, app, typ, uid string) ([]int64, error)
	// InsertHook stores a new hook and sets its ID, Version, Created and Updated.
	// ErrNameTaken when the name is in use.
	InsertHook(ctx context.Context, r *Record) error
	// UpdateHook stores r when the stored version equals r.Version and then raises
	// r.Version; otherwise ErrConflict. ErrNotFound when it was deleted.
	UpdateHook(ctx context.Context, r *Record) error
	// DeleteHook removes a hook with its secrets and its queue, or returns ErrNotFound.
	DeleteHook(ctx context.Context, id int64) error

	// Append puts deliveries at the end of the queues of their hooks, all or none.
	// ErrNotFound when a hook does not exist, ErrTooBig when one does not fit.
	Append(ctx context.Context, deliveries ...*Delivery) error
	// Next returns up to n deliveries of a hook, the oldest first. They stay in the
	// queue until they are done.
	Next(ctx context.Context, hook int64, n int) ([]*Delivery, error)
	// Done removes deliveries; those that are not there do not matter.
	Done(ctx context.Context, ids ...string) error
	// Backlog returns what waits in the queue of a hook.
	Backlog(ctx context.Context, hook int64) (Backlog, error)
}
