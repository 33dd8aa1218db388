package kill_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/cleat-run/cleat/cli"
	"github.com/cleat-run/cleat/internal/pgtest"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/store"
)

// role is what a child of the test process is: nats, or node.
const role = "CLEAT_KILL_ROLE"

func TestMain(m *testing.M) {
	js.ServeIfChild()
	switch os.Getenv(role) {
	case "nats":
		serveNATS()
	case "node":
		os.Exit(cli.Main(os.Args[1:], cli.System()))
	}
	os.Exit(m.Run())
}

// process is a child that can be killed and started again.
type process struct {
	name string
	args []string
	env  []string
	cmd  *exec.Cmd
	log  *os.File
}

func (p *process) start(t testing.TB) {
	t.Helper()
	p.cmd = exec.Command(os.Args[0], p.args...)
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill is SIGKILL, and waits for the end.
func (p *process) kill() {
	p.signal(syscall.SIGCONT)
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// cluster is everything of an installation.
type cluster struct {
	dir      string
	records  *pgtest.Server
	nats     [3]*process
	nodes    [3]*process
	urls     [3]string
	database string
	token    string
}

type natsSettings struct {
	Number, Client, Route int
	Routes                [3]int
	Dir                   string
}

func startCluster(t testing.TB, stub string) *cluster {
	t.Helper()
	c := &cluster{dir: t.TempDir(), records: pgtest.Start(t)}
	c.database = c.records.URL("postgres")
	var clients, routes [3]int
	for i := range 3 {
		clients[i], routes[i] = freePort(t), freePort(t)
	}
	addresses := ""
	for i := range 3 {
		settings, err := json.Marshal(natsSettings{i, clients[i], routes[i], routes, c.dir})
		if err != nil {
			t.Fatal(err)
		}
		c.nats[i] = &process{name: fmt.Sprintf("NATS server %d", i), env: []string{role + "=nats", "CLEAT_KILL_NATS=" + string(settings)}, log: c.logOf(t, fmt.Sprintf("nats%d", i))}
		c.nats[i].start(t)
		addresses += fmt.Sprintf(",nats://127.0.0.1:%d", clients[i])
	}
	keyset := c.keyset(t)
	for i := range 3 {
		port := freePort(t)
		c.urls[i] = fmt.Sprintf("http://127.0.0.1:%d", port)
		c.nodes[i] = &process{name: fmt.Sprintf("node %d", i), log: c.logOf(t, fmt.Sprintf("node%d", i)),
			env: []string{role + "=node", "CLEAT_HOME=" + fmt.Sprintf("%s/home%d", c.dir, i)},
			args: []string{"serve", "--json", "--listen", fmt.Sprintf("127.0.0.1:%d", port), "--public-url", c.urls[0], "--database", c.database, "--keyset", keyset,
				"--nats", addresses[1:], "--nats-sync", "always", "--egress-allow", "127.0.0.0/8", "--limits.hook-requests", "1000000", "--log-level", "warn"}}
		c.nodes[i].start(t)
		if i == 0 {
			c.ready(t, 0)
		}
	}
	t.Cleanup(c.stop)
	for i := range 3 {
		c.ready(t, i)
	}
	return c
}

func (c *cluster) stop() {
	for i := range 3 {
		c.nodes[i].kill()
	}
	for i := range 3 {
		c.nats[i].kill()
	}
}

func (c *cluster) logOf(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Create(c.dir + "/" + name + ".log")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// logs shows the ends of the logs of the nodes.
func (c *cluster) logs(t testing.TB) {
	for _, node := range c.nodes {
		text, _ := os.ReadFile(node.log.Name())
		t.Logf("%s:\n%s", node.name, text[max(0, len(text)-4000):])
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// serveNATS is the life of a child that is a server of NATS.
func serveNATS() {
	var s natsSettings
	if err := json.Unmarshal([]byte(os.Getenv("CLEAT_KILL_NATS")), &s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	opts := &server.Options{
		ServerName: "n" + strconv.Itoa(s.Number), Host: "127.0.0.1", Port: s.Client, NoSigs: true, NoLog: true,
		JetStream: true, SyncAlways: true, StoreDir: s.Dir + "/nats" + strconv.Itoa(s.Number), JetStreamMaxStore: 1 << 40, JetStreamMaxMemory: 16 << 30,
		Cluster: server.ClusterOpts{Name: "kill", Host: "127.0.0.1", Port: s.Route, NoAdvertise: true},
	}
	for _, port := range s.Routes {
		opts.Routes = append(opts.Routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	srv.Start()
	if !srv.ReadyForConnections(30 * time.Second) {
		os.Exit(1)
	}
	srv.WaitForShutdown()
}

func (c *cluster) keyset(t testing.TB) string {
	t.Helper()
	text, err := store.NextKeyset(nil)
	if err != nil {
		t.Fatal(err)
	}
	path := c.dir + "/keyset.json"
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
