package cli

import (
	"fmt"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/spf13/cobra"
)

type oauth1SignOptions struct {
	*factory
	signingFlags
}

func newOAuth1Sign(f *factory) *cobra.Command {
	o := &oauth1SignOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "sign --url ADDRESS",
		Short: "Sign a request",
		Long: `Sign a request and print what has to be sent: the Authorization header, or with
--transport query the address, or with --transport body the body. With --json
everything is there, every piece of the signature included.`,
		Example: `  cleat oauth1 sign --url 'https://api.example.com/items?page=2' --consumer-key key --consumer-secret @secret.txt
  cleat oauth1 sign --url https://api.example.com/items -d 'name=A b' --consumer-key key --transport body
  cleat oauth1 sign --url https://api.example.com/items --consumer-key key --signature-method RSA-SHA256 --private-key key.pem --json`,
		Args: arguments(),
		RunE: func(*cobra.Command, []string) error { return runOAuth1Sign(o) },
	}
	o.signingFlags.add(cmd)
	return cmd
}

// signedJSON is the output of sign --json (cli.md).
type signedJSON struct {
	Method          string                  `json:"method"`
	Authorization   string                  `json:"authorization"`
	URL             string                  `json:"url"`
	Body            string                  `json:"body"`
	ContentType     string                  `json:"content_type,omitempty"`
	SignatureMethod string                  `json:"signature_method"`
	TransportMethod string                  `json:"transport_method"`
	Profile         string                  `json:"profile"`
	Parameters      []oauth1.ExplainedParam `json:"parameters"`
	BaseURI         string                  `json:"base_uri"`
	ParameterString string                  `json:"parameter_string"`
	BaseString      string                  `json:"base_string"`
	KeyMasked       string                  `json:"key_masked"`
	Signature       string                  `json:"signature"`
	Warnings        []string                `json:"warnings,omitempty"`
}

func runOAuth1Sign(o *oauth1SignOptions) error {
	g, err := o.signing(o.factory)
	if err != nil {
		return err
	}
	signed, err := g.config.Sign(g.request, g.token)
	if err != nil {
		return ofFlags(err)
	}
	shown, err := g.config.Explain(g.request, g.token)
	if err != nil {
		return ofFlags(err)
	}
	warnings := append(g.warnings, shown.Warnings...)
	if o.json {
		return writeJSON(o.std.Out, signedJSON{
			Method: shown.Method, Authorization: signed.AuthorizationHeader, URL: signed.URL, Body: string(signed.Body), ContentType: signed.ContentType,
			SignatureMethod: shown.SignatureMethod, TransportMethod: shown.TransportMethod, Profile: shown.Profile,
			Parameters: shown.Parameters, BaseURI: shown.BaseURI, ParameterString: shown.ParameterString, BaseString: shown.BaseString,
			KeyMasked: shown.KeyMasked, Signature: signed.Signature, Warnings: warnings,
		})
	}
	o.warn(warnings...)
	_, err = fmt.Fprintln(o.std.Out, whatToSend(shown.TransportMethod, signed))
	return err
}

// whatToSend returns the piece of a signed request that the signature is in.
func whatToSend(transport string, signed *oauth1.Signed) string {
	switch transport {
	case oauth1.TransportQuery:
		return signed.URL
	case oauth1.TransportBody:
		return string(signed.Body)
	}
	return "Authorization: " + signed.AuthorizationHeader
}
