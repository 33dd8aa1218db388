package form

import (
	"context"
	"errors"

	"github.com/cleat-run/cleat/value"
)

var errNoRPC = errors.New("there is nothing that runs RPCs")

// Sample returns the sample of an interface: the object of the section, or what the RPC
// gives that it names. A list stands for its first item. It is undefined when there is no
// sample.
func Sample(ctx context.Context, s Section, values *value.Collection, o Options) (value.Value, error) {
	url, remote := s.Root.Str()
	if !remote {
		return s.Root.Value(), nil
	}
	if err := checkURL(url); err != nil {
		return value.Undefined, err
	}
	if o.RPC == nil {
		return value.Undefined, errNoRPC
	}
	v, err := o.RPC.Call(ctx, Call{URL: url, Values: values})
	if list := v.Array(); list != nil {
		v = list.At(0)
	}
	return v, err
}
