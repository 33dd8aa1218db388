package engine_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// packed is text behind a compressor.
func packed(text string, compressor func(io.Writer) io.WriteCloser) []byte {
	var b bytes.Buffer
	w := compressor(&b)
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}

func deflated(w io.Writer) io.WriteCloser {
	z, _ := flate.NewWriter(w, flate.BestSpeed) // the level is a known one
	return z
}

func encoded(encoding string, body []byte, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", encoding)
		w.WriteHeader(status)
		w.Write(body)
	}
}

func TestEncodingsThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	const text = `{"a":1}`
	zlibbed := packed(text, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
	tests := []struct {
		encoding string
		body     []byte
	}{
		{"identity", []byte(text)}, {"gzip", zipped(text)}, {"X-GZIP", zipped(text)},
		{"deflate", zlibbed}, {"deflate", packed(text, deflated)},
		{"deflate, gzip", zipped(string(zlibbed))},
		{"identity, gzip , identity", zipped(text)},
	}
	for _, test := range tests {
		t.Run(test.encoding, func(t *testing.T) {
			t.Parallel()
			got, err := run(t, engine.Action, getURL, serve(t, encoded(test.encoding, test.body, http.StatusOK)).URL)
			if err != nil || toJSON(got) != text {
				t.Errorf("%s: %v", toJSON(got), err)
			}
		})
	}
}

// TestNothingIsAskedFor shows that neither the engine nor the library below it asks for an
// encoding by itself.
func TestNothingIsAskedFor(t *testing.T) {
	t.Parallel()
	for api, want := range map[string]string{
		`{"url": "{{parameters.url}}"}`:                                                           `null`,
		`{"url": "{{parameters.url}}", "gzip": true}`:                                             `["gzip, deflate"]`,
		`{"url": "{{parameters.url}}", "gzip": true, "headers": {"accept-encoding": "identity"}}`: `["identity"]`,
	} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, toJSON(r.Header["Accept-Encoding"]))
		})
		got, err := run(t, engine.Endpoint, api, server.URL)
		if err != nil || got.ToText() != want {
			t.Errorf("%s: asked for %s, want %s: %v", api, got.ToText(), want, err)
		}
	}
}

func TestEncodingsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	const own = "ask for what can be read with the header Accept-Encoding: gzip, deflate"
	tests := []struct{ name, encoding, asked, message, hint string }{
		{"unasked", "br", "", "the encoding br is not known", own},
		{"asked for", "br", "gzip, deflate, br;q=0.9", "the encoding br is not known", `the header Accept-Encoding asks for br; leave it out, or write "gzip, deflate"`},
		{"asked for by a star", "zstd", "gzip, *", "the encoding zstd is not known", `the header Accept-Encoding asks for zstd; leave it out, or write "gzip, deflate"`},
		{"another was asked for", "zstd", "gzip", "the encoding zstd is not known", own},
		{"inside another", "br, identity", "", "the encoding br is not known", own},
		{"over and over", "gzip,gzip,gzip,gzip,gzip", "", "it is encoded more than 4 times", ""},
		{"not what it says", "gzip", "", "unexpected EOF", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, encoded(test.encoding, []byte("abc"), http.StatusOK))
			in := at(server.URL)
			in.Parameters.Collection().Set("asked", value.Text(test.asked))
			_, failed := result(t, local(engine.Options{}).Start(compile(t, engine.Action,
				`{"url": "{{parameters.url}}", "headers": {"Accept-Encoding": "{{ifempty(parameters.asked, undefined)}}"}}`), in))
			wantError(t, failed, engine.DataError, "GET "+server.URL+": the answer cannot be decompressed: "+test.message)
			if failed.Hint != test.hint {
				t.Errorf("hint %q, want %q", failed.Hint, test.hint)
			}
		})
	}
}

func TestNoBodyNeedsNoDecoder(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"br", "gzip", "deflate"} {
		got, err := run(t, engine.Action, `{"url": "{{parameters.url}}", "method": "HEAD", "response": {"output": {"s": "{{statusCode}}"}}}`, serve(t, encoded(encoding, nil, http.StatusOK)).URL)
		if err != nil || toJSON(got) != `{"s":200}` {
			t.Errorf("%s: %s: %v", encoding, toJSON(got), err)
		}
	}
}

// TestARefusalCountsHoweverItIsWorded: an error status stays the error when its body cannot
// be read.
func TestARefusalCountsHoweverItIsWorded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		handler http.HandlerFunc
		warning string
	}{
		{"br", encoded("br", []byte("abc"), http.StatusTooManyRequests), "the answer cannot be decompressed: the encoding br is not known"},
		{"too large", encoded("identity", make([]byte, 2<<20), http.StatusTooManyRequests), "the answer is larger than 1 MiB"},
		{"a bomb", encoded("gzip", zipped(strings.Repeat(" ", 2<<20)), http.StatusTooManyRequests), "the answer is larger than 1 MiB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := local(engine.Options{MaxBody: 1 << 20}).Start(compile(t, engine.Action, getURL), at(serve(t, test.handler).URL))
			_, failed := result(t, r)
			wantError(t, failed, engine.RateLimitError, "[429] Too Many Requests")
			if warnings := r.State().Warnings; len(warnings) != 1 || warnings[0] != test.warning {
				t.Errorf("warnings %q", warnings)
			}
		})
	}
}
