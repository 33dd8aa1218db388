package cli

import (
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/oauth1"
	"github.com/spf13/cobra"
)

func newOAuth1(f *factory) *cobra.Command {
	group := newGroup("oauth1", "Sign, explain and verify requests by OAuth 1.0 (RFC 5849)",
		newOAuth1Sign(f), newOAuth1Explain(f), newOAuth1Verify(f), newOAuth1Proxy(f))
	group.Long = `Sign, explain and verify requests by OAuth 1.0 (RFC 5849). Nothing is sent but
by explain --send and by proxy.

Secrets need not stand in the history of the shell: write @FILE for the content of a
file, @- for standard input, or set CLEAT_OAUTH1_CONSUMER_KEY,
CLEAT_OAUTH1_CONSUMER_SECRET, CLEAT_OAUTH1_TOKEN, CLEAT_OAUTH1_TOKEN_SECRET,
CLEAT_OAUTH1_PASSPHRASE.`
	return group
}

// signingHints tell what to do about a failure of package oauth1.
var signingHints = map[oauth1.Code]string{
	oauth1.CodeMethodUnknown:     "known are HMAC-SHA1, HMAC-SHA256, HMAC-SHA512, RSA-SHA1, RSA-SHA256, RSA-SHA512 and PLAINTEXT",
	oauth1.CodeTransportUnknown:  "known are header, query and body",
	oauth1.CodeProfileUnknown:    "known are rfc5849, mastercard and request",
	oauth1.CodeBodyTransport:     "use --transport header, or send a form with --data",
	oauth1.CodeBodyHashPlaintext: "leave --body-hash away",
	oauth1.CodeKeyMissing:        "give the key with --private-key FILE",
	oauth1.CodeKeyInvalid:        "the file must hold an RSA key in PEM",
	oauth1.CodeKeyTooSmall:       "make a key of 2048 bits",
	oauth1.CodePassphrase:        "give it with --passphrase @FILE or CLEAT_OAUTH1_PASSPHRASE",
	oauth1.CodeURLInvalid:        "give the whole address, such as https://api.example.com/items?page=2",
	oauth1.CodeUnsigned:          "neither the Authorization header nor query or form body has oauth_signature",
	oauth1.CodeTimestampRefused:  "the clocks differ, or the request is old; --window 0 skips this check",
	oauth1.CodeInsecure:          "PLAINTEXT sends the secrets themselves",
}

// signingType returns the type of a failure of package oauth1: a request that came in and
// is refused is bad data, everything else a mistake of who signs.
func signingType(code oauth1.Code) string {
	switch code {
	case oauth1.CodeUnsigned, oauth1.CodeSeveralTransports, oauth1.CodeParameterAbsent, oauth1.CodeVersionRejected, oauth1.CodeInsecure,
		oauth1.CodeTimestampRefused, oauth1.CodeConsumerUnknown, oauth1.CodeTokenUnknown, oauth1.CodeSignatureInvalid,
		oauth1.CodeBodyHashInvalid, oauth1.CodeNonceUsed:
		return engine.DataError
	}
	return engine.InvalidConfigurationError
}

// ofFlags makes a usage error of a failure that only a flag can have caused.
func ofFlags(err error) error {
	e, ok := err.(*oauth1.Error)
	if !ok {
		return err
	}
	switch e.Code {
	case oauth1.CodeMethodUnknown, oauth1.CodeTransportUnknown, oauth1.CodeProfileUnknown, oauth1.CodeURLInvalid:
		return usagef(signingHints[e.Code], "%s", e.Error())
	}
	return err
}
