package server

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/cleat-run/cleat/record"
)

// argon are the parameters of new hashes: the second choice of RFC 9106 4, for machines
// that do not have 2 GiB for each sign-in.
var argon = struct {
	time, memory uint32
	threads      uint8
	size         uint32
}{3, 64 << 10, 4, 32}

const (
	minPassword = 12 // characters
	maxPassword = 1000
)

func checkPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return problem(http.StatusUnprocessableEntity, "weak_password", "a password has at least %d characters", minPassword)
	}
	return nil
}

// hashing bounds how many hashes are made at once: each takes 64 MiB.
type hashing chan struct{}

func (h hashing) hash(password string) string {
	h <- struct{}{}
	defer func() { <-h }()
	var salt [16]byte
	rand.Read(salt[:])
	key := argon2.IDKey([]byte(password), salt[:], argon.time, argon.memory, argon.threads, argon.size)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argon.memory, argon.time, argon.threads,
		base64.RawStdEncoding.EncodeToString(salt[:]), base64.RawStdEncoding.EncodeToString(key))
}

// nobody is the hash that passwords of unknown people are compared with, so that they take
// as long as those of known ones.
const nobody = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// known reports whether a person has a password, and may use it. It takes as long for nobody,
// and for people who have none.
func (h hashing) known(user *record.User, password string) bool {
	if user == nil || user.Password == "" {
		h.verify(nobody, password)
		return false
	}
	return h.verify(user.Password, password) && !user.Disabled
}

// verify compares in constant time.
func (h hashing) verify(hash, password string) bool {
	h <- struct{}{}
	defer func() { <-h }()
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || len(password) > 4*maxPassword {
		return false
	}
	var memory, time uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil || memory > 1<<20 || time > 100 || threads == 0 {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) < 16 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}
