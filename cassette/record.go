package cassette

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
)

// maxBody is the longest body that is kept. The client sees all of a longer one.
const maxBody = 32 << 20

// tooLong is what a recording says of an answer that it does not keep.
const tooLong = "the answer was too long to be recorded"

// Recorder keeps the exchanges that go through the transports it wraps.
type Recorder struct {
	options Options

	mu       sync.Mutex
	tape     Tape
	contexts []context.Context // of the exchanges
}

// NewRecorder returns a recorder.
func NewRecorder(o Options) *Recorder {
	return &Recorder{options: o, tape: Tape{Format: format, Exchanges: []Exchange{}}}
}

// Wrap returns a transport that sends through next and records. Exchanges stand in the
// order in which they were begun, whatever transport they went through.
func (r *Recorder) Wrap(next http.RoundTripper) http.RoundTripper { return &recording{r, next} }

// Use says with which connection the recorded run works; its data must hold no secrets.
func (r *Recorder) Use(c Connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tape.Connection = &c
}

// Save writes what was recorded to path, whole or not at all. Once more everything passes
// the mask, which may have learnt from an answer that parts of it are secrets.
func (r *Recorder) Save(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, ctx := range r.contexts {
		r.options.again(ctx, &r.tape.Exchanges[i])
	}
	return r.tape.Save(path)
}

type recording struct {
	*Recorder
	next http.RoundTripper
}

// RoundTrip sends req and records it. An answer is recorded as far as it was read.
func (r *recording) RoundTrip(req *http.Request) (*http.Response, error) {
	recorded, err := r.options.request(req)
	if err != nil {
		return nil, err
	}
	i := r.begin(req.Context(), recorded)
	in, err := r.next.RoundTrip(req)
	if err != nil {
		r.end(i, nil, r.options.text(req.Context(), err.Error()))
		return nil, err
	}
	in.Body = &tee{ReadCloser: in.Body, done: func(content []byte, whole bool) {
		if !whole {
			r.end(i, nil, tooLong)
			return
		}
		r.end(i, r.options.response(req.Context(), in, content), "")
	}}
	return in, nil
}

func (r *Recorder) begin(ctx context.Context, req Request) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.contexts = append(r.contexts, context.WithoutCancel(ctx))
	r.tape.Exchanges = append(r.tape.Exchanges, Exchange{Request: req, Error: "the answer was not read"})
	return len(r.tape.Exchanges) - 1
}

func (r *Recorder) end(i int, in *Response, failure string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tape.Exchanges[i].Response, r.tape.Exchanges[i].Error = in, failure
}

// tee keeps what is read, up to a limit, and hands it out when the body is closed.
type tee struct {
	io.ReadCloser
	kept bytes.Buffer
	over bool
	once sync.Once
	done func(content []byte, whole bool)
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if t.over = t.over || t.kept.Len()+n > maxBody; !t.over {
		t.kept.Write(p[:n])
	}
	return n, err
}

func (t *tee) Close() error {
	t.once.Do(func() { t.done(t.kept.Bytes(), !t.over) })
	return t.ReadCloser.Close()
}

// response is an answer as it is kept.
func (o Options) response(ctx context.Context, in *http.Response, content []byte) *Response {
	header := in.Header.Clone()
	for _, name := range []string{"Content-Length", "Transfer-Encoding", "Connection"} {
		header.Del(name)
	}
	if plain, ok := decompressed(header.Get("Content-Encoding"), content); ok {
		content = plain
		header.Del("Content-Encoding")
	}
	return &Response{Status: in.StatusCode, Headers: o.headers(ctx, header), Body: o.body(ctx, header.Get("Content-Type"), content)}
}

// decompressed undoes the encoding of an answer, so that it can be read and masked.
func decompressed(encoding string, content []byte) ([]byte, bool) {
	var r io.Reader
	var err error
	switch strings.ToLower(encoding) {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(content))
	case "deflate":
		r, err = zlib.NewReader(bytes.NewReader(content))
	default:
		return content, encoding == ""
	}
	if err != nil {
		return nil, false
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	return plain, err == nil && len(plain) <= maxBody
}
