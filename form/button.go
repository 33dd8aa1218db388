package form

import (
	"context"

	"github.com/cleat-run/cleat/value"
)

// Button is a search button beside a field: a small form, an RPC, and a list of values
// to choose from.
type Button struct {
	Label  string
	URL    string // of the RPC that gives the values
	Form   *Form  // what the search asks the person for; nil when it asks for nothing
	remote string
}

// Button returns the search button of f, or nil.
func (f *Field) Button() *Button { return f.button }

// Asked returns the form of the search: when an RPC gives it, that RPC is asked with the
// values of the form around the button.
func (b *Button) Asked(ctx context.Context, outer *value.Collection, o Options) ([]*Shown, Problems) {
	if b.Form == nil {
		return nil, nil
	}
	return b.Form.Resolve(ctx, outer, o)
}

// Search runs the search: the RPC gets the values of the form around the button, and the
// answers of the small form over them (components.md 9).
func (b *Button) Search(ctx context.Context, answers, outer *value.Collection, o Options) ([]Option, error) {
	p := (&Form{}).pass(ctx, outer, o)
	if p.rpc == nil {
		return nil, errNoRPC
	}
	v, err := p.rpc.Call(ctx, Call{URL: b.URL, Parents: answers, Values: outer})
	if err != nil {
		return nil, err
	}
	return p.answered(&Field{options: &options{remote: b.URL, valueKey: "value", labelKey: "label"}}, v).list, nil
}
