package webhook

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// NewToken returns 192 random bits as text, for the address of a hook.
func NewToken() string {
	var b [24]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// NewID returns the id of a delivery that was received at t: its beginning sorts by time,
// the rest is random.
func NewID(t time.Time) string {
	var b [16]byte
	rand.Read(b[:])
	binary.BigEndian.PutUint64(b[:], uint64(t.UnixMilli())<<16|uint64(b[6])<<8|uint64(b[7]))
	return hex.EncodeToString(b[:])
}

// Path is where a hook listens below the address of a server.
func Path(token string) string { return pathPrefix + token }

const pathPrefix = "/hooks/"

// isPathOf compares in constant time. The hook may be mounted below another path.
func isPathOf(path, token string) bool {
	i := strings.LastIndex(path, pathPrefix)
	return i >= 0 && subtle.ConstantTimeCompare([]byte(path[i+len(pathPrefix):]), []byte(token)) == 1
}
