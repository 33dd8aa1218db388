package cassette_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/cassette"
)

const secret = "s3cr3t/value"

// options hide one value, and two names.
var options = cassette.Options{
	Mask: func(_ context.Context, text string) string {
		return strings.NewReplacer(secret, cassette.Redacted, "s3cr3t%2Fvalue", cassette.Redacted, `s3cr3t\/value`, cassette.Redacted).Replace(text)
	},
	Secret: func(name string) bool {
		return strings.EqualFold(name, "authorization") || name == "access_token" || name == "oauth_signature"
	},
}

// shop answers with JSON that holds long digits, with bytes, and with gzip.
func shop(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/bytes":
		w.Header().Set("Content-Type", "application/pdf")
		w.Write([]byte{0xff, 0xfe, 0})
	case "/gzip":
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, "packed "+secret)
		z.Close()
	default:
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"id":12345678901234567890,"access_token":"fresh","echo":"`+secret+`","page":"`+r.URL.Query().Get("page")+`"}`)
	}
}

type request struct{ method, path, header, body, contentType string }

var requests = []request{
	{"GET", "/items?page=1&q=s3cr3t%2Fvalue&oauth_nonce=1&oauth_signature=abc", "Bearer " + secret, "", ""},
	{"POST", "/items", "", `{"b": 1, "access_token": "mine", "a": "` + secret + `"}`, "application/json"},
	{"POST", "/items", "", "a=s3cr3t%2Fvalue&access_token=mine&b=%C3%BC", "application/x-www-form-urlencoded"},
	{"GET", "/bytes", "", "", ""},
	{"GET", "/gzip", "", "", ""},
}

// send makes a request and reads its answer whole.
func send(t *testing.T, rt http.RoundTripper, base string, q request) (string, error) {
	t.Helper()
	req, err := http.NewRequest(q.method, base+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	if q.header != "" {
		req.Header.Set("Authorization", q.header)
	}
	if q.contentType != "" {
		req.Header.Set("Content-Type", q.contentType)
	}
	in, err := rt.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer in.Body.Close()
	content, err := io.ReadAll(in.Body)
	if err != nil {
		t.Fatal(err)
	}
	return in.Status + " " + in.Header.Get("Content-Type") + " " + string(content), nil
}

// recorded records requests against a server, which is gone afterwards.
func recorded(t *testing.T) (path, base string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(shop))
	defer server.Close()
	network := &http.Transport{DisableCompression: true}
	defer network.CloseIdleConnections()
	r := cassette.NewRecorder(options)
	for _, q := range requests {
		if _, err := send(t, r.Wrap(network), server.URL, q); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(t.TempDir(), "tape.json")
	if err := r.Save(path); err != nil {
		t.Fatal(err)
	}
	return path, server.URL
}

func TestARecordingIsReadableAndHoldsNoSecret(t *testing.T) {
	t.Parallel()
	path, _ := recorded(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for _, hidden := range []string{secret, "s3cr3t", "mine", "fresh", "Bearer", "abc"} {
		if strings.Contains(text, hidden) {
			t.Errorf("%q is in the recording:\n%s", hidden, text)
		}
	}
	for _, shown := range []string{`"format": "cleat.cassette/1"`, `/items?page=1&q=[redacted]&oauth_nonce=[any]&oauth_signature=[redacted]"`, `"id": 12345678901234567890,`,
		`"text": "a=[redacted]&access_token=[redacted]&b=%C3%BC"`, `"base64": "//4A"`, `"text": "packed [redacted]"`} {
		if !strings.Contains(text, shown) {
			t.Errorf("%s is not in the recording:\n%s", shown, text)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	path, base := recorded(t)
	tape, err := cassette.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`200 OK application/json {"id":12345678901234567890,"access_token":"[redacted]","echo":"[redacted]","page":"1"}`,
		`200 OK application/json {"id":12345678901234567890,"access_token":"[redacted]","echo":"[redacted]","page":""}`,
		`200 OK application/json {"id":12345678901234567890,"access_token":"[redacted]","echo":"[redacted]","page":""}`,
		"200 OK application/pdf \xff\xfe\x00",
		"200 OK text/plain packed [redacted]",
	}
	p := cassette.NewPlayer(tape, cassette.InOrder, options)
	for i, q := range requests { // what is new in every request may be new
		q.path = strings.Replace(q.path, "oauth_nonce=1&oauth_signature=abc", "oauth_nonce=2&oauth_signature=xyz", 1)
		q.body = strings.Replace(q.body, `{"b": 1, "access_token": "mine", "a": "`+secret+`"}`, `{"a":"`+secret+`","access_token":"other","b":1}`, 1)
		if got, err := send(t, p, base, q); err != nil || got != want[i] {
			t.Errorf("request %d: %q, %v, want %q", i+1, got, err, want[i])
		}
	}
	if left := p.Unused(); left != nil {
		t.Errorf("unused are %q", left)
	}
	_, err = send(t, p, base, requests[0])
	wantChanged(t, err, 0, "no recorded request fits:\n  now      GET "+base+"/items?page=1&q=[redacted]&oauth_nonce=[any]&oauth_signature=[redacted], after all 5 recorded requests that it could be")

	any := cassette.NewPlayer(tape, cassette.ByRequest, options)
	for _, i := range []int{4, 2, 0} {
		if got, err := send(t, any, base, requests[i]); err != nil || got != want[i] {
			t.Errorf("request %d: %q, %v, want %q", i+1, got, err, want[i])
		}
	}
	if left := strings.Join(any.Unused(), " "); left != "POST "+base+"/items GET "+base+"/bytes" {
		t.Errorf("unused are %s", left)
	}
	_, err = send(t, any, base, requests[0])
	wantChanged(t, err, 0, "no recorded request fits:\n  now      GET "+base+"/items?page=1&q=[redacted]&oauth_nonce=[any]&oauth_signature=[redacted], after all 5 recorded requests that it could be")
}

func wantChanged(t *testing.T, err error, number int, text string) {
	t.Helper()
	var changed *cassette.Changed
	if !errors.As(err, &changed) || changed.Number != number || err.Error() != text {
		t.Errorf("the error is\n%v, want\n%s", err, text)
	}
}

func TestAChangedRequestShowsTheDifference(t *testing.T) {
	t.Parallel()
	path, base := recorded(t)
	tape, err := cassette.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	p := cassette.NewPlayer(tape, cassette.InOrder, options)
	q := requests[0]
	q.method, q.path, q.contentType, q.body = "PUT", "/items?page=2", "text/plain", "x"
	_, err = send(t, p, base, q)
	wantChanged(t, err, 1, "request 1 is not the recorded one:\n"+
		"  method\n    recorded GET\n    now      PUT\n"+
		"  url\n    recorded "+base+"/items?page=1&q=[redacted]&oauth_nonce=[any]&oauth_signature=[redacted]\n    now      "+base+"/items?page=2\n"+
		"  header Content-Type\n    recorded (nothing)\n    now      text/plain\n"+
		"  body\n    recorded (nothing)\n    now      x")
	if got, err := send(t, p, base, requests[0]); err != nil {
		t.Errorf("the exchange was used up: %q, %v", got, err)
	}
	q = requests[1]
	q.body = `{"b": 2, "access_token": "mine", "a": "` + secret + `"}`
	_, err = send(t, p, base, q)
	wantChanged(t, err, 2, "request 2 is not the recorded one:\n"+
		"  body\n    recorded {\"a\":\"[redacted]\",\"access_token\":\"[redacted]\",\"b\":1}\n    now      {\"a\":\"[redacted]\",\"access_token\":\"[redacted]\",\"b\":2}")
}

// TestFailuresAreRecorded shows what is kept of an exchange without a whole answer.
func TestFailuresAreRecorded(t *testing.T) {
	t.Parallel()
	r := cassette.NewRecorder(options)
	broken := roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("reset by " + secret) })
	if _, err := send(t, r.Wrap(broken), "http://a.example", requests[0]); err == nil {
		t.Fatal("no error")
	}
	endless := roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{Body: io.NopCloser(io.LimitReader(zeros{}, 40<<20))}, nil
	})
	if got, err := send(t, r.Wrap(endless), "http://a.example", requests[3]); err != nil || len(got) < 40<<20 {
		t.Fatalf("the client got %d bytes, %v", len(got), err)
	}
	path := filepath.Join(t.TempDir(), "tape")
	if err := r.Save(path); err != nil {
		t.Fatal(err)
	}
	tape, err := cassette.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	p := cassette.NewPlayer(tape, cassette.InOrder, options)
	for i, want := range map[int]string{0: "reset by [redacted]", 3: "the answer was too long to be recorded"} {
		p := p
		if i == 3 {
			p = cassette.NewPlayer(tape, cassette.ByRequest, options)
		}
		if _, err := send(t, p, "http://a.example", requests[i]); err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestSavingIsAtomic: a recording that cannot be written whole leaves the old one alone,
// and no pieces.
func TestSavingIsAtomic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := cassette.NewRecorder(options)
	if err := r.Save(filepath.Join(dir, "none", "tape.json")); err == nil {
		t.Error("no error for a folder that is not there")
	}
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "in"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := r.Save(taken); err == nil {
		t.Error("no error for a path that is a folder")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left are %v, %v", entries, err)
	}
}

func TestFilesThatAreNoRecording(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "this is no recording: unexpected end of JSON input",
		"{":                      "this is no recording: unexpected end of JSON input",
		`{"format":"other"}`:     `this is no recording: format is "other", not "cleat.cassette/1"`,
		`{"log":{"entries":[]}}`: `this is no recording: format is "", not "cleat.cassette/1"`,
		`{"format":"cleat.cassette/1","exchanges":[{"request":{"method":"GET"}}]}`: "exchange 1 has neither a response nor an error",
	} {
		if _, err := cassette.Read(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%s: the error is %v, want %s", text, err, want)
		}
	}
	if _, err := cassette.Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}

// FuzzRead: whatever the file holds, it ends with a tape that can be played or an error.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"format":"cleat.cassette/1","exchanges":[{"request":{"method":"GET","url":"http://a/"},"response":{"status":200,"json":[1]}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		tape, err := cassette.Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		p := cassette.NewPlayer(tape, cassette.ByRequest, cassette.Options{})
		req, _ := http.NewRequest("GET", "http://a/", nil)
		if in, err := p.RoundTrip(req); err == nil {
			io.Copy(io.Discard, in.Body)
		}
	})
}

// A run is recorded through the transport that it would use, and played without one.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }))
	recorder := cassette.NewRecorder(cassette.Options{})
	client := http.Client{Transport: recorder.Wrap(http.DefaultTransport)}
	in, _ := client.Get(server.URL)
	io.Copy(os.Stdout, in.Body)
	in.Body.Close()
	server.Close()

	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	recorder.Save(filepath.Join(dir, "tape.json"))
	tape, _ := cassette.Load(filepath.Join(dir, "tape.json"))
	client.Transport = cassette.NewPlayer(tape, cassette.InOrder, cassette.Options{})
	in, _ = client.Get(server.URL)
	io.Copy(os.Stdout, in.Body)
	// Output: hellohello
}

// What turns out to be a secret after it was recorded is not saved.
func TestSavingMasksOnceMore(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Session", "late-secret")
		if r.URL.Path == "/json" {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"session": "late-secret", "late-secret": [1]}`)
			return
		}
		io.WriteString(w, "session late-secret")
	}))
	defer server.Close()
	known := false
	r := cassette.NewRecorder(cassette.Options{Mask: func(_ context.Context, text string) string {
		if !known {
			return text
		}
		return strings.ReplaceAll(text, "late-secret", cassette.Redacted)
	}})
	for _, path := range []string{"/json?x=late-secret", "/text"} {
		if _, err := send(t, r.Wrap(http.DefaultTransport), server.URL, request{method: "POST", path: path, body: "late-secret", header: "late-secret"}); err != nil {
			t.Fatal(err)
		}
	}
	known = true
	path := filepath.Join(t.TempDir(), "tape.json")
	if err := r.Save(path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(content), "late-secret") || strings.Count(string(content), cassette.Redacted) < 8 {
		t.Errorf("error %v, saved:\n%s", err, content)
	}
}
