package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/server"
	"github.com/cleat-run/cleat/store"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newRecords(f *factory) *cobra.Command {
	return newGroup("records", "Move what cleat serve keeps to another database", newRecordsMove(f))
}

func newWork(f *factory) *cobra.Command {
	return newGroup("work", "Move work that waits to a cluster", newWorkMove(f))
}

type moveOptions struct {
	serveOptions
	to string
}

func newRecordsMove(f *factory) *cobra.Command {
	o := &moveOptions{serveOptions: serveOptions{factory: f}}
	cmd := &cobra.Command{
		Use:   "move --to postgres://...",
		Short: "Copy all records from SQLite into an empty PostgreSQL database",
		Long: `Copy all records of this machine, of all teams, from SQLite into an empty PostgreSQL
database, in one transaction: all of them are there afterwards, or none. The server must
not run. What is in CLEAT_HOME stays.

The keyset stays the same: give it to every node. A password may stand in PGPASSWORD or in
~/.pgpass. Work that waits is moved by cleat work move.`,
		Example: `  cleat records move --to postgres://cleat@db.internal/cleat?sslmode=verify-full
  cleat serve --database postgres://cleat@db.internal/cleat?sslmode=verify-full --keyset $CLEAT_HOME/keyset.json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runRecordsMove(cmd.Context(), o) },
	}
	o.place(cmd)
	cmd.Flags().StringVar(&o.to, "to", "", "`URL` of the empty database")
	_ = cmd.MarkFlagRequired("to")
	return cmd
}

func runRecordsMove(ctx context.Context, o *moveOptions) (err error) {
	if !strings.HasPrefix(o.to, "postgres://") && !strings.HasPrefix(o.to, "postgresql://") {
		return usagef("it is like postgres://cleat@db.internal/cleat", "--to: %q is no address of a PostgreSQL database", masked(o.to))
	}
	records, queue, err := o.places()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(records.Dir, backupDatabase)); err != nil {
		return fmt.Errorf("there is nothing to move: %w", err)
	}
	unlock, err := stopped(queue)
	if err != nil {
		return err
	}
	defer unlock()
	from, err := store.Open(ctx, records)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if err := makeTables(ctx, o.to, records); err != nil {
		return err
	}
	rows := int64(0)
	if err := from.Move(ctx, o.to, func(table string, n int64) {
		rows += n
		o.step("%-14s %d", table, n)
	}); err != nil {
		return err
	}
	return o.movedRecords(rows)
}

// stopped makes sure that no server of this machine runs, and starts none meanwhile.
func stopped(queue bus.Options) (unlock func() error, err error) {
	if len(queue.Servers) > 0 {
		return func() error { return nil }, nil
	}
	if unlock, err = bus.Lock(queue.Dir); err != nil {
		return nil, &hintedError{err, "stop cleat serve first"}
	}
	return unlock, nil
}

// makeTables opens the database once, with the keyset that will hold there.
func makeTables(ctx context.Context, url string, from store.Options) error {
	keyset := from.Keyset
	if keyset == nil {
		var err error
		if keyset, err = os.ReadFile(filepath.Join(from.Dir, "keyset.json")); err != nil {
			return fmt.Errorf("keyset: %w", err)
		}
	}
	to, err := store.Open(ctx, store.Options{URL: url, Keyset: keyset})
	if errors.Is(err, store.ErrKeyset) {
		return &hintedError{err, "the database is in use with other keys: give an empty one"}
	}
	if err != nil {
		return err
	}
	return to.Close()
}

// step tells a person who watches how far it is.
func (o *moveOptions) step(format string, args ...any) {
	if o.std.IsTerminal && !o.json {
		fmt.Fprintf(o.std.Err, format+"\n", args...)
	}
}

func (o *moveOptions) movedRecords(rows int64) error {
	if o.json {
		return writeJSON(o.std.Out, map[string]int64{"rows": rows})
	}
	fmt.Fprintf(o.std.Err, "moved %d rows to %s\nstart cleat serve with that as its --database, and with the same keyset; do not start it here with SQLite again\n", rows, masked(o.to))
	return nil
}

func newWorkMove(f *factory) *cobra.Command {
	o := &moveOptions{serveOptions: serveOptions{factory: f}}
	cmd := &cobra.Command{
		Use:   "move --to nats://...",
		Short: "Copy work that waits from this machine to a NATS cluster",
		Long: `Copy work that waits in the embedded bus of this machine to a NATS cluster, with its ids,
and check the counts: deliveries, those of sequential webhooks, dead ones and large bodies.
Polls need no move, for the schedule is among the records. The server must not run. What is
in CLEAT_HOME stays; a move that failed can be repeated.

The other flags are those of cleat serve, and say how the cluster is reached. The settings
of this machine count, from the environment and its file.`,
		Example: `  cleat work move --to tls://a:4222,tls://b:4222,tls://c:4222 --nats-sync always`,
		Args:    arguments(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runWorkMove(cmd.Context(), o, cmd.Flags()) },
	}
	o.place(cmd)
	flags := cmd.Flags()
	flags.SetNormalizeFunc(settingName)
	o.set.add(flags)
	flags.VisitAll(func(f *pflag.Flag) {
		f.Hidden = f.Name != "config" && !strings.HasPrefix(f.Name, "nats-")
	})
	flags.StringVar(&o.to, "to", "", "`addresses` of the servers")
	_ = cmd.MarkFlagRequired("to")
	return cmd
}

func runWorkMove(ctx context.Context, o *moveOptions, flags *pflag.FlagSet) error {
	to, err := flags.GetString("to")
	if err != nil {
		return err
	}
	if _, err := o.readSettings(flags); err != nil {
		return err
	}
	home, err := o.home()
	if err != nil {
		return err
	}
	records, err := o.set.store(home)
	if err != nil {
		return err
	}
	o.set.nats = to
	cluster, err := o.set.bus(home)
	if err != nil {
		return err
	}
	from := bus.Options{Dir: cluster.Dir, Prefix: o.set.natsPrefix, MaxBytes: o.set.natsMaxBytes}
	if _, err := os.Stat(from.Dir); err != nil {
		return fmt.Errorf("there is nothing to move: %w", err)
	}
	moved, err := server.MoveWork(ctx, records, from, cluster)
	if err != nil {
		return fmt.Errorf("move the work to %s: %w", masked(to), err)
	}
	return o.movedWork(moved)
}

func (o *moveOptions) movedWork(m bus.Moved) error {
	if o.json {
		return writeJSON(o.std.Out, map[string]int{"deliveries": m.Deliveries, "sequential": m.Sequential, "dead": m.Dead, "bodies": m.Bodies})
	}
	fmt.Fprintf(o.std.Err, "moved %d deliveries, %d of sequential webhooks, %d dead ones and %d large bodies\nstart cleat serve with that cluster as its --nats\n",
		m.Deliveries, m.Sequential, m.Dead, m.Bodies)
	return nil
}
