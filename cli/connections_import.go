package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/spf13/cobra"
)

type importOptions struct {
	*factory
	passphrase, identity string
	rename               map[string]string
	replace              bool
}

func newConnectionsImport(f *factory) *cobra.Command {
	o := &importOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Read connections from an encrypted file",
		Long: `Read connections that were exported: all of them, or none. Names that are taken are
refused; --rename gives another one, and --replace lets the connection of the file take
the place of yours, which has to be of the same app and type and keeps its id.`,
		Example: "  cleat connections import exported.age --passphrase @secret.txt --rename alice=alice-2",
		Args:    arguments("FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runImport(cmd.Context(), o, args[0]) },
	}
	cmd.Flags().StringVar(&o.passphrase, "passphrase", "", "`secret` that opens the file; @FILE reads it from a file")
	cmd.Flags().StringVar(&o.identity, "identity", "", "`file` with the age identity that opens it")
	cmd.Flags().StringToStringVar(&o.rename, "rename", nil, "`old=new` name")
	cmd.Flags().BoolVar(&o.replace, "replace", false, "replace connections of the same name, app and type")
	return cmd
}

// opens returns what the file is to be opened with.
func (o *importOptions) opens() ([]age.Identity, error) {
	switch {
	case (o.passphrase == "") == (o.identity == ""):
		return nil, usagef("give --passphrase @FILE or --identity FILE", "the file needs either its passphrase or an identity")
	case o.passphrase != "":
		text, err := o.passphraseOf(o.passphrase)
		if err != nil {
			return nil, err
		}
		i, err := store.Passphrase(text)
		return []age.Identity{i}, err
	}
	content, err := o.read(o.identity)
	if err != nil {
		return nil, err
	}
	list, err := age.ParseIdentities(bytes.NewReader(content))
	if err != nil { // which may quote the identity
		return nil, &hintedError{fmt.Errorf("%s holds no age identity", o.identity), "an identity begins with AGE-SECRET-KEY-1; age-keygen makes one"}
	}
	return list, nil
}

func runImport(ctx context.Context, o *importOptions, name string) error {
	with, err := o.opens()
	if err != nil {
		return err
	}
	content, err := o.read(name)
	if err != nil {
		return err
	}
	all, err := store.Import(bytes.NewReader(content), with...)
	if err != nil {
		return o.unopened(name, err)
	}
	if err := o.renamed(name, all); err != nil {
		return err
	}
	records, err := o.openStore(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	replaced, err := records.ImportConnections(ctx, all, o.replace)
	if err != nil {
		return unimported(err)
	}
	return o.imported(all, replaced)
}

// unopened says what is wrong with the file, and with what it would open.
func (o *importOptions) unopened(name string, err error) error {
	hint := "make it with cleat connections export"
	switch {
	case errors.Is(err, store.ErrDamaged):
		hint = "copy it again from where it was made"
	case errors.Is(err, store.ErrLocked):
		hint = "open it with --passphrase @FILE, or with --identity FILE if it was exported to a recipient"
	}
	return &hintedError{fmt.Errorf("%s: %w", name, err), hint}
}

// renamed gives the connections the names of --rename.
func (o *importOptions) renamed(file string, all []*connect.Record) error {
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
		if name, given := o.rename[r.Name]; given {
			r.Name = name
		}
	}
	for _, old := range slices.Sorted(maps.Keys(o.rename)) {
		if !slices.Contains(names, old) {
			return usagef("it holds "+strings.Join(names, ", "), "%s holds no connection %q", file, old)
		}
		if o.rename[old] == "" {
			return usagef("write --rename old=new", "--rename gives %q no name", old)
		}
	}
	return nil
}

// unimported says how names that are taken can be avoided.
func unimported(err error) error {
	var clash *store.NamesError
	if !errors.As(err, &clash) {
		return err
	}
	var flags []string
	for _, name := range slices.Concat(clash.Taken, clash.Others, clash.Twice) {
		flags = append(flags, "--rename "+shellWord(name+"=NEW"))
	}
	hint := "give another name with " + strings.Join(flags, " ")
	if len(clash.Taken) > 0 {
		hint += ", or replace what is there with --replace"
	}
	return usagef(hint, "%s; nothing was imported", clash)
}

func (o *importOptions) imported(all []*connect.Record, replaced []string) error {
	if o.json {
		return writeJSON(o.std.Out, struct {
			Connections []*connection `json:"connections"`
			Replaced    []string      `json:"replaced"`
		}{connectionsJSON(all), append([]string{}, replaced...)})
	}
	fmt.Fprintf(o.std.Err, "imported %s", plural(len(all), "connection"))
	if len(replaced) > 0 {
		fmt.Fprintf(o.std.Err, ", replaced %s", printable(strings.Join(replaced, ", ")))
	}
	fmt.Fprintln(o.std.Err)
	return nil
}
