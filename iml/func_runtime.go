package iml

import "github.com/cleat-run/cleat/value"

var runtimeFunctions = []Function{
	{Name: "parseJSON", Summary: "Reads a JSON text.", passes: true, Params: []Param{{Name: "text"}},
		Examples: []Example{{`parseJSON('{"a":[1,null]}')`, `{"a":[1,null]}`}}, call: parseJSONFunction},
	{Name: "createJSON", Summary: "Writes a value as compact JSON.", Params: []Param{{Name: "value"}},
		Examples: []Example{{"createJSON(split('a,b', ','))", `"[\"a\",\"b\"]"`}}, call: createJSONFunction},
}

func parseJSONFunction(env *Env, args []value.Value) (value.Value, error) {
	text := arg(args, 0).ToText()
	if err := env.Step(len(text) / 64); err != nil {
		return value.Undefined, err
	}
	return value.ParseJSON([]byte(text))
}

func createJSONFunction(env *Env, args []value.Value) (value.Value, error) {
	v := arg(args, 0)
	if v.IsUndefined() {
		return v, nil
	}
	text := v.AppendJSON(nil)
	return value.Text(string(text)), env.Produce(len(text))
}
