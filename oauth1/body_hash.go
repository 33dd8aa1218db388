package oauth1

import (
	"crypto"
	"crypto/fips140"
	"encoding/base64"
	"io"
)

// BodyHash returns oauth_body_hash of a body (OAuth Request Body Hash 1.0): the
// base64 of its hash, SHA-1, SHA-256 or SHA-512 as the signature method has it.
// No body counts as the empty body.
//
// PLAINTEXT has no hash: the error is an [*Error] with
// [CodeBodyHashPlaintext], or [CodeMethodUnknown].
func BodyHash(signatureMethod string, body []byte) (string, error) {
	m, err := LookupMethod(signatureMethod)
	if err != nil {
		return "", err
	}
	return m.bodyHash(body)
}

// BodyHashReader is [BodyHash] for a body too large for memory. It reads r to
// the end; the result goes into [Config.BodyHash].
func BodyHashReader(signatureMethod string, r io.Reader) (string, error) {
	m, err := LookupMethod(signatureMethod)
	if err != nil {
		return "", err
	}
	return m.bodyHashReader(r)
}

func (m Method) bodyHash(body []byte) (string, error) {
	if m.Kind == KindPlaintext {
		return "", errBodyHashPlaintext()
	}
	sum, err := m.digest(body)
	return base64.StdEncoding.EncodeToString(sum), err
}

func (m Method) bodyHashReader(r io.Reader) (string, error) {
	if m.Kind == KindPlaintext {
		return "", errBodyHashPlaintext()
	}
	if fips140.Enforced() && m.Hash == crypto.SHA1 {
		return "", fipsError(m, "use a method over SHA-256 or SHA-512")
	}
	h := m.Hash.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", &Error{Code: CodeBodyUnreadable, Message: "oauth: the body cannot be read for its hash", Err: err}
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

func errBodyHashPlaintext() error {
	return &Error{
		Code:    CodeBodyHashPlaintext,
		Message: "oauth: PLAINTEXT signature_method not supported with body_hash signing",
		Detail:  "PLAINTEXT cannot be used with body_hash: it has no hash function",
	}
}

// wantsBodyHash reads [Config.BodyHash]: computed says to compute the hash,
// given is a hash to send as it is.
func (c *Config) wantsBodyHash(p profile) (computed bool, given string) {
	switch c.BodyHash {
	case BodyHashComputed:
		return true, ""
	case "", "false":
		return p.alwaysHash, ""
	}
	return false, c.BodyHash
}
