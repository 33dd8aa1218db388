// Package cassette records HTTP exchanges as a readable file and answers from it without
// a network.
//
// A [Recorder] stands between a client and the network; [Recorder.Save] writes what went
// through. A [Player] takes the place of the network: it compares each request with the
// recording and gives the recorded answer. A request that changed is an [*Changed] error
// that shows the difference.
//
// # What is kept
//
// The exchanges, and what [Recorder.Use] is told of the connection.
//
// Secrets are replaced by [Redacted] before anything is kept: by value through
// [Options.Mask], and by the name of a header, of a parameter of a query or form, or of a
// member of JSON through [Options.Secret]. The player does the same to a request before it
// compares, so that a recording made with one account can be played with another. What is
// new in every request, such as a nonce, is written as [Any] and not compared. Compressed
// answers are kept decompressed.
//
// # Concurrency
//
// Recorders and players are safe for concurrent use; a player in order expects one request
// at a time. The API of this package may change until v1.
package cassette

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/cleat-run/cleat/value"
)

// What stands in a recording for a secret, and for what is new in every request.
const (
	Redacted = "[redacted]"
	Any      = "[any]"
)

// format is the first member of every recording.
const format = "cleat.cassette/1"

// Options say what is secret. The zero value knows no secrets.
type Options struct {
	// Mask replaces secret values in a text. The context is that of the request.
	Mask func(ctx context.Context, text string) string
	// Secret reports whether what has this name is a secret, in any spelling of its case.
	Secret func(name string) bool
}

// Tape is a recording.
type Tape struct {
	Format     string      `json:"format"`
	Connection *Connection `json:"connection,omitempty"` // that the run used
	Exchanges  []Exchange  `json:"exchanges"`
}

// Connection is the connection of a run, secrets replaced by [Redacted]: enough to make
// the same requests again, as they are recorded.
type Connection struct {
	Type  string      `json:"type"`
	Scope []string    `json:"scope,omitempty"`
	Data  value.Value `json:"data"`
}

// Exchange is one request with its answer, or with the failure to get one.
type Exchange struct {
	Request  Request   `json:"request"`
	Response *Response `json:"response,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// Request is a recorded request.
type Request struct {
	Method  string      `json:"method"`
	URL     string      `json:"url"`
	Headers http.Header `json:"headers,omitempty"`
	Body
}

// Response is a recorded answer.
type Response struct {
	Status  int         `json:"status"`
	Headers http.Header `json:"headers,omitempty"`
	Body
}

// Body is a body in the form that is best to read: one of JSON, text and bytes.
type Body struct {
	JSON   *value.Value `json:"json,omitempty"`
	Text   string       `json:"text,omitempty"`
	Base64 []byte       `json:"base64,omitempty"`
}

// bytes returns the body as it is sent.
func (b Body) bytes() []byte {
	switch {
	case b.JSON != nil:
		return b.JSON.AppendJSON(nil)
	case b.Base64 != nil:
		return b.Base64
	}
	return []byte(b.Text)
}

// Load reads a recording.
func Load(path string) (*Tape, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	t, err := Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// maxTape is the largest recording that is read.
const maxTape = 256 << 20

// Read reads a recording from r.
func Read(r io.Reader) (*Tape, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxTape+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxTape {
		return nil, fmt.Errorf("the recording is larger than %d MiB", maxTape>>20)
	}
	var t Tape
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("this is no recording: %w", err)
	}
	if t.Format != format {
		return nil, fmt.Errorf("this is no recording: format is %q, not %q", t.Format, format)
	}
	for i, x := range t.Exchanges {
		if x.Response == nil && x.Error == "" {
			return nil, fmt.Errorf("exchange %d has neither a response nor an error", i+1)
		}
	}
	return &t, nil
}

// Save writes the recording to path, whole or not at all. Only the owner may read it.
func (t *Tape) Save(path string) (err error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(t); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(b.Bytes())
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
