package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecordAndReplay records a run of a module, takes the service away, and runs it again
// from the recording.
func TestRecordAndReplay(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"books":[{"id":1},{"id":2}],"key":"`+r.Header.Get("X-Key")+`"}`)
	}))
	dir := t.TempDir()
	for name, text := range map[string]string{
		"makecomapp.json": `{"fileVersion":1,"generalCodeFiles":{"base":null,"common":"common.iml.json","readme":null,"groups":null},"components":{"connection":{},"webhook":{},
			"module":{"list":{"label":"List","description":"","moduleType":"search","connection":null,"altConnection":null,"webhook":null,"codeFiles":{"communication":"list.iml.json","mappableParams":"params.iml.json"}}},
			"rpc":{},"function":{},"endpoint":{}},"origins":[]}`,
		"common.iml.json": `{"key": "k-123456789"}`,
		"params.iml.json": `[{"name": "q", "type": "text"}]`,
		"list.iml.json":   `{"url": "` + service.URL + `/books", "qs": {"q": "{{parameters.q}}"}, "headers": {"X-Key": "{{common.key}}"}, "response": {"iterate": "{{body.books}}"}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tape := filepath.Join(dir, "tape.json")
	const want = "{\"id\":1}\n{\"id\":2}\n"
	if code, stdout, stderr := run("", "run", dir, "list", "-p", "q=a", "--record", tape, "--egress-allow", "127.0.0.0/8"); code != 0 || stdout != want {
		t.Fatalf("code %d\n%s%s", code, stdout, stderr)
	}
	service.Close()
	recording, err := os.ReadFile(tape)
	if err != nil || strings.Contains(string(recording), "k-123456789") || !strings.Contains(string(recording), service.URL+"/books?q=a") {
		t.Fatalf("the recording is %s, %v", recording, err)
	}
	if code, stdout, stderr := run("", "run", dir, "list", "-p", "q=a", "--replay", tape); code != 0 || stdout != want || stderr != "" {
		t.Errorf("code %d\n%s%s", code, stdout, stderr)
	}
	code, _, stderr := run("", "run", dir, "list", "-p", "q=b", "--replay", tape)
	for _, line := range []string{"request 1 is not the recorded one:", "recorded " + service.URL + "/books?q=a", "now      " + service.URL + "/books?q=b", "record again if the change is meant"} {
		if code != 1 || !strings.Contains(stderr, line) {
			t.Errorf("code %d, no %q in\n%s", code, line, stderr)
		}
	}
	if code, _, stderr := run("", "run", dir, "list", "-p", "q=a", "--replay", tape, "--record", tape); code != 2 {
		t.Errorf("code %d for both flags: %s", code, stderr)
	}
	if code, _, stderr := run("", "run", dir, "list", "-p", "q=a", "--replay", filepath.Join(dir, "none")); code != 1 {
		t.Errorf("code %d for a recording that is not there: %s", code, stderr)
	}
}
