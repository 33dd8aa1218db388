package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

func isParameters(file value.Value) bool {
	return has(file, []string{"cases"}, []string{"jsonSchema"})
}

func parameterCases(file value.Value, _ []byte) ([]vector, error) {
	validation := each(file.Member("cases"), func(c value.Value) vector {
		run := func() error { return fmt.Errorf("unknown mode %q", c.Member("mode").Str()) }
		switch c.Member("mode").Str() {
		case "design":
			run = func() error { return runDesign(c) }
		case "runtime":
			run = func() error { return runRuntime(c) }
		}
		return vector{c.Member("id").Str(), c.Member("mode").Str(), run}
	})
	schema := each(file.Member("jsonSchema"), func(c value.Value) vector {
		return vector{c.Member("id").Str(), "jsonSchema", func() error { return runFormSchema(c) }}
	})
	return append(validation, schema...), nil
}

// formOf compiles the form of a case; what is wrong with it is not of interest.
func formOf(c value.Value) *form.Form {
	f, _ := form.Parse(source.NewFile(c.Member("id").Str(), c.Member("spec").AppendJSON(nil)))
	return f
}

func runDesign(c value.Value) error {
	rpc := &scriptedRPC{answers: c.Member("rpc")}
	options := c.Member("options")
	report := formOf(c).Check(context.Background(), c.Member("values").Collection(), form.Options{
		RPC: rpc, Strict: options.Member("strict").Truthy(), Expressions: options.Member("allowDynamicValues").Truthy()})
	if want := c.Member("rpcCalls"); !want.IsUndefined() {
		if err := differ(value.List(rpc.calls...), want); err != nil {
			return fmt.Errorf("calls of RPCs: %w", err)
		}
	}
	if err := sameProblems("errors", report.Problems, c.Member("errors"), form.Path.Dotted); err != nil {
		return err
	}
	return sameProblems("warnings", report.Warnings, c.Member("warnings"), form.Path.Dotted)
}

func runRuntime(c value.Value) error {
	values, err := decodeParameters(c.Member("values"))
	if err != nil {
		return err
	}
	o := form.Options{RPC: &scriptedRPC{answers: c.Member("rpc")}, Timezone: c.Member("timezone").Str(),
		Platform: int(c.Member("platform").Float()), Erase: c.Member("crud").Str() == "update" || c.Member("crud").Str() == "universal"}
	if now := c.Member("now"); !now.IsUndefined() {
		at, err := time.Parse(time.RFC3339Nano, now.Str())
		if err != nil {
			return err
		}
		o.Now = func() time.Time { return at }
	}
	made, report := formOf(c).Convert(context.Background(), values.Collection(), o)
	if err := sameProblems("errors", report.Problems, c.Member("errors"), form.Path.String); err != nil {
		return err
	}
	want, ok := c.Collection().Lookup("want")
	if !ok {
		if c.Member("errors").IsUndefined() {
			return errors.New("the vector has neither want nor errors")
		}
		return nil
	}
	if want, err = decodeParameters(want); err != nil {
		return err
	}
	return differ(stored(value.FromCollection(made)), stored(want))
}

// stored writes dates and forced empty texts as they look in JSON.
func stored(v value.Value) value.Value {
	switch v.Kind() {
	case value.KindDate, value.KindEmptyString:
		return value.Text(v.ToText())
	case value.KindArray:
		list := value.NewArray()
		for _, item := range v.Array().Items() {
			list.Append(stored(item))
		}
		return value.FromArray(list)
	case value.KindCollection:
		c := value.NewCollection(v.Collection().Len())
		for name, member := range v.Collection().All() {
			c.Set(name, stored(member))
		}
		return value.FromCollection(c)
	}
	return v
}

func runFormSchema(c value.Value) error {
	exclude := c.Member("options").Member("excludeAdvancedFields").Truthy()
	return differ(formOf(c).Forman(form.FormanOptions{ExcludeAdvanced: exclude}), c.Member("want"))
}

// sameProblems compares codes and paths, in any order: the official validator reports
// nested fields before the one that shows them.
func sameProblems(what string, got form.Problems, want value.Value, path func(form.Path) string) error {
	var gotten, wanted []string
	for _, p := range got {
		gotten = append(gotten, fmt.Sprintf("%s at %q", p.Code, path(p.Path)))
	}
	for _, w := range want.Array().Items() {
		wanted = append(wanted, fmt.Sprintf("%s at %q", w.Member("code").Str(), w.Member("path").Str()))
	}
	slices.Sort(gotten)
	slices.Sort(wanted)
	if g, w := strings.Join(gotten, ", "), strings.Join(wanted, ", "); g != w {
		return fmt.Errorf("%s are [%s], want [%s]", what, g, w)
	}
	return nil
}

// decodeParameters turns tagged values into what they stand for, those of [decode] and:
// {"$buffer", codepage}, {"$erase":true}, {"$iml":v}, {"$array":[]}.
func decodeParameters(v value.Value) (value.Value, error) {
	c := v.Collection()
	if c == nil {
		return v, nil
	}
	made := value.NewCollection(c.Len())
	for name, member := range c.All() {
		decoded, err := decodeParameter(member)
		if err != nil {
			return v, err
		}
		made.Set(name, decoded)
	}
	return value.FromCollection(made), nil
}

func decodeParameter(v value.Value) (value.Value, error) {
	switch {
	case v.Member("$erase").Truthy():
		return value.Erase, nil
	case v.Member("$array").Array() != nil:
		return form.EmptyArray(), nil
	case v.Collection() != nil && !v.Member("$iml").IsUndefined():
		if made := v.Member("$iml"); made.Kind() != value.KindText || made.Str() != "" {
			return made, nil
		}
		return value.EmptyString, nil
	case !v.Member("codepage").IsUndefined() && !v.Member("$buffer").IsUndefined():
		decoded, _, err := decodeTagged("$buffer", v.Member("$buffer"))
		return value.Encoded(decoded.Bytes(), v.Member("codepage").Str()), err
	case v.Collection().Len() > 0 && !strings.HasPrefix(v.Collection().Names()[0], "$"):
		return decodeParameters(v)
	case v.Array() != nil:
		list := value.NewArray()
		for _, item := range v.Array().Items() {
			decoded, err := decodeParameter(item)
			if err != nil {
				return v, err
			}
			list.Append(decoded)
		}
		return value.FromArray(list), nil
	}
	return decode(v)
}

// scriptedRPC answers from a vector and notes what it is asked.
type scriptedRPC struct {
	answers value.Value
	calls   []value.Value
}

// Call answers by the URL, and by a value of the data when the vector says so.
func (s *scriptedRPC) Call(_ context.Context, c form.Call) (value.Value, error) {
	s.calls = append(s.calls, value.Object("url", value.Text(c.URL), "data", value.FromCollection(c.Parents)))
	answer, ok := s.answers.Collection().Lookup(c.URL)
	if by := answer.Member("$byData"); by.Collection() != nil {
		answer, ok = by.Collection().Lookup(c.Parents.Get(answer.Member("key").Str()).ToText())
	}
	if !ok {
		return value.Undefined, errors.New("there is no such RPC")
	}
	return answer, nil
}
