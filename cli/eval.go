package cli

import (
	"io"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
	"github.com/spf13/cobra"
)

type evalOptions struct {
	*factory
	template string // - is standard input
	scope    string // file, "" when there is none
}

func newEval(f *factory) *cobra.Command {
	o := &evalOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "eval TEMPLATE",
		Short: "Evaluate an IML template",
		Long: `Evaluate an IML template and print its value: texts and dates as text, everything
else as JSON. A template of - is read from standard input.

The scope is a JSON object whose members are the names that expressions see.`,
		Example: `  cleat eval '{{upper("a")}} is {{1 + 2}}'
  cleat eval '{{body.items[].name}}' --scope scope.json --json
  echo '{{formatDate(now, "YYYY")}}' | cleat eval - --timezone Europe/Prague`,
		Args: arguments("TEMPLATE"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.template = args[0]
			return runEval(o)
		},
	}
	cmd.Flags().StringVar(&o.scope, "scope", "", "`file` with the scope, - for standard input")
	return cmd
}

func runEval(o *evalOptions) error {
	if o.template == "-" && o.scope == "-" {
		return usagef("give one of them in a file or as an argument", "template and scope cannot both come from standard input")
	}
	text, err := o.readTemplate()
	if err != nil {
		return err
	}
	scope, err := o.readScope()
	if err != nil {
		return err
	}
	program, found := iml.Compile(text, iml.Options{})
	if found.Err() != nil {
		return found
	}
	v, err := program.Eval(&iml.Env{Scope: scope, Timezone: o.timezone})
	if err != nil {
		return err
	}
	// A warning about what did not matter is shown beside the value only: an error says
	// the same better.
	if !o.json {
		io.WriteString(o.std.Err, findings(found))
	}
	return o.write(v)
}

// readTemplate returns the template. The line end that a shell or an editor puts behind
// the last line is not a part of it.
func (o *evalOptions) readTemplate() (string, error) {
	if o.template != "-" {
		return o.template, nil
	}
	content, err := o.read("-")
	return trimLineEnd(string(content)), err
}

func (o *evalOptions) readScope() (*iml.Scope, error) {
	scope := iml.NewScope()
	if o.scope == "" {
		return scope, nil
	}
	roots, err := o.readObject(o.scope)
	if err != nil {
		return nil, err
	}
	for name, v := range roots.All() {
		scope.Set(name, v)
	}
	return scope, nil
}

func (o *evalOptions) write(v value.Value) error {
	if o.json {
		return writeJSON(o.std.Out, struct {
			Type  string      `json:"type"`
			Value value.Value `json:"value"`
		}{v.Kind().String(), v})
	}
	text := v.ToText() + "\n"
	switch v.Kind() {
	case value.KindBuffer:
		text = string(v.Bytes()) // byte for byte, so that it can be piped
	case value.KindUndefined, value.KindNull:
		text = v.Kind().String() + "\n"
	case value.KindArray, value.KindCollection:
		text = string(v.AppendJSON(nil)) + "\n"
	}
	_, err := io.WriteString(o.std.Out, text)
	return err
}
