package connect

import (
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
