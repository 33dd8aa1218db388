//go:build unix

package js_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/js"
	"golang.org/x/sys/unix"
)

// prisonerName starts this binary as a process that locks itself in and tries to escape.
const prisonerName = "cleat: prisoner"

// attempts are what JavaScript must never come to, were the engine in its hands. Those
// that need no descriptor are refused by the filter of Linux only.
var attempts = []struct {
	name   string
	filter bool
	try    func() error
}{
	{"open", false, func() error { _, err := os.Open("/etc/passwd"); return err }},
	{"create", false, func() error { _, err := os.Create(filepath.Join(os.TempDir(), "cleat-escape")); return err }},
	{"connect", false, func() error { _, err := net.DialTimeout("tcp", "127.0.0.1:1", time.Second); return notRefused(err) }},
	{"socket", false, func() error { _, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }},
	{"pipe", false, func() error { return unix.Pipe(make([]int, 2)) }},
	{"dup", false, func() error { _, err := unix.Dup(0); return err }},
	{"program", false, func() error { return exec.Command("/bin/true").Run() }},
	{"become another", true, func() error { return unix.Exec("/bin/true", []string{"true"}, nil) }},
	{"remove", true, func() error { return unix.Unlink("/nowhere/at/all") }},
	{"look", true, func() error { var s unix.Stat_t; return unix.Stat("/etc", &s) }},
	{"kill the parent", true, func() error { return unix.Kill(os.Getppid(), 0) }},
	{"raise limits", true, func() error { return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 10, Max: 10}) }},
	{"executable memory", true, func() error {
		_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
		return err
	}},
}

// notRefused makes an answer from the other side count as a connection.
func notRefused(err error) error {
	if err != nil && strings.Contains(err.Error(), "connection refused") {
		return nil
	}
	return err
}

// tryToEscape prints one line for each attempt that had another end than a refusal.
func tryToEscape() int {
	time.AfterFunc(time.Hour, func() {}).Stop() // as the child does
	if err := js.LockIn(1<<30, 60); err != nil {
		fmt.Println(err)
		return 1
	}
	for _, a := range attempts {
		if a.filter && !filtered {
			continue
		}
		if err := a.try(); err == nil || a.filter && !strings.Contains(err.Error(), "not permitted") {
			fmt.Printf("%s: %v\n", a.name, err)
		}
	}
	return 0
}

// filtered says that this system has the filter of system calls.
const filtered = runtime.GOOS == "linux" && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64")

func TestALockedInProcessReachesNothing(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	prisoner := &exec.Cmd{Path: self, Args: []string{prisonerName}, Env: []string{}}
	if out, err := prisoner.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTheChildIsLockedIn looks at a child that runs a function from the outside.
func TestTheChildIsLockedIn(t *testing.T) {
	if !filtered {
		t.Skip("/proc shows this on Linux only")
	}
	s := sandbox(t, js.Options{Children: 1})
	if _, err := run(t, s, "return 1"); err != nil {
		t.Fatal(err)
	}
	pid := ""
	links, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, link := range links {
		text, _ := os.ReadFile(link) // one that has ended meanwhile is none of ours
		status, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "status"))
		if strings.TrimRight(string(text), "\x00") == "cleat: functions" && strings.Contains(string(status), fmt.Sprintf("PPid:\t%d\n", os.Getpid())) {
			pid = filepath.Dir(link)
		}
	}
	if pid == "" {
		t.Fatal("no child is running")
	}
	for file, want := range map[string]string{"status": "Seccomp:\t2", "limits": "Max open files            0                    0"} {
		if text, err := os.ReadFile(filepath.Join(pid, file)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s does not say %q, %v:\n%s", file, want, err, text)
		}
	}
	if text, err := os.ReadFile(filepath.Join(pid, "environ")); err != nil || len(text) > 0 {
		t.Errorf("the environment is %q, %v", text, err)
	}
	descriptors, err := filepath.Glob(filepath.Join(pid, "fd", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range descriptors {
		if target, _ := os.Readlink(d); !strings.HasPrefix(target, "pipe:") && !strings.HasPrefix(target, "anon_inode:") {
			t.Errorf("the child holds %s as %s", target, filepath.Base(d))
		}
	}
}

func TestTheProcessorTimeOfAChildIsBounded(t *testing.T) {
	t.Parallel()
	s := sandbox(t, js.Options{Children: 1, Timeout: 200 * time.Millisecond})
	lib := library("f", "function f() { return new Array(2**32-1).join('x') }")
	for range 3 {
		begun := time.Now()
		if _, err := s.Call(context.Background(), lib, "f", nil, js.Context{}); err == nil {
			t.Error("an array of 2^32 elements was joined")
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	}
}
