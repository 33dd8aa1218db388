package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/examples"
)

// consoleBlock is where README.md shows commands, each behind $ and followed by what it
// prints.
var consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```\n")

// TestReadmeWorks types every command of README.md in order and compares what comes back.
// With -update it writes it there. `go run ./cmd/cleat` is this binary's cleat (.ci/test
// types the first command as it stands), and `make test` is only looked up, since it would
// run this test.
func TestReadmeWorks(t *testing.T) {
	t.Parallel()
	posixShell(t)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	session := newSession(t)
	commands := 0
	got := consoleBlock.ReplaceAllStringFunc(string(readme), func(block string) string {
		var b strings.Builder
		for line := range strings.Lines(consoleBlock.FindStringSubmatch(block)[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				commands++
				b.WriteString(line + session.enter(strings.TrimSpace(command)))
			}
		}
		return "```console\n" + b.String() + "```\n"
	})
	if commands < 2 {
		t.Fatalf("README.md has %d commands", commands)
	}
	if *update {
		got = steady(got)
		if err := os.WriteFile("../README.md", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	compareLines(t, steady(got), steady(string(readme)))
}

// steady replaces what differs from run to run.
func steady(text string) string {
	for _, r := range []struct {
		pattern *regexp.Regexp
		with    string
	}{
		{regexp.MustCompile(`oauth_token=rt-[A-Z2-7]+`), "oauth_token=rt-…"},
		{regexp.MustCompile(`\(\d+m?s, `), "(1ms, "},
		{regexp.MustCompile(`User-Agent: cleat/\S+`), "User-Agent: cleat/devel"},
		{regexp.MustCompile(`service listens on http://127\.0\.0\.1:\d+`), "service listens on http://127.0.0.1:7480"},
		{regexp.MustCompile(`http://127\.0\.0\.1:\d+/(api|oauth)/`), "http://127.0.0.1:7480/$1/"},
		{regexp.MustCompile(`Open http://127\.0\.0\.1:\d+`), "Open http://127.0.0.1:40123"},
	} {
		text = r.pattern.ReplaceAllString(text, r.with)
	}
	return text
}

func compareLines(t *testing.T, got, want string) {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := at(g, i), at(w, i)
		if a != b {
			t.Fatalf("line %d of README.md differs; go test ./cli -run Readme -update writes it\n got %s\nwant %s", i+1, a, b)
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

// session is a shell that types the commands of a document one after another.
type session struct {
	t   *testing.T
	dir string
	env []string
}

func newSession(t *testing.T) *session {
	dir := t.TempDir()
	err := errors.Join(os.CopyFS(filepath.Join(dir, "examples", "photos"), examples.Photos()),
		os.CopyFS(filepath.Join(dir, "cli", "testdata", "examples"), os.DirFS("testdata/examples")))
	if err != nil {
		t.Fatal(err)
	}
	return &session{t, dir, append(os.Environ(), "CLEAT_HOME="+filepath.Join(dir, "home"))}
}

// enter returns what a command prints on both streams. Some commands fail on purpose.
func (s *session) enter(line string) string {
	if target, ok := strings.CutPrefix(line, "make "); ok {
		s.isTarget(target)
		return ""
	}
	if line == "go install ./cmd/cleat" {
		return "" // this binary holds cleat
	}
	if variable, ok := strings.CutPrefix(line, "export "); ok {
		s.env = append(s.env, variable)
		return ""
	}
	line = strings.ReplaceAll(line, "go run ./cmd/cleat", "cleat")
	if command, ok := strings.CutSuffix(line, "&"); ok {
		return s.background(command)
	}
	out, err := s.command(line).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return string(out)
}

func (s *session) command(line string) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), "sh", "-c", "exec "+line)
	cmd.Dir, cmd.Env = s.dir, s.env
	return cmd
}

// isTarget looks a target of the Makefile up.
func (s *session) isTarget(name string) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil || !strings.Contains(string(makefile), "\n"+name+":") {
		s.t.Errorf("the Makefile has no target %q: %v", name, err)
	}
}

// background starts the demo and leaves it running. Its service may have got another port
// than the sample app expects, when somebody else has that one.
func (s *session) background(line string) string {
	cmd := s.command(line)
	errs := &notifying{ready: make(chan struct{}), sign: "Ctrl-C ends it.\n"}
	cmd.Stderr = errs
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	select {
	case <-errs.ready:
	case <-time.After(20 * time.Second):
		s.t.Fatalf("%s does not start", line)
	}
	printed := errs.String()
	var service string
	if _, err := fmt.Sscanf(printed, "The sample service listens on %s", &service); err != nil {
		s.t.Fatalf("%s: %v\n%s", line, err, printed)
	}
	if err := writeReplaced(filepath.Join(s.dir, photosParams), "http://"+demoAddress, strings.TrimSuffix(service, ".")); err != nil {
		s.t.Fatal(err)
	}
	return printed
}
