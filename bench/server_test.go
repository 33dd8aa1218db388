package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// BenchmarkServer is what a client waits for at three servers, each a process of its own
// on loopback with 32 clients: "run" asks a service for ten items, maps them and answers
// with them; "hook" takes a request of a service and answers before it is worked on.
// Only cleat has the request of a hook on disk before it answers. The variables NODE_RED
// and N8N name red.js and bin/n8n of installations of those; without them they are skipped.
func BenchmarkServer(b *testing.B) {
	for _, peer := range []struct {
		name  string
		start func(b *testing.B, service string) (run, hook call)
	}{{"cleat", startCleat}, {"node-red", startNodeRED}, {"n8n", startN8N}} {
		b.Run(peer.name, func(b *testing.B) {
			run, hook := peer.start(b, library(b, func(*http.Request) {}))
			b.Run("run", run.drive)
			b.Run("hook", hook.drive)
		})
	}
}

// call is a request with which a server is asked, and what its answer has to contain.
type call struct{ url, token, body, contains string }

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: underWay}}

func (c call) once() error {
	r, err := http.NewRequest(http.MethodPost, c.url, strings.NewReader(c.body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(c.contains))) {
		err = fmt.Errorf("%s: %.300s", answer.Status, text)
	}
	return err
}

func (c call) drive(b *testing.B) {
	for range 10 * underWay { // warm
		if err := c.once(); err != nil {
			b.Fatal(err)
		}
	}
	b.SetParallelism(max(1, underWay/runtime.GOMAXPROCS(0)))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := c.once(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

// await asks until the server answers as it should.
func (c call) await(b *testing.B, ended <-chan error) {
	b.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		err := c.once()
		if err == nil {
			return
		}
		select {
		case gone := <-ended:
			b.Fatal("the server has ended: ", gone)
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			b.Fatal(err)
		}
	}
}

// program runs until the benchmark ends.
func program(b *testing.B, env []string, name string, args ...string) (ended chan error) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := exec.CommandContext(ctx, name, args...)
	p.Env, p.Stderr = append(os.Environ(), env...), os.Stderr
	p.Cancel = func() error { return p.Process.Signal(os.Interrupt) }
	p.WaitDelay = 30 * time.Second
	if err := p.Start(); err != nil {
		b.Fatal(err)
	}
	ended = make(chan error, 2)
	stopped := make(chan struct{})
	go func() { ended <- p.Wait(); close(stopped) }()
	b.Cleanup(func() { cancel(); <-stopped })
	return ended
}

func freePort(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func write(b *testing.B, dir, name string, content any) string {
	b.Helper()
	text, isText := content.(string)
	if !isText {
		encoded, err := json.Marshal(content)
		if err != nil {
			b.Fatal(err)
		}
		text = string(encoded)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// startCleat starts cleat serve as it comes, but for how often one hook may be called.
func startCleat(b *testing.B, service string) (run, hook call) {
	dir := b.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "cleat"), "./cmd/cleat")
	build.Dir, build.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	url := "http://127.0.0.1:" + freePort(b)
	link, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		b.Fatal(err)
	}
	defer link.Close()
	ended := program(b, []string{"CLEAT_HOME=" + filepath.Join(dir, "home"), "CLEAT_EGRESS_ALLOW=127.0.0.0/8", "CLEAT_LIMITS_HOOK_REQUESTS=1000000000"},
		"sh", "-c", fmt.Sprintf("exec %s serve --log-level warn --log-format json --listen %s >%s 2>&1", filepath.Join(dir, "cleat"), strings.TrimPrefix(url, "http://"), link.Name()))
	owner := cleatOwner(b, url, link.Name(), ended)
	owner.upload(b, cleatApp(service))
	made := struct{ URL string }{}
	owner.post(b, "/v1/hooks", `{"name":"bench","app":"bench","webhook":"inbox"}`, &made)
	return call{url + "/v1/run", owner.token, `{"app":"bench","module":"list"}`, "A book with the number 9"}, call{made.URL, "", `{"a":1}`, "Accepted"}
}

func cleatApp(service string) map[string]string {
	return map[string]string{
		"makecomapp.json": `{"fileVersion": 1, "generalCodeFiles": {"base": "base.json", "common": "common.json", "readme": "README.md", "groups": "groups.json"},
			"components": {"connection": {}, "rpc": {}, "function": {}, "endpoint": {},
				"webhook": {"inbox": {"label": "Inbox", "webhookType": "web", "connection": null, "altConnection": null,
					"codeFiles": {"communication": "inbox.json", "params": null, "attach": null, "detach": null, "update": null, "requiredScope": null}}},
				"module": {"list": {"label": "List", "moduleType": "search", "connection": null, "altConnection": null,
					"codeFiles": {"communication": "list.json", "staticParams": null, "mappableParams": null, "interface": null, "samples": null, "scope": null}}}},
			"origins": []}`,
		"base.json": `{}`, "common.json": `{}`, "README.md": "# bench\n", "groups.json": "[]",
		"inbox.json": `{"output": "{{body}}"}`,
		"list.json":  `{"url": "` + service + `", "response": {"iterate": "{{body.items}}", "output": {"id": "{{item.id}}", "title": "{{item.title}}", "author": "{{item.author.name}}"}}}`,
	}
}

// owner is the first person of a server of cleat.
type owner struct {
	url, token string
	client     *http.Client
}

func cleatOwner(b *testing.B, url, log string, ended <-chan error) *owner {
	b.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	o := &owner{url: url, client: &http.Client{Jar: jar}}
	for secret := ""; secret == ""; {
		text, err := os.ReadFile(log)
		if err != nil {
			b.Fatal(err)
		}
		if _, after, found := strings.Cut(string(text), "/sign-in/"); found {
			if end := strings.IndexAny(after, "\" \n"); end > 0 {
				secret = after[:end]
				o.post(b, "/v1/links/"+secret, `{"email":"boss@cleat.example","password":"correct horse battery"}`, nil)
				continue
			}
		}
		select {
		case err := <-ended:
			b.Fatalf("cleat has ended: %v\n%s", err, text)
		case <-time.After(20 * time.Millisecond):
		}
	}
	made := struct{ Token string }{}
	o.post(b, "/v1/tokens", `{"name":"bench","scopes":["run"]}`, &made)
	o.token = made.Token
	return o
}

func (o *owner) post(b *testing.B, path, body string, out any) {
	b.Helper()
	o.send(b, path, "application/json", strings.NewReader(body), out)
}

func (o *owner) send(b *testing.B, path, kind string, body io.Reader, out any) {
	b.Helper()
	answer, err := o.client.Post(o.url+path, kind, body)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s: %s", path, answer.Status, text)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		b.Fatal(err)
	}
}

func (o *owner) upload(b *testing.B, files map[string]string) {
	b.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, text := range files {
		part, err := form.CreateFormFile("file", "bench/"+name)
		if err == nil {
			_, err = io.WriteString(part, text)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		b.Fatal(err)
	}
	o.send(b, "/v1/apps", form.FormDataContentType(), &body, nil)
}

// mapBooks is the mapping in JavaScript.
const mapBooks = "items.map(i => ({id: i.id, title: i.title, author: i.author.name}))"

// startNodeRED starts two flows: a request, one function and the answer; and an answer
// with nothing behind it.
func startNodeRED(b *testing.B, service string) (run, hook call) {
	red := os.Getenv("NODE_RED")
	if red == "" {
		b.Skip("NODE_RED does not name the red.js of an installation of Node-RED")
	}
	port, dir := freePort(b), b.TempDir()
	write(b, dir, "flows.json", []node{{"id": "tab", "type": "tab", "label": "bench"},
		{"id": "run", "z": "tab", "type": "http in", "url": "/run", "method": "post", "wires": [][]string{{"ask"}}},
		{"id": "ask", "z": "tab", "type": "http request", "method": "GET", "ret": "obj", "paytoqs": "ignore", "url": service, "persist": true, "wires": [][]string{{"map"}}},
		{"id": "map", "z": "tab", "type": "function", "outputs": 1, "func": "const items = msg.payload.items; msg.payload = " + mapBooks + "; msg.headers = {}; return msg;", "wires": [][]string{{"say"}}},
		{"id": "hook", "z": "tab", "type": "http in", "url": "/hook", "method": "post", "wires": [][]string{{"accept"}}},
		{"id": "accept", "z": "tab", "type": "function", "outputs": 1, "func": "msg.payload = 'Accepted'; return msg;", "wires": [][]string{{"say"}}},
		{"id": "say", "z": "tab", "type": "http response", "statusCode": "200", "wires": [][]string{}}})
	settings := write(b, dir, "settings.js", "module.exports = {uiHost: '127.0.0.1', uiPort: "+port+", httpAdminRoot: false, flowFile: 'flows.json', functionGlobalContext: {}, logging: {console: {level: 'error'}}}")
	ended := program(b, nil, "node", red, "--userDir", dir, "--settings", settings)
	run, hook = call{"http://127.0.0.1:" + port + "/run", "", `{}`, "A book with the number 9"}, call{"http://127.0.0.1:" + port + "/hook", "", `{"a":1}`, "Accepted"}
	run.await(b, ended)
	hook.await(b, ended)
	return run, hook
}

// startN8N starts two workflows, as n8n comes: executions are kept in SQLite.
func startN8N(b *testing.B, service string) (run, hook call) {
	n8n := os.Getenv("N8N")
	if n8n == "" {
		b.Skip("N8N does not name bin/n8n of an installation of n8n")
	}
	port, dir := freePort(b), b.TempDir()
	wire := func(to string) any { return node{"main": [][]node{{{"node": to, "type": "main", "index": 0}}}} }
	trigger := func(path, mode string) node {
		return node{"id": path, "name": "in", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "position": []int{0, 0}, "webhookId": path,
			"parameters": node{"path": path, "httpMethod": "POST", "responseMode": mode, "responseData": "allEntries", "options": node{}}}
	}
	workflows := []node{
		{"id": "benchrun00000000", "name": "run", "active": true, "settings": node{}, "nodes": []node{trigger("run", "lastNode"),
			{"id": "ask", "name": "ask", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "position": []int{200, 0}, "parameters": node{"url": service, "options": node{}}},
			{"id": "map", "name": "map", "type": "n8n-nodes-base.code", "typeVersion": 2, "position": []int{400, 0}, "parameters": node{"jsCode": "const items = $input.first().json.items; return " + mapBooks + ".map(json => ({json}));"}}},
			"connections": node{"in": wire("ask"), "ask": wire("map")}},
		{"id": "benchhook0000000", "name": "hook", "active": true, "settings": node{}, "nodes": []node{trigger("hook", "onReceived"),
			{"id": "out", "name": "out", "type": "n8n-nodes-base.noOp", "typeVersion": 1, "position": []int{200, 0}, "parameters": node{}}},
			"connections": node{"in": wire("out")}},
	}
	env := []string{"N8N_USER_FOLDER=" + dir, "N8N_PORT=" + port, "N8N_LISTEN_ADDRESS=127.0.0.1", "N8N_DIAGNOSTICS_ENABLED=false", "N8N_VERSION_NOTIFICATIONS_ENABLED=false",
		"N8N_TEMPLATES_ENABLED=false", "N8N_LOG_LEVEL=error", "N8N_PERSONALIZATION_ENABLED=false", "N8N_SECURE_COOKIE=false"}
	for _, args := range [][]string{{"import:workflow", "--input", write(b, dir, "workflows.json", workflows)}, {"publish:workflow", "--id=benchrun00000000"}, {"publish:workflow", "--id=benchhook0000000"}} {
		c := exec.Command(n8n, args...)
		c.Env = append(os.Environ(), env...)
		if out, err := c.CombinedOutput(); err != nil {
			b.Fatalf("n8n %v: %v\n%s", args, err, out)
		}
	}
	ended := program(b, env, n8n, "start")
	run, hook = call{"http://127.0.0.1:" + port + "/webhook/run", "", `{}`, "A book with the number 9"}, call{"http://127.0.0.1:" + port + "/webhook/hook", "", `{"a":1}`, "started"}
	run.await(b, ended)
	hook.await(b, ended)
	return run, hook
}
