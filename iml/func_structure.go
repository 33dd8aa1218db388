package iml

import "github.com/cleat-run/cleat/value"

func toDataStructureFunction(env *Env, args []value.Value) (value.Value, error) {
	sample, kind := arg(args, 0), textArg(args, 1, "json")
	if kind != "json" && kind != "xml" {
		return value.Undefined, &argumentError{index: 1, value: arg(args, 1), what: "type of data", hint: "types are json and xml"}
	}
	if sample.IsText() {
		read := parseJSONFunction
		if kind == "xml" {
			read = parseXMLFunction
		}
		var err error
		if sample, err = read(env, args[:1]); err != nil {
			return value.Undefined, err
		}
	}
	if first := sample.Array().At(0); !first.IsUndefined() {
		sample = first
	}
	return fieldsOf(env, sample)
}

// fieldsOf describes the members of a collection; anything else has no fields.
func fieldsOf(env *Env, sample value.Value) (value.Value, error) {
	if err := env.Elements(sample.Collection().Len()); err != nil {
		return value.Undefined, err
	}
	fields := value.NewArray()
	for name, member := range sample.Collection().All() {
		field := value.NewCollection(3)
		field.Set("name", value.Text(name))
		if err := describe(env, field, member); err != nil {
			return value.Undefined, err
		}
		fields.Append(value.FromCollection(field))
	}
	return value.FromArray(fields), nil
}

// describe sets type and spec of a field: the fields of a collection, or the type of the
// first element of an array.
func describe(env *Env, field *value.Collection, sample value.Value) error {
	field.Set("type", value.Text(fieldType(sample)))
	if first := sample.Array().At(0); !first.IsUndefined() && first.Collection() == nil {
		element := value.NewCollection(2)
		err := describe(env, element, first)
		field.Set("spec", value.FromCollection(element))
		return err
	} else if first.Collection() != nil {
		sample = first
	}
	if sample.Collection() == nil {
		return nil
	}
	fields, err := fieldsOf(env, sample)
	field.Set("spec", fields)
	return err
}

func fieldType(sample value.Value) string {
	switch k := sample.Kind(); k {
	case value.KindBool, value.KindNumber, value.KindDate, value.KindBuffer, value.KindArray, value.KindCollection:
		return k.String()
	}
	return "text"
}
