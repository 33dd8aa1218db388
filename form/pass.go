package form

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Options say how values are looked at. The zero Options work: no expressions, no RPCs,
// the rules of platform 2, UTC.
type Options struct {
	RPC         RPC  // nil: what RPCs give is not known, and is no problem
	Expressions bool // design stage: texts may hold expressions
	Strict      bool // design stage: values without a field are a problem
	Platform    int  // run stage: 1 for the old rules of empty values; otherwise those of 2
	Erase       bool // run stage: fields may be erased with [value.Erase], as in modules that update (parameters.md 8.2)
	Base64      bool // run stage: texts for buffers are base64, as the schema of [Form.Tool] has them
	Timezone    string
	Now         func() time.Time // nil is time.Now
}

// pass is one walk over values. It belongs to one goroutine.
type pass struct {
	ctx      context.Context
	o        Options
	types    typeTable
	rpc      RPC
	zone     *time.Location
	all      *value.Collection
	problems Problems
	warnings Problems
	remote   map[string]*list // compiled fields of RPCs
	depth    int              // lists of RPCs that stand inside each other here
	lists    int              // lists of RPCs that were walked over
	expanded map[*Field]*Field
	running  bool // the run stage
	foreign  bool // run stage: there are values of which the definition itself has no field
}

func (f *Form) pass(ctx context.Context, values *value.Collection, o Options) *pass {
	if o.Now == nil {
		o.Now = time.Now
	}
	zone := iml.Zone(o.Timezone)
	if zone == nil {
		zone = time.UTC
	}
	p := &pass{ctx: ctx, o: o, types: f.types, zone: zone, all: values}
	if o.RPC != nil {
		p.rpc = Cache(o.RPC)
	}
	return p
}

// level is one collection of values under way: the whole, or a child of it.
type level struct {
	in     *value.Collection
	out    *value.Collection // what was made of the fields, undefined for nothing
	at     *place            // nil for the whole
	asking *place            // of the field that shows the ones under way; at otherwise
	above  *parent
	loose  bool // required is not enforced
}

// beside is the level for the fields that a field with the value v shows.
func (l *level) beside(f *Field, v value.Value, at *place) *level {
	inner := *l
	inner.above, inner.asking = &parent{l.above, f.Name, v}, at
	return &inner
}

// parent is a field that shows the ones under way.
type parent struct {
	up    *parent
	name  string
	value value.Value
}

func (above *parent) collect(c *value.Collection) {
	if above != nil {
		above.up.collect(c)
		c.Set(above.name, above.value)
	}
}

func (p *pass) fail(f *Field, at *place, code, message, hint string) {
	p.problems = append(p.problems, problem(f, at, code, message, hint))
}

func (p *pass) warn(f *Field, at *place, code, message, hint string) {
	p.warnings = append(p.warnings, problem(f, at, code, message, hint))
}

func problem(f *Field, at *place, code, message, hint string) Problem {
	made := Problem{Path: at.path(), Code: code, Message: message, Hint: hint}
	if f != nil {
		made.Field = f.Position
	}
	return made
}

// shownLength is how much of a value a message shows.
const shownLength = 60

// shown writes a value for a message: not at all when it may be a secret.
func (p *pass) shown(f *Field, v value.Value) string {
	if f.Secret() {
		return "the value"
	}
	text := string(v.AppendJSON(nil))
	if len(text) > shownLength {
		text = strings.ToValidUTF8(text[:shownLength], "") + "…"
	}
	return text
}

// each visits the fields of a list in order, those of RPCs where they stand.
func (p *pass) each(list *list, l *level, visit func(*Field)) {
	if list == nil || p.ctx.Err() != nil {
		return
	}
	for _, i := range list.items {
		if p.lists > maxLists && i.field == nil {
			return // said once
		}
		if i.field != nil {
			visit(i.field)
			continue
		}
		resolved := p.fields(i, l)
		if resolved == nil {
			continue
		}
		p.depth++
		switch p.lists++; {
		case p.lists > maxLists:
			p.refuse(i, l, fmt.Sprintf("RPCs give fields more than %d times", maxLists))
		case p.depth > maxRemote:
			p.refuse(i, l, fmt.Sprintf("fields of RPCs stand more than %d deep inside each other", maxRemote))
		default:
			p.each(resolved, l, visit)
		}
		p.depth--
	}
}

func (p *pass) refuse(i item, l *level, message string) {
	p.problems = append(p.problems, Problem{l.asking.path(), CodeRemote, message, "", i.at})
}

// fields asks an RPC for fields. Without an answer there are none; a run then takes their
// values as they are.
func (p *pass) fields(i item, l *level) *list {
	if p.rpc == nil {
		return nil
	}
	v, err := p.ask(i.remote, l.above, "", value.Undefined)
	if err != nil {
		p.quietly(p.running, func() { p.refuse(i, l, err.Error()) })
		return nil
	}
	key := i.remote + "\n" + string(v.AppendJSON(nil))
	if known, ok := p.remote[key]; ok {
		return known
	}
	made := p.compile(i.remote, v)
	if p.remote == nil {
		p.remote = map[string]*list{}
	}
	p.remote[key] = made
	return made
}

// ask puts a question: own is the path so far of a folder called name.
func (p *pass) ask(url string, above *parent, name string, own value.Value) (value.Value, error) {
	data := value.NewCollection(2)
	above.collect(data)
	if name != "" {
		data.Set(name, own)
	}
	v, err := p.rpc.Call(p.ctx, Call{url, data, p.all})
	if err != nil {
		return v, fmt.Errorf("%s: %w", url, err)
	}
	return v, nil
}

// document reads an answer as if it stood in a definition.
func document(name string, v value.Value) *jsonc.Document {
	doc, _ := jsonc.Parse(source.NewFile(name, v.AppendJSON(nil)))
	return doc
}

// compile makes fields of an RPC's answer.
func (p *pass) compile(url string, v value.Value) *list {
	c := &compiler{types: p.types, doc: document(url, v)}
	return c.list(c.doc.Root)
}

// choices returns the options of a field: the declared ones, or those that its RPC
// gives. When there is no answer, known is false; with a problem that was noted also
// failed.
func (p *pass) choices(f *Field, l *level, at *place) (o *options, known, failed bool) {
	o = f.options
	if o == nil || o.remote == "" {
		return o, o != nil, false
	}
	if p.rpc == nil {
		return o, false, false
	}
	v, err := p.ask(o.remote, l.above, "", value.Undefined)
	if err != nil {
		p.fail(f, at, CodeRemote, err.Error(), "")
		return o, false, true
	}
	if v.Array() == nil && v.Collection() == nil {
		p.fail(f, at, CodeRemote, o.remote+" gives no options", "")
		return o, false, true
	}
	return p.answered(f, v), true, false
}

// answered is the options of f with the list that an RPC gave.
func (p *pass) answered(f *Field, v value.Value) *options {
	doc := document(f.options.remote, v)
	root := doc.Root
	if !root.Is(jsonc.Array) {
		root = &jsonc.Node{Kind: jsonc.Array, Elements: []*jsonc.Node{root}}
	}
	o := *f.options
	c := &compiler{types: p.types, doc: doc}
	o.list = c.choices(root, &o, nil)
	return &o
}

// hasExpression reports whether a stored text holds an expression.
func hasExpression(v value.Value) bool {
	return strings.Contains(v.Str(), "{{") && strings.Contains(v.Str(), "}}")
}

// isExpression reports whether a stored text is one expression and nothing else.
func isExpression(v value.Value) bool {
	s := v.Str()
	return strings.LastIndex(s, "{{") == 0 && strings.Index(s, "}}") == len(s)-2
}
