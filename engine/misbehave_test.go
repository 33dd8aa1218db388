package engine_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/engine"
)

// raw answers with bytes as they are and closes the connection.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, text)
	}
}

// typed answers with a media type and a body.
func typed(media, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		io.WriteString(w, text)
	}
}

// hangs gives the beginning of an answer and then nothing until the client leaves.
func hangs(begin string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if begin != "" {
			io.WriteString(w, begin)
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	block := bytes.Repeat([]byte(`"x",`), 4<<10)
	io.WriteString(w, "[")
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// bomb is 200 MB of zeros in some 200 kB.
func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	zeros := make([]byte, 1<<20)
	for range 200 {
		z.Write(zeros)
	}
	z.Close()
}

func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

func redirectLoop(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", r.URL.Path)
	w.WriteHeader(http.StatusFound)
}

func TestProvidersThatMisbehave(t *testing.T) {
	t.Parallel()
	const quick, asJSON = `{"url": "{{parameters.url}}", "timeout": 80}`, `{"url": "{{parameters.url}}", "response": {"type": "json"}}`
	const connection, data = engine.ConnectionError, engine.DataError
	tests := []struct {
		name    string
		handler http.HandlerFunc
		api     string
		kind    string
		message string // URL stands for the address
		code    string
	}{
		{"hangs before the answer", hangs(""), quick, connection, "GET URL: no answer within 80ms", "ETIMEDOUT"},
		{"hangs in the body", hangs(`{"a":`), quick, connection, "GET URL: no answer within 80ms", "ETIMEDOUT"},
		{"an endless body", endless, getURL, data, "the answer is larger than 1 MiB", ""},
		{"a body larger than the limit", typed("application/json", `"`+strings.Repeat("x", 2<<20)+`"`), getURL, data, "the answer is larger than 1 MiB", ""},
		{"a length larger than the limit", raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}"), getURL, data, "the answer is larger than 1 MiB", ""},
		{"a file larger than the limit", typed("application/pdf", strings.Repeat("x", 3<<20)), `{"url": "{{parameters.url}}", "response": {"type": "binary"}}`,
			engine.MaxFileSizeExceededError, "the answer is larger than 2 MiB", ""},
		{"a gzip bomb", bomb, getURL, data, "the answer is larger than 1 MiB", ""},
		{"gzip that is none", raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n0123456789"), getURL, data,
			"GET URL: the answer cannot be decompressed: gzip: invalid header", ""},
		{"gzip that is cut", raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00\xab\x56"), getURL, data,
			"GET URL: the answer cannot be decompressed: unexpected EOF", ""},
		{"an unknown encoding", raw("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc"), getURL, data,
			"GET URL: the answer cannot be decompressed: the encoding br is not known", ""},
		{"a header of 10 MB", raw("HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", 10<<20) + "\r\n\r\n"), getURL, connection,
			"GET URL: net/http: HTTP/1.x transport connection broken: net/http: server response headers exceeded 262144 bytes; aborted", ""},
		{"a body shorter than its length", raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"), getURL, connection, "GET URL: the connection was closed before the answer was complete", "ECONNRESET"},
		{"a broken chunk", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"), getURL, connection, "GET URL: invalid byte in chunk length", ""},
		{"chunks without an end", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), getURL, connection, "GET URL: the connection was closed before the answer was complete", "ECONNRESET"},
		{"no HTTP at all", raw("SSH-2.0-OpenSSH_9.6\r\n"), getURL, connection, `GET URL: net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0-OpenSSH_9.6"`, ""},
		{"an impossible status", raw("HTTP/1.1 99 What\r\nContent-Length: 0\r\n\r\n"), getURL, connection, `GET URL: net/http: HTTP/1.x transport connection broken: malformed HTTP status code "99"`, ""},
		{"nothing", raw(""), getURL, connection, "GET URL: the connection was closed before the answer was complete", "ECONNRESET"},
		{"a reset", reset, getURL, connection, "GET URL: read: connection reset by peer", "ECONNRESET"},
		{"HTML for JSON", typed("text/html", "<!doctype html><title>Sign in</title>"), asJSON, data,
			`Response is not valid JSON: unexpected '<' where a value is expected at offset 0; it begins with "<!doctype html><title>Sign in</title>"`, ""},
		{"JSON that is cut", typed("application/json", `{"a":[1,2`), getURL, data, `Response is not valid JSON: unexpected end of JSON after an element at offset 9; it begins with "{\"a\":[1,2"`, ""},
		{"JSON 10,000 deep", typed("application/json", strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)), getURL, data,
			`Response is not valid JSON: nested deeper than 512 levels at offset 512; it begins with "` + strings.Repeat("[", 80) + `…"`, ""},
		{"XML 10,000 deep", typed("text/xml", strings.Repeat("<a>", 10_000)+strings.Repeat("</a>", 10_000)), getURL, data,
			`Response is not valid XML: elements are nested more than 256 levels deep; it begins with "` + strings.Repeat("<a>", 27)[:80] + `…"`, ""},
		{"XML with an entity bomb", typed("text/xml", `<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>`), getURL, data,
			`Response is not valid XML: XML syntax error on line 1: invalid character entity &b;; it begins with "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>"`, ""},
		{"a redirect loop", redirectLoop, getURL, engine.RuntimeError, "more than 21 redirects, the last to /", ""},
		{"a redirect to another scheme", raw("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"), getURL,
			engine.InvalidConfigurationError, "the redirect to 'file:///etc/passwd' is neither http nor https", ""},
		{"a redirect that cannot be read", raw("HTTP/1.1 302 Found\r\nLocation: http://[::zz\r\nContent-Length: 0\r\n\r\n"), getURL,
			engine.InvalidConfigurationError, "the redirect to 'http://[::zz' cannot be read", ""},
		{"too many requests", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		}, getURL, engine.RateLimitError, "[429] Too Many Requests", ""},
		{"a failure of its own", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, getURL, connection, "[502] Bad Gateway", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, test.handler)
			e := local(engine.Options{MaxBody: 1 << 20, MaxFile: 2 << 20})
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second) // an endless body is not read on
			defer cancel()
			_, failed := e.Start(compile(t, engine.Action, test.api), at(server.URL+"/")).Value(ctx)
			err := failure(t, failed)
			if err == nil {
				t.Fatal("no error")
			}
			err.Message = strings.Replace(err.Message, "read tcp "+fromTo(err.Message), "read", 1)
			wantError(t, err, test.kind, strings.ReplaceAll(test.message, "URL", server.URL))
			if err.Code != test.code {
				t.Errorf("code %q, want %q", err.Code, test.code)
			}
			if err.Step != "request 1" {
				t.Errorf("step %q", err.Step)
			}
		})
	}
}

// fromTo returns the part of a message that names two ports.
func fromTo(message string) string {
	_, rest, _ := strings.Cut(message, "read tcp ")
	ports, _, _ := strings.Cut(rest, ": connection")
	return ports
}

func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	listener.Close()
	_, failed := run(t, engine.Action, getURL, address)
	wantError(t, failed, engine.ConnectionError, "GET "+address+": connect: connection refused")
	if failed.Code != "ECONNREFUSED" || !failed.Retryable() {
		t.Errorf("code %q, retryable %v", failed.Code, failed.Retryable())
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "Fri, 02 Jan 2026 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2026 03:00:00 GMT": 0,
		"": 0, "soon": 0, "-5": 0, "99999999999999999999": 0,
	} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", text)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		e := local(engine.Options{Now: func() time.Time { return now }})
		_, err := result(t, e.Start(compile(t, engine.Action, getURL), at(server.URL)))
		if err == nil || err.Delay != want || !err.Retryable() {
			t.Errorf("Retry-After %q: %v, delay %v, want %v", text, err, err.Delay, want)
		}
	}
}

// TestRetries shows who is asked again: who said so, and whom only reading was asked of.
func TestRetries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method string
		status       int
		want         int32 // requests
	}{
		{"429 of a GET", "GET", 429, 3}, {"429 of a POST", "POST", 429, 3}, {"503 of a POST", "POST", 503, 3},
		{"500 of a GET", "GET", 500, 3}, {"500 of a POST", "POST", 500, 1}, {"400 of a GET", "GET", 400, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.Header().Set("Retry-After", "3")
				w.WriteHeader(test.status)
			})
			var slept []time.Duration
			e := local(engine.Options{Sleep: func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }})
			in := at(server.URL)
			in.Retries = 2
			result(t, e.Start(compile(t, engine.Action, `{"url": "{{parameters.url}}", "method": "`+test.method+`"}`), in))
			if asked.Load() != test.want {
				t.Errorf("%d requests, want %d", asked.Load(), test.want)
			}
			for _, d := range slept {
				if d != 3*time.Second {
					t.Errorf("slept %v, want what Retry-After says", slept)
				}
			}
		})
	}
}

func TestCharsets(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, media, body, want string }{
		{"latin-1 text", "text/plain; charset=iso-8859-1", "caf\xe9", `"café"`},
		{"latin-1 JSON", "application/json; charset=ISO-8859-1", "{\"a\":\"caf\xe9\"}", `{"a":"café"}`},
		{"windows-1250 form", "application/x-www-form-urlencoded", "a=caf%C3%A9&a=2", `{"a":["café","2"]}`},
		{"shift JIS", "text/plain; charset=shift_jis", "\x83\x65\x83\x58\x83\x67", `"テスト"`},
		{"UTF-16 JSON", "application/json; charset=utf-16le", "{\x00\"\x00a\x00\"\x00:\x001\x00}\x00", `{"a":1}`},
		{"a byte order mark", "application/json", "\xEF\xBB\xBF{\"a\":1}", `{"a":1}`},
		{"a byte order mark in text", "text/plain", "\xEF\xBB\xBFa", `"a"`},
		{"no charset, invalid UTF-8", "text/plain", "a\xffb", `"a` + "\uFFFD" + `b"`},
		{"an unknown charset", "text/plain; charset=klingon", "abc", `"abc"`},
		{"a wrong charset", "text/plain; charset=utf-8", "caf\xe9", `"caf` + "\uFFFD" + `"`},
		{"XML that names its charset", "text/xml", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a>caf\xe9</a>", `{"a":"café"}`},
		{"XML whose charset the header names", "text/xml; charset=iso-8859-1", "<a>caf\xe9</a>", `{"a":"café"}`},
		{"no type, text", "", "abc", `"abc"`},
		{"unknown type, text", "application/x-foo", "abc", `"abc"`},
		{"a vendor's JSON", "application/vnd.api+json", `{"a":1}`, `{"a":1}`},
		{"a feed", "application/atom+xml", `<feed xmlns="http://www.w3.org/2005/Atom"/>`, `{"feed":{"_attributes":{"xmlns":"http://www.w3.org/2005/Atom"}}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{test.media}
				io.WriteString(w, test.body)
			})
			v, err := result(t, local(engine.Options{}).Start(compile(t, engine.RPC, `{"url": "{{parameters.url}}", "response": {"output": {"body": "{{body}}"}}}`), at(server.URL)))
			if err != nil {
				t.Fatal(err)
			}
			wantJSON(t, v, `[{"body":`+test.want+`}]`)
		})
	}
}

// serveTLS starts a server whose complaints about handshakes nobody reads.
func serveTLS(t *testing.T, config *tls.Config, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.TLS, s.Config.ErrorLog, s.EnableHTTP2 = config, log.New(io.Discard, "", 0), true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func certificate(s *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := serveTLS(t, nil, answers(`{"proto":"ok"}`))
	tests := []struct {
		name, url, api string
		options        engine.Options
		kind, message  string
	}{
		{"an unknown authority", server.URL, getURL, engine.Options{}, engine.RuntimeError,
			"GET " + server.URL + ": tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{"ca", server.URL, `{"url": "{{parameters.url}}", "ca": "{{connection.ca}}"}`, engine.Options{}, "", ""},
		{"ca, another name", strings.Replace(server.URL, "127.0.0.1", "127.0.0.2", 1), `{"url": "{{parameters.url}}", "ca": "{{connection.ca}}"}`, engine.Options{}, engine.ConnectionError,
			"GET " + strings.Replace(server.URL, "127.0.0.1", "127.0.0.2", 1) + ": connect: connection refused"},
		{"ca that is none", server.URL, `{"url": "{{parameters.url}}", "ca": "no certificate"}`, engine.Options{}, engine.InvalidConfigurationError, "ca holds no certificate in PEM"},
		{"rejectUnauthorized", server.URL, `{"url": "{{parameters.url}}", "rejectUnauthorized": false}`, engine.Options{}, engine.InvalidConfigurationError,
			"rejectUnauthorized: false is not allowed here; put the certificate into ca"},
		{"rejectUnauthorized where it is allowed", server.URL, `{"url": "{{parameters.url}}", "rejectUnauthorized": false}`, engine.Options{InsecureTLS: true}, "", ""},
		{"plain HTTP where TLS is spoken", strings.Replace(server.URL, "https", "http", 1), getURL, engine.Options{}, engine.RuntimeError, "[400] Bad Request"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := at(test.url)
			in.Connection = object("ca", certificate(server))
			_, err := result(t, local(test.options).Start(compile(t, engine.Action, test.api), in))
			if test.kind == "" && err != nil {
				t.Fatal(err)
			}
			if test.kind != "" {
				wantError(t, err, test.kind, test.message)
			}
		})
	}
}

// TestHandshakeFailure ends the first handshake with alert 40, after which there is one
// more attempt and no third.
func TestHandshakeFailure(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int32]string{1: "", 9: "tls: handshake failure"} {
		var hellos atomic.Int32
		var server *httptest.Server
		config := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if hellos.Add(1) <= failures { // no cipher suite in common
				return &tls.Config{Certificates: server.TLS.Certificates, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}}, nil
			}
			return nil, nil
		}}
		server = serveTLS(t, config, answers(`{"ok":true}`))
		in := at(server.URL)
		in.Connection = object("ca", certificate(server))
		_, err := result(t, local(engine.Options{}).Start(compile(t, engine.Action, `{"url": "{{parameters.url}}", "ca": "{{connection.ca}}"}`), in))
		if hellos.Load() != 2 {
			t.Errorf("%d handshakes, want 2", hellos.Load())
		}
		if want == "" && err != nil {
			t.Error(err)
		}
		if want != "" {
			wantError(t, err, engine.ConnectionError, "GET "+server.URL+": "+want)
		}
	}
}

// TestConnectionsAreReused shows the pool: ten runs over one connection, and one over
// HTTP/2 where TLS offers it.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	var opened, second atomic.Int32
	count := func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			second.Add(1)
		}
		answers(`{}`)(w, r)
	}
	for _, encrypted := range []bool{false, true} {
		opened.Store(0)
		s := httptest.NewUnstartedServer(http.HandlerFunc(handler))
		s.Config.ConnState = count
		api, in := getURL, engine.Input{}
		if s.EnableHTTP2 = encrypted; encrypted {
			s.StartTLS()
			in = at(s.URL)
			api, in.Connection = `{"url": "{{parameters.url}}", "ca": "{{connection.ca}}"}`, object("ca", certificate(s))
		} else {
			s.Start()
			in = at(s.URL)
		}
		defer s.Close()
		e, plan := local(engine.Options{}), compile(t, engine.Action, api)
		for range 10 {
			if _, err := result(t, e.Start(plan, in)); err != nil {
				t.Fatal(err)
			}
		}
		if opened.Load() != 1 {
			t.Errorf("%d connections for ten runs", opened.Load())
		}
	}
	if second.Load() != 10 {
		t.Errorf("%d of ten requests over HTTP/2", second.Load())
	}
}
