package interop

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/cli"
	"github.com/cleat-run/cleat/internal/photoservice"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
)

// terminal is a person who types cleat commands and has a browser.
type terminal struct {
	t    *testing.T
	env  map[string]string
	open func(address string)
}

func newTerminal(t *testing.T) *terminal {
	return &terminal{t: t, env: map[string]string{"CLEAT_HOME": t.TempDir(), "CLEAT_EGRESS_ALLOW": "127.0.0.1"}}
}

// cleat runs a command and returns its exit code and what it printed.
func (m *terminal) cleat(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = cli.Main(args, cli.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr,
		Env:  func(name string) (string, bool) { text, ok := m.env[name]; return text, ok },
		Open: func(address string) error { m.open(address); return nil }})
	return code, stdout.String(), stderr.String()
}

func startPhotos(t *testing.T) (address string) {
	server := httptest.NewServer(photoservice.New(oauth1test.Options{}))
	t.Cleanup(server.Close)
	return server.URL
}

// inBrowser has the browser visit each address and press a button. The page at the end
// is sent to the channel.
func inBrowser(b *chromium, button string) (open func(string), seen <-chan [2]string) {
	pages := make(chan [2]string, 1)
	return func(address string) {
		go func() {
			defer close(pages) // also when a step fails
			b.open(address)
			b.click(button)
			pages <- [2]string{b.textBeyond(button), b.address()}
		}()
	}, pages
}

func TestChromiumConnects(t *testing.T) {
	m, b, service := newTerminal(t), startChromium(t), startPhotos(t)
	var seen <-chan [2]string
	m.open, seen = inBrowser(b, "#allow")
	code, _, errs := m.cleat("connect", "../../examples/photos", "photos", "--name", "work", "--timeout", "1m", "--param", "service="+service)
	page := <-seen
	if code != 0 || !strings.Contains(errs, `connected "work" as alice@photos.example`) {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	if !strings.Contains(page[0], "You can close this page") {
		t.Errorf("the page shows %q", page[0])
	}
	code, out, errs := m.cleat("run", "../../examples/photos", "searchPhotos", "--connection", "work", "--limit", "1", "--json")
	if code != 0 || strings.Count(out, "\n") != 1 {
		t.Errorf("run: exit code %d\n%s%s", code, out, errs)
	}
	if _, err := http.Get(page[1]); err == nil {
		t.Error("the callback is answered a second time")
	}
}

func TestChromiumDenies(t *testing.T) {
	m, b, service := newTerminal(t), startChromium(t), startPhotos(t)
	var seen <-chan [2]string
	m.open, seen = inBrowser(b, "#deny")
	code, _, errs := m.cleat("connect", "../../examples/photos", "photos", "--timeout", "1m", "--param", "service="+service)
	if page := <-seen; !strings.Contains(page[0], "Not connected") || !strings.Contains(page[0], "declined by the user") {
		t.Errorf("the page shows %q", page[0])
	}
	if code == 0 || !strings.Contains(errs, "declined by the user") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	m.storesNothing()
}

// The person comes back when cleat has given up.
func TestChromiumIsLate(t *testing.T) {
	m, b, service := newTerminal(t), startChromium(t), startPhotos(t)
	var address string
	m.open = func(visited string) { address = visited }
	code, _, errs := m.cleat("connect", "../../examples/photos", "photos", "--param", "service="+service, "--timeout", "10ms")
	if code != 4 || !strings.Contains(errs, "nobody came back from the provider within 10ms") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	b.open(address)
	b.click("#allow")
	if page := b.textBeyond("#allow"); strings.Contains(page, "Connected") {
		t.Errorf("the page shows %q", page)
	}
	m.storesNothing()
}

func (m *terminal) storesNothing() {
	m.t.Helper()
	if code, out, errs := m.cleat("connections", "list", "--json"); code != 0 || strings.TrimSpace(out) != "[]" {
		m.t.Errorf("connections list: exit code %d\n%s%s", code, out, errs)
	}
}
