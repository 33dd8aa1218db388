package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// Order is the order in which a service returns the items of a polling trigger.
type Order string

// The orders. Unordered is also that of a trigger which does not say one.
const (
	Ascending  Order = "asc"
	Descending Order = "desc"
	Unordered  Order = "unordered"
)

// Watch is what response.trigger says about a polling trigger as a whole.
type Watch struct {
	ByDate bool // type date: items are told apart by date and id, otherwise by id alone
	Order  Order
}

// Item is an item of a polling trigger or of its epoch.
type Item struct {
	ID     string    // response.trigger.id
	Date   time.Time // response.trigger.date, to the millisecond; zero where there is none
	Output value.Value
}

// Page is what one answer to a polling trigger or its epoch gave.
type Page struct {
	Items []Item
	Limit int // response.limit as this answer has it; 0 when there is none
}

// Watch evaluates type and order of response.trigger without sending anything.
func (r *Run) Watch(ctx context.Context) (Watch, error) {
	w, err := r.evaluateWatch()
	if err != nil {
		return w, r.failed(ctx, err)
	}
	return w, nil
}

func (r *Run) evaluateWatch() (Watch, error) {
	w := Watch{Order: Unordered}
	if len(r.plan.requests) == 0 {
		return w, nil
	}
	req := r.plan.requests[len(r.plan.requests)-1]
	trigger := req.response.trigger
	kind, err := r.evaluate(req, trigger.kind)
	if err != nil {
		return w, err
	}
	order, err := r.evaluate(req, trigger.order)
	if err != nil {
		return w, err
	}
	if !order.IsNil() {
		w.Order = Order(order.ToText())
	}
	w.ByDate = kind.ToText() == "date"
	switch {
	case !w.ByDate && kind.ToText() != "id":
		return w, wrongWatch(req, trigger.kind, kindsInWords, kind)
	case !w.Order.known():
		return w, wrongWatch(req, trigger.order, ordersInWords, order)
	}
	return w, nil
}

const (
	kindsInWords  = `response.trigger.type must be "id" or "date"`
	ordersInWords = `response.trigger.order must be "asc", "desc" or "unordered"`
)

func (o Order) known() bool { return o == Ascending || o == Descending || o == Unordered }

func wrongWatch(req *request, d *directive, rule string, v value.Value) error {
	e := &Error{Type: InvalidConfigurationError, Message: rule + ", not '" + v.ToText() + "'", Step: req.step}
	if d != nil {
		e.Directive, e.Position = d.name, req.at[d.name]
	}
	return e
}

// Pages yields what each answer to the last request of a polling trigger or of its epoch
// gave, in the order of the service; an error comes last, as with [Run.Bundles]. The next
// page is requested when the consumer asks for it.
func (r *Run) Pages(ctx context.Context) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		r.handOut = func(p Page) bool { return yield(p, nil) }
		var err error
		if r.watch, err = r.evaluateWatch(); err == nil {
			err = r.run(ctx, &finish{run: r, yield: func(value.Value) bool { return true }})
		}
		if err == nil || errors.Is(err, errStop) {
			return
		}
		yield(Page{}, r.failed(ctx, err))
	}
}

// maxUnordered is the most items that a poll looks at when they come in no order
// (communication.md 11.4).
const maxUnordered = 5000

// mostItems returns how many items a poll looks at before it asks for no more pages.
func (r *Run) mostItems() int {
	if r.watch.Order == Unordered {
		return max(r.budget.maxRecords, maxUnordered)
	}
	return r.budget.maxRecords
}

// keyed reports whether the items of b are handed out by page, with what tells them apart.
func (r *Run) keyed(b *batch) bool {
	return r.handOut != nil && b.req == r.plan.requests[len(r.plan.requests)-1]
}

// give hands out the items of the page that was collected last, unless a wrapper is to see
// those of all pages first.
func (r *Run) give(b *batch) error {
	if !r.keyed(b) || b.req.response.wrapper != nil {
		return nil
	}
	return r.giveItems(b, b.items)
}

func (r *Run) giveItems(b *batch, items []Item) error {
	limit, err := r.limitOf(b.req)
	if err != nil {
		return err
	}
	b.items = nil
	if !r.handOut(Page{items, limit}) {
		return errStop
	}
	return nil
}

// giveWrapped hands out what response.wrapper lets through of the items of all pages. An
// item is known by what it is, not by its place: the wrapper may drop items and change
// their order, but what it makes anew has neither id nor date.
func (r *Run) giveWrapped(b *batch) error {
	outputs := make([]value.Value, len(b.items))
	known := make(map[*value.Collection]Item, len(b.items))
	for i, item := range b.items {
		outputs[i] = item.Output
		known[item.Output.Collection()] = item
	}
	wrapped, err := r.evaluateWrapper(b.req, value.List(outputs...))
	if err != nil {
		return err
	}
	list := wrapped.Array()
	if list == nil && wrapped.Truthy() {
		list = value.NewArray(wrapped)
	}
	var items []Item
	for _, v := range list.Items() {
		item, ok := known[v.Collection()]
		if !ok {
			return wrongItem(b.req, b.req.response.wrapper, "response.wrapper gives an item that is none of output: nothing tells whether it is new")
		}
		items = append(items, item)
	}
	return r.giveItems(b, items)
}

// identifyAll takes the output of a request without iterate: one item, or a list of them.
func (r *Run) identifyAll(b *batch, output value.Value) error {
	list := output.Array()
	if list == nil {
		list = value.NewArray(output)
	}
	for _, item := range list.Items() {
		r.scope.Set("item", item)
		if err := r.marks(b.req); err != nil {
			return err
		}
		if err := r.identify(b, item); err != nil {
			return err
		}
	}
	return nil
}

// identify keeps an output with the mark of its item, which was evaluated on the raw item
// (components.md 6).
func (r *Run) identify(b *batch, output value.Value) error {
	output, err := (&finish{run: r}).check(output)
	if err != nil || !output.Truthy() {
		return err
	}
	item := Item{Output: output}
	if item.ID, err = r.itemID(b.req); err != nil {
		return err
	}
	if item.Date, err = r.itemDate(b.req, item.ID); err != nil {
		return err
	}
	b.items = append(b.items, item)
	return nil
}

// maxItemID is the longest id of an item in bytes: every poll keeps some.
const maxItemID = 1 << 10

// itemID returns the id of the present item. An item of a trigger by date that does not
// say one is told apart by its content.
func (r *Run) itemID(req *request) (string, error) {
	d := req.response.trigger.id
	if d == nil && r.watch.ByDate {
		sum := sha256.Sum256(r.scope.Get("item").AppendJSON(nil))
		return hex.EncodeToString(sum[:16]), nil
	}
	v := r.mark.ID
	text := v.ToText()
	switch {
	case text == "", v.Array() != nil, v.Collection() != nil:
		return "", wrongItem(req, d, "an item has no id: response.trigger.id gave "+v.Kind().String())
	case len(text) > maxItemID:
		return "", wrongItem(req, d, fmt.Sprintf("the id of an item is longer than %d bytes", maxItemID))
	}
	return text, nil
}

// itemDate returns the date of the present item. Only a trigger by date insists on one.
func (r *Run) itemDate(req *request, id string) (time.Time, error) {
	date, ok := r.instant(r.mark.Date)
	if ok || !r.watch.ByDate {
		return date, nil
	}
	return date, wrongItem(req, req.response.trigger.date, fmt.Sprintf("the item %s has no date: response.trigger.date gave %s", id, inWords(r.mark.Date)))
}

// instant reads a date, milliseconds since 1970, or a text that is a date by itself.
func (r *Run) instant(v value.Value) (time.Time, bool) {
	var t time.Time
	switch {
	case v.Kind() == value.KindDate:
		t = v.AsTime()
	case v.Kind() == value.KindNumber && v.Float() > -maxMillis && v.Float() < maxMillis:
		t = time.UnixMilli(int64(v.Float()))
	case v.IsText():
		var ok bool
		if t, ok = iml.ParseDate(v.ToText(), iml.Zone(r.in.Timezone)); !ok {
			return t, false
		}
	default:
		return t, false
	}
	return time.UnixMilli(t.UnixMilli()).UTC(), true
}

// maxMillis bounds dates (ECMA-262 21.4.1.1).
const maxMillis = 8.64e15

func inWords(v value.Value) string {
	if v.IsText() {
		return "the text '" + v.ToText() + "'"
	}
	return v.Kind().String()
}

func wrongItem(req *request, d *directive, message string) error {
	e := &Error{Type: DataError, Message: message, Step: req.step}
	if d != nil {
		e.Directive, e.Position = d.name, req.at[d.name]
	}
	return e
}
