//go:build unix

package pgtest

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// startTime is how long a server may take until it answers.
const startTime = 60 * time.Second

// Process is what a test process has started. Its zero value is ready; [Process.Stop] ends
// it, which TestMain has to call.
type Process struct {
	once   sync.Once
	server *Server
	err    error
	mu     sync.Mutex
	count  int
}

// Database returns the address of a new, empty database, which goes with the test.
func (p *Process) Database(t testing.TB) string {
	t.Helper()
	bin := binaries(t)
	p.once.Do(func() { p.server, p.err = start(bin, "") })
	if p.err != nil {
		t.Fatal(p.err)
	}
	p.mu.Lock()
	p.count++
	name := fmt.Sprintf("test%d", p.count)
	p.mu.Unlock()
	p.server.execute(t, "create database "+name)
	t.Cleanup(func() { p.server.execute(t, "drop database "+name+" with (force)") })
	return p.server.URL(name)
}

// Stop ends the server, if one was started, and removes its files.
func (p *Process) Stop() error {
	if p.server == nil {
		return nil
	}
	return p.server.remove()
}

// Server is a PostgreSQL server for one test that wants to kill it.
type Server struct {
	dir     string
	bin     string
	owner   *syscall.Credential // nil: the present user
	process *os.Process
	ended   chan struct{} // closed when the process is gone; nil when there is none
}

// Start returns a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartIn(t, "")
}

// StartIn is Start with the files of the server in a folder, whose path has to be short and
// open to every user.
func StartIn(t testing.TB, folder string) *Server {
	t.Helper()
	s, err := start(binaries(t), folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.remove(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// binaries returns the folder of initdb and postgres.
func binaries(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) > 0 {
		slices.Sort(found)
		return filepath.Dir(found[len(found)-1])
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("PostgreSQL is missing; `make peers` installs it")
	}
	t.Skip("PostgreSQL is missing; `make peers` installs it")
	return ""
}

func start(bin, folder string) (*Server, error) {
	dir, err := os.MkdirTemp(folder, "cleat-pg") // short: the path of a socket has a limit
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin}
	if err := s.create(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.Restart(); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

// create makes the folder of the database.
func (s *Server) create() error {
	if os.Geteuid() == 0 {
		owner, err := systemUser()
		if err != nil {
			return err
		}
		s.owner = owner
		if err := os.Chown(s.dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	out, err := s.command("initdb", "-D", s.dir+"/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// systemUser returns who runs the server instead of root.
func systemUser() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.Dir = s.dir
	c.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH"), "TZ=UTC"}
	c.SysProcAttr = attributes(s.owner)
	return c
}

// Restart starts the server, after a Kill too, and waits until it answers. Nothing is
// synced to the disk: a kill of the process loses nothing, only a loss of power would.
func (s *Server) Restart() error {
	pool, err := s.open()
	if err != nil {
		return err
	}
	defer pool.Close()
	for deadline := time.Now().Add(startTime); ; time.Sleep(20 * time.Millisecond) { // nothing tells when it is ready
		if err := s.run(); err != nil {
			return err
		}
		if err = pool.Ping(); err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(s.log())
			return fmt.Errorf("the server does not answer: %w\n%s", err, text)
		}
	}
}

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

// run starts the process unless it runs. It gives up by itself as long as clients of a
// killed one have not noticed that.
func (s *Server) run() error {
	if s.ended != nil {
		select {
		case <-s.ended:
		default:
			return nil
		}
	}
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	c := s.command("postgres", "-D", s.dir+"/data", "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200",
		"-c", "log_min_messages=fatal")
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = c.Wait() // that it was killed is no error
		close(ended)
	}()
	s.process, s.ended = c.Process, ended
	return nil
}

func (s *Server) open() (*sql.DB, error) {
	config, err := pgx.ParseConfig(s.URL("postgres"))
	if err != nil {
		return nil, err
	}
	return stdlib.OpenDB(*config), nil
}

// URL returns the address of a database of the server.
func (s *Server) URL(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.dir}, "user": {"postgres"}}.Encode()
}

func (s *Server) execute(t testing.TB, query string) {
	t.Helper()
	pool, err := s.open()
	if err == nil {
		_, err = pool.Exec(query)
		err = errors.Join(err, pool.Close())
	}
	if err != nil {
		t.Errorf("%s: %v", query, err)
	}
}

// Kill ends the server as a crash does, and waits until it is gone.
func (s *Server) Kill() error { return s.end(syscall.SIGKILL) }

// Stop ends the server: it tells its clients, and they lose their connections.
func (s *Server) Stop() error { return s.end(syscall.SIGINT) }

func (s *Server) end(signal os.Signal) error {
	if s.ended == nil {
		return nil
	}
	err := s.process.Signal(signal)
	<-s.ended
	if s.ended = nil; errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func (s *Server) remove() error {
	return errors.Join(s.Stop(), os.RemoveAll(s.dir))
}
