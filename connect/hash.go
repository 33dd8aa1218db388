package connect

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// Hash is how identifiers of open flows are stored: whoever reads the store cannot use
// them.
func Hash(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// NewSecret returns 256 random bits as text, for states and sessions.
func NewSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// proofKey is the code verifier of a flow and its challenge (RFC 7636 4.1, 4.2, S256). The
// verifier comes from the session's secret, which only the browser that began has, and is
// therefore the same behind the callback without being stored.
func proofKey(session, state string) (verifier, challenge string) {
	if session == "" || state == "" {
		return "", ""
	}
	mac := hmac.New(sha256.New, []byte(session))
	mac.Write([]byte("pkce " + state))
	verifier = base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	return verifier, Hash(verifier)
}
