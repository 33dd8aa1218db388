package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/server"
)

// dial opens a connection and sends the beginning of a request.
func (c *client) dial(t *testing.T, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestSlowReader: who does not read what it asked for is cut off, and what runs for it
// ends. The service has pages without end.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	n := ownNode(t, func(c *server.Config) {
		c.Limits = server.Limits{Stall: 200 * time.Millisecond, PerTeam: 1}
	})
	var pages atomic.Int64
	item := `{"text": "` + strings.Repeat("x", 200<<10) + `"}`
	p := newPressed(t, n, func(w http.ResponseWriter, _ *http.Request) {
		pages.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"more": true, "items": [%s]}`, item)
	})
	body := `{"app":"pressed","module":"pages"}`
	conn := p.dial(t, "POST /v1/run?stream=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+p.token+"\r\nContent-Type: application/json\r\nContent-Length: "+
		fmt.Sprint(len(body))+"\r\n\r\n"+body)
	if line, err := bufio.NewReaderSize(conn, 1024).ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
		t.Fatalf("the stream begins with %q, %v", line, err)
	}
	var run struct{ ID, State, Error string }
	eventually(t, "the run is cancelled", func() bool {
		all := listed[struct{ ID, State, Error string }](t, p.get(t, "/v1/runs"))
		if len(all) == 1 {
			run = all[0]
		}
		return run.State != "" && run.State != "running"
	})
	if run.State != "cancelled" || !strings.HasPrefix(run.Error, "nobody reads the answer: ") {
		t.Errorf("the run is %+v", run)
	}
	asked := pages.Load()
	if rest, err := io.ReadAll(conn); err == nil && strings.HasSuffix(string(rest), "\r\n0\r\n\r\n") {
		t.Error("the stream ends as if it were whole")
	}
	limited := p.post(t, "/v1/run", map[string]any{"app": "pressed", "module": "pages", "limit": 1}).is(t, http.StatusOK) // the place is free
	if !strings.Contains(string(limited.body), `"bundles":[{`) || pages.Load() != asked+1 {
		t.Errorf("%d pages were asked for, afterwards %d: %.100s", asked, pages.Load(), limited.body)
	}
}

// TestSlowSender: who does not finish a body is told so and cut off. Nothing came of what
// arrived.
func TestSlowSender(t *testing.T) {
	t.Parallel()
	n := ownNode(t, func(c *server.Config) { c.Limits = server.Limits{Arrival: 300 * time.Millisecond} })
	p := newPressed(t, n, newGated().ServeHTTP)
	path, hook := p.hook(t, "x", "")
	known := "Authorization: Bearer " + p.token + "\r\n"
	for _, c := range []struct{ path, header, body string }{
		{path, "", "half"},
		{"/v1/run", known + "Content-Type: application/json\r\n", `{"app": "pressed"`},
		{"/v1/run", known + "Content-Type: application/json\r\nIdempotency-Key: x\r\n", `{"app": "pressed"`},
		{"/v1/apps", known + "Content-Type: multipart/form-data; boundary=x\r\n", "--x\r\nContent-Disposition: form-data; name=\"archive\"; filename=\"a.zip\"\r\n\r\nPK"},
	} {
		conn := p.dial(t, "POST "+c.path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"+c.header+"\r\n"+c.body)
		got, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		text, _ := io.ReadAll(got.Body)
		if got.StatusCode != http.StatusRequestTimeout || !got.Close {
			t.Errorf("%s: %s, closed %t: %s", c.path, got.Status, got.Close, text)
		}
		var problem struct{ Code string }
		if c.path != path && (json.Unmarshal(text, &problem) != nil || problem.Code != "timeout") {
			t.Errorf("%s: %s", c.path, text)
		}
	}
	if all := listed[struct{}](t, p.get(t, "/v1/hooks/"+hook+"/deliveries")); len(all) != 0 {
		t.Errorf("%d deliveries", len(all))
	}
}
