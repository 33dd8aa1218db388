package record

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// Errors of everything that keeps records.
var (
	// ErrNotFound means that there is no such record in this team.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that the record has changed since it was read.
	ErrConflict = errors.New("changed by somebody else in the meantime")
	// ErrTaken means that another record has this name, or this email address.
	ErrTaken = errors.New("already in use")
	// ErrUsed means that what can be used once was used, or that it has expired.
	ErrUsed = errors.New("already used, or expired")
	// ErrFenced means that another worker has taken over: the result is to be dropped.
	ErrFenced = errors.New("taken over by another worker")
)

// crockford is the alphabet of ids: no letters that look like digits.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns an id of the given kind, such as "run": the kind, an underscore and 128
// bits that begin with the time t in milliseconds, so that ids sort by time, and are
// random in the rest.
func NewID(kind string, t time.Time) string {
	var b [16]byte
	rand.Read(b[:])
	binary.BigEndian.PutUint64(b[:], uint64(t.UnixMilli())<<16|uint64(b[6])<<8|uint64(b[7]))
	return kind + "_" + crockford.EncodeToString(b[:])
}

// Kind returns the kind of an id as NewID made it, "" for other texts.
func Kind(id string) string {
	kind, rest, _ := strings.Cut(id, "_")
	if b, err := crockford.DecodeString(rest); err != nil || len(b) != 16 {
		return ""
	}
	return kind
}

// Page asks for a part of a list, the newest first. After is the cursor that the page
// before ended with, "" for the first one; Limit is the most records wanted.
type Page struct {
	After string
	Limit int
}
