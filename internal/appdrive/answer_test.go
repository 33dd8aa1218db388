package appdrive

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/value"
)

// provider is what an app expects of the service behind it: what its answers hold.
type provider struct {
	lists [][]string // paths below body that some component iterates
}

// providerOf reads all communications of an app: a path that is iterated in one place is a
// list everywhere.
func providerOf(a *app.App) *provider {
	s := &provider{}
	for _, m := range a.Modules {
		s.lists = append(s.lists, expectations(m.API).lists...)
	}
	for _, r := range a.RPCs {
		s.lists = append(s.lists, expectations(r.API).lists...)
	}
	return s
}

// expected is what one communication reads of an answer.
type expected struct {
	whole   bool       // the body is a list
	lists   [][]string // so is what stands at these paths below body
	outputs [][]string // what stands here is the output, or a part of the expression for it
	body    [][]string // every path below body that is read
	item    [][]string // and below item
	pages   pages
	payload [][]string // and below payload, by an instant trigger
	trigger *jsonc.Node
}

var (
	rooted    = regexp.MustCompile(`\b(body|item|payload)((?:\.[A-Za-z_][A-Za-z0-9_]*|\.\d+|\[\d*\])+)`)
	onlyBody  = regexp.MustCompile(`^\{\{\s*body((?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*\}\}$`)
	listOf    = regexp.MustCompile(`\b(?:first|last|length|map|get|join)\(\s*body((?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*[,;)]`)
	pathNames = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*|\d+|\[\d*\]`)
)

// expectations reads the expressions of a communication, request by request.
func expectations(code *app.Code) *expected {
	e := &expected{}
	for _, request := range requestsOf(code.Root()) {
		response := request.Get("response")
		e.shape(response.Get("iterate"), response.Get("output"))
		e.pagination(request)
		if trigger := response.Get("trigger"); trigger != nil {
			e.trigger = trigger
		}
		e.texts(request)
	}
	return e
}

// shape reads what iterate and output say about the body.
func (e *expected) shape(iterate, output *jsonc.Node) {
	if iterate.Is(jsonc.Object) {
		iterate = iterate.Get("container")
	}
	source := output
	if iterate != nil {
		source = iterate
	}
	path, plain := bodyPath(source)
	switch text, _ := source.Str(); {
	case plain && iterate != nil:
		e.list(path)
	case plain:
		e.outputs = append(e.outputs, path)
	default:
		for _, found := range rooted.FindAllStringSubmatch(text, -1) {
			path := pathNames.FindAllString(found[2], -1)
			switch {
			case found[1] != "body" || slices.ContainsFunc(path, isIndex):
			case iterate != nil && !isAdded(text, found[0]):
				e.list(path)
			default:
				e.outputs = append(e.outputs, path)
			}
		}
	}
}

// isAdded reports whether an expression makes a list of what stands at a path.
func isAdded(text, path string) bool {
	return regexp.MustCompile(`(?:add|append)\([^()]*` + regexp.QuoteMeta(path)).MatchString(text)
}

func (e *expected) list(path []string) {
	e.whole = e.whole || len(path) == 0
	e.lists = append(e.lists, path)
}

func requestsOf(root *jsonc.Node) []*jsonc.Node {
	switch {
	case root.Is(jsonc.Array):
		return root.Elements
	case root.Is(jsonc.Object):
		return []*jsonc.Node{root}
	}
	return nil
}

// bodyPath is the path of a text that is one expression: body, or something below it.
func bodyPath(node *jsonc.Node) ([]string, bool) {
	text, _ := node.Str()
	found := onlyBody.FindStringSubmatch(text)
	if found == nil {
		return nil, false
	}
	return pathNames.FindAllString(found[1], -1), true
}

// texts notes the paths in all texts of a node.
func (e *expected) texts(node *jsonc.Node) {
	for _, m := range node.Members {
		e.text(m.Name())
		e.texts(m.Value)
	}
	for _, element := range node.Elements {
		e.texts(element)
	}
	if text, ok := node.Str(); ok {
		e.text(text)
	}
}

func (e *expected) text(text string) {
	for _, found := range listOf.FindAllStringSubmatch(text, -1) {
		e.list(pathNames.FindAllString(found[1], -1))
	}
	for _, found := range rooted.FindAllStringSubmatch(text, -1) {
		path := pathNames.FindAllString(found[2], -1)
		into := map[string]*[][]string{"body": &e.body, "item": &e.item, "payload": &e.payload}[found[1]]
		*into = append(*into, path)
	}
}

// answer makes the body of an answer of a bundle, with n items wherever there is a list:
// the bundle stands where the communication takes its output from.
func (s *provider) answer(e *expected, bundle value.Value, n int, parameters *value.Collection) value.Value {
	like := bundle.Collection()
	if like.Len() == 0 {
		like = generic().Collection()
	}
	item := like.Clone()
	for _, path := range e.item {
		ensure(item, path, func(name string) value.Value { return leaf(like, name) })
	}
	items := func() value.Value { return e.items(value.FromCollection(item), n, parameters) }
	if e.whole {
		return items()
	}
	root := like.Clone()
	if len(e.lists) > 0 {
		root = value.NewCollection(4) // the bundle is in the list
	}
	for _, path := range e.outputs {
		if len(path) > 0 && !among(e.lists, path) {
			place(root, path, value.FromCollection(like.Clone()))
		}
	}
	for _, path := range append(slices.Clone(e.lists), e.body...) {
		if among(e.lists, path) || among(s.lists, path) && !among(e.outputs, path) {
			place(root, path, items())
		}
	}
	for _, path := range e.body {
		ensure(root, path, func(name string) value.Value { return leaf(like, name) })
	}
	return value.FromCollection(root)
}

// nothing is the answer when there is no further page: every list is empty.
func (s *provider) nothing(e *expected, full value.Value) value.Value {
	if e.whole {
		return value.List()
	}
	root := full.Clone()
	for _, path := range e.lists {
		place(root.Collection(), path, value.List())
	}
	return root
}

func among(paths [][]string, path []string) bool {
	return slices.ContainsFunc(paths, func(p []string) bool { return slices.Equal(p, path) })
}

// items are n items that a trigger can tell apart, in the order that it is told.
func (e *expected) items(like value.Value, n int, parameters *value.Collection) value.Value {
	all := value.NewArray()
	id, date := e.markPath("id", parameters), e.markPath("date", parameters)
	order, _ := e.trigger.Get("order").Str()
	for i := range n {
		item := like.Clone()
		number := i + 1
		if order != "asc" {
			number = n - i
		}
		if id != nil {
			place(item.Collection(), id, numbered(like, id, number))
		}
		if date != nil {
			place(item.Collection(), date, value.Text(firstDate.Add(time.Duration(number)*time.Hour).Format("2006-01-02T15:04:05.000Z")))
		}
		all.Append(item)
	}
	return value.FromArray(all)
}

var firstDate = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

// numbered is the id of an item, of the kind that the sample has.
func numbered(like value.Value, path []string, n int) value.Value {
	for _, name := range path {
		like = like.Member(name)
	}
	if like.Kind() == value.KindNumber {
		return value.Int(n)
	}
	return value.Text("item-" + strconv.Itoa(n))
}

var chosenMark = regexp.MustCompile(`item\[parameters\.([A-Za-z0-9_]+)\]`)

// markPath is where response.trigger finds the id or the date of an item; a parameter may
// say it.
func (e *expected) markPath(name string, parameters *value.Collection) []string {
	text, _ := e.trigger.Get(name).Str()
	if found := chosenMark.FindStringSubmatch(text); found != nil {
		return []string{parameters.Get(found[1]).ToText()}
	}
	if found := rooted.FindStringSubmatch(text); found != nil && found[1] == "item" {
		return pathNames.FindAllString(found[2], -1)
	}
	return nil
}
