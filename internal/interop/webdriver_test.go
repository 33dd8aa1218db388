package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
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
	b.do(http.MethodPost, "", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{"goog:loggingPrefs": map[string]any{"browser": "ALL"}, "goog:chromeOptions": map[string]any{
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
	if err := b.try(method, command, body, answer); err != nil {
		b.t.Fatal(err)
	}
}

// try is do for a command that may fail.
func (b *chromium) try(method, command string, body, answer any) error {
	var text []byte
	if method == http.MethodPost {
		text, _ = json.Marshal(body) // maps of texts
	}
	r, err := http.NewRequest(method, b.session+command, bytes.NewReader(text))
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 60 * time.Second}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var value struct{ Value json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&value); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %d %s %v", method, command, res.StatusCode, value.Value, err)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(value.Value, answer)
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

// clickAway presses a button of a page that goes away with it.
func (b *chromium) clickAway(selector string) {
	b.t.Helper()
	_ = b.try(http.MethodPost, b.element(selector)+"/click", map[string]any{}, nil) // the window may be gone
}

// text is what a person reads in an element.
func (b *chromium) text(selector string) (text string) {
	b.t.Helper()
	b.do(http.MethodGet, b.element(selector)+"/text", nil, &text)
	return text
}

// Keys that are no signs (WebDriver 17.4.2).
const tab, enter, space = "\ue004", "\ue007", " "

// press presses keys, one after the other, wherever the focus is.
func (b *chromium) press(keys string) {
	b.t.Helper()
	var moves []any
	for _, key := range keys {
		moves = append(moves, map[string]any{"type": "keyDown", "value": string(key)}, map[string]any{"type": "keyUp", "value": string(key)})
	}
	b.do(http.MethodPost, "/actions", map[string]any{"actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": moves}}}, nil)
}

// evaluate runs a script in the page and reads what it returns.
func (b *chromium) evaluate(script string, answer any) {
	b.t.Helper()
	b.do(http.MethodPost, "/execute/sync", map[string]any{"script": script, "args": []any{}}, answer)
}

// window is the handle of the window that commands go to.
func (b *chromium) window() (handle string) {
	b.t.Helper()
	b.do(http.MethodGet, "/window", nil, &handle)
	return handle
}

func (b *chromium) into(window string) {
	b.t.Helper()
	b.do(http.MethodPost, "/window", map[string]any{"handle": window}, nil)
}

// intoPopup waits for a second window and goes there.
func (b *chromium) intoPopup(opener string) {
	b.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 400 {
		var all []string
		b.do(http.MethodGet, "/window/handles", nil, &all)
		for _, handle := range all {
			if handle != opener {
				b.into(handle)
				return
			}
		}
		<-tick.C
	}
	b.t.Fatal("no window was opened")
}

// complaints are what the browser has written into its console about a policy.
func (b *chromium) complaints() (found []string) {
	b.t.Helper()
	var all []struct{ Message, Level string }
	b.do(http.MethodPost, "/se/log", map[string]any{"type": "browser"}, &all)
	for _, line := range all {
		if strings.Contains(line.Message, "Content Security Policy") || strings.Contains(line.Message, "Content-Security-Policy") || strings.Contains(line.Message, "X-Frame-Options") {
			found = append(found, line.Message)
		}
	}
	return found
}
