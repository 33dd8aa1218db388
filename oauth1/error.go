package oauth1

import "time"

// Code says what went wrong, so that nobody has to read texts:
//
//	errors.Is(err, oauth1.CodeKeyMissing)
//
// It is an error itself and matches every [*Error] that carries it.
type Code string

// Error returns the code itself.
func (c Code) Error() string { return "oauth: " + string(c) }

// The codes of signing. The codes of verifying stand with [Verifier].
const (
	CodeMethodUnknown     Code = "signature_method_unknown"    // no such signature method
	CodeTransportUnknown  Code = "transport_method_unknown"    // not header, query or body
	CodeProfileUnknown    Code = "profile_unknown"             // no such profile
	CodeBodyTransport     Code = "body_transport_needs_form"   // body transport without a form to POST
	CodeBodyHashPlaintext Code = "body_hash_with_plaintext"    // PLAINTEXT has no hash
	CodeBodyTooLarge      Code = "body_too_large"              // see [MaxBufferedBody]
	CodeBodyUnreadable    Code = "body_unreadable"             // reading the body failed
	CodeKeyMissing        Code = "private_key_missing"         // RSA without a key
	CodeKeyInvalid        Code = "private_key_invalid"         // not an RSA key, or not readable
	CodeKeyTooSmall       Code = "private_key_too_small"       // RSA under 1024 bits
	CodePassphrase        Code = "private_key_passphrase"      // missing or wrong
	CodeSigningFailed     Code = "signing_failed"              // the crypto.Signer returned an error
	CodeFIPS              Code = "not_allowed_by_fips"         // FIPS 140-only mode forbids the method
	CodeURLInvalid        Code = "url_invalid"                 // not an absolute URL with a host
	CodeDuplicate         Code = "protocol_parameter_repeated" // RFC 5849 3.5: one place, once
	CodeMultipartInvalid  Code = "multipart_invalid"           // SignMultipart and an unreadable body
)

// The codes of the flow; refusals are [*ProblemError] values.
const (
	CodeAnswerInvalid Code = "answer_invalid"         // no token in it, or too long
	CodeNotConfirmed  Code = "callback_not_confirmed" // see [Flow.RequireConfirmed]
)

// The codes of verifying. A [Verifier] also uses [CodeMethodUnknown] and
// [CodeDuplicate].
const (
	CodeUnsigned          Code = "request_not_signed"
	CodeSeveralTransports Code = "several_transports"         // RFC 5849 3.5
	CodeParameterAbsent   Code = "protocol_parameter_missing" // RFC 5849 3.1
	CodeVersionRejected   Code = "version_rejected"
	CodeInsecure          Code = "plaintext_without_tls" // RFC 5849 3.4.4
	CodeTimestampRefused  Code = "timestamp_refused"
	CodeConsumerUnknown   Code = "consumer_key_unknown"
	CodeTokenUnknown      Code = "token_unknown"
	CodeSignatureInvalid  Code = "signature_invalid"
	CodeBodyHashInvalid   Code = "body_hash_invalid"
	CodeNonceUsed         Code = "nonce_used"
)

// Error is any failure of this package that is not the answer of a server (see
// [ProblemError]). Text is stable in meaning, not in wording; compare Code.
type Error struct {
	Code    Code
	Message string // one sentence without the circumstances
	Detail  string // the circumstances, may be empty
	Err     error  // the cause, may be nil

	// Parameter is the protocol parameter concerned, if one is.
	Parameter string

	// BaseString is set with [CodeSignatureInvalid]: what this side signed. It
	// holds no secret but may hold form fields of the request.
	BaseString string

	from, to time.Time // timestamps that would do, with CodeTimestampRefused
}

// Error returns message, detail and cause in one line.
func (e *Error) Error() string {
	text := e.Message
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the [Code] of this error.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}
