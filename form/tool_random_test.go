package form_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/value"
)

// TestToolSchemasAreTheRun holds the schemas of random forms against runs with random
// values of the right types: the schema accepts what runs, and nothing else.
func TestToolSchemasAreTheRun(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000) {
		g := &formGenerator{r: rand.New(rand.NewPCG(seed, 0))}
		definition := string(g.fields("", 2).AppendJSON(nil))
		f := parsed(t, definition)
		exported, _ := f.Tool(t.Context(), form.ToolOptions{})
		schema := compileSchema(t, exported)
		for range 4 {
			given := g.values()
			text := value.FromCollection(given).AppendJSON(nil)
			content, _ := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			invalid := schema.Validate(content)
			_, report := f.Convert(t.Context(), given, form.Options{})
			if (invalid == nil) != (len(report.Problems) == 0 && !undeclared(t, f, given)) {
				t.Fatalf("seed %d: %s for %s\nschema %s: %v\nform: %v", seed, text, definition, exported.AppendJSON(nil), invalid, report.Problems)
			}
		}
	}
}

// undeclared reports whether there is a value of a field that is not shown: a run leaves
// it out, the schema refuses it.
func undeclared(t *testing.T, f *form.Form, given *value.Collection) bool {
	shown, _ := f.Resolve(t.Context(), given, form.Options{})
	names := map[string]bool{}
	for _, s := range shown {
		names[s.Name] = true
	}
	for name := range given.All() {
		if !names[name] {
			return true
		}
	}
	return false
}

// formGenerator makes forms, and values for their fields.
type formGenerator struct {
	r     *rand.Rand
	names []named
}

// named is a field at the top of a form, or nested in one there.
type named struct {
	name  string
	value func(*rand.Rand) value.Value
}

// values are values for some of the fields.
func (g *formGenerator) values() *value.Collection {
	given := value.NewCollection(len(g.names))
	for _, n := range g.names {
		if g.r.IntN(3) > 0 {
			given.Set(n.name, n.value(g.r))
		}
	}
	return given
}

func (g *formGenerator) toss() bool { return g.r.IntN(2) == 0 }

// fields makes up to three fields; depth is how far they may nest others.
func (g *formGenerator) fields(prefix string, depth int) value.Value {
	all := value.NewArray()
	for i := range 1 + g.r.IntN(3) {
		all.Append(g.field(fmt.Sprintf("%s%c", prefix, 'a'+i), depth))
	}
	return value.FromArray(all)
}

var generatedTypes = []string{"text", "integer", "uinteger", "boolean", "select", "many", "array"}

func (g *formGenerator) field(name string, depth int) value.Value {
	f := value.NewCollection(6)
	f.Set("name", value.Text(name))
	kind := generatedTypes[g.r.IntN(len(generatedTypes))]
	f.Set("type", value.Text(kind))
	f.Set("required", value.Bool(g.toss()))
	typed := g.kinds()[kind]
	if kind == "many" {
		f.Set("type", value.Text("select"))
		f.Set("multiple", value.True)
	}
	if kind == "select" || kind == "many" {
		f.Set("options", g.options(name, depth))
	}
	if limits := typed.limits; limits != "" && g.toss() {
		v, _ := value.ParseJSON([]byte(limits))
		f.Set("validate", v)
	}
	if depth > 0 && (kind == "text" || kind == "boolean") && g.toss() {
		f.Set("nested", g.fields(name, depth-1))
	}
	if typed.standard != nil && g.r.IntN(3) == 0 {
		f.Set("default", typed.standard(g.r))
	}
	g.names = append(g.names, named{name, typed.value})
	return value.FromCollection(f)
}

// options are a list, some with fields of their own, or a store with fields for all.
func (g *formGenerator) options(name string, depth int) value.Value {
	list := value.NewArray()
	for _, text := range []string{"x", "y"} {
		option := value.Object("value", value.Text(text))
		if depth > 0 && g.toss() {
			option.Collection().Set("nested", g.fields(name+text, depth-1))
		}
		list.Append(option)
	}
	if depth == 0 || g.toss() {
		return value.FromArray(list)
	}
	return value.Object("store", value.FromArray(list), "nested", g.fields(name+"n", depth-1))
}

// generatedKind is how values of a type are made.
type generatedKind struct {
	limits   string
	standard func(*rand.Rand) value.Value // nil: no default
	value    func(*rand.Rand) value.Value
}

func (g *formGenerator) kinds() map[string]generatedKind {
	text := func(all ...string) func(*rand.Rand) value.Value {
		return func(r *rand.Rand) value.Value { return value.Text(all[r.IntN(len(all))]) }
	}
	number := func(all ...int) func(*rand.Rand) value.Value {
		return func(r *rand.Rand) value.Value { return value.Int(all[r.IntN(len(all))]) }
	}
	truth := func(r *rand.Rand) value.Value { return value.Bool(r.IntN(2) == 0) }
	list := func(r *rand.Rand) value.Value {
		all := value.NewArray()
		names := []string{"x", "y", "z"}
		for _, i := range r.Perm(3)[:1+r.IntN(3)] {
			all.Append(value.Text(names[i]))
		}
		return value.FromArray(all)
	}
	return map[string]generatedKind{
		"text":     {`{"min":2,"max":3,"pattern":"^[a-z]+$"}`, text("ab"), text("a", "ab", "abcd", "A1", "äß", "𝒳𝒴")},
		"integer":  {`{"min":-1,"max":5}`, number(1), number(-2, -1, 0, 5, 6)},
		"uinteger": {`{"max":5}`, number(1), number(-1, 0, 5, 6)},
		"boolean":  {"", truth, truth},
		"select":   {"", text("x", "y"), text("x", "y", "z")},
		"many":     {`{"minItems":1,"maxItems":1}`, nil, list},
		"array":    {`{"minItems":2}`, nil, list},
	}
}
