package cli

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// until asks over and over, for what another process does in its own time.
func until(ts *testscript.TestScript, what string, holds func() bool) {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(20 * time.Second)
	for now := range ticker.C {
		if holds() {
			return
		}
		if now.After(deadline) {
			ts.Fatalf("%s: not within 20 s", what)
		}
	}
}

// hooks waits until the photo service knows so many hooks: hooks N.
func hooks(ts *testscript.TestScript, _ bool, args []string) {
	until(ts, "hooks "+args[0], func() bool { return fmt.Sprint(len(sceneOf(ts).photos.Hooks())) == args[0] })
}

// listensOn is what cleat listen tells.
var listensOn = regexp.MustCompile(`listening on (\S+)`)

// awaited waits until a background command that writes to a file listens, and keeps the
// address in $HOOK: awaited FILE.
func awaited(ts *testscript.TestScript, _ bool, args []string) {
	var found []string
	until(ts, "awaited "+args[0], func() bool {
		text, _ := os.ReadFile(ts.MkAbs(args[0]))
		found = listensOn.FindStringSubmatch(string(text))
		return found != nil
	})
	ts.Setenv("HOOK", found[1])
}

// send posts JSON to $HOOK and compares the answer: send BODY STATUS [TEXT].
func send(ts *testscript.TestScript, _ bool, args []string) {
	answer, err := http.Post(ts.Getenv("HOOK"), "application/json", strings.NewReader(args[0]))
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	got := append([]string{fmt.Sprint(answer.StatusCode)}, strings.TrimSpace(string(text)))
	if want := args[1:]; strings.Join(got[:len(want)], " ") != strings.Join(want, " ") {
		ts.Fatalf("answered %q, want %q", got, want)
	}
}
