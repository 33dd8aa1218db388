package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	chosen, err := exported(ctx, records, names)
	if err != nil {
		return err
	}
	var sealed bytes.Buffer
	if err := store.Export(&sealed, chosen, to...); err != nil {
		return err
	}
	if err := writeNew(o.to, sealed.Bytes()); err != nil {
		return err
	}
	if o.json {
		return writeJSON(o.std.Out, struct {
			File        string        `json:"file"`
			Connections []*connection `json:"connections"`
		}{o.to, connectionsJSON(chosen)})
	}
	fmt.Fprintf(o.std.Err, "wrote %s to %s\n", plural(len(chosen), "connection"), o.to)
	return nil
}

// exported returns the named connections, each once, or all of them.
func exported(ctx context.Context, records connect.Store, names []string) ([]*connect.Record, error) {
	var chosen []*connect.Record
	var err error
	if len(names) == 0 {
		chosen, err = records.Connections(ctx)
	}
	for _, name := range names {
		r, err := findConnection(ctx, records, name)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(chosen, func(c *connect.Record) bool { return c.ID == r.ID }) {
			chosen = append(chosen, r)
		}
	}
	if err == nil && len(chosen) == 0 {
		err = usagef("make one with cleat connect APP CONNECTION --name NAME", "there are no connections to export")
	}
	for _, r := range chosen {
		if r.Data == nil {
			err = &hintedError{fmt.Errorf("connection %q cannot be decrypted; nothing was written", r.Name), "name the others"}
		}
	}
	return chosen, err
}

// keys returns to whom the file is encrypted.
func (o *exportOptions) keys() ([]age.Recipient, error) {
	switch {
	case o.to == "":
		return nil, usagef("name it with --to", "there is no file to write to")
	case (o.passphrase == "") == (len(o.recipients) == 0):
		return nil, usagef("give --passphrase @FILE or --recipient age1…", "the file needs either a passphrase or recipients")
	case o.passphrase != "":
		text, err := o.passphraseOf(o.passphrase)
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

// passphraseOf returns a passphrase, or with @ the one in a file.
func (f *factory) passphraseOf(text string) (string, error) {
	name, isFile := strings.CutPrefix(text, "@")
	if !isFile {
		return text, nil
	}
	content, err := f.read(name)
	if text = trimLineEnd(string(content)); err == nil && text == "" {
		err = usagef("write the passphrase into it", "%s is empty", name)
	}
	return text, err
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
		err = placeNew(part.Name(), name)
	}
	if errors.Is(err, os.ErrExist) {
		return usagef("choose another name", "%s exists", name)
	}
	if err != nil {
		return unreadable(name, err)
	}
	return nil
}

// placeNew gives a file another name, unless there is a file of it.
func placeNew(part, name string) error {
	err := os.Link(part, name)
	if err == nil || errors.Is(err, os.ErrExist) {
		return err
	}
	taken, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // no hard links here
	if err != nil {
		return err
	}
	return errors.Join(taken.Close(), os.Rename(part, name))
}
