package js_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/js"
	"golang.org/x/sys/unix"
)

// leaverFile tells a process of the test below which file to reach for.
const leaverFile = "CLEAT_TEST_LEAVER_FILE"

// TestAProcessThatLeftItsFilesReachesNone shows what holds without limits of descriptors
// and without the filter of system calls. It runs once more as the process that leaves.
func TestAProcessThatLeftItsFilesReachesNone(t *testing.T) {
	if file := os.Getenv(leaverFile); file != "" {
		reachForFiles(t, file)
		return
	}
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("here"), 0o700); err != nil {
		t.Fatal(err)
	}
	leaver := exec.Command(os.Args[0], "-test.run=^TestAProcessThatLeftItsFilesReachesNone$", "-test.v")
	leaver.Env = append(os.Environ(), leaverFile+"="+file)
	out, err := leaver.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "here" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	switch {
	case strings.Contains(string(out), "--- SKIP"):
		t.Skip("the kernel has no landlock, or the C library is linked")
	case !strings.Contains(string(out), "--- PASS"):
		t.Errorf("it became another program:\n%s", out)
	}
}

func reachForFiles(t *testing.T, file string) {
	elsewhere := otherThread()
	if !js.LeaveFiles() {
		t.Skip("no landlock here")
	}
	open := func() error { _, err := os.Open(file); return err }
	for name, try := range map[string]func() error{
		"open":           open,
		"open elsewhere": func() error { return elsewhere(open) },
		"create":         func() error { _, err := os.Create(file + "2"); return err },
		"truncate":       func() error { return unix.Truncate(file, 0) },
		"remove":         func() error { return unix.Unlink(file) },
		"rename":         func() error { return unix.Rename(file, file+"2") },
		"list":           func() error { _, err := os.ReadDir("/"); return err },
		"become another": func() error { return unix.Exec("/bin/true", []string{"true"}, nil) },
	} {
		if err := try(); !refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// otherThread starts a thread and returns what runs a function on it, once.
func otherThread() (run func(func() error) error) {
	tries, results := make(chan func() error), make(chan error)
	go func() {
		runtime.LockOSThread()
		results <- nil
		results <- (<-tries)()
	}()
	<-results
	return func(try func() error) error {
		tries <- try
		return <-results
	}
}

// refused reports that landlock was in the way: it has other words for a rename and for
// all else.
func refused(err error) bool { return errors.Is(err, unix.EACCES) || errors.Is(err, unix.EXDEV) }
