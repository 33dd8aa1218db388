package engine

import (
	"context"
	"fmt"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// Reception is what the code of a webhook makes of a request that came in.
type Reception struct {
	// Verified says that the request only asked whether somebody listens: nothing but
	// verification was looked at.
	Verified bool
	Reply    *Reply // nil when the app does not say how to answer
	Items    []Delivered
}

// Delivered is one bundle that the code of a webhook lets through.
type Delivered struct {
	Bundle value.Value
	UID    value.Value // of the account that it is for, of a shared webhook
}

// Deliver runs the code of a webhook over a request that came in, whose parts are roots
// of the input (see [ReadRequest]). Nothing is sent. The order is that of components.md
// 7.2: verification, condition, iterate with output and uid, respond.
func (r *Run) Deliver(ctx context.Context) (*Reception, error) {
	if len(r.plan.requests) == 0 {
		return &Reception{}, nil
	}
	verified, err := r.Verification(ctx)
	if err != nil || verified != nil {
		return &Reception{Verified: true, Reply: verified}, err
	}
	items, err := r.wantedItems(r.plan.requests[0])
	if err != nil {
		return nil, r.failed(ctx, err)
	}
	reply, err := r.Reply(ctx)
	return &Reception{Reply: reply, Items: items}, err
}

func (r *Run) wantedItems(req *request) ([]Delivered, error) {
	if err := r.mergeTemp(req, req.temp); err != nil {
		return nil, err
	}
	if wanted, err := r.isTrue(req, req.condition); err != nil || !wanted {
		return nil, err
	}
	return r.items(req)
}

// items evaluates iterate, output and uid. Without iterate the body is the only item.
func (r *Run) items(req *request) ([]Delivered, error) {
	defer r.scope.Delete("item")
	if req.response.iterate == nil {
		return r.delivered(req, nil, r.scope.Get("body"))
	}
	container, err := r.evaluate(req, req.response.iterate)
	if err != nil {
		return nil, err
	}
	list := container.Array()
	if list == nil && !container.IsNil() {
		d := req.response.iterate
		return nil, &Error{Type: DataError, Message: fmt.Sprintf("iterate needs an array, but found %s", container.Kind()),
			Step: req.step, Directive: d.name, Position: req.at[d.name]}
	}
	var all []Delivered
	for _, item := range list.Items() {
		r.scope.Set("item", item)
		keep, err := r.isTrue(req, req.response.keep)
		if err == nil && keep {
			all, err = r.delivered(req, all, item)
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// delivered adds the bundle of one item; null, false and undefined are no bundle.
func (r *Run) delivered(req *request, all []Delivered, item value.Value) ([]Delivered, error) {
	bundle := item
	if req.response.output != nil {
		v, err := r.evaluate(req, req.response.output)
		if err != nil {
			return nil, err
		}
		bundle = iml.Clean(v)
	}
	if bundle.IsNil() || bundle.Kind() == value.KindBool && !bundle.Truthy() {
		return all, nil
	}
	uid, err := r.evaluate(req, req.response.uid)
	return append(all, Delivered{bundle, uid}), err
}
