package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
	"github.com/spf13/cobra"
)

type formOptions struct {
	*factory
	app, id    string
	connection string
	values     string // file
	schema     bool
	output     bool // the interface instead of the parameters
	sample     bool
}

func newForm(f *factory) *cobra.Command {
	o := &formOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "form APP MODULE|CONNECTION|RPC|ENDPOINT|WEBHOOK",
		Short: "Show a form, check values, or export a JSON Schema",
		Long: `Show the parameters of a component as a person meets them: nested fields when they are
shown, and the fields and options that RPCs give.

--values takes a JSON object; it decides which nested fields are shown, and is checked as
it is before a run. The command ends with 3 when something is wrong with the values.
--schema prints the form as JSON Schema 2020-12. RPCs run with the connection that
--connection names, or with the only one of the app.

--interface shows what a module or an endpoint gives instead, and --sample prints the sample
of a module; RPCs that know them get the values.`,
		Example: `  cleat form examples/photos searchPhotos
  cleat form my-app listBooks --schema
  cleat form examples/photos searchPhotos --egress-allow 127.0.0.1 --connection alice --schema`,
		Args:              arguments("APP", "MODULE"),
		ValidArgsFunction: completeAppThen(withForms...),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.app, o.id = args[0], args[1]
			return runForm(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVarP(&o.connection, "connection", "c", "", "`name` or id of the connection for RPCs")
	cmd.Flags().StringVar(&o.values, "values", "", "`file` with a JSON object of values to check, - for standard input")
	cmd.Flags().BoolVar(&o.schema, "schema", false, "print the form as JSON Schema")
	cmd.Flags().BoolVar(&o.output, "interface", false, "show what comes out instead of the parameters")
	cmd.Flags().BoolVar(&o.sample, "sample", false, "print the sample of a module")
	cmd.MarkFlagsMutuallyExclusive("interface", "sample")
	cmd.MarkFlagsMutuallyExclusive("schema", "sample")
	completeFlag(cmd, "connection", o.completeConnectionFlag())
	return cmd
}

func runForm(ctx context.Context, o *formOptions) error {
	t, err := o.target()
	if err != nil {
		return err
	}
	values := value.NewCollection(0)
	if o.values != "" {
		if values, err = o.readObject(o.values); err != nil {
			return err
		}
	}
	records, record, err := o.using(ctx, t)
	if err != nil {
		return err
	}
	var kept connect.Store
	if records != nil {
		defer records.Close()
		kept = records
	}
	rt, err := o.runtime(kept, "", progressOf(o.factory))
	if err != nil {
		return err
	}
	rpc := form.Cache(rt.RPC(t.app, record))
	switch {
	case o.sample:
		return o.writeSample(ctx, t, values, rpc)
	case o.output:
		values, rpc = value.NewCollection(0), askedWith(values, rpc)
	}
	if o.schema {
		return o.writeSchema(ctx, t, values, rpc)
	}
	options := rt.FormOptions(t.app, t.module)
	options.RPC = rpc
	shown, unknown := t.form.Resolve(ctx, values, options)
	var report form.Report
	if o.values != "" && !o.output {
		_, report = t.form.Convert(ctx, values, options)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return o.write(t, shown, unknown, report.Problems)
}

// askedWith is an RPC that gets the parameters of the module where the form has none.
func askedWith(parameters *value.Collection, rpc form.RPC) form.RPC {
	return form.RPCFunc(func(ctx context.Context, c form.Call) (value.Value, error) {
		c.Values = parameters
		return rpc.Call(ctx, c)
	})
}

// writeSample prints the sample of a module as one JSON object.
func (o *formOptions) writeSample(ctx context.Context, t *target, values *value.Collection, rpc form.RPC) error {
	sample := value.Undefined
	if t.module != nil && t.module.Samples.Root() != nil {
		var err error
		if sample, err = form.Sample(ctx, form.Section{Doc: t.module.Samples.Doc, Root: t.module.Samples.Root()}, values, form.Options{RPC: rpc}); err != nil {
			return err
		}
	}
	if sample.IsNil() {
		return &hintedError{fmt.Errorf("%s %q has no sample", t.kind, o.id), "see what it gives with --interface"}
	}
	_, err := o.std.Out.Write(append(sample.AppendJSON(nil), '\n'))
	return err
}

// using returns the store and the connection for the RPCs of a form: the named one, or the
// only one of the app. Both are nil when nothing is asked, or no connection was ever made.
func (o *formOptions) using(ctx context.Context, t *target) (*store.Store, *connect.Record, error) {
	dir, err := o.home()
	if err != nil {
		return nil, nil, err
	}
	_, missing := os.Stat(filepath.Join(dir, "cleat.db"))
	if o.connection == "" && (missing != nil || !t.form.Asks() && !o.sample) {
		return nil, nil, nil
	}
	records, err := o.openStore(ctx)
	if err != nil {
		return nil, nil, err
	}
	record, err := o.record(ctx, records, t.app)
	if err != nil {
		records.Close()
		return nil, nil, err
	}
	return records, record, nil
}

func (o *formOptions) record(ctx context.Context, records connect.Store, a *cleat.App) (*connect.Record, error) {
	if o.connection != "" {
		return findConnection(ctx, records, o.connection)
	}
	all, err := records.Connections(ctx)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(all, func(r *connect.Record) bool { return r.App != a.Name })
	switch len(own) {
	case 0:
		return nil, nil
	case 1:
		return own[0], nil
	}
	return nil, usagef("say which one with --connection", "several connections fit the app %q", a.Name)
}

func (o *formOptions) writeSchema(ctx context.Context, t *target, values *value.Collection, rpc form.RPC) error {
	t.warn(o.factory)
	schema, problems := t.form.Tool(ctx, form.ToolOptions{RPC: rpc, Values: values, Output: o.output})
	for _, p := range problems {
		o.warn(p.Error())
	}
	text := schema.AppendJSON(nil)
	if !o.json {
		var b bytes.Buffer
		if err := json.Indent(&b, text, "", "  "); err != nil {
			return err
		}
		text = b.Bytes()
	}
	_, err := o.std.Out.Write(append(text, '\n'))
	return err
}

// write shows the form, and what is wrong with the values.
func (o *formOptions) write(t *target, shown []*form.Shown, unknown, problems form.Problems) error {
	var failed error
	if len(problems) > 0 {
		failed = &exitError{code: exitFindings}
	}
	if o.json {
		view := formView{App: t.app.Name, Kind: string(t.kind), ID: o.id, Fields: fieldViews(shown), Problems: problemViews(problems), Warnings: problemViews(slices.Concat(t.wrong, unknown))}
		if err := writeJSON(o.std.Out, view); err != nil {
			return err
		}
		return failed
	}
	t.warn(o.factory)
	for _, p := range unknown {
		o.warn(p.Error())
	}
	if _, err := fmt.Fprint(o.std.Out, printable(table(formRows(shown, "", nil)))); err != nil {
		return err
	}
	for _, p := range problems {
		fmt.Fprintln(o.std.Err, printable(strings.TrimPrefix(p.Field.String()+": "+p.Error(), ": ")))
		if p.Hint != "" {
			fmt.Fprintln(o.std.Err, "  hint: "+printable(p.Hint))
		}
	}
	return failed
}
