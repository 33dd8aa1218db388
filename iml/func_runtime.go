package iml

import (
	"slices"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// runtimeFunctions are those that apps have beside the functions of scenarios.
var runtimeFunctions = []Function{
	{Name: "parseJSON", Summary: "Reads a JSON text.", passes: true, Params: []Param{{Name: "text"}},
		Examples: []Example{{`parseJSON('{"a":[1,null]}')`, `{"a":[1,null]}`}}, Call: parseJSONFunction},
	{Name: "createJSON", Summary: "Writes a value as compact JSON.", Params: []Param{{Name: "value"}},
		Examples: []Example{{"createJSON(split('a,b', ','))", `"[\"a\",\"b\"]"`}}, Call: createJSONFunction},
	{Name: "parseXML", Summary: "Reads an XML text: attributes become the member $, text beside them the member _, children arrays.", passes: true,
		Params: []Param{{Name: "text"}}, gives: value.KindCollection,
		Examples: []Example{{`parseXML('<a x="1">t</a>')`, `{"a":{"_":"t","$":{"x":"1"}}}`}, {"parseXML('<a><b>1</b><b>2</b></a>')", `{"a":{"b":["1","2"]}}`}}, Call: parseXMLFunction},
	{Name: "createXML", Summary: "Writes a collection as XML, as parseXML reads it.", passes: true, Params: []Param{{Name: "value"}},
		Examples: []Example{{`createXML(parseJSON('{"a":{"$":{"x":"1"},"b":["<",2]}}'))`, `"<a x=\"1\"><b>&lt;</b><b>2</b></a>"`}}, Call: createXMLFunction},
	{Name: "toDataStructure", Summary: "Gives the fields that describe a sample, which is a value or a text in JSON or XML.", passes: true,
		Params:   []Param{{Name: "data"}, {Name: "type", Optional: true}},
		Examples: []Example{{`toDataStructure('{"id":1,"tags":["a"]}')`, `[{"name":"id","type":"number"},{"name":"tags","type":"array","spec":{"type":"text"}}]`}}, Call: toDataStructureFunction},
	{Name: "isArray", Summary: "Reports whether a value is an array.", Params: []Param{{Name: "value"}},
		Examples: []Example{{"isArray(emptyarray)", "true"}, {"isArray('a')", "false"}},
		Call: func(_ *Env, args []value.Value) (value.Value, error) {
			return value.Bool(arg(args, 0).Array() != nil), nil
		}},
	{Name: "pop", Summary: "Removes the last element from the array itself and gives it.", passes: true, Params: []Param{{Name: "array"}},
		Examples: []Example{{"pop(split('a,b', ','))", `"b"`}}, Call: onArray((*value.Array).Pop)},
	{Name: "shift", Summary: "Removes the first element from the array itself and gives it.", passes: true, Params: []Param{{Name: "array"}},
		Examples: []Example{{"shift(split('a,b', ','))", `"a"`}}, Call: onArray((*value.Array).Shift)},
	{Name: "mime", Summary: "Gives the media type that the extension of a file name stands for.", passes: true, Params: []Param{{Name: "filename"}},
		Examples: []Example{{"mime('picture.PNG')", `"image/png"`}}, Call: mimeFunction},
	{Name: "errorFactory", Summary: "Makes an error of one of the error types of the runtime, which is raised where it surfaces.",
		Params: []Param{{Name: "type"}, {Name: "message", Optional: true}}, Examples: []Example{{"if(false, errorFactory('DataError', 'bad'), 1)", "1"}}, Call: errorFactoryFunction},
}

func parseJSONFunction(env *Env, args []value.Value) (value.Value, error) {
	text := arg(args, 0).ToText()
	if err := env.Step(len(text) / 64); err != nil {
		return value.Undefined, err
	}
	v, err := value.ParseJSON([]byte(text))
	if err != nil {
		return value.Undefined, &argumentError{value: arg(args, 0), what: "JSON text", detail: err.Error()}
	}
	return v, nil
}

func createJSONFunction(env *Env, args []value.Value) (value.Value, error) {
	v := arg(args, 0)
	if v.IsUndefined() {
		return v, nil
	}
	text := v.AppendJSON(nil)
	return value.Text(string(text)), env.Produce(len(text))
}

// onArray makes a function that takes an element from an array itself.
func onArray(take func(*value.Array) value.Value) func(*Env, []value.Value) (value.Value, error) {
	return func(_ *Env, args []value.Value) (value.Value, error) {
		list, err := arrayArg(args, 0)
		if err != nil {
			return value.Undefined, err
		}
		return take(list), nil
	}
}

// errorTypes are the types that errorFactory makes (language reference 10).
var errorTypes = strings.Fields(`DataError RuntimeError RateLimitError OutOfSpaceError ConnectionError InvalidConfigurationError
	InvalidAccessTokenError UnexpectedError MaxResultsExceededError MaxFileSizeExceededError IncompleteDataError DuplicateDataError
	ModuleTimeoutError ScenarioTimeoutError OperationsLimitExceededError DataSizeLimitExceededError ExecutionInterruptedError
	InconsistencyError UnknownError Warning`)

func errorFactoryFunction(_ *Env, args []value.Value) (value.Value, error) {
	kind := arg(args, 0).ToText()
	if !slices.Contains(errorTypes, kind) {
		return value.Undefined, &argumentError{value: arg(args, 0), what: "error type", hint: "types are DataError, RuntimeError, RateLimitError, …"}
	}
	return value.FromError(&value.Error{Type: kind, Message: arg(args, 1).ToText()}), nil
}
