package engine

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
)

// acceptEncoding is what the directive gzip asks for. Nothing else is ever asked for by the
// engine itself, nor by net/http below it (communication.md 6.6).
const acceptEncoding = "gzip, deflate"

// maxEncodings is how many times over an answer may be encoded.
const maxEncodings = 4

// encodingError says that the Content-Encoding of an answer cannot be undone.
type encodingError struct{ cause error }

func (e *encodingError) Error() string {
	return "the answer cannot be decompressed: " + e.cause.Error()
}

// unknownEncoding is an encoding that cannot be undone.
type unknownEncoding string

func (e unknownEncoding) Error() string {
	return fmt.Sprintf("the encoding %s is not known", string(e))
}

// hint tells what to do about it, given the Accept-Encoding that was sent.
func (e *encodingError) hint(asked string) string {
	var unknown unknownEncoding
	switch {
	case !errors.As(e.cause, &unknown):
		return ""
	case asks(asked, string(unknown)):
		return fmt.Sprintf("the header Accept-Encoding asks for %s; leave it out, or write %q", string(unknown), acceptEncoding)
	}
	return fmt.Sprintf("ask for what can be read with the header Accept-Encoding: %s", acceptEncoding)
}

// asks reports whether an Accept-Encoding names an encoding, or takes any.
func asks(line, encoding string) bool {
	for name := range strings.SplitSeq(line, ",") {
		name, _, _ = strings.Cut(name, ";")
		if name = strings.TrimSpace(name); name == "*" || strings.EqualFold(name, encoding) {
			return true
		}
	}
	return false
}

// decompress undoes a Content-Encoding, whoever asked for it: a list of encodings, the last
// of them on the outside (RFC 9110 8.4).
func decompress(r io.Reader, encoding string) (io.Reader, error) {
	names := strings.Split(encoding, ",")
	if len(names) > maxEncodings {
		return nil, fmt.Errorf("it is encoded more than %d times", maxEncodings)
	}
	for i := len(names) - 1; i >= 0; i-- {
		var err error
		if r, err = decoder(r, strings.ToLower(strings.TrimSpace(names[i]))); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func decoder(r io.Reader, name string) (io.Reader, error) {
	switch name {
	case "", "identity":
		return r, nil
	case "gzip", "x-gzip":
		return gzip.NewReader(r)
	case "deflate":
		return inflate(r)
	}
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil {
		return nil, err // nothing there, as in an answer to HEAD, is nothing to decode
	}
	return nil, unknownEncoding(name)
}

// inflate reads deflate in both forms in use: with the zlib header and without.
func inflate(r io.Reader) (io.Reader, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	all := io.MultiReader(bytes.NewReader(head[:]), r)
	if head[0]&0x0F == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(all)
	}
	return flate.NewReader(all), nil
}
