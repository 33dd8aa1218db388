package cli

import (
	"fmt"
	"os"

	"github.com/cleat-run/cleat/store"
	"github.com/spf13/cobra"
)

func newKeys(f *factory) *cobra.Command {
	return newGroup("keys", "Manage the keys that encrypt connections", newKeysNew(f), newKeysRotate(f))
}

func newKeysNew(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "new [keyset.json]",
		Short: "Print a keyset for cleat serve --keyset",
		Long: `Print a new keyset, or the given one with one more key, which encrypts from then on.

The output is secret: whoever has it and the database can read every connection. Keep it
where all nodes of cleat serve can read it and nobody else can, and keep a copy: without
it the connections are lost.`,
		Example: `  umask 077; cleat keys new > new.json
  umask 077; cleat keys new $CLEAT_HOME/keyset.json > next.json`,
		Args: optionalArguments(0, "keyset.json"),
		RunE: func(_ *cobra.Command, args []string) error {
			var old []byte
			if len(args) > 0 {
				var err error
				if old, err = os.ReadFile(args[0]); err != nil {
					return err
				}
			}
			text, err := store.NextKeyset(old)
			if err != nil {
				return err
			}
			_, err = f.std.Out.Write(text)
			return err
		},
	}
}

func newKeysRotate(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate",
		Short: "Add a key and wrap the data keys of all connections with it",
		Long: `Add a key to keyset.json and wrap the data keys of all connections with it, in one step:
after a failure the old keys still serve. Encrypted data stay as they are, and other
cleat processes go on working. Back keyset.json up afterwards.`,
		Example: "  cleat keys rotate",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			records, err := f.openStore(cmd.Context())
			if err != nil {
				return err
			}
			defer records.Close()
			done, err := records.RotateKeys(cmd.Context())
			if err != nil {
				return err
			}
			return f.rotated(done)
		},
	}
}

func (f *factory) rotated(done store.Rotation) error {
	if done.Unreadable > 0 {
		f.warn(fmt.Sprintf("%d records stay as they are: none of the keys opens them", done.Unreadable))
	}
	if f.json {
		return writeJSON(f.std.Out, struct {
			Rewrapped  int `json:"rewrapped"`
			Unreadable int `json:"unreadable"`
			Removed    int `json:"removed"`
		}{done.Rewrapped, done.Unreadable, done.Removed})
	}
	fmt.Fprintf(f.std.Err, "a new key is in use; %s wrapped with it\n", plural(done.Rewrapped, "record"))
	return nil
}
