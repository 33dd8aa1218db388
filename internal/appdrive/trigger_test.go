package appdrive

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/value"
)

// arrived is how many items the service of a polling trigger has.
const arrived = 3

// trigger polls a polling trigger from the beginning until nothing is left: each item comes
// once. Its epoch lists the same items, and a poll that begins now gives none of them.
func (d *driver) trigger(t *testing.T, p *problems, m *app.Module) {
	c, err := d.app.Trigger(m.ID)
	if err != nil {
		p.note("%v", err)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	record := connection(ctx, t, d.app, c)
	parameters := d.parameters(ctx, t, p, c, record)
	sample := d.sampleOf(t, m)
	w := &watch{driver: d, stub: d.stub(m.API, sample, arrived, parameters), component: c,
		in: cleat.Input{Connection: record, Parameters: parameters}}
	w.runtime = d.runtime(t, w.stub)

	all := w.poll(ctx, t, p, m.ID, poll.Start{Choice: poll.All})
	if len(p.list) == 0 && len(all) != arrived {
		p.note("%d items from all, where the service has %d", len(all), arrived)
	}
	for _, bundle := range all {
		differs(t, sample, bundle)
	}
	if again := w.poll(ctx, t, p, m.ID, poll.Start{}); len(again) != 0 {
		p.note("%d items came again", len(again))
	}
	if m.Epoch.Root().Value().Collection().Len() > 0 {
		w.epoch(ctx, t, p, m)
	}
	p.list = append(p.list, w.stub.bad...)
}

// watch is a polling trigger and its service.
type watch struct {
	*driver
	stub      *stub
	component *cleat.Component
	runtime   *cleat.Runtime
	in        cleat.Input
}

// poll polls until nothing is left, or something fails.
func (w *watch) poll(ctx context.Context, t *testing.T, p *problems, id string, from poll.Start) []value.Value {
	var all []value.Value
	for range arrived + 1 {
		w.stub.again()
		out, err := w.runtime.Poll(ctx, w.component, cleat.Poll{Input: w.in, ID: id, From: from}, func(bundle value.Value) error {
			if bundle.Collection() == nil {
				p.note("a bundle is no collection: %s", bundle.AppendJSON(nil))
			}
			all = append(all, bundle)
			return nil
		})
		if err != nil {
			p.failure(t, err)
			return all
		}
		if out.Left == 0 {
			return all
		}
	}
	p.note("the trigger does not come to an end")
	return all
}

// epoch lists the items to begin with and begins with the newest.
func (w *watch) epoch(ctx context.Context, t *testing.T, p *problems, m *app.Module) {
	w.stub.again()
	list, err := w.runtime.StartChoices(ctx, w.component, w.in)
	if err != nil {
		p.failure(t, err)
		return
	}
	most := arrived
	if limit := int(w.in.Parameters.Get("limit").Float()); limit > 0 {
		most = min(most, limit) // an epoch without a limit of its own has that of the trigger
	}
	if len(list) < most {
		p.note("the epoch lists %d items, where the service has %d", len(list), arrived)
		return
	}
	for _, c := range list {
		if strings.TrimSpace(c.Label) == "" {
			p.note("the epoch gives the item %s no label", c.ID)
		}
	}
	newest := poll.Start{Choice: poll.Item, ID: list[len(list)-1].ID}
	if got := w.poll(ctx, t, p, m.ID+" chosen", newest); len(got) != 1 {
		p.note("%d items from the newest, which is to come", len(got))
	}
	if got := w.poll(ctx, t, p, m.ID+" now", poll.Start{Choice: poll.Now}); len(got) != 0 {
		p.note("%d items from now on, where all are old", len(got))
	}
}
