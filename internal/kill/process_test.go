//go:build linux

package kill_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a child that can be killed, frozen and started again. Faults of the same
// process must not happen at once.
type process struct {
	name string
	args []string
	env  []string
	log  *os.File

	mu    sync.Mutex // cmd and ended
	cmd   *exec.Cmd
	ended chan struct{} // closed when it is gone
}

func (p *process) start() error {
	cmd := exec.Command(os.Args[0], p.args...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its state tells
		close(ended)
	}()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd, p.ended = cmd, ended
	return nil
}

// now is the process as it is at the moment.
func (p *process) now() (cmd *exec.Cmd, ended chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd, p.ended
}

func (p *process) pid() int {
	cmd, _ := p.now()
	return cmd.Process.Pid
}

func (p *process) alive() bool {
	_, ended := p.now()
	select {
	case <-ended:
		return false
	default:
		return true
	}
}

func (p *process) signal(s syscall.Signal) {
	cmd, _ := p.now()
	_ = cmd.Process.Signal(s)
}

// kill is SIGKILL, of a frozen process too, and waits for the end.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	_, ended := p.now()
	<-ended
}

// freeze stops the process for a while.
func (p *process) freeze(d time.Duration) {
	p.signal(syscall.SIGSTOP)
	pause(d)
	p.signal(syscall.SIGCONT)
}

// end asks the process to end, and waits for it.
func (p *process) end(limit time.Duration) error {
	p.signal(syscall.SIGTERM)
	cmd, ended := p.now()
	select {
	case <-ended:
	case <-time.After(limit):
		return fmt.Errorf("%s does not end within %v of SIGTERM", p.name, limit)
	}
	if !cmd.ProcessState.Success() {
		return fmt.Errorf("%s was asked to end: %s", p.name, cmd.ProcessState)
	}
	return nil
}

// lines are the last ones of its log.
func (p *process) lines() string {
	text, _ := os.ReadFile(p.log.Name())
	return p.name + ":\n" + string(text[max(0, len(text)-4000):])
}

// pause lets the processes work. The suite is about real time.
func pause(d time.Duration) { <-time.After(d) }

// until waits for something that is asked for now and again.
func until(limit time.Duration, what string, holds func() error) error {
	for deadline := time.Now().Add(limit); ; pause(100 * time.Millisecond) {
		err := holds()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not within %v: %s: %w", limit, what, err)
		}
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
