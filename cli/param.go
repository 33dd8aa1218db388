package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
	"github.com/spf13/cobra"
)

// paramFlags are the parameters of a connection or of a module.
type paramFlags struct {
	list []string // name=value
	file string   // JSON object, - for standard input
	fed  bool     // readFed tells the fields that RPCs give
	free bool     // of an RPC, which forms call with all that they hold: one without parameters takes any
	gone []string // names of fields to erase
}

func (p *paramFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&p.list, "param", "p", nil, "parameter as `name=value`, read by its declared type; name=@FILE reads the value from a file; may be repeated")
	cmd.Flags().StringVar(&p.file, "params", "", "`file` with a JSON object of parameters, - for standard input")
}

// read returns the parameters, those of --param over those of --params.
func (p *paramFlags) read(f *factory, fields *form.Form) (*value.Collection, error) {
	values := value.NewCollection(4)
	if p.file != "" {
		var err error
		if values, err = f.readObject(p.file); err != nil {
			return nil, err
		}
		for name := range values.All() {
			if err := p.known(fields, name); err != nil {
				return nil, err
			}
		}
	}
	for _, pair := range p.list {
		name, text, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usagef("write --param name=value", "%q is no parameter", name)
		}
		if err := p.known(fields, name); err != nil {
			return nil, err
		}
		v, err := f.readParam(fields, name, text)
		if err != nil {
			return nil, err
		}
		values.Set(name, v)
	}
	return values, p.erase(fields, values)
}

// erase sets what empties a field at the service.
func (p *paramFlags) erase(fields *form.Form, values *value.Collection) error {
	for _, name := range p.gone {
		if err := p.known(fields, name); err != nil {
			return err
		}
		if _, given := values.Lookup(name); given {
			return usagef("leave one out", "--erase %s empties a parameter that is given", name)
		}
		values.Set(name, value.Erase)
	}
	return nil
}

func (f *factory) readParam(fields *form.Form, name, text string) (value.Value, error) {
	field := fields.Field(name)
	if file, isFile := strings.CutPrefix(text, "@"); isFile {
		content, err := f.read(file)
		if err != nil {
			return value.Undefined, err
		}
		if field != nil && field.Type.Name == "buffer" {
			return value.Buffer(content), nil
		}
		text = trimLineEnd(string(content))
	}
	v, err := parseAs(field, text)
	if err != nil {
		return v, usagef("see the parameter's type in the app", "parameter %q: %v", name, err)
	}
	return v, nil
}

// fillIn adds the defaults of the fields that were not given (parameters.md 8.4), and
// refuses to go on without the required ones.
func fillIn(fields *form.Form, values *value.Collection) error {
	for _, field := range fields.Fields() {
		if _, given := values.Lookup(field.Name); !given && !field.Standard().IsUndefined() {
			values.Set(field.Name, field.Standard())
		}
	}
	if names := missing(fields, values); len(names) > 0 {
		return usagef("give it with --param "+names[0]+"=…", "missing parameter %s", strings.Join(names, ", "))
	}
	return nil
}

// converted is what a form makes of values, which fit it as a whole.
func converted(ctx context.Context, fields *form.Form, values *value.Collection, o form.Options) (*value.Collection, error) {
	made, report := fields.Convert(ctx, values, o)
	if len(report.Problems) > 0 {
		return nil, usagef(report.Problems[0].Hint, "%s", report.Problems.Error())
	}
	return made, nil
}

// missing names the required parameters that have no value.
func missing(fields *form.Form, values *value.Collection) []string {
	var names []string
	for _, field := range fields.Fields() {
		if needed(field, values) {
			names = append(names, field.Name)
		}
	}
	return names
}

// needed reports whether a field has to be filled in and is not.
func needed(field *form.Field, values *value.Collection) bool {
	v, given := values.Lookup(field.Name)
	if !given {
		v = field.Standard()
	}
	return field.Required && v.IsEmpty() && !v.IsErase()
}

// known refuses names that no field has, unless an RPC decides about some fields, so that
// every name may be right.
func (p *paramFlags) known(fields *form.Form, name string) error {
	if fields.Field(name) != nil || fields.Open() || p.fed && fields.Asks() || p.free && len(fields.Fields()) == 0 {
		return nil
	}
	return unknownParameter(name, fields.Names())
}

func unknownParameter(name string, names []string) error {
	slices.Sort(names)
	hint := "there are no parameters"
	if near := source.DidYouMean(name, names); near != "" {
		hint = near
	} else if len(names) > 0 {
		hint = "there are " + strings.Join(names, ", ")
	}
	return usagef(hint, "unknown parameter %q", name)
}

// parseAs reads what a person typed by the type of the field, which is nil when only an
// RPC knows it. Texts are taken as they are; types that hold several values are JSON.
func parseAs(field *form.Field, text string) (value.Value, error) {
	switch {
	case field == nil:
		return value.Text(text), nil
	case field.Multiple || field.Type.Stored == "array":
		return parseJSON(text, "array")
	case field.Type.Stored == "object":
		return parseJSON(text, "object")
	case field.Type.Stored == "number":
		v, err := value.ParseJSON([]byte(strings.TrimSpace(text)))
		if err != nil || v.Kind() != value.KindNumber {
			return v, fmt.Errorf("%q is no number", text)
		}
		return v, nil
	case field.Type.Stored == "boolean":
		b, err := strconv.ParseBool(text)
		if err != nil {
			return value.Undefined, fmt.Errorf("%q is neither true nor false", text)
		}
		return value.Bool(b), nil
	case field.Type.Stored == "" && field.Type.Name != "json":
		return parseChoice(field, text), nil
	}
	return value.Text(text), nil
}

func parseJSON(text, kind string) (value.Value, error) {
	v, err := value.ParseJSON([]byte(text))
	if err != nil {
		return v, fmt.Errorf("a JSON %s is expected: %w", kind, err)
	}
	return v, nil
}

// parseChoice reads a value that may be of any type: the option that is written so, or
// what it is as JSON. What only looks like JSON is a text where options are chosen.
func parseChoice(field *form.Field, text string) value.Value {
	for _, o := range field.Options() {
		if o.Value.ToText() == text {
			return o.Value
		}
	}
	v, err := value.ParseJSON([]byte(text))
	simple := v.Kind() == value.KindNumber || v.Kind() == value.KindBool
	if err != nil || field.Type.Name != "any" && !simple {
		return value.Text(text)
	}
	return v
}

// ask lets a person type the required parameters that were not given.
func (f *factory) ask(fields *form.Form, values *value.Collection) error {
	if !f.std.IsTerminal || f.json {
		return nil
	}
	for _, field := range fields.Fields() {
		if !needed(field, values) {
			continue
		}
		text, err := f.prompt(field.Label, field.Type.Secret)
		if err != nil {
			return err
		}
		v, err := parseAs(field, text)
		if err != nil {
			return err
		}
		values.Set(field.Name, v)
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
