package cli

import (
	"fmt"

	"github.com/cleat-run/cleat/store"
	"github.com/spf13/cobra"
)

func newKeys(f *factory) *cobra.Command {
	return newGroup("keys", "Manage the keys that encrypt connections", newKeysRotate(f))
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
		}{done.Rewrapped, done.Unreadable})
	}
	fmt.Fprintf(f.std.Err, "a new key is in use; %s wrapped with it\n", plural(done.Rewrapped, "record"))
	return nil
}
