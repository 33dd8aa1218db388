package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// tooLargeError says that an answer is larger than the limit.
type tooLargeError struct {
	limit  int64
	binary bool
	stored bool // in a file
}

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d MiB", e.limit>>20)
}

// error is a copy on the heap: most answers are not too large.
func (e tooLargeError) error() error { return &e }

func (e *tooLargeError) kind() string {
	if e.binary {
		return MaxFileSizeExceededError
	}
	return DataError
}

// Hint tells what to do about it.
func (e *tooLargeError) Hint() string {
	switch {
	case e.stored:
		return ""
	case e.binary:
		return "more is not held in memory; --files DIR writes it to a file as it comes"
	}
	return "ask for fewer items a page, or use response.type binary"
}

// bodyLimit is the largest answer that is read: larger when response.type is binary, and
// larger still when there are files for a success.
func (r *Run) bodyLimit(req *request, status int) tooLargeError {
	o := &r.engine.options
	kind, err := r.evaluate(req, req.response.kindFor(status))
	switch {
	case err != nil || kind.ToText() != "binary":
		return tooLargeError{limit: o.MaxBody}
	case o.Files != nil && status >= 200 && status < 300:
		return tooLargeError{limit: o.MaxStored, binary: true, stored: true}
	}
	return tooLargeError{limit: o.MaxFile, binary: true}
}

// readBody reads and decompresses the body; the limit counts decompressed bytes. What may
// be stored and is large for memory goes to a file with the given name.
func (e *Engine) readBody(in *http.Response, most tooLargeError, name func() string) ([]byte, *storing, error) {
	if in.ContentLength > most.limit {
		return nil, nil, most.error()
	}
	held := most.limit
	if most.stored {
		held = min(held, inMemory)
	}
	source := &failingReader{Reader: in.Body}
	reader, err := decompress(source, in.Header.Get("Content-Encoding"))
	var raw []byte
	var file *storing
	if err == nil {
		raw, err = readAll(reader, in.ContentLength, held)
	}
	if err == nil && most.stored && int64(len(raw)) > held {
		file, err = store(e.options.Files, name(), io.MultiReader(bytes.NewReader(raw), reader), most)
		raw = nil
	}
	var tooLarge *tooLargeError
	var unstored *storeError
	switch {
	case int64(len(raw)) > most.limit:
		return nil, nil, most.error()
	case errors.As(err, &tooLarge), errors.As(err, &unstored):
		return nil, nil, err
	case err == io.EOF && source.err == io.EOF:
		return nil, nil, nil // no body at all
	case err != nil && source.err != nil && source.err != io.EOF:
		return nil, nil, source.err // of the connection, not of the encoding
	case err != nil:
		return nil, nil, &encodingError{err}
	}
	return raw, file, nil
}

// readAll reads up to one byte more than limit. A length that was announced saves growing.
func readAll(r io.Reader, length, limit int64) ([]byte, error) {
	raw := make([]byte, 0, firstRead(length))
	for {
		free := raw[len(raw):min(int64(cap(raw)), limit+1)]
		n, err := r.Read(free)
		raw = raw[:len(raw)+n]
		switch {
		case err == io.EOF:
			return raw, nil
		case err != nil || int64(len(raw)) > limit:
			return raw, err
		case len(raw) == cap(raw):
			raw = append(make([]byte, 0, min(2*int64(len(raw)), limit)+1), raw...)
		}
	}
}

// firstRead is the room for a body of the given length, -1 if that is not known, and for
// the end behind it.
func firstRead(length int64) int64 {
	if length < 0 {
		return 4 << 10
	}
	return min(length, 1<<20) + 1
}

// failingReader remembers the error of the reader below.
type failingReader struct {
	io.Reader
	err error
}

func (r *failingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil {
		r.err = err
	}
	return n, err
}
