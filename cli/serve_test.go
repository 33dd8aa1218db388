package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// slowApp has a module that answers when the service does.
const slowApp = `
-- makecomapp.json --
{"fileVersion":1,"generalCodeFiles":{"base":null,"common":null,"readme":null,"groups":null},
 "components":{"connection":{},"webhook":{},"module":{"wait":{"label":"Wait","description":"","moduleType":"action","codeFiles":{"communication":"wait.json"}}},
  "rpc":{},"function":{},"endpoint":{}},"origins":[]}
-- wait.json --
{"url": "SERVICE/wait", "response": {"output": "{{body}}"}}
`

// serving is a cleat serve in a process of its own.
type serving struct {
	t      *testing.T
	cmd    *exec.Cmd
	errs   *notifying
	URL    string `json:"url"`
	SignIn string `json:"sign_in"`
	token  string
}

// startServe starts cleat serve on a free port and waits until it listens.
func startServe(t *testing.T, home string, args ...string) *serving {
	t.Helper()
	s := &serving{t: t, errs: &notifying{ready: make(chan struct{}), sign: "stopped"}}
	s.cmd = serveCommand(t, home, args...)
	s.cmd.Stderr = s.errs
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cmd.Process.Kill() })
	if err := json.NewDecoder(out).Decode(s); err != nil {
		t.Fatalf("cleat serve does not say where it listens: %v\n%s", err, s.errs)
	}
	return s
}

func serveCommand(t *testing.T, home string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), "cleat", append([]string{"serve", "--json", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), "CLEAT_HOME="+home, "CLEAT_EGRESS_ALLOW=127.0.0.1")
	return cmd
}

// end sends a signal and returns the exit code, -1 for a death by signal.
func (s *serving) end(signal os.Signal) int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	return s.wait()
}

func (s *serving) wait() int {
	s.t.Helper()
	var exit *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return s.cmd.ProcessState.ExitCode()
}

// owner makes the first owner, and a token for everything.
func (s *serving) owner() {
	s.t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.PostForm(s.SignIn, url.Values{"email": {"boss@example.com"}, "password": {"correct horse battery"}})
	if err != nil {
		s.t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther || len(answer.Cookies()) != 1 {
		s.t.Fatalf("the first owner is answered %d", answer.StatusCode)
	}
	r := s.request(http.MethodPost, "/v1/tokens", "application/json", strings.NewReader(`{"name":"test","scopes":["apps:write","run","hooks"]}`))
	r.AddCookie(answer.Cookies()[0])
	var made struct{ Token string }
	if body := s.do(r, http.StatusCreated); json.Unmarshal(body, &made) != nil || made.Token == "" {
		s.t.Fatalf("there is no token in %s", body)
	}
	s.token = made.Token
}

func (s *serving) request(method, path, kind string, body io.Reader) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	return r
}

func (s *serving) do(r *http.Request, status int) []byte {
	s.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		s.t.Fatalf("%s %s: %d, want %d: %v\n%s", r.Method, r.URL.Path, answer.StatusCode, status, err, body)
	}
	return body
}

func (s *serving) get(path string) string {
	s.t.Helper()
	return string(s.do(s.request(http.MethodGet, path, "", nil), http.StatusOK))
}

// upload uploads slowApp, whose service is at an address.
func (s *serving) upload(service string) {
	s.t.Helper()
	s.uploadApp("slow", strings.ReplaceAll(slowApp, "SERVICE", service))
}

// uploadApp uploads the files of a txtar archive.
func (s *serving) uploadApp(name, archive string) {
	s.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for _, file := range txtar.Parse([]byte(archive)).Files {
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename="%s/%s"`, name, file.Name)}})
		if err != nil {
			s.t.Fatal(err)
		}
		part.Write(file.Data)
	}
	w.Close()
	s.do(s.request(http.MethodPost, "/v1/apps", w.FormDataContentType(), &form), http.StatusCreated)
}

// slowService answers when it is told to, and tells when it is asked.
func slowService(t *testing.T) (address string, asked, answer chan struct{}) {
	asked, answer = make(chan struct{}, 1), make(chan struct{})
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-answer:
		case <-r.Context().Done():
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"waited": true}`)
	}))
	t.Cleanup(service.Close)
	return service.URL, asked, answer
}

// within fails when something does not come in time.
func within[T any](t *testing.T, what string, c <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-c:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: not within 20 s", what)
	}
	return got
}

// TestServeDrains ends a server that has a run under way and a listener: the listener is
// sent away at once, the run ends with its answer, and the process with exit code 0.
func TestServeDrains(t *testing.T) {
	t.Parallel()
	posixShell(t)
	s := startServe(t, filepath.Join(t.TempDir(), "home"))
	s.owner()
	service, asked, answer := slowService(t)
	s.upload(service)

	listening := s.request(http.MethodGet, "/v1/events", "", nil)
	listening.Header.Set("Accept", "text/event-stream")
	events, err := http.DefaultClient.Do(listening)
	if err != nil || events.StatusCode != http.StatusOK {
		t.Fatal(events, err)
	}
	defer events.Body.Close()
	run := make(chan []byte, 1)
	request := s.request(http.MethodPost, "/v1/run", "application/json", strings.NewReader(`{"app":"slow","module":"wait"}`))
	go func() {
		defer close(run)
		if got, err := http.DefaultClient.Do(request); err == nil {
			body, _ := io.ReadAll(got.Body)
			got.Body.Close()
			run <- body
		}
	}()
	within(t, "the service is asked", asked)

	began := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	left := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, events.Body)
		left <- err
	}()
	if err := within(t, "the stream of events ends", left); err != nil {
		t.Errorf("the stream of events is cut off: %v", err)
	}
	close(answer)
	if body := string(within(t, "the run ends", run)); !strings.Contains(body, `"bundles":[{"waited":true}]`) {
		t.Errorf("the run is answered %q", body)
	}
	if code := s.wait(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, s.errs)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	if text := s.errs.String(); !strings.HasSuffix(text, "stopped\n") {
		t.Errorf("it prints %s", text)
	}
}

// TestServeComesBack kills a server and starts it again: everything is there. The link of
// the first sign-in is printed only while nobody is a user.
func TestServeComesBack(t *testing.T) {
	t.Parallel()
	posixShell(t)
	home := filepath.Join(t.TempDir(), "home")
	first := startServe(t, home)
	if !strings.HasPrefix(first.SignIn, first.URL+"/sign-in/") {
		t.Errorf("the link is %q", first.SignIn)
	}
	first.owner()
	first.upload("http://127.0.0.1:1")
	if code := first.end(os.Kill); code != -1 {
		t.Errorf("it was not killed: %d", code)
	}
	onlyOwner(t, home)
	second := startServe(t, home)
	second.token = first.token
	if second.SignIn != "" {
		t.Errorf("the link is shown again: %s", second.SignIn)
	}
	if apps := second.get("/v1/apps"); !strings.Contains(apps, `"name":"slow"`) {
		t.Errorf("the apps are %s", apps)
	}
	if code := second.end(os.Interrupt); code != exitDone {
		t.Errorf("exit code %d\n%s", code, second.errs)
	}
}

// onlyOwner wants that nobody else reads anything in a folder.
func onlyOwner(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		// What lies in a folder that nobody else may enter is as safe as the folder.
		if inside := filepath.Dir(path) != dir && path != dir; !inside && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %04o", path, info.Mode().Perm())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A second server in the same folder, and one on a port that is taken, say so and leave
// the first one alone.
func TestServeRefusesToStartTwice(t *testing.T) {
	t.Parallel()
	posixShell(t)
	if runtime.GOOS != "linux" {
		t.Skip("other systems word a taken port in other ways")
	}
	home := filepath.Join(t.TempDir(), "home")
	s := startServe(t, home)
	for _, test := range []struct{ home, listen, want string }{
		{home, "127.0.0.1:0", fmt.Sprintf("open the bus: folder %s: another process uses it", filepath.Join(home, "bus"))},
		{filepath.Join(t.TempDir(), "other"), strings.TrimPrefix(s.URL, "http://"), fmt.Sprintf("listen: listen tcp %s: bind: address already in use", strings.TrimPrefix(s.URL, "http://"))},
	} {
		var errs bytes.Buffer
		cmd := serveCommand(t, test.home, "--listen", test.listen)
		cmd.Stderr = &errs
		var exit *exec.ExitError
		var told struct{ Error struct{ Message string } }
		if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != exitFailed {
			t.Errorf("it ends with %v", err)
		}
		if err := json.Unmarshal(errs.Bytes(), &told); err != nil || told.Error.Message != test.want {
			t.Errorf("%v\n got %s\nwant %s", err, cmp.Or(told.Error.Message, errs.String()), test.want)
		}
	}
	if ready := s.get("/readyz"); !strings.Contains(ready, "ready") {
		t.Errorf("the first one is %s", ready)
	}
}
