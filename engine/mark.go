package engine

import "github.com/cleat-run/cleat/value"

// Mark is what response.trigger says about an item (communication.md 10.9). All of it is
// undefined for a communication without the directive.
type Mark struct{ Type, Order, ID, Date value.Value }

// Mark returns the mark of the bundle that was yielded last, for who polls.
func (r *Run) Mark() Mark { return r.mark }

// marks evaluates response.trigger over the item as it came.
func (r *Run) marks(req *request) error {
	if r.plan.Kind != Trigger {
		return nil
	}
	t := req.response.trigger
	for _, part := range []struct {
		d    *directive
		into *value.Value
	}{{t.kind, &r.mark.Type}, {t.order, &r.mark.Order}, {t.id, &r.mark.ID}, {t.date, &r.mark.Date}} {
		v, err := r.evaluate(req, part.d)
		if err != nil {
			return err
		}
		*part.into = v
	}
	return nil
}
