package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// node is a node of a flow, wired to the next by its id.
type node map[string]any

// splitFlow maps the items one by one, as the palette suggests: request, split, function,
// join, and again.
func splitFlow(url string) []node {
	return flow(url,
		node{"type": "change", "rules": []node{{"t": "set", "p": "payload", "pt": "msg", "to": "payload.items", "tot": "msg"}}},
		node{"type": "split", "spltType": "str", "arraySplt": 1, "arraySpltType": "len"},
		node{"type": "function", "outputs": 1, "func": "const i = msg.payload; msg.payload = {id: i.id, title: i.title, author: i.author.name}; return msg;"},
		node{"type": "join", "mode": "auto"},
		node{"type": "function", "outputs": 1, "func": "if (msg.payload.length !== 10) process.exit(1); return {};"})
}

// functionFlow maps all items in one function.
func functionFlow(url string) []node {
	return flow(url, node{"type": "function", "outputs": 1, "func": `
		const all = msg.payload.items.map(i => ({id: i.id, title: i.title, author: i.author.name}));
		return all.length === 10 ? {} : null;`})
}

// flow wires the nodes in a circle behind a request, in which 32 messages begin to run.
func flow(url string, mapping ...node) []node {
	circle := append([]node{{"type": "http request", "method": "GET", "ret": "obj", "paytoqs": "ignore", "url": url, "persist": true}}, mapping...)
	all := []node{{"id": "tab", "type": "tab", "label": "bench"},
		{"id": "start", "z": "tab", "type": "inject", "once": true, "onceDelay": 0.1, "props": []node{}, "wires": [][]string{{"many"}}},
		{"id": "many", "z": "tab", "type": "function", "outputs": 1, "func": fmt.Sprintf("return [Array.from({length: %d}, () => ({}))];", underWay), "wires": [][]string{{"n0"}}}}
	for i, n := range circle {
		n["id"], n["z"] = fmt.Sprintf("n%d", i), "tab"
		n["wires"] = [][]string{{fmt.Sprintf("n%d", (i+1)%len(circle))}}
		all = append(all, n)
	}
	return all
}

// nodeRED measures how fast the requests of a flow come: one for each run before it.
func nodeRED(b *testing.B, flow func(url string) []node) {
	red := os.Getenv("NODE_RED")
	if red == "" {
		b.Skip("NODE_RED does not name the red.js of an installation of Node-RED")
	}
	asked := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	url := library(b, func(r *http.Request) {
		select {
		case asked <- struct{}{}: // counted
		case <-r.Context().Done():
		case <-ctx.Done():
		}
	})
	dir := b.TempDir()
	flows, err := json.Marshal(flow(url))
	if err != nil {
		b.Fatal(err)
	}
	settings := "module.exports = {uiHost: '127.0.0.1', uiPort: 0, httpAdminRoot: false, httpNodeRoot: false, flowFile: 'flows.json', functionGlobalContext: {}, logging: {console: {level: 'error'}}}"
	for name, text := range map[string]string{"flows.json": string(flows), "settings.js": settings} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	program := exec.CommandContext(ctx, "node", red, "--userDir", dir, "--settings", filepath.Join(dir, "settings.js"))
	program.Stderr = os.Stderr
	if err := program.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	b.Cleanup(func() { cancel(); <-ended })
	one := func() {
		select {
		case <-asked:
		case err := <-ended:
			ended <- err
			b.Fatal("Node-RED has ended: ", err)
		}
	}
	for range 10 * underWay { // started, and warm
		one()
	}
	for b.Loop() {
		one()
	}
}
