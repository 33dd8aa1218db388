//go:build linux

package soak_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/cleat-run/cleat/cli"
	"github.com/cleat-run/cleat/js"
)

var binary = flag.String("binary", "", "a cleat to start; the test binary itself when left out")

// role tells a child of the test process that it is a node.
const role = "CLEAT_SOAK_NODE"

func TestMain(m *testing.M) {
	js.ServeIfChild()
	if os.Getenv(role) != "" {
		os.Exit(cli.Main(os.Args[1:], cli.System()))
	}
	os.Exit(m.Run())
}

// node is a `cleat serve` with a home of its own. It listens on another port after each start.
type node struct {
	home  string
	args  []string
	log   *os.File
	cmd   *exec.Cmd
	url   string
	link  string        // signs the first owner in, while there is none
	token string        // of the first owner
	ready time.Duration // from the start until it said that it is
}

// newNode makes a node that is not started. It ends with the test.
func newNode(t *testing.T, args ...string) *node {
	t.Helper()
	n := &node{home: t.TempDir(), args: append([]string{"serve", "--json", "--listen", "127.0.0.1:0", "--egress-allow", "127.0.0.0/8",
		"--limits.hook-requests", "1000000", "--log-level", "warn"}, args...)}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	n.log = log
	t.Cleanup(func() {
		if n.cmd != nil {
			n.stop(t)
		}
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("the end of the log:\n%s", text[max(0, len(text)-4000):])
		}
		log.Close()
	})
	return n
}

func (n *node) start(t *testing.T) {
	t.Helper()
	program := *binary
	if program == "" {
		program = os.Args[0]
	}
	n.cmd = exec.Command(program, n.args...)
	n.cmd.Env = append(os.Environ(), role+"=1", "CLEAT_HOME="+n.home)
	n.cmd.Stderr = n.log
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	printed, err := n.cmd.StdoutPipe()
	if err == nil {
		err = n.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var listening struct {
		URL    string
		SignIn string `json:"sign_in"`
	}
	if err := json.NewDecoder(bufio.NewReader(printed)).Decode(&listening); err != nil {
		t.Fatalf("the node does not say where it listens: %v", err)
	}
	n.url, n.link = listening.URL, listening.SignIn
	for deadline := began.Add(2 * time.Minute); !n.isReady(); pause(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the node does not become ready")
		}
	}
	n.ready = time.Since(began)
}

func (n *node) isReady() bool {
	answer, err := http.Get(n.url + "/readyz")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// stop is SIGTERM, and waits for the end.
func (n *node) stop(t *testing.T) {
	t.Helper()
	_ = n.cmd.Process.Signal(syscall.SIGTERM)
	giveUp := time.AfterFunc(time.Minute, func() { _ = n.cmd.Process.Kill() })
	defer giveUp.Stop()
	if err := n.cmd.Wait(); err != nil {
		t.Errorf("a node that was asked to end: %v", err)
	}
	n.cmd = nil
}

// pause lets the processes work: the suites are about real time.
func pause(d time.Duration) { <-time.After(d) }
