//go:build linux

package kill_test

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// TestMoved: a server on one machine dies with work in hand, and its records and its work
// are moved to PostgreSQL and a NATS cluster. There everything that it had accepted is
// processed, once and in order, under the same addresses, tokens and ids.
func TestMoved(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a cluster")
	}
	c := &cluster{dir: t.TempDir(), load: &load{accepted: map[string][]int64{}, wrong: map[string]int{}}}
	home := c.dir + "/home"
	c.urls[0] = fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	c.moving(t, home)
	api := c.owner(t)
	app := api.upload(t, appFiles("http://127.0.0.1:1", "http://127.0.0.1:1"))
	var plain, sequential hook
	for _, h := range []*hook{&plain, &sequential} {
		api.must(t, "POST", "/v1/hooks", map[string]any{"name": fmt.Sprintf("hook %t", h == &sequential), "app": app, "webhook": "inbox", "sequential": h == &sequential}, h)
		h.path = h.URL[len(api.url):]
	}
	c.postAll(plain, sequential, 200)
	c.nodes[0].kill()

	c.startRecords(t)
	var addresses string
	c.nats, addresses = startNATS(t, c.dir)
	for _, args := range [][]string{{"records", "move", "--to", c.database}, {"work", "move", "--to", addresses, "--nats-sync", "always"}} {
		move := exec.Command(os.Args[0], args...)
		move.Env = append(os.Environ(), role+"=node", "CLEAT_HOME="+home)
		out, err := move.CombinedOutput()
		t.Logf("cleat %s %s: %s", args[0], args[1], out)
		if err != nil {
			t.Fatal(err)
		}
	}
	c.moving(t, c.dir+"/node", "--database", c.database, "--keyset", home+"/keyset.json", "--nats", addresses, "--nats-sync", "always")
	got, next := given{}, ""
	err := until(60*time.Second, "everything is processed", func() (err error) {
		if next, err = got.read(api, next); err == nil {
			if n := got.missing(c.load.accepted); n > 0 {
				err = fmt.Errorf("%d of %d are missing", n, len(c.load.accepted[plain.ID])+len(c.load.accepted[sequential.ID]))
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	complain(t, got.twice())
	complain(t, outOfOrder(got[sequential.ID], distinct(c.load.accepted[sequential.ID])))
	if t.Failed() {
		t.Log(c.nodes[0].lines())
	}
}

// moving starts the only node, which has the address of the first one.
func (c *cluster) moving(t *testing.T, home string, more ...string) {
	t.Helper()
	args := append([]string{"serve", "--json", "--listen", c.urls[0][len("http://"):], "--limits.hook-requests", "1000000", "--log-level", "warn"}, more...)
	c.nodes[0] = &process{name: "the node", log: logFile(t, home+".log"), env: []string{role + "=node", "CLEAT_HOME=" + home}, args: args}
	if err := c.nodes[0].start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.nodes[0].kill)
	c.mustBeReady(t, 0)
}

// postAll posts to both hooks until each has had n requests, those of the sequential one in
// order.
func (c *cluster) postAll(plain, sequential hook, n int64) {
	var posting sync.WaitGroup
	defer posting.Wait()
	posting.Go(func() {
		for i := range n {
			c.load.post(c.urls[0], sequential, i+1)
		}
	})
	for worker := range int64(8) {
		posting.Go(func() {
			for i := worker; i < n; i += 8 {
				c.load.post(c.urls[0], plain, i+1)
			}
		})
	}
}
