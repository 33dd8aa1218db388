package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/value"
	"github.com/spf13/cobra"
)

type triggerOptions struct {
	runOptions
	from    string
	choose  bool
	restart bool
	state   string // id of the state, "" for the usual one
}

func newTrigger(f *factory) *cobra.Command {
	o := &triggerOptions{runOptions: runOptions{factory: f, stateful: true}}
	cmd := &cobra.Command{
		Use:   "trigger APP MODULE",
		Short: "Poll a polling trigger once",
		Long: `Poll a polling trigger once: print what is new, the oldest first, one JSON object a line,
and then store how far it came. Run again, nothing comes twice; an item comes again only
when it got another date, or when the process was killed between printing and storing.
Of two polls at once the second waits for the first.

The first poll begins with what comes after this moment, or where --from says: all, now, a
date, or the id of an item, which is included. The same command can be repeated: --from
begins anew only when it says something else than before, or with --restart. --choose
shows the items that the trigger may begin with; with --json it prints them and ends.

A replay has a state of its own, which is gone afterwards: say the same --from as when it
was recorded.

The state belongs to the app's name, the module, the connection and the parameters other
than limit; it stays when the app changes.`,
		Example: `  cleat trigger examples/photos watchPhotos --from all --connection alice
  cleat trigger examples/photos watchPhotos --from 2026-05-17 -p album=sea
  echo 2 | cleat trigger examples/photos watchPhotos --choose`,
		Args:              arguments("APP", "MODULE"),
		ValidArgsFunction: completeAppThen(app.ModuleKind),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.app, o.id = args[0], args[1]
			return runTrigger(cmd.Context(), o)
		},
	}
	o.flags(cmd, app.ModuleKind)
	flags := cmd.Flags()
	flags.StringVar(&o.from, "from", "", "`where` to begin: all, now, a date, or the id of an item (default: go on, or now)")
	flags.BoolVar(&o.choose, "choose", false, "choose the item to begin with")
	flags.BoolVar(&o.restart, "restart", false, "begin anew where --from says")
	flags.StringVar(&o.state, "id", "", "keep the state under this `id` instead of the usual one")
	complete(cmd, "from", "all", "now")
	return cmd
}

func runTrigger(ctx context.Context, o *triggerOptions) error {
	switch {
	case o.choose && o.from != "":
		return usagef("say one of them", "--choose and --from both say where to begin")
	case o.tape.replay != "" && o.connection != "":
		return usagef("leave one out: a recording has its own connection", "--replay and --connection exclude each other")
	case o.restart && o.from == "":
		return usagef("add --from all, --from now, a date or an id", "--restart needs --from")
	}
	zone, err := time.LoadLocation(o.timezone)
	if err != nil {
		return err
	}
	return o.ready(ctx, (*cleat.App).Trigger, func(s *prepared) error {
		p := cleat.Poll{Input: s.input, ID: first(o.state, s.component.TriggerID(s.input.Connection, s.given)),
			From: poll.ParseStart(o.from, zone), Restart: o.restart || o.choose}
		if o.choose {
			list, err := s.runtime.StartChoices(ctx, s.component, s.input)
			if err != nil {
				return err
			}
			if o.json {
				return writeJSON(o.std.Out, candidates(list))
			}
			if p.From, err = o.ask(list); err != nil {
				return err
			}
		}
		return o.poll(ctx, s, p)
	})
}

// poll prints what is new.
func (o *triggerOptions) poll(ctx context.Context, s *prepared, p cleat.Poll) error {
	var line []byte
	out, err := s.runtime.Poll(ctx, s.component, p, func(bundle value.Value) error {
		line = append(bundle.AppendJSON(line[:0]), '\n')
		return s.progress.bundle(func() error { _, err := o.std.Out.Write(line); return err })
	})
	s.progress.end()
	o.warn(out.Warnings...)
	o.warnMissing(s.component, s.input.Connection)
	switch {
	case err != nil || o.json:
	case out.Left > 0:
		fmt.Fprintf(o.std.Err, "more is waiting (%d); run it again\n", out.Left)
	case out.Began && out.Given == 0:
		fmt.Fprintln(o.std.Err, "the trigger has begun; run it again to see what is new since")
	}
	return err
}

// candidate is an item to begin with in the form of --json.
type candidate struct {
	ID    string      `json:"id"`
	Label string      `json:"label"`
	Date  value.Value `json:"date"`
}

func candidates(list []poll.Candidate) []candidate {
	all := make([]candidate, len(list))
	for i, c := range list {
		all[i] = candidate{c.ID, c.Label, c.Date}
		if c.Date.IsUndefined() {
			all[i].Date = value.Null
		}
	}
	return all
}

// ask lets the person choose an item by its number.
func (o *triggerOptions) ask(list []poll.Candidate) (poll.Start, error) {
	if len(list) == 0 {
		return poll.Start{}, usagef("begin with --from all or --from now", "there is no item to choose")
	}
	table := tabwriter.NewWriter(o.std.Err, 0, 0, 2, ' ', 0)
	for i, c := range list {
		fmt.Fprintf(table, "%d\t%s\t%s\n", i+1, cell(printable(c.Label)), cell(printable(c.Date.ToText())))
	}
	if err := table.Flush(); err != nil {
		return poll.Start{}, err
	}
	text, err := o.prompt("Begin with number", false)
	if !o.std.IsTerminal {
		fmt.Fprintln(o.std.Err) // nobody typed the end of the line
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return poll.Start{}, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 || n > len(list) {
		return poll.Start{}, usagef(fmt.Sprintf("write a number from 1 to %d, or begin with --from ID", len(list)), "%q chooses no item", strings.TrimSpace(text))
	}
	return poll.Start{Choice: poll.Item, ID: list[n-1].ID}, nil
}
