package js

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// child is a child process as the program sees it. It belongs to one call at a time.
type child struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	words   *lastWords

	loaded map[*Library]int // number under which the child knows a library
	calls  int
	spent  time.Duration
	killed atomic.Bool
	end    sync.Once
}

const (
	// childName stands in the place of the program's name, where no person can put it by
	// accident.
	childName = "cleat: functions"

	startTimeout = 10 * time.Second
	// grace is what a child gets beyond a time limit to report it itself.
	grace = 250 * time.Millisecond
	// Children are replaced after so much work, so that nothing adds up in them.
	maxCalls     = 10_000
	maxSpent     = 30 * time.Second
	maxLibraries = 64
)

// errNotServed says that the program lacks the hook.
var errNotServed = errors.New("js: the program does not serve as its own child: call js.ServeIfChild at the start of main")

// startChild starts this program anew, without environment and without files but pipes.
func startChild(o Options, mark string) (*child, error) {
	if isChild() {
		return nil, errNotServed // and would start children of its own without end
	}
	path := o.Executable
	if path == "" {
		var err error
		if path, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("js: %w", err)
		}
	}
	c := &child{command: &exec.Cmd{Path: path, Args: []string{childName}, Env: []string{}, Dir: os.TempDir()}, words: &lastWords{}, loaded: map[*Library]int{}}
	c.command.Stderr = c.words
	in, err := c.command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("js: %w", err)
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("js: %w", err)
	}
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("js: start a child: %w", err)
	}
	c.in, c.out = in, bufio.NewReader(out)
	if err := c.greet(o, mark); err != nil {
		c.kill()
		return nil, err
	}
	return c, nil
}

// greet tells the child its limits and waits until it has locked itself in.
func (c *child) greet(o Options, mark string) error {
	timer := time.AfterFunc(startTimeout, c.kill)
	defer timer.Stop()
	seconds := int((maxSpent + 2*max(o.Timeout, TestTimeout)).Seconds())
	if err := send(c.in, message{kindHello, []string{mark, strconv.Itoa(o.Memory), strconv.Itoa(seconds)}}); err != nil {
		return fmt.Errorf("%w (%w)", errNotServed, err)
	}
	m, err := receive(c.out)
	if _, wrong := m.take(kindReady, 0); err != nil || wrong != nil {
		c.kill()
		return fmt.Errorf("%w%s", errNotServed, c.words.text())
	}
	return nil
}

// ask loads the library if need be, asks the question and returns the answer. The child
// is killed at the deadline and when ctx ends; no error leaves it as it was.
func (c *child) ask(ctx context.Context, lib *Library, timeout time.Duration, question func(head []string) message) (message, error) {
	begun := time.Now()
	timer := time.AfterFunc(timeout+grace, c.kill)
	defer timer.Stop()
	defer context.AfterFunc(ctx, c.kill)()
	reply, err := c.converse(lib, timeout, question)
	c.calls++
	c.spent += time.Since(begun)
	switch {
	case ctx.Err() != nil:
		return message{}, ctx.Err()
	case c.killed.Load():
		return message{}, &Error{Message: tookTooLong(timeout), Limit: true}
	case errors.Is(err, errFrame), errors.Is(err, errTooBig):
		return message{}, &Error{Message: err.Error(), Cause: err}
	case err != nil:
		c.kill()
		return message{}, &Error{Message: "the process of the function ended" + c.words.text(), Limit: true, Cause: err}
	}
	return reply, nil
}

func (c *child) converse(lib *Library, timeout time.Duration, question func(head []string) message) (message, error) {
	number, ok := c.loaded[lib]
	if !ok {
		number = len(c.loaded)
		c.loaded[lib] = number
		if err := send(c.in, lib.message(number)); err != nil {
			return message{}, err
		}
	}
	if err := send(c.in, question([]string{strconv.Itoa(number), strconv.FormatInt(timeout.Milliseconds(), 10)})); err != nil {
		return message{}, err
	}
	reply, err := receive(c.out)
	if err != nil {
		return message{}, err
	}
	want := 3
	if reply.kind == kindFailure {
		want = 4
	} else if reply.kind != kindResult {
		return message{}, errFrame
	}
	if len(reply.fields) != want {
		return message{}, errFrame
	}
	return reply, nil
}

// message is what makes the library known to a child.
func (l *Library) message(number int) message {
	m := message{kindLoad, []string{strconv.Itoa(number)}}
	for _, f := range l.functions {
		m.fields = append(m.fields, f.Name, f.File, f.Code)
	}
	return m
}

// old reports whether the child should be replaced.
func (c *child) old() bool {
	return c.killed.Load() || c.calls >= maxCalls || c.spent >= maxSpent || len(c.loaded) >= maxLibraries
}

// kill ends the process and waits for it. It may be called any number of times, and
// while the child is asked.
func (c *child) kill() {
	c.killed.Store(true)
	c.end.Do(func() {
		_ = c.command.Process.Kill() // fails when it has ended already
		_ = c.command.Wait()         // says that it was killed
	})
}

// lastWords keeps the beginning of what a child says on standard error, which is how the
// Go runtime tells why it gives up.
type lastWords struct {
	mu   sync.Mutex
	kept bytes.Buffer
}

// Write keeps the first kibibyte.
func (w *lastWords) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept.Write(p[:min(len(p), max(0, 1024-w.kept.Len()))])
	return len(p), nil
}

// text returns the first line behind a colon, "" when there is none.
func (w *lastWords) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	line, _, _ := strings.Cut(w.kept.String(), "\n")
	if line == "" {
		return ""
	}
	return ": " + line
}

// newMark returns a text that no data can guess.
func newMark() string { return rand.Text()[:16] + ":" }
