//go:build linux

package kill_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/internal/pgtest"
	"github.com/cleat-run/cleat/store"
)

// Sizes of the disks that can be made full. What is not used takes no memory.
const (
	queueDisk   = 1 << 30
	recordsDisk = 6 << 30
)

// cluster is everything of an installation.
type cluster struct {
	dir         string
	records     *pgtest.Server
	recordsDisk *disk // nil where none can be mounted
	nats        [3]*natsServer
	nodes       [3]*process
	urls        [3]string
	database    string
	keyset      []byte
	token       string       // of the interface
	ended       atomic.Int32 // nodes that ended by themselves at their start
	emptied     atomic.Int32 // NATS servers that a full disk made to be started anew
	journal     journal
	load        *load
	provider    *provider
}

func startCluster(t testing.TB) *cluster {
	t.Helper()
	c := &cluster{dir: t.TempDir()}
	c.startRecords(t)
	var addresses string
	c.nats, addresses = startNATS(t, c.dir)
	c.writeKeyset(t)
	for i := range 3 {
		port := freePort(t)
		c.urls[i] = fmt.Sprintf("http://127.0.0.1:%d", port)
		c.nodes[i] = &process{name: fmt.Sprintf("node %d", i), log: logFile(t, fmt.Sprintf("%s/node%d.log", c.dir, i)),
			env: []string{role + "=node", "CLEAT_HOME=" + fmt.Sprintf("%s/home%d", c.dir, i)},
			args: []string{"serve", "--json", "--listen", fmt.Sprintf("127.0.0.1:%d", port), "--public-url", c.urls[0], "--database", c.database,
				"--keyset", c.dir + "/keyset.json", "--nats", addresses, "--nats-sync", "always", "--egress-allow", "127.0.0.0/8",
				"--limits.hook-requests", "1000000", "--log-level", "warn"}}
		if err := c.nodes[i].start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.nodes[i].kill)
		if i == 0 { // it prints the link for the first owner
			c.mustBeReady(t, 0)
		}
	}
	for i := range 3 {
		c.mustBeReady(t, i)
	}
	return c
}

// startRecords starts PostgreSQL in a folder whose path is short enough for its socket.
func (c *cluster) startRecords(t testing.TB) {
	t.Helper()
	dir, err := os.MkdirTemp("", "cleat-kill")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // another user runs it
		t.Fatal(err)
	}
	c.recordsDisk = smallDisk(t, dir, recordsDisk)
	c.records = pgtest.StartIn(t, dir)
	c.database = c.records.URL("postgres")
}

// smallDisk makes a disk that goes with the test, or a folder where none can be mounted.
func smallDisk(t testing.TB, dir string, size int64) *disk {
	t.Helper()
	if os.Getenv(noMounts) != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return nil
	}
	d, err := mount(dir, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.unmount)
	return d
}

func logFile(t testing.TB, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func (c *cluster) writeKeyset(t testing.TB) {
	t.Helper()
	text, err := store.NextKeyset(nil)
	if err == nil {
		c.keyset = text
		err = os.WriteFile(c.dir+"/keyset.json", text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// opened opens the records as one more node would.
func (c *cluster) opened(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: c.database, Keyset: c.keyset})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// readyTime is how long a node may take until it works: it waits for the election of
// leaders, and for a fault of another part to be over.
const readyTime = 150 * time.Second

// ready asks a node whether it works.
func (c *cluster) ready(i int) error {
	answer, err := monitoring.Get(c.urls[i] + "/readyz")
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

func (c *cluster) mustBeReady(t testing.TB, i int) {
	t.Helper()
	if err := until(readyTime, fmt.Sprintf("node %d is ready", i), func() error { return c.ready(i) }); err != nil {
		t.Fatal(err, "\n", c.nodes[i].lines())
	}
}

// revive starts a node, as often as it ends for want of its records or its queue, as a
// supervisor does, and waits until it works.
func (c *cluster) revive(i int) error {
	if err := c.nodes[i].start(); err != nil {
		return err
	}
	return until(readyTime, fmt.Sprintf("node %d is ready", i), func() error {
		if c.nodes[i].alive() {
			return c.ready(i)
		}
		c.ended.Add(1)
		pause(time.Second)
		return errors.Join(errors.New("it has ended"), c.nodes[i].start())
	})
}

// logs shows the ends of all logs.
func (c *cluster) logs(t testing.TB) {
	for i := range 3 {
		t.Log(c.nodes[i].lines())
		t.Log(c.nats[i].lines())
	}
}

// owner makes the first owner by the link that the first node prints, and a token.
func (c *cluster) owner(t testing.TB) *client {
	t.Helper()
	log, err := os.ReadFile(c.nodes[0].log.Name())
	if err != nil {
		t.Fatal(err)
	}
	var listening struct {
		SignIn string `json:"sign_in"`
	}
	for line := range bytes.Lines(log) {
		if json.Unmarshal(line, &listening); listening.SignIn != "" {
			break
		}
	}
	_, secret, found := strings.Cut(listening.SignIn, "/sign-in/")
	if !found {
		t.Fatalf("node 0 prints no link:\n%s", log)
	}
	api := newClient(c.urls[0])
	answer := api.must(t, "POST", "/v1/links/"+secret, map[string]string{"email": "boss@cleat.example", "password": "correct horse battery"}, nil)
	for _, cookie := range answer.Cookies() {
		api.token = cookie.Name + "=" + cookie.Value
	}
	var made struct{ Token string }
	api.must(t, "POST", "/v1/tokens", map[string]any{"name": "kill", "scopes": []string{"apps:write", "connections:write", "run", "hooks"}}, &made)
	api.token, c.token = made.Token, made.Token
	return api
}

// at is a client of a node.
func (c *cluster) at(i int) *client {
	api := newClient(c.urls[i])
	api.token = c.token
	return api
}
