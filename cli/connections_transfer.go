package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/spf13/cobra"
)

type exportOptions struct {
	*factory
	to, passphrase string
	recipients     []string
}

func newConnectionsExport(f *factory) *cobra.Command {
	o := &exportOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "export [CONNECTION…]",
		Short: "Write connections to an encrypted file",
		Long: `Write connections with their secrets to a file, encrypted to a passphrase or to an age
recipient. Without names all are written. An existing file is not overwritten.`,
		Example:           "  cleat connections export alice --to backup.age --passphrase @secret.txt",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: f.completeConnection(),
		RunE:              func(cmd *cobra.Command, args []string) error { return runExport(cmd.Context(), o, args) },
	}
	cmd.Flags().StringVar(&o.to, "to", "", "`file` to write")
	cmd.Flags().StringVar(&o.passphrase, "passphrase", "", "`secret` that opens the file; @FILE reads it from a file")
	cmd.Flags().StringArrayVar(&o.recipients, "recipient", nil, "age `recipient` (age1…) who can open the file")
	return cmd
}

func runExport(ctx context.Context, o *exportOptions, names []string) error {
	to, err := o.keys()
	if err != nil {
		return err
	}
	records, err := o.openStore(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	var chosen []*connect.Record
	if len(names) == 0 {
		chosen, err = records.Connections(ctx)
	}
	for _, name := range names {
		var r *connect.Record
		if r, err = findConnection(ctx, records, name); err != nil {
			break
		}
		chosen = append(chosen, r)
	}
	if err != nil {
		return err
	}
	for _, r := range chosen {
		if r.Data == nil {
			return fmt.Errorf("connection %q cannot be decrypted", r.Name)
		}
	}
	var sealed bytes.Buffer
	if err := store.Export(&sealed, chosen, to...); err != nil {
		return err
	}
	if err := writeNew(o.to, sealed.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(o.std.Err, "wrote %s to %s\n", plural(len(chosen), "connection"), o.to)
	return nil
}

// keys returns to whom the file is encrypted.
func (o *exportOptions) keys() ([]age.Recipient, error) {
	switch {
	case o.to == "":
		return nil, usagef("name it with --to", "there is no file to write to")
	case (o.passphrase == "") == (len(o.recipients) == 0):
		return nil, usagef("give --passphrase @FILE or --recipient age1…", "the file needs either a passphrase or recipients")
	case o.passphrase != "":
		text, err := o.secretText(o.passphrase)
		if err != nil {
			return nil, err
		}
		r, err := age.NewScryptRecipient(text)
		return []age.Recipient{r}, err
	}
	list, err := age.ParseRecipients(strings.NewReader(strings.Join(o.recipients, "\n")))
	if err != nil {
		return nil, usagef("recipients begin with age1", "--recipient is none")
	}
	return list, nil
}

// secretText returns a secret, or with @ the content of the file that holds it.
func (f *factory) secretText(text string) (string, error) {
	if name, isFile := strings.CutPrefix(text, "@"); isFile {
		content, err := f.read(name)
		return trimLineEnd(string(content)), err
	}
	return text, nil
}

// writeNew writes a file that does not exist yet: whole, or not at all.
func writeNew(name string, content []byte) error {
	part, err := os.CreateTemp(filepath.Dir(name), ".export-*")
	if err != nil {
		return unreadable(name, err)
	}
	defer os.Remove(part.Name())
	_, err = part.Write(content)
	if err = errors.Join(err, part.Sync(), part.Close()); err == nil {
		err = os.Link(part.Name(), name) // fails where there is a file
	}
	if errors.Is(err, os.ErrExist) {
		return usagef("choose another name", "%s exists", name)
	}
	return err
}

type importOptions struct {
	*factory
	passphrase, identity string
	rename               map[string]string
}

func newConnectionsImport(f *factory) *cobra.Command {
	o := &importOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Read connections from an encrypted file",
		Long: `Read connections that were exported. A name that is taken is refused before anything is
stored; --rename gives another one.`,
		Example: "  cleat connections import exported.age --passphrase @secret.txt --rename alice=alice-2",
		Args:    arguments("FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runImport(cmd.Context(), o, args[0]) },
	}
	cmd.Flags().StringVar(&o.passphrase, "passphrase", "", "`secret` that opens the file; @FILE reads it from a file")
	cmd.Flags().StringVar(&o.identity, "identity", "", "`file` with the age identity that opens it")
	cmd.Flags().StringToStringVar(&o.rename, "rename", nil, "`old=new` name")
	return cmd
}

func (o *importOptions) opens() ([]age.Identity, error) {
	switch {
	case (o.passphrase == "") == (o.identity == ""):
		return nil, usagef("give --passphrase @FILE or --identity FILE", "the file needs either its passphrase or an identity")
	case o.passphrase != "":
		text, err := o.secretText(o.passphrase)
		if err != nil {
			return nil, err
		}
		i, err := age.NewScryptIdentity(text)
		return []age.Identity{i}, err
	}
	content, err := o.read(o.identity)
	if err != nil {
		return nil, err
	}
	list, err := age.ParseIdentities(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s holds no age identity", o.identity)
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
		return fmt.Errorf("%s: %w", name, err)
	}
	records, err := o.openStore(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	seen := map[string]bool{}
	for _, r := range all {
		r.Name = first(o.rename[r.Name], r.Name)
		_, err := records.ConnectionNamed(ctx, r.Name)
		switch {
		case err == nil || seen[r.Name]:
			return usagef("give another one with --rename "+shellWord(r.Name+"=NEW"), "a connection named %q exists; nothing was imported", r.Name)
		case !errors.Is(err, connect.ErrNotFound):
			return err
		}
		seen[r.Name] = true
	}
	for _, r := range all {
		if err := records.InsertConnection(ctx, r); err != nil {
			return err
		}
	}
	fmt.Fprintf(o.std.Err, "imported %s\n", plural(len(all), "connection"))
	return nil
}
