package interop

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/server"
)

// clientApp is what the client uploads.
var clientApp = map[string]string{
	"makecomapp.json": `{"fileVersion":1,"generalCodeFiles":{"base":null,"common":null,"readme":null,"groups":null},
 "components":{"connection":{},"webhook":{},"module":{"items":{"label":"Items","description":"","moduleType":"search","codeFiles":{"communication":"items.json","mappableParams":"items.params.json"}}},
  "rpc":{},"function":{},"endpoint":{}},"origins":[]}`,
	"items.json":        `{"url": "SERVICE/items", "qs": {"count": "{{parameters.count}}"}, "response": {"iterate": "{{body}}", "output": "{{item}}"}}`,
	"items.params.json": `[{"name": "count", "type": "uinteger", "label": "Count"}]`,
}

// nodeTool runs a program of an npm package in a folder.
func nodeTool(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	program, err := filepath.Abs(filepath.Join("node_modules", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		missing(t, "the npm package of "+name)
	}
	return runNode(t, dir, append([]string{program}, args...)...)
}

func runNode(t *testing.T, dir string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node(t), args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// workshop is a folder with the description of a server and the packages of npm.
func workshop(t *testing.T, s *served) string {
	t.Helper()
	dir := t.TempDir()
	packages, err := filepath.Abs("node_modules")
	if err == nil {
		err = os.Symlink(packages, filepath.Join(dir, "node_modules"))
	}
	if err != nil {
		t.Fatal(err)
	}
	writeIn(t, dir, "openapi.json", shown(t, http.DefaultClient, s.url+"/openapi.json"))
	writeIn(t, dir, "package.json", `{"type": "module"}`)
	return dir
}

func writeIn(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The description is one of OpenAPI 3.1, says @seriousme/openapi-schema-validator.
func TestOpenAPIIsValid(t *testing.T) {
	t.Parallel()
	s := serve(t, func(string, *server.Config) {})
	dir := workshop(t, s)
	if out := nodeTool(t, dir, "@seriousme/openapi-schema-validator/bin/validate-api-cli.js", "openapi.json"); !strings.Contains(out, `"valid": true`) {
		t.Errorf("it says %s", out)
	}
	broken := strings.Replace(shown(t, http.DefaultClient, s.url+"/openapi.json"), `"operationId":"listApps"`, `"operationId":7`, 1)
	writeIn(t, dir, "broken.json", broken)
	program, err := filepath.Abs("node_modules/@seriousme/openapi-schema-validator/bin/validate-api-cli.js")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node(t), program, "broken.json")
	cmd.Dir = dir
	if out, _ := cmd.CombinedOutput(); strings.Contains(string(out), `"valid": true`) {
		t.Errorf("a broken one is valid, too: %s", out)
	}
}

// A client that openapi-typescript and openapi-fetch make of the description compiles under
// strict rules, and does what programs do.
func TestOpenAPIClient(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `[{"id": 1, "of": %q}, {"id": 2}, {"id": 3}]`, r.FormValue("count"))
	}))
	t.Cleanup(service.Close)
	s := serve(t, func(string, *server.Config) {})
	dir := workshop(t, s)
	if err := os.Mkdir(filepath.Join(dir, "shelf"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range clientApp {
		writeIn(t, filepath.Join(dir, "shelf"), name, strings.ReplaceAll(text, "SERVICE", service.URL))
	}
	source, err := os.ReadFile("openapi_client.ts")
	if err != nil {
		t.Fatal(err)
	}
	writeIn(t, dir, "openapi_client.ts", string(source))
	nodeTool(t, dir, "openapi-typescript/bin/cli.js", "openapi.json", "-o", "api.ts")
	nodeTool(t, dir, "typescript/bin/tsc", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2023,dom,dom.iterable", "--types", "node", "--skipLibCheck", "openapi_client.ts")
	address, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	cookie := s.client.Jar.Cookies(address)[0]
	out := runNode(t, dir, "openapi_client.js", s.url, cookie.Name+"="+cookie.Value, "shelf")
	const want = `{"token":"cleat_","modules":["items"],"bundles":[{"id":1,"of":"3"},{"id":2},{"id":3}],"lines":4,"later":202,"event":{"id":1,"of":"3"},"missing":"not_found"}`
	if strings.TrimSpace(out) != want {
		t.Errorf("the client prints\n got %s\nwant %s", out, want)
	}
}
