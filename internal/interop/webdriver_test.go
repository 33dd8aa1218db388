package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os/exec"
	"regexp"
	"testing"
	"time"
)

// chromium is a headless Chromium with one page, driven over W3C WebDriver.
type chromium struct {
	t       *testing.T
	session string // address of the session
}

var driverPort = regexp.MustCompile(`started successfully on port (\d+)`)

// startChromium starts ChromeDriver and a browser with a profile of its own.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	binary, err := exec.LookPath("chromium")
	if err != nil {
		missing(t, "Debian's chromium")
	}
	driver, err := exec.LookPath("chromedriver")
	if err != nil {
		missing(t, "Debian's chromium-driver")
	}
	process := exec.Command(driver, "--port=0")
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Process.Kill()
		process.Wait()
	})
	b := &chromium{t: t, session: driverAddress(t, bufio.NewScanner(out)) + "/session"}
	profile := t.TempDir()
	var answer struct{ SessionID string }
	b.do(http.MethodPost, "", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{"goog:chromeOptions": map[string]any{
		"binary": binary,
		"args": []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
			"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir=" + profile},
	}}}}, &answer)
	b.session += "/" + answer.SessionID
	t.Cleanup(func() { b.do(http.MethodDelete, "", nil, nil) })
	b.do(http.MethodPost, "/timeouts", map[string]any{"implicit": 20_000}, nil) // element waits so long
	return b
}

func driverAddress(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	for lines.Scan() {
		if m := driverPort.FindStringSubmatch(lines.Text()); m != nil {
			return "http://127.0.0.1:" + m[1]
		}
	}
	t.Fatal("chromedriver tells no port")
	return ""
}

// do sends a command and reads its value into answer.
func (b *chromium) do(method, command string, body, answer any) {
	b.t.Helper()
	var text []byte
	if method == http.MethodPost {
		text, _ = json.Marshal(body) // maps of texts
	}
	r, err := http.NewRequest(method, b.session+command, bytes.NewReader(text))
	if err != nil {
		b.t.Fatal(err)
	}
	client := http.Client{Timeout: 60 * time.Second}
	res, err := client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var value struct{ Value json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&value); err != nil || res.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %d %s %v", method, command, res.StatusCode, value.Value, err)
	}
	if answer == nil {
		return
	}
	if err := json.Unmarshal(value.Value, answer); err != nil {
		b.t.Fatal(err)
	}
}

// open goes to an address and waits until the page is there.
func (b *chromium) open(address string) {
	b.t.Helper()
	b.do(http.MethodPost, "/url", map[string]any{"url": address}, nil)
}

// element finds the first element of a CSS selector.
func (b *chromium) element(selector string) string {
	b.t.Helper()
	found := map[string]string{}
	b.do(http.MethodPost, "/element", map[string]any{"using": "css selector", "value": selector}, &found)
	for _, id := range found {
		return "/element/" + id
	}
	b.t.Fatalf("there is no %s", selector)
	return ""
}

// click presses a button.
func (b *chromium) click(selector string) {
	b.t.Helper()
	b.do(http.MethodPost, b.element(selector)+"/click", map[string]any{}, nil)
}

// textBeyond waits for a page that does not hold the selector, and returns what a person
// reads there.
func (b *chromium) textBeyond(selector string) (text string) {
	b.t.Helper()
	b.do(http.MethodGet, b.element("body:not(:has("+selector+"))")+"/text", nil, &text)
	return text
}

// address is that of the page.
func (b *chromium) address() (address string) {
	b.t.Helper()
	b.do(http.MethodGet, "/url", nil, &address)
	return address
}
