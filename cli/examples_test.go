package cli

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/examples"
	"github.com/cleat-run/cleat/internal/photoservice"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
	"github.com/spf13/cobra"
)

// TestExamplesWork types every example of every help text, in a folder with the files,
// apps and connections that the examples name. The services of the apps are running.
func TestExamplesWork(t *testing.T) {
	t.Parallel()
	posixShell(t)
	s := startStage(t)
	each(newRoot(&factory{}), func(cmd *cobra.Command) {
		if cmd.Runnable() && !cmd.HasSubCommands() && cmd.Example == "" && cmd.Parent().Name() != "completion" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			line = strings.TrimSpace(line)
			t.Run(line, func(t *testing.T) {
				t.Parallel()
				s.perform(t, cmd.Name() == "connect", line)
			})
		}
	})
}

func posixShell(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the examples are written for a POSIX shell")
	}
}

func each(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, child := range cmd.Commands() {
		each(child, visit)
	}
}

// stage is what the examples need: the addresses of the services of my-app and
// examples/photos, and a home with a connection of each.
type stage struct{ books, photos, home string }

func startStage(t *testing.T) *stage {
	s := &stage{books: startServer(t, http.HandlerFunc(books)), photos: startServer(t, photoservice.New(oauth1test.Options{}))}
	s.home = t.TempDir()
	for _, line := range []string{
		"cleat connect my-app --name work --param apiKey=@secret.txt",
		"cleat install my-app books --param clientSecret=@secret.txt",
		"cleat connect examples/photos photos --name alice",
	} {
		s.shell(t, s.folder(t), s.home, line)
	}
	return s
}

func startServer(t *testing.T, h http.Handler) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// books is the service of my-app.
func books(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Header.Get("X-Api-Key") == "":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/me":
		fmt.Fprint(w, `{"name": "work"}`)
	case r.URL.Path == "/books":
		fmt.Fprint(w, `{"books": [{"title": "Emma"}]}`)
	}
}

// folder is a folder as the examples have it, where the apps know the services.
func (s *stage) folder(t *testing.T) string {
	dir := t.TempDir()
	for _, err := range []error{
		os.CopyFS(dir, os.DirFS("testdata/examples")),
		os.CopyFS(filepath.Join(dir, "examples", "photos"), examples.Photos()),
		writeReplaced(filepath.Join(dir, photosParams), "http://"+demoAddress, s.photos),
		writeReplaced(filepath.Join(dir, "my-app/base.iml.json"), "https://books.example.com", s.books),
		writeReplaced(filepath.Join(dir, "my-app/books.iml.json"), "https://books.example.com", s.books),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// perform types an example. Those of connect begin with an empty home.
func (s *stage) perform(t *testing.T, connects bool, line string) {
	dir, home := s.folder(t), t.TempDir()
	if !connects {
		// Keys must keep their mode.
		if out, err := exec.CommandContext(t.Context(), "cp", "-Rp", s.home+"/.", home).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if strings.Contains(line, "friday.backup") {
		s.shell(t, dir, home, "cleat backup --records-only friday.backup")
	}
	// Another test, or the developer, may be using the port.
	line = strings.NewReplacer("127.0.0.1:8085", "127.0.0.1:0", "127.0.0.1:8090", "127.0.0.1:0", "http://"+demoAddress, s.photos).Replace(line)
	switch {
	case line == "cleat demo", strings.HasPrefix(line, "cleat oauth1 proxy"), strings.HasPrefix(line, "cleat listen") && !strings.Contains(line, "--send"):
		s.interrupted(t, dir, home, line)
	case strings.HasPrefix(line, "cleat serve"):
		// The services of its examples are made up: the settings are checked, and nothing starts.
		s.shell(t, dir, home, strings.Replace(line, "/run/secrets/keyset.json", home+"/keyset.json", 1)+" --print-config")
	case strings.Contains(line, " move --to "):
		s.nobodyThere(t, dir, home, line)
	case strings.Contains(line, "--no-browser"):
		s.shell(t, dir, home, "person "+line)
	default:
		s.shell(t, dir, home, line)
	}
}

func (s *stage) shell(t *testing.T, dir, home, line string) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CLEAT_HOME="+home)
	if !strings.Contains(line, "--egress-allow") {
		cmd.Env = append(cmd.Env, "CLEAT_EGRESS_ALLOW=127.0.0.1") // for my-app, whose address is made up
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
}

// nobodyThere types a command whose other side is made up; internal/kill has a real one. It
// gets as far as that.
func (s *stage) nobodyThere(t *testing.T, dir, home, line string) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line, "db.internal", "127.0.0.1:1", 1))
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CLEAT_HOME="+home)
	out, err := cmd.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("the database is unreachable")) && !bytes.Contains(out, []byte("there is nothing to move")) {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
}

// interrupted types a command that runs until Ctrl-C, and ends it so.
func (s *stage) interrupted(t *testing.T, dir, home, line string) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "exec "+line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CLEAT_HOME="+home)
	errs := &notifying{ready: make(chan struct{}), sign: "Ctrl-C"}
	cmd.Stderr = errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-errs.ready:
		cmd.Process.Signal(os.Interrupt)
	case <-time.After(20 * time.Second):
		cmd.Process.Kill()
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s: %v\n%s", line, err, errs)
	}
}

// notifying collects what a command writes, and tells when a sign is in it.
type notifying struct {
	sign  string
	ready chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
	told bool
}

// String returns what was written so far.
func (n *notifying) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

func (n *notifying) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text.Write(p)
	if !n.told && strings.Contains(n.text.String(), n.sign) {
		n.told = true
		close(n.ready)
	}
	return len(p), nil
}

// TestEveryFlagIsExplained keeps help texts complete.
func TestEveryFlagIsExplained(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	each(newRoot(&factory{}), func(cmd *cobra.Command) {
		for _, name := range flagNames(cmd) {
			if cmd.Flags().Lookup(name).Usage == "" {
				seen[cmd.CommandPath()+" --"+name] = true
			}
		}
		if cmd.Short == "" {
			seen[cmd.CommandPath()] = true
		}
	})
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		t.Errorf("%s is not explained", name)
	}
}
