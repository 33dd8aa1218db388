package engine_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// code reads a piece of an app.
func code(t testing.TB, name, text string) *app.Code {
	t.Helper()
	file := source.NewFile(name, []byte(text))
	doc, found := jsonc.Parse(file)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return &app.Code{Name: name, File: file, Doc: doc}
}

// compile compiles a communication, which must be without mistakes.
func compile(t testing.TB, kind engine.Kind, api string) *engine.Plan {
	t.Helper()
	return compileSource(t, engine.Source{Name: "module \"test\"", Kind: kind, Code: code(t, "api", api)})
}

func compileSource(t testing.TB, s engine.Source) *engine.Plan {
	t.Helper()
	plan, found := engine.Compile(s)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

// serve starts a server on loopback that ends with the test.
func serve(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// answers returns a handler that gives the same JSON every time.
func answers(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(text))
	}
}

var loopback = engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}

// local returns an engine that may reach servers on loopback.
func local(o engine.Options) *engine.Engine {
	if o.Egress.Allow == nil {
		o.Egress.Allow = loopback.Allow
	}
	return engine.New(o)
}

// at returns parameters that hold the address of a server.
func at(url string) engine.Input {
	return engine.Input{Parameters: value.Object("url", value.Text(url))}
}

// object returns a collection of texts from alternating names and values.
func object(pairs ...string) value.Value {
	c := value.NewCollection(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		c.Set(pairs[i], value.Text(pairs[i+1]))
	}
	return value.FromCollection(c)
}

// run runs a communication against the server at url, which it sees as parameters.url.
func run(t testing.TB, kind engine.Kind, api, url string) (value.Value, *engine.Error) {
	t.Helper()
	return result(t, local(engine.Options{}).Start(compile(t, kind, api), at(url)))
}

// result returns what a run gives; every error of a run is an *engine.Error.
func result(t testing.TB, r *engine.Run) (value.Value, *engine.Error) {
	t.Helper()
	v, err := r.Value(context.Background())
	return v, failure(t, err)
}

func failure(t testing.TB, err error) *engine.Error {
	t.Helper()
	var e *engine.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("the error is no *engine.Error: %v", err)
	}
	return e
}

// wantError compares an error with its type and its whole message.
func wantError(t testing.TB, got *engine.Error, kind, message string) {
	t.Helper()
	switch {
	case got == nil:
		t.Fatalf("no error, want %s: %s", kind, message)
	case got.Type != kind || got.Message != message:
		t.Errorf("the error is\n%s: %s, want\n%s: %s", got.Type, got.Message, kind, message)
	}
}

// wantJSON compares a value with its JSON.
func wantJSON(t testing.TB, got value.Value, want string) {
	t.Helper()
	if text := string(got.AppendJSON(nil)); text != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

// zipped is text as gzip.
func zipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.Bytes()
}
