package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/cleat-run/cleat/value"
)

// Files keeps answers of response.type binary that are too large for memory. It must be
// safe for concurrent use.
type Files interface {
	// Create begins a file. The name is a proposal made of what the service said: one
	// segment of a path, never empty, without secrets.
	Create(name string) (File, error)
}

// File is an answer while it is written. After Close it stands where Name says; Remove
// takes it away, closed or not.
type File interface {
	io.WriteCloser
	Name() string
	Remove() error
}

// inMemory is the largest binary answer that stays in memory when there are Files.
const inMemory = 4 << 20

// storing is a file with what is known of it so far.
type storing struct {
	File
	size int64
	hash hash.Hash
}

// storeError says that an answer cannot be written where Files wants it.
type storeError struct{ cause error }

func (e *storeError) Error() string {
	return "the answer cannot be written to a file: " + e.cause.Error()
}

// store writes what comes from r to a file, and takes it away unless all of it is there.
func store(files Files, name string, r io.Reader, most tooLargeError) (*storing, error) {
	file, err := files.Create(name)
	if err != nil {
		return nil, &storeError{err}
	}
	s := &storing{File: file, hash: sha256.New()}
	_, err = io.Copy(s, io.LimitReader(r, most.limit+1))
	if err == nil && s.size > most.limit {
		err = &most
	}
	if err == nil {
		if err = s.Close(); err == nil {
			return s, nil
		}
		err = &storeError{err}
	}
	s.Remove() // the first error counts
	return nil, err
}

// Write writes p to the file.
func (s *storing) Write(p []byte) (int, error) {
	n, err := s.File.Write(p)
	s.size += int64(n)
	s.hash.Write(p[:n])
	if err != nil {
		return n, &storeError{err}
	}
	return n, nil
}

// discard takes away the file of an answer that is not accepted.
func (a *answer) discard() {
	if a.file != nil {
		a.file.Remove() // why it is not accepted counts
	}
}

// size is that of the body in bytes, decompressed.
func (a *answer) size() int64 {
	if a.file != nil {
		return a.file.size
	}
	return int64(len(a.raw))
}

// value stands for the bytes in the bundles.
func (s *storing) value(contentType string) value.Value {
	return value.Object("file", value.Text(s.Name()), "size", value.Number(float64(s.size)), "contentType", value.Text(contentType),
		"sha256", value.Text(hex.EncodeToString(s.hash.Sum(nil))))
}

// fileName proposes a name: the one of Content-Disposition (RFC 6266), else the end of
// the path.
func fileName(header http.Header, u wireURL, mask *Mask) string {
	name := ""
	if _, params, err := mime.ParseMediaType(header.Get("Content-Disposition")); err == nil {
		name = params["filename"]
	}
	if name == "" {
		name = u.path
		if plain, err := url.PathUnescape(u.path); err == nil {
			name = plain
		}
	}
	name = name[strings.LastIndexAny(name, `/\`)+1:] // RFC 6266 4.3: the last segment alone counts
	return plainName(mask.Text(name))
}

// maxName is the longest name in bytes; what files are called by any system is longer.
const maxName = 120

// plainName keeps letters, digits and - _ . and begins with neither a dot nor a dash.
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, strings.ToValidUTF8(name, "_"))
	name = strings.TrimLeft(name, ".-")
	if len(name) > maxName { // the end tells the type
		name = strings.ToValidUTF8(name[len(name)-maxName:], "")
	}
	if name == "" {
		return "answer"
	}
	return name
}
