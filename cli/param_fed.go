package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/value"
)

// readFed reads the parameters whose fields only RPCs know, by the types that those give.
// What an RPC says may show further fields. When one of them fails nobody knows which
// names are wrong.
func (p *paramFlags) readFed(ctx context.Context, fields *form.Form, values *value.Collection, o form.Options) error {
	left := slices.DeleteFunc(slices.Clone(values.Names()), func(name string) bool { return fields.Field(name) != nil })
	for len(left) > 0 {
		shown, failed := fields.Resolve(ctx, values, o)
		var still []string
		for _, name := range left {
			field := shownField(shown, name)
			if field == nil {
				still = append(still, name)
			} else if err := p.readAgain(field, values); err != nil {
				return err
			}
		}
		if len(still) < len(left) {
			left = still
			continue
		}
		if len(failed) > 0 && fields.Open() {
			return ctx.Err()
		}
		return unknownParameter(still[0], shownNames(shown))
	}
	return nil
}

// readAgain reads what was typed for a field whose type was not known before.
func (p *paramFlags) readAgain(field *form.Field, values *value.Collection) error {
	typed := slices.ContainsFunc(p.list, func(pair string) bool { return strings.HasPrefix(pair, field.Name+"=") })
	if !typed {
		return nil
	}
	v, err := parseAs(field, values.Get(field.Name).ToText())
	if err != nil {
		return usagef("see the parameter's type in the app", "parameter %q: %v", field.Name, err)
	}
	values.Set(field.Name, v)
	return nil
}

func shownField(shown []*form.Shown, name string) *form.Field {
	for _, s := range shown {
		if s.Name == name && !s.Type.Display {
			return s.Field
		}
	}
	return nil
}

func shownNames(shown []*form.Shown) []string {
	var names []string
	for _, s := range shown {
		if s.Name != "" && !s.Type.Display {
			names = append(names, s.Name)
		}
	}
	return names
}
