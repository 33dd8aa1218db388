package interop

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var demoPage = regexp.MustCompile(`Open (http://\S+) in your browser`)

// startDemo starts cleat demo and returns the address of its page.
func startDemo(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "cleat")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/cleat").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	demo := exec.Command(program, "demo", "--no-browser", "--listen", "127.0.0.1:0")
	errs, err := demo.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		demo.Process.Signal(os.Interrupt)
		demo.Wait()
	})
	lines := bufio.NewScanner(errs)
	for lines.Scan() {
		if m := demoPage.FindStringSubmatch(lines.Text()); m != nil {
			return m[1]
		}
	}
	t.Fatal("cleat demo tells no address")
	return ""
}

func TestChromiumWalksThroughTheDemo(t *testing.T) {
	b := startChromium(t)
	b.open(startDemo(t))
	b.click("#connect")
	b.click("#allow")
	b.element("#account")
	callback := b.address()
	b.sees(b.textBeyond("#allow"), "Connected as alice@photos.example", "2. Run a module")

	b.click("#searchPhotos button")
	b.element("section#result")
	b.sees(b.textBeyond("#allow"), "3. Search photos gave", "What went over the wire", "Authorization: OAuth [redacted]", "base string")

	b.open(callback)
	b.sees(b.textBeyond("section#result"), "this authorization was already used", "start again")
}

func (b *chromium) sees(page string, texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			b.t.Errorf("the page does not show %q:\n%s", text, page)
		}
	}
}
