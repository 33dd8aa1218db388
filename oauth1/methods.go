package oauth1

import (
	"crypto"
	"crypto/fips140"
	"crypto/hmac"
	"crypto/rand"
	_ "crypto/sha1" // RFC 5849 defines its methods over SHA-1; the protocol needs it
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"
)

// MethodKind is how a signature method signs.
type MethodKind string

// The kinds of signature methods.
const (
	KindHMAC      MethodKind = "HMAC"      // RFC 5849 3.4.2
	KindRSA       MethodKind = "RSA"       // RFC 5849 3.4.3, RSASSA-PKCS1-v1_5
	KindPlaintext MethodKind = "PLAINTEXT" // RFC 5849 3.4.4
)

// Method is a signature method: its name as sent in oauth_signature_method,
// and what it is made of.
type Method struct {
	Name string
	Kind MethodKind
	Hash crypto.Hash // 0 with KindPlaintext; must be linked in
}

// Methods is the table of signature methods, the default first. Treat it as
// read-only: to know more methods, put a longer copy into [Config.Methods].
var Methods = []Method{
	{"HMAC-SHA1", KindHMAC, crypto.SHA1},
	{"HMAC-SHA256", KindHMAC, crypto.SHA256},
	{"HMAC-SHA512", KindHMAC, crypto.SHA512},
	{"RSA-SHA1", KindRSA, crypto.SHA1},
	{"RSA-SHA256", KindRSA, crypto.SHA256},
	{"RSA-SHA512", KindRSA, crypto.SHA512},
	{"PLAINTEXT", KindPlaintext, 0},
}

// LookupMethod finds a method of [Methods] by name, in any letter case; "" is
// HMAC-SHA1. The error is an [*Error] with [CodeMethodUnknown].
func LookupMethod(name string) (Method, error) { return lookupMethod(Methods, name) }

func lookupMethod(methods []Method, name string) (Method, error) {
	if name == "" {
		name = "HMAC-SHA1"
	}
	for _, m := range methods {
		if strings.EqualFold(m.Name, name) {
			return m, nil
		}
	}
	return Method{}, &Error{Code: CodeMethodUnknown, Message: "Signature method not supported: " + name}
}

// secrets is what a method may sign with.
type secrets struct {
	consumer, token string
	key             crypto.Signer
}

// hmacKey is the key of HMAC and the value of PLAINTEXT (RFC 5849 3.4.2,
// 3.4.4): both secrets encoded, the & always there.
func (s secrets) hmacKey() []byte {
	key := make([]byte, 0, len(s.consumer)+len(s.token)+32)
	key = appendEncoded(key, s.consumer)
	key = append(key, '&')
	return appendEncoded(key, s.token)
}

// sign returns oauth_signature over base.
func (m Method) sign(base []byte, with secrets) (string, error) {
	switch m.Kind {
	case KindPlaintext:
		return string(with.hmacKey()), nil
	case KindHMAC:
		return m.signHMAC(base, with.hmacKey())
	case KindRSA:
		return m.signRSA(base, with.key)
	}
	return "", &Error{Code: CodeMethodUnknown, Message: "Signature method not supported: " + m.Name}
}

func (m Method) signHMAC(base, key []byte) (string, error) {
	// A FIPS 140-only build forbids SHA-1 and keys under 112 bits, and panics.
	if fips140.Enforced() && (m.Hash == crypto.SHA1 || len(key) < 112/8) {
		return "", fipsError(m, "use HMAC-SHA256 or HMAC-SHA512 with secrets of 14 bytes or more")
	}
	mac := hmac.New(m.Hash.New, key)
	mac.Write(base)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

func (m Method) signRSA(base []byte, key crypto.Signer) (string, error) {
	if key == nil {
		return "", &Error{Code: CodeKeyMissing, Message: "oauth: RSA methods need private_key"}
	}
	if _, err := checkPublicKey(key.Public()); err != nil {
		return "", err
	}
	digest, err := m.digest(base)
	if err != nil {
		return "", err
	}
	signature, err := key.Sign(rand.Reader, digest, m.Hash)
	if err != nil {
		return "", &Error{Code: CodeSigningFailed, Message: "oauth: signing with the private key failed", Detail: m.Name, Err: err}
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// digest hashes b with the hash of the method.
func (m Method) digest(b []byte) ([]byte, error) {
	if fips140.Enforced() && m.Hash == crypto.SHA1 {
		return nil, fipsError(m, "use a method over SHA-256 or SHA-512")
	}
	h := m.Hash.New()
	h.Write(b)
	return h.Sum(nil), nil
}

func fipsError(m Method, hint string) error {
	return &Error{
		Code:    CodeFIPS,
		Message: fmt.Sprintf("oauth: %s is not allowed in FIPS 140-only mode", m.Name),
		Detail:  hint,
	}
}
