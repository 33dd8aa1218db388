package cli

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cleat-run/cleat/trace/tracetest"
)

// twiceApp calls a function of its own.
const twiceApp = `
-- makecomapp.json --
{"fileVersion":1,"generalCodeFiles":{"base":null,"common":null,"readme":null,"groups":null},
 "components":{"connection":{},"webhook":{},"module":{"double":{"label":"Double","description":"","moduleType":"action","codeFiles":{"communication":"double.json"}}},
  "rpc":{},"function":{"twice":{"label":"twice","codeFiles":{"code":"twice.js","test":null}}},"endpoint":{}},"origins":[]}
-- double.json --
{"response": {"output": {"n": "{{twice(21)}}"}}}
-- twice.js --
function twice(n) { return n * 2 }
`

// TestServeSendsTraces: the settings of the command line are those that count, and SIGTERM
// sends what has not gone out yet, also of a call of an app's function.
func TestServeSendsTraces(t *testing.T) {
	t.Parallel()
	posixShell(t)
	got := &tracetest.Receiver{}
	receiver := httptest.NewServer(got)
	t.Cleanup(receiver.Close)
	s := startServe(t, filepath.Join(t.TempDir(), "home"), "--otel-endpoint", receiver.URL, "--otel-headers", "api-key=a%20b,x-team=7", "--otel-service", "mine")
	s.owner()
	s.uploadApp("twice", twiceApp)
	run := s.request(http.MethodPost, "/v1/run", "application/json", strings.NewReader(`{"app":"twice","module":"double"}`))
	if body := string(s.do(run, http.StatusOK)); !strings.Contains(body, `"bundles":[{"n":42}]`) {
		t.Errorf("the run is answered %q", body)
	}
	if code := s.end(syscall.SIGTERM); code != exitDone {
		t.Errorf("exit code %d\n%s", code, s.errs)
	}
	all := got.Spans()
	i := slices.IndexFunc(all, func(s tracetest.Span) bool { return s.Name == "function" })
	if i < 0 {
		t.Fatalf("there is no span of a function in %+v", all)
	}
	if tree := got.Tree(all[i].Trace); tree != "server POST /v1/run\n  internal run\n    internal function\n" {
		t.Errorf("the trace is\n%s", tree)
	}
	if all[i].Attributes["cleat.function"] != "twice" || all[i].Resource["service.name"] != "mine" {
		t.Errorf("the span is %+v", all[i])
	}
	if h := got.Header(); h.Get("Api-Key") != "a b" || h.Get("X-Team") != "7" {
		t.Errorf("the receiver was sent %v", h)
	}
	if wrong := got.Wrong(); len(wrong) > 0 {
		t.Errorf("the receiver was sent %q", wrong)
	}
}
