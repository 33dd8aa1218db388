package cli

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/spf13/cobra"
)

type oauth1VerifyOptions struct {
	*factory
	requestFlags
	credentialFlags
	publicKey string
	window    time.Duration
	scheme    string
	profile   string
	har       string
	entry     int
}

func newOAuth1Verify(f *factory) *cobra.Command {
	o := &oauth1VerifyOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the signature of a request",
		Long: `Check the signature of a request, and when it is wrong try to say why. Without --url
the request is read from standard input: as it stands on the wire (request line, headers,
empty line, body), or as a curl command, which browsers copy. --har reads it from a
recording of a browser.

Timestamps are checked with --window only, since a request under study is usually old.`,
		Example: `  cleat oauth1 verify --consumer-secret @secret.txt < request.http
  cleat oauth1 verify --consumer-secret @secret.txt --har recording.har --entry 2
  cleat oauth1 verify --url 'https://api.example.com/items' --public-key public.pem -H "$(cat header.txt)" --json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runOAuth1Verify(cmd.Context(), o) },
	}
	o.requestFlags.add(cmd)
	o.credentialFlags.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.publicKey, "public-key", "", "`file` with the RSA key or certificate of the client in PEM")
	flags.DurationVar(&o.window, "window", 0, "how far the timestamp may be from now, such as 5m; 0 does not check it")
	flags.StringVar(&o.scheme, "scheme", "https", "`scheme` of a raw request, whose request line does not tell")
	flags.StringVar(&o.profile, "profile", oauth1.ProfileRFC5849, "`name` of a known deviation: rfc5849, mastercard or request")
	flags.StringVar(&o.har, "har", "", "`file` with a recording of a browser (HTTP archive)")
	flags.IntVar(&o.entry, "entry", 0, "`number` of the request in the recording, from 1 (default: the only signed one)")
	complete(cmd, "scheme", "https", "http")
	complete(cmd, "profile", oauth1.ProfileRFC5849, oauth1.ProfileMastercard, oauth1.ProfileRequest)
	return cmd
}

// verifiedJSON is the output of verify --json (cli.md). Of a request that is refused it
// holds what is known.
type verifiedJSON struct {
	Valid           bool                    `json:"valid"`
	Code            oauth1.Code             `json:"code,omitempty"` // why not
	Message         string                  `json:"message,omitempty"`
	Method          string                  `json:"method"`
	Authorization   string                  `json:"authorization"`
	URL             string                  `json:"url"`
	Body            string                  `json:"body"`
	ConsumerKey     string                  `json:"consumer_key"`
	Token           string                  `json:"token"`
	SignatureMethod string                  `json:"signature_method"`
	TransportMethod string                  `json:"transport_method"`
	Parameters      []oauth1.ExplainedParam `json:"parameters"`
	BaseString      string                  `json:"base_string"`
	KeyMasked       string                  `json:"key_masked"`
	Findings        []oauth1.Finding        `json:"findings,omitempty"`
}

func runOAuth1Verify(ctx context.Context, o *oauth1VerifyOptions) error {
	q, authorization, err := o.received()
	if err != nil {
		return err
	}
	if err := o.resolve(o.factory); err != nil {
		return err
	}
	r := takeApart(q, authorization)
	secrets, err := o.secrets(r)
	if err != nil {
		return err
	}
	verified, refused := o.verifier(secrets).VerifyRequest(ctx, q, authorization...)
	shown := o.describe(r, q, authorization, secrets)
	if refused != nil {
		shown.refuse(refused, r)
		shown.Findings = o.diagnose(r, secrets, refused)
	} else {
		shown.Valid = true
		shown.setBase(verified.BaseString, r)
	}
	if err := o.write(shown); err != nil {
		return err
	}
	return refused
}

// received returns the request of the flags or of the recording, or the one on standard
// input.
func (o *oauth1VerifyOptions) received() (oauth1.Request, []string, error) {
	if o.har != "" {
		return o.recorded()
	}
	if o.given() {
		return o.request(o.factory)
	}
	if o.scheme != "https" && o.scheme != "http" {
		return oauth1.Request{}, nil, usagef("known are https and http", "unknown scheme %q", o.scheme)
	}
	raw, err := o.read("-")
	if err != nil {
		return oauth1.Request{}, nil, err
	}
	if strings.TrimSpace(string(raw)) == "" {
		return oauth1.Request{}, nil, usagef("give it on standard input, with --har, or with --url and -H 'Authorization: …'", "there is no request to verify")
	}
	if isCurl(string(raw)) {
		return readCurl(string(raw))
	}
	return readRaw(raw, o.scheme)
}

// secrets returns what the signature is checked against.
func (o *oauth1VerifyOptions) secrets(r received) (*oauth1.Secrets, error) {
	s := &oauth1.Secrets{ConsumerSecret: o.consumerSecret, TokenSecret: o.tokenSecret}
	text, err := o.readPEM(o.publicKey)
	switch {
	case err != nil:
		return nil, err
	case text != "":
		s.PublicKey, _, err = oauth1.ParsePublicKey(text)
	case o.privateKey != "":
		s.PublicKey, err = publicOf(o.privateKey, o.passphrase)
	}
	if err != nil {
		return nil, err
	}
	if m, err := oauth1.LookupMethod(r.get("oauth_signature_method")); err == nil && m.Kind == oauth1.KindRSA && s.PublicKey == nil {
		return nil, usagef("give it with --public-key FILE", "the request is signed with %s, but there is no public key", m.Name)
	}
	return s, nil
}

// publicOf returns the public half of a private key.
func publicOf(text, passphrase string) (*rsa.PublicKey, error) {
	key, _, err := oauth1.ParsePrivateKey(text, passphrase)
	if err != nil {
		return nil, err
	}
	public, _ := key.Public().(*rsa.PublicKey)
	return public, nil
}

func (o *oauth1VerifyOptions) verifier(secrets *oauth1.Secrets) *oauth1.Verifier {
	v := &oauth1.Verifier{Window: o.window, Profile: o.profile}
	if o.window == 0 {
		v.Window = -1 // not checked
	}
	v.Lookup = func(_ context.Context, consumerKey, token string) (*oauth1.Secrets, error) {
		switch {
		case o.consumerKey != "" && consumerKey != o.consumerKey:
			return nil, oauth1.CodeConsumerUnknown
		case o.token != "" && token != o.token:
			return nil, oauth1.CodeTokenUnknown
		}
		return secrets, nil
	}
	return v
}

// describe returns what is known before the signature is checked.
func (o *oauth1VerifyOptions) describe(r received, q oauth1.Request, authorization []string, secrets *oauth1.Secrets) *verifiedJSON {
	shown := &verifiedJSON{
		Method: q.Method, Authorization: strings.Join(authorization, ", "), URL: q.URL, Body: string(q.Body),
		ConsumerKey: r.get("oauth_consumer_key"), Token: r.get("oauth_token"),
		SignatureMethod: r.get("oauth_signature_method"), TransportMethod: r.transport,
		Parameters: []oauth1.ExplainedParam{}, KeyMasked: maskedKey(r, secrets),
	}
	if strings.EqualFold(shown.SignatureMethod, "PLAINTEXT") {
		// The signature is the secrets.
		shown.Authorization, shown.URL, shown.Body = withoutSignature(shown.Authorization), withoutSignature(shown.URL), withoutSignature(shown.Body)
	}
	return shown
}

// maskedKey shows the shape of the key: whether there is a secret, and how long it is.
func maskedKey(r received, secrets *oauth1.Secrets) string {
	if m, err := oauth1.LookupMethod(r.get("oauth_signature_method")); err == nil && m.Kind == oauth1.KindRSA {
		return fmt.Sprintf("RSA public key, %d bits", secrets.PublicKey.N.BitLen())
	}
	mask := func(secret string) string {
		if secret == "" {
			return "(empty)"
		}
		return fmt.Sprintf("(%d characters)", len([]rune(secret)))
	}
	return mask(secrets.ConsumerSecret) + "&" + mask(secrets.TokenSecret)
}

// withoutSignature masks oauth_signature in a header, query or form.
func withoutSignature(text string) string {
	before, after, found := strings.Cut(text, "oauth_signature=")
	if !found {
		return text
	}
	return before + "oauth_signature=***" + strings.TrimLeft(after, signatureCharacters)
}

// signatureCharacters may stand in an encoded signature, or quote it.
const signatureCharacters = `"%-._~+/=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789`

func (s *verifiedJSON) refuse(err error, r received) {
	s.Message = err.Error()
	var e *oauth1.Error
	if errors.As(err, &e) {
		s.Code = e.Code
		s.setBase(e.BaseString, r)
	}
}

// setBase fills in the base string and the parameters that it is made of.
func (s *verifiedJSON) setBase(base string, r received) {
	s.BaseString = base
	parts := strings.Split(base, "&")
	if len(parts) != 3 {
		return
	}
	for piece := range strings.SplitSeq(oauth1.PercentDecode(parts[2]), "&") {
		name, text, _ := strings.Cut(piece, "=")
		p := oauth1.ExplainedParam{
			Order: len(s.Parameters) + 1, Name: oauth1.PercentDecode(name), Value: oauth1.PercentDecode(text),
			EncodedName: name, EncodedValue: text,
		}
		p.Origin = r.origin(p.Name)
		s.Parameters = append(s.Parameters, p)
	}
}

// diagnose tries the usual mistakes when the signature is wrong. RSA needs the private
// key for that, and with PLAINTEXT nothing but the secrets can differ.
func (o *oauth1VerifyOptions) diagnose(r received, secrets *oauth1.Secrets, refused error) []oauth1.Finding {
	if !errors.Is(refused, oauth1.CodeSignatureInvalid) || strings.EqualFold(r.get("oauth_signature_method"), "PLAINTEXT") {
		return nil
	}
	c, token := r.config()
	c.ConsumerSecret, token.Secret, c.Profile = secrets.ConsumerSecret, secrets.TokenSecret, o.profile
	if o.privateKey != "" {
		c.Key, _, _ = oauth1.ParsePrivateKey(o.privateKey, o.passphrase)
	}
	found, err := c.Diagnose(r.request, token, r.get("oauth_signature"))
	if err != nil {
		return nil // the refusal stands; this was only advice
	}
	return found
}

func (o *oauth1VerifyOptions) write(s *verifiedJSON) error {
	if o.json {
		return writeJSON(o.std.Out, s)
	}
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-17s %s\n", name, text)
		}
	}
	verdict := "wrong"
	if s.Valid {
		verdict = "right"
	}
	if s.Valid || s.Code == oauth1.CodeSignatureInvalid {
		line("signature", verdict)
	}
	line("request", s.Method+" "+s.URL)
	line("signature method", s.SignatureMethod)
	line("consumer key", s.ConsumerKey)
	line("token", s.Token)
	line("base string", s.BaseString)
	line("key", s.KeyMasked)
	if s.Code == oauth1.CodeSignatureInvalid {
		b.WriteString(diagnosis(s.Findings))
	}
	_, err := io.WriteString(o.std.Out, printable(b.String()))
	return err
}
