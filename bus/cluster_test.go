package bus_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/cleat-run/cleat/bus"
)

// cluster is three servers of NATS, each a process of its own.
type cluster struct {
	dir     string
	clients [3]int // ports
	routes  [3]int
	servers [3]*exec.Cmd
}

// The cluster is shared: tests have streams of their own in it, by prefix.
var (
	shared     sync.Mutex
	theCluster *cluster
	prefixes   atomic.Int64
)

// clustered opens a bus with three replicas.
func clustered(t testing.TB, o bus.Options) *bus.Bus {
	t.Helper()
	o.Servers, o.Sync = startCluster(t).addresses(), "always"
	if o.Prefix == "" {
		o.Prefix = "t" + strconv.FormatInt(prefixes.Add(1), 10)
	}
	return open(t, o)
}

func startCluster(t testing.TB) *cluster {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if theCluster != nil {
		return theCluster
	}
	dir, err := os.MkdirTemp("", "cleat-cluster")
	must(t, err)
	theCluster = newCluster(t, dir)
	return theCluster
}

// newCluster starts three servers. Whoever starts them stops them.
func newCluster(t testing.TB, dir string) *cluster {
	t.Helper()
	c := &cluster{dir: dir}
	for i := range c.servers {
		c.clients[i], c.routes[i] = freePort(t), freePort(t)
	}
	for i := range c.servers {
		c.start(t, i)
	}
	return c
}

func stopCluster() {
	if theCluster == nil {
		return
	}
	for i := range theCluster.servers {
		theCluster.signal(i, syscall.SIGCONT)
		theCluster.kill(i)
	}
	os.RemoveAll(theCluster.dir)
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (c *cluster) addresses() []string {
	var all []string
	for _, port := range c.clients {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", port))
	}
	return all
}

// serverOf is the number of a server by the name it has in figures.
func serverOf(name string) int {
	n, err := strconv.Atoi(name[1:])
	if err != nil {
		return -1
	}
	return n
}

// settings are what a child needs to be a server.
type settings struct {
	Number        int
	Client, Route int
	Routes        [3]int
	Dir           string
}

func (c *cluster) start(t testing.TB, i int) {
	t.Helper()
	data, err := json.Marshal(settings{i, c.clients[i], c.routes[i], c.routes, c.dir})
	must(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), role+"=server", "CLEAT_TEST_SETTINGS="+string(data))
	cmd.Stderr = os.Stderr
	dieWithParent(cmd)
	must(t, cmd.Start())
	c.servers[i] = cmd
}

func (c *cluster) signal(i int, s syscall.Signal) { c.servers[i].Process.Signal(s) }

// kill is SIGKILL, and waits for the end.
func (c *cluster) kill(i int) {
	c.servers[i].Process.Kill()
	c.servers[i].Wait()
}

// serve is the life of a child that is a server.
func serve() {
	var s settings
	if err := json.Unmarshal([]byte(os.Getenv("CLEAT_TEST_SETTINGS")), &s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	opts := &server.Options{
		ServerName: "n" + strconv.Itoa(s.Number), Host: "127.0.0.1", Port: s.Client, NoSigs: true, NoLog: true,
		JetStream: true, SyncAlways: true, StoreDir: s.Dir + "/" + strconv.Itoa(s.Number), JetStreamMaxStore: 1 << 40,
		JetStreamMaxMemory: 16 << 30,
		Cluster:            server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: s.Route, NoAdvertise: true},
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
