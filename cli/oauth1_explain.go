package cli

import (
	"context"
	"io"
	"strings"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/spf13/cobra"
)

type oauth1ExplainOptions struct {
	*factory
	signingFlags
	compare   string
	signature string
	send      bool
}

func newOAuth1Explain(f *factory) *cobra.Command {
	o := &oauth1ExplainOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "explain --url ADDRESS",
		Short: "Show every piece of a signature, and what differs from another one",
		Long: `Show every piece of a signature: the parameters with their origin, the base string,
the key with its secrets masked, and the request as each transport sends it.

With --compare the first difference to the base string of a server or of another
library is named; with --signature (and the --timestamp and --nonce it was made with)
the usual mistakes are tried until one gives that signature.

With --send the request is sent as well, once. A refusal is studied: what the server
reports, how its clock differs, what it shows of its own base string or signature, and
the likely causes in their order.`,
		Example: `  cleat oauth1 explain --url 'https://api.example.com/items?page=2' --consumer-key key --consumer-secret @secret.txt
  cleat oauth1 explain --url http://example.com/a --nonce n --timestamp 1 --compare 'GET&http%3A%2F%2Fexample.com%3A80%2Fa&x'
  cleat oauth1 explain --url http://127.0.0.1:7480/api/me --consumer-key key --send --egress-allow 127.0.0.1`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runOAuth1Explain(cmd.Context(), o) },
	}
	o.signingFlags.add(cmd)
	cmd.Flags().StringVar(&o.compare, "compare", "", "`base string` of the other side; @FILE reads it from a file")
	cmd.Flags().StringVar(&o.signature, "signature", "", "`signature` of the other side, to find out how it was made")
	cmd.Flags().BoolVar(&o.send, "send", false, "send the request, and study a refusal")
	return cmd
}

// explainedJSON is the output of explain --json (cli.md).
type explainedJSON struct {
	*oauth1.Explanation
	Body       string             `json:"body"`
	Difference *oauth1.Difference `json:"difference,omitempty"`
	Findings   []oauth1.Finding   `json:"findings,omitempty"`
	Sent       *sentJSON          `json:"sent,omitempty"`
}

func runOAuth1Explain(ctx context.Context, o *oauth1ExplainOptions) error {
	g, err := o.signing(o.factory)
	if err != nil {
		return err
	}
	e, err := g.config.Explain(g.request, g.token)
	if err != nil {
		return ofFlags(err)
	}
	e.Warnings = append(g.warnings, e.Warnings...)
	shown := explainedJSON{Explanation: e, Body: string(g.request.Body)}
	if shown.Difference, err = o.difference(e.BaseString); err != nil {
		return err
	}
	if o.signature != "" {
		shown.Findings, err = g.config.Diagnose(g.request, g.token, o.signature)
		if err != nil {
			return err
		}
	}
	if o.send {
		if shown.Sent, err = o.sent(ctx, g, e.BaseString); err != nil {
			return err
		}
	}
	if o.json {
		return writeJSON(o.std.Out, shown)
	}
	_, err = io.WriteString(o.std.Out, printable(o.text(shown)))
	return err
}

// difference compares with the base string of the other side, if one was given.
func (o *oauth1ExplainOptions) difference(ours string) (*oauth1.Difference, error) {
	theirs := o.compare
	if theirs == "" {
		return nil, nil
	}
	if name, isFile := strings.CutPrefix(theirs, "@"); isFile {
		content, err := o.read(name)
		if err != nil {
			return nil, err
		}
		theirs = string(content)
	}
	d := oauth1.CompareBaseString(ours, theirs)
	return &d, nil
}

func (o *oauth1ExplainOptions) text(e explainedJSON) string {
	text := e.Explanation.String()
	if e.Difference != nil {
		text += "\ncompared: " + e.Difference.Message + "\n"
	}
	if o.signature != "" {
		text += "\n" + diagnosis(e.Findings)
	}
	if e.Sent != nil {
		text += e.Sent.text()
	}
	return text
}

// diagnosis words how a signature was made.
func diagnosis(found []oauth1.Finding) string {
	if len(found) == 0 {
		return "no usual mistake gives this signature: a secret, the key or something unusual differs\n"
	}
	var b strings.Builder
	for _, f := range found {
		if len(f.Mistakes) == 0 {
			b.WriteString("the signature is the one made here\n")
			continue
		}
		b.WriteString("this gives the signature: " + f.String() + "\n")
	}
	return b.String()
}
