package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/value"
	"github.com/spf13/cobra"
)

// paramFlags are the parameters of a connection or of a module.
type paramFlags struct {
	list []string // name=value
	file string   // JSON object, - for standard input
}

func (p *paramFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&p.list, "param", "p", nil, "parameter as `name=value`, read by its declared type; name=@FILE reads the value from a file; may be repeated")
	cmd.Flags().StringVar(&p.file, "params", "", "`file` with a JSON object of parameters, - for standard input")
}

// read returns the parameters, those of --param over those of --params, with the defaults
// of fields that were not given (parameters.md 8.4).
func (p *paramFlags) read(f *factory, fields declared) (*value.Collection, error) {
	values := value.NewCollection(4)
	if p.file != "" {
		var err error
		if values, err = f.readObject(p.file); err != nil {
			return nil, err
		}
		for name := range values.All() {
			if err := fields.known(name); err != nil {
				return nil, err
			}
		}
	}
	for _, pair := range p.list {
		name, text, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usagef("write --param name=value", "%q is no parameter", name)
		}
		v, err := f.readParam(fields, name, text)
		if err != nil {
			return nil, err
		}
		values.Set(name, v)
	}
	for _, d := range fields.top {
		if _, given := values.Lookup(d.name); !given && !d.standard.IsUndefined() {
			values.Set(d.name, d.standard)
		}
	}
	return values, nil
}

func (f *factory) readParam(fields declared, name, text string) (value.Value, error) {
	if err := fields.known(name); err != nil {
		return value.Undefined, err
	}
	if file, isFile := strings.CutPrefix(text, "@"); isFile {
		content, err := f.read(file)
		if err != nil {
			return value.Undefined, err
		}
		text = trimLineEnd(string(content))
	}
	v, err := parseAs(fields.types[name], text)
	if err != nil {
		return v, usagef("see the parameter's type in the app", "parameter %q: %v", name, err)
	}
	return v, nil
}

// missing names the required parameters that have no value.
func (d declared) missing(values *value.Collection) []string {
	var names []string
	for _, field := range d.top {
		if field.required && values.Get(field.name).IsEmpty() {
			names = append(names, field.name)
		}
	}
	return names
}

// require refuses to go on without the required parameters.
func (d declared) require(values *value.Collection) error {
	if names := d.missing(values); len(names) > 0 {
		return usagef("give it with --param "+names[0]+"=…", "missing parameter %s", strings.Join(names, ", "))
	}
	return nil
}

// declared are the parameters that forms declare.
type declared struct {
	types map[string]string // by name; nested fields stand beside the others
	top   []declaredField   // not nested
	open  bool              // an RPC decides about some fields, so that every name may be right
}

type declaredField struct {
	name, label, kind string
	required          bool
	standard          value.Value
}

func declaredIn(forms ...*app.Code) declared {
	d := declared{types: map[string]string{}}
	for _, form := range forms {
		d.collect(form.Root(), true)
	}
	return d
}

// collect walks over a section: an array of fields and RPCs, or one RPC.
func (d *declared) collect(section *jsonc.Node, top bool) {
	if section == nil {
		return
	}
	if section.Is(jsonc.String) {
		d.open = true
		return
	}
	for _, field := range section.Elements {
		if field.Is(jsonc.String) {
			d.open = true
			continue
		}
		d.field(field, top)
	}
}

func (d *declared) field(field *jsonc.Node, top bool) {
	text := func(key string) string { return field.Get(key).Value().ToText() }
	name, kind := text("name"), text("type")
	if name == "" {
		return
	}
	if kind == "select" && field.Get("multiple").Value().Truthy() {
		kind = "array"
	}
	d.types[name] = kind
	if top {
		d.top = append(d.top, declaredField{name, first(text("label"), name), kind, field.Get("required").Value().Truthy(), field.Get("default").Value()})
	}
	d.nested(field)
}

// nested collects the fields that a field shows: they are its siblings in the values.
func (d *declared) nested(holder *jsonc.Node) {
	for _, key := range []string{"nested", "options"} {
		switch node := holder.Get(key); {
		case node.Is(jsonc.Object):
			d.collect(node.Get("store"), false)
			d.nested(node)
		case key == "nested":
			d.collect(node, false)
		case node.Is(jsonc.Array):
			for _, option := range node.Elements {
				d.nested(option)
			}
		}
	}
}

func (d declared) known(name string) error {
	if _, ok := d.types[name]; ok || d.open {
		return nil
	}
	names := slices.Sorted(maps.Keys(d.types))
	hint := "there are no parameters"
	if near := nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	} else if len(names) > 0 {
		hint = "there are " + strings.Join(names, ", ")
	}
	return usagef(hint, "unknown parameter %q", name)
}

// parseAs reads what a person typed by the declared type. Texts are taken as they are;
// types that hold several values are JSON.
func parseAs(kind, text string) (value.Value, error) {
	switch kind {
	case "number", "integer", "uinteger", "port":
		v, err := value.ParseJSON([]byte(strings.TrimSpace(text)))
		if err != nil || v.Kind() != value.KindNumber {
			return v, fmt.Errorf("%q is no number", text)
		}
		return v, nil
	case "boolean", "checkbox":
		b, err := strconv.ParseBool(text)
		if err != nil {
			return value.Undefined, fmt.Errorf("%q is neither true nor false", text)
		}
		return value.Bool(b), nil
	case "array", "collection", "filter", "dynamicCollection", "any", "select":
		v, err := value.ParseJSON([]byte(text))
		if err != nil {
			if kind == "any" || kind == "select" {
				return value.Text(text), nil
			}
			return v, fmt.Errorf("a JSON %s is expected: %w", map[bool]string{true: "array", false: "object"}[kind == "array" || kind == "filter"], err)
		}
		if kind == "select" && v.Kind() != value.KindNumber && v.Kind() != value.KindBool {
			return value.Text(text), nil
		}
		return v, nil
	}
	return value.Text(text), nil
}

// ask lets a person type the required parameters that were not given.
func (f *factory) ask(fields declared, values *value.Collection) error {
	if !f.std.IsTerminal || f.json {
		return nil
	}
	for _, field := range fields.top {
		if !field.required || !values.Get(field.name).IsEmpty() {
			continue
		}
		text, err := f.prompt(field.label, field.kind == "password")
		if err != nil {
			return err
		}
		v, err := parseAs(field.kind, text)
		if err != nil {
			return err
		}
		values.Set(field.name, v)
	}
	return nil
}

// prompt asks for one line.
func (f *factory) prompt(label string, secret bool) (string, error) {
	fmt.Fprintf(f.std.Err, "%s: ", printable(label))
	if secret && f.std.ReadSecret != nil {
		text, err := f.std.ReadSecret()
		fmt.Fprintln(f.std.Err)
		return text, err
	}
	return readLine(f.std.In)
}

// readLine reads one line byte by byte: what follows stays for the next reader.
func readLine(in io.Reader) (string, error) {
	var line []byte
	var b [1]byte
	for len(line) < maxLine {
		n, err := in.Read(b[:])
		if n == 1 && b[0] == '\n' {
			break
		}
		line = append(line, b[:n]...)
		if err == io.EOF && len(line) > 0 {
			break
		}
		if err != nil {
			return "", err
		}
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}

// maxLine is the longest line that a person may type or paste.
const maxLine = 64 << 10
