package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// vault is a place with secrets, and commands that work there. Whatever the commands
// print or leave on the disk is searched.
type vault struct {
	t        *testing.T
	dir      string // app, and files that the person made
	home     string
	temp     string
	provider *tattler
	needles  map[string]string
	pem      []string // lines of the private key
	runs     int
	told     map[string]bool
}

func newVault(t *testing.T) *vault {
	v := &vault{t: t, dir: t.TempDir(), home: filepath.Join(t.TempDir(), "home"), temp: t.TempDir(), provider: newTattler(t), needles: disguised(marker), told: map[string]bool{}}
	archive, err := txtar.ParseFile("testdata/secrets/vault.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range archive.Files {
		text := strings.ReplaceAll(string(file.Data), "<PROVIDER>", v.provider.URL)
		for _, name := range secretNames {
			text = strings.ReplaceAll(text, "<"+name+">", gossip(secretOf(name))[1])
		}
		v.file("vault/"+file.Name, text)
	}
	for _, name := range secretNames {
		v.file(name, secretOf(name)+"\n")
	}
	key := pemKey(t)
	v.file("key.pem", key)
	v.pem = strings.Split(key, "\n")[1:4]
	return v
}

// file writes a file of the person.
func (v *vault) file(name, content string) {
	v.t.Helper()
	name = filepath.Join(v.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(content), 0o600)); err != nil {
		v.t.Fatal(err)
	}
}

// command is cleat in a process of its own; its output goes to the returned buffers.
func (v *vault) command(args ...string) (cmd *exec.Cmd, stdout, stderr *notifying) {
	v.runs++
	ctx, cancel := context.WithTimeout(v.t.Context(), 30*time.Second)
	v.t.Cleanup(cancel)
	cmd = exec.CommandContext(ctx, "cleat", args...)
	cmd.Dir = v.dir
	cmd.Env = append(os.Environ(), "CLEAT_HOME="+v.home, "TMPDIR="+v.temp, "CLEAT_EGRESS_ALLOW=127.0.0.1", "DECISION=look", "GOTRACEBACK=all",
		"CLEAT_OAUTH1_CONSUMER_SECRET="+secretOf("consumerSecret"))
	stdout, stderr = &notifying{ready: make(chan struct{})}, &notifying{ready: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// run runs a command to its end, which must be the exit code.
func (v *vault) run(code int, args ...string) {
	v.t.Helper()
	cmd, stdout, stderr := v.command(args...)
	cmd.Run()
	v.search(args, stdout, stderr)
	if got := cmd.ProcessState.ExitCode(); got != code && code >= 0 {
		v.t.Errorf("cleat %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, stdout, stderr)
	}
}

// refused runs a command while the provider refuses a path.
func (v *vault) refused(path string, code int, args ...string) {
	v.t.Helper()
	v.provider.refuse(path)
	v.run(code, args...)
	v.provider.refuse("")
}

// search looks through what a command printed, and through all files that it may have
// written.
func (v *vault) search(args []string, printed ...fmt.Stringer) {
	v.t.Helper()
	command := "cleat " + strings.Join(args, " ")
	for _, text := range printed {
		v.want(command, []byte(text.String()))
	}
	for _, dir := range []string{v.home, v.temp} {
		v.files(command, dir)
	}
}

// files searches the files below a folder, and their names.
func (v *vault) files(command, dir string) {
	v.t.Helper()
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // what a process that runs takes away is gone
		}
		content, _ := os.ReadFile(path)
		v.want(command+": "+path, append([]byte(path+"\n"), content...))
		return nil
	})
}

// want fails for each trace of a secret.
func (v *vault) want(where string, content []byte) {
	v.t.Helper()
	for _, found := range traces(content, v.needles) {
		if v.told[found] {
			continue // what stays in a file is found after each command
		}
		v.told[found] = true
		v.t.Errorf("%s\n  shows a secret in the form %s", where, found)
	}
	for _, line := range v.pem {
		if bytes.Contains(content, []byte(line)) {
			v.t.Errorf("%s\n  shows a line of the private key", where)
		}
	}
}

// vaultConnections are the connections of the vault, and what a person types for them.
var vaultConnections = []struct {
	name   string
	params []string
}{
	{"key", []string{"--param", "apiKey=@apiKey"}},
	{"login", []string{"--param", "user=ann", "--param", "password=@password"}},
	{"token", []string{"--param", "jwtSecret=@jwtSecret"}},
	{"signed", nil},
	{"plain", nil},
	{"code", nil},
	{"service", []string{"--param", "privateKey=@key.pem"}},
}

func (v *vault) connect() {
	for _, c := range vaultConnections {
		args := append([]string{"connect", "vault", c.name, "--name", c.name}, c.params...)
		for _, path := range []string{"/check", "/request_token", "/access_token", "/token", "/me"} {
			v.provider.refuse(path)
			cmd, stdout, stderr := v.command(append(args, "--trace")...)
			cmd.Run()
			v.search(args, stdout, stderr)
			if cmd.ProcessState.ExitCode() == 0 { // this connection does not ask there
				v.run(0, "connections", "delete", c.name)
			}
		}
		v.provider.refuse("")
		v.run(0, append(args, "--trace")...)
		v.run(1, args...)
	}
}

// typed hands secrets over in the wrong way, on standard input and in files.
func (v *vault) typed() {
	v.file("params.json", `{"apiKey": `+quotedJSON(secretOf("apiKey"))+` "more": 1}`)
	v.file("number.json", `{"apiKey": {"a": [`+quotedJSON(secretOf("apiKey"))+`]}}`)
	v.run(1, "connect", "vault", "key", "--params", "params.json", "--name", "typed")
	v.run(-1, "connect", "vault", "key", "--params", "number.json", "--name", "typed", "--json")
	v.run(1, "form", "vault", "key", "--values", "params.json")
	v.run(-1, "form", "vault", "key", "--values", "number.json", "--json")
	for _, name := range []string{"code", "signed"} {
		escaped := url.QueryEscape(secretOf("verifier"))
		for _, pasted := range []string{"http://127.0.0.1/x?state=wrong&oauth_token=wrong&code=" + escaped, "state=wrong&oauth_token=wrong&oauth_verifier=" + escaped, secretOf("verifier")} {
			args := []string{"connect", "vault", name, "--name", "typed", "--no-browser", "--trace", "--timeout", "10s"}
			cmd, stdout, stderr := v.command(args...)
			cmd.Stdin = strings.NewReader(pasted + "\n")
			v.provider.refuse("/access_token")
			cmd.Run()
			v.search(args, stdout, stderr)
		}
	}
	v.provider.refuse("")
}

func quotedJSON(text string) string { return `"` + gossip(text)[1] + `"` }

// vaultModules are run with every connection; all but ok fail, each in another way.
var vaultModules = map[string]int{"ok": 0, "refused": 1, "unsaid": 1, "unauthorized": 1, "garbled": 1, "long": 1, "away": 1, "lost": 1, "nowhere": 1,
	"unknown": 1, "thrown": 1, "unread": 1, "header": 1}

// components runs modules, RPCs and a trigger with every connection.
func (v *vault) components() {
	for _, c := range vaultConnections {
		every := slices.Contains([]string{"key", "plain", "code"}, c.name) // a connection of each kind
		for module, code := range vaultModules {
			if !every && module != "ok" && module != "refused" && module != "thrown" {
				continue
			}
			tape := filepath.Join(v.home, "tape-"+c.name+"-"+module+".json") // searched with the home
			v.run(code, "run", "vault", module, "-c", c.name, "--json")
			v.run(code, "run", "vault", module, "-c", c.name, "--trace", "--record", tape)
		}
		if c.name != "code" { // it sends the time at which its token ends
			v.run(0, "run", "vault", "ok", "-c", c.name, "--replay", filepath.Join(v.home, "tape-"+c.name+"-ok.json"), "--trace")
		}
		v.run(0, "rpc", "vault", "options", "-c", c.name, "--trace")
		v.run(1, "rpc", "vault", "broken", "-c", c.name, "--trace", "--json")
		v.run(0, "trigger", "vault", "watch", "-c", c.name, "--from", "all", "--trace", "--record", filepath.Join(v.home, "tape-"+c.name+"-watch.json"))
		v.refused("/ok", 1, "trigger", "vault", "watch", "-c", c.name, "--trace")
		v.refused("/ok", 1, "trigger", "vault", "watch", "-c", c.name, "--choose")
	}
	v.run(0, "form", "vault", "ok")
	v.run(0, "form", "vault", "key", "--json")
}

// manage edits, tests, reauthorizes, exports, imports and deletes.
func (v *vault) manage() {
	v.run(0, "connections", "list")
	v.run(0, "connections", "list", "--json")
	for _, c := range vaultConnections {
		v.run(0, "connections", "show", c.name)
		v.run(0, "connections", "show", c.name, "--json")
		v.run(0, "connections", "test", c.name, "--trace")
		for _, path := range []string{"/check", "/me"} {
			v.provider.refuse(path)
			v.run(-1, "connections", "test", c.name, "--trace")
			v.run(-1, "connections", "test", c.name, "--json")
		}
		v.provider.refuse("")
	}
	v.refused("/check", 1, "connections", "edit", "key", "--param", "apiKey=@newKey", "--trace")
	v.run(0, "connections", "edit", "key", "--param", "apiKey=@newKey", "--trace")
	v.run(-1, "connections", "edit", "key", "--param", "apiKey=no-"+secretOf("newKey"))
	v.run(2, "connect", "vault", "key", "--name", "other", "--param", "apiKey=no-"+secretOf("apiKey"), "--json")
	for _, name := range []string{"signed", "plain", "code"} {
		v.run(0, "connections", "reauthorize", name, "--trace")
		v.refused("/me", 1, "connections", "reauthorize", name)
	}
	v.run(0, "keys", "rotate")
	v.run(0, "connections", "export", "--to", filepath.Join(v.home, "export.age"), "--passphrase", "@passphrase")
	v.run(0, "connections", "export", "--to", filepath.Join(v.home, "second.age"), "--passphrase", secretOf("passphrase"), "--json")
	v.run(2, "connections", "import", filepath.Join(v.home, "export.age"), "--passphrase", "@passphrase")
	v.run(0, "connections", "import", filepath.Join(v.home, "export.age"), "--passphrase", "@passphrase", "--replace", "--json")
	v.run(1, "connections", "import", filepath.Join(v.home, "export.age"), "--passphrase", secretOf("code"))
	v.run(1, "connections", "import", "passphrase", "--passphrase", "@passphrase")
	v.run(1, "connections", "import", filepath.Join(v.home, "export.age"), "--identity", "passphrase")
	v.run(0, "inspect", "vault", "--json")
	v.run(-1, "lint", "vault")
	v.run(-1, "lint", "vault", "--format", "sarif")
	for _, name := range []string{"common.json", "code.common.json", "signed.common.json"} {
		path := filepath.Join(v.dir, "vault", name)
		text, err := os.ReadFile(path)
		if err != nil {
			v.t.Fatal(err)
		}
		v.file("vault/"+name, strings.Replace(string(text), ":", ": oops", 1))
		v.run(-1, "run", "vault", "ok", "-c", "key")
		v.run(-1, "inspect", "vault")
		v.run(-1, "inspect", "vault", "--json")
		v.run(-1, "lint", "vault", "--format", "github")
		v.run(-1, "connections", "test", "code")
		v.file("vault/"+name, string(text))
	}
}

// workshop drives the commands of OAuth 1.0 on their own.
func (v *vault) workshop() {
	to := []string{"--url", v.provider.URL + "/refused", "--consumer-key", "the-client", "--token", "t", "--token-secret", "@tokenSecret"}
	for _, method := range []string{"HMAC-SHA1", "PLAINTEXT"} {
		args := append(to, "--signature-method", method)
		v.run(0, append([]string{"oauth1", "explain", "--json"}, args...)...)
		v.run(0, append([]string{"oauth1", "explain", "--send", "--trace", "--compare", "GET&x", "--signature", "x"}, args...)...)
		v.run(0, append([]string{"oauth1", "explain", "--send", "--json"}, args...)...)
		v.run(1, append([]string{"oauth1", "verify", "--json"}, args[:6]...)...)
	}
	v.run(0, append([]string{"oauth1", "sign", "--json"}, to...)...)
	for _, secret := range []string{secretOf("tokenSecret"), secretOf("verifier")} { // the right signature, and another
		signature := url.QueryEscape(url.QueryEscape(secretOf("consumerSecret")) + "&" + url.QueryEscape(secret))
		header := `Authorization: OAuth oauth_consumer_key="the-client", oauth_token="t", oauth_signature_method="PLAINTEXT", oauth_signature="` + signature + `"`
		for _, form := range []string{"--json", "--trace"} {
			v.run(-1, "oauth1", "verify", "--url", v.provider.URL+"/ok", "-H", header, "--token-secret", "@tokenSecret", form)
		}
	}
	v.run(1, append([]string{"oauth1", "sign", "--signature-method", "RSA-SHA1", "--private-key", "tokenSecret"}, to...)...)
}

// crash lets commands get to where they wait and ends them with the signals of which the
// runtime of Go tells all that it knows.
func (v *vault) crash() {
	for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGABRT} {
		for _, c := range vaultConnections {
			args := []string{"run", "vault", "hang", "-c", c.name, "--trace"}
			v.crashed(signal, v.provider.hanging, "", args...)
		}
		v.crashed(signal, nil, "Ctrl-C", "oauth1", "proxy", "-c", "plain", "--to", v.provider.URL, "--trace")
		v.crashed(signal, nil, "Ctrl-C", "listen", "vault", "events", "-c", "key", "--param", "pass=@hookPass", "--trace")
	}
}

func (v *vault) crashed(signal syscall.Signal, arrived <-chan struct{}, sign string, args ...string) {
	v.t.Helper()
	cmd, stdout, stderr := v.command(args...)
	stderr.sign = sign
	if sign != "" {
		arrived = stderr.ready
	}
	v.start(cmd, arrived, stderr)
	v.search(args, stdout, stderr)
	cmd.Process.Signal(signal)
	cmd.Wait()
	if !strings.Contains(stderr.String(), "goroutine 1 ") {
		v.t.Errorf("cleat %s did not crash: %s", args, stderr)
	}
	v.search(args, stdout, stderr)
}

// start waits until a command is as far as is wanted.
func (v *vault) start(cmd *exec.Cmd, ready <-chan struct{}, stderr *notifying) {
	v.t.Helper()
	if err := cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	select {
	case <-ready:
	case <-time.After(20 * time.Second):
		cmd.Process.Kill()
		v.t.Fatalf("cleat %s does not come as far: %s", cmd.Args[1:], stderr)
	}
}

// serve drives what serves: the proxy and the webhook.
func (v *vault) serve() {
	for _, name := range []string{"signed", "plain"} {
		args := []string{"oauth1", "proxy", "-c", name, "--to", v.provider.URL, "--trace"}
		v.served(args, regexp.MustCompile(`(http://127\S+) signs`), func(address string) { v.post(address+"/refused?x=1", "") })
	}
	args := []string{"listen", "vault", "events", "-c", "key", "--param", "pass=@hookPass", "--trace"}
	v.refused("/attach", 1, args...)
	v.refused("/detach", 1, append(args, "--send", "event.http")...)
	v.served(args, listensOn, func(address string) {
		v.post(v.provider.hook, secretOf("hookSecret"))
		v.post(v.provider.hook, "wrong")
		v.provider.refuse("/detach")
	})
	v.provider.refuse("")
}

// served lets a command serve while do works with its address, and interrupts it.
func (v *vault) served(args []string, address *regexp.Regexp, do func(address string)) {
	v.t.Helper()
	cmd, stdout, stderr := v.command(args...)
	stderr.sign = "Ctrl-C"
	v.start(cmd, stderr.ready, stderr)
	do(address.FindStringSubmatch(stderr.String())[1])
	v.search(args, stdout, stderr)
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	v.search(args, stdout, stderr)
}

func (v *vault) post(address, secret string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, address, strings.NewReader(`{"n":1}`))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Secret", secret)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	a.Body.Close()
}

// secretsLeave says to which address of the provider each secret is sent: the whole of
// what leaves by itself. To the provider goes what the app says; the private key and the
// passphrase go nowhere, the consumer secret and the secrets of tokens nowhere but with
// PLAINTEXT and where the app puts them into a body. Besides, cleat oauth1 sign prints what
// it was asked for, with PLAINTEXT the secrets themselves; cleat eval, what its template
// makes of its scope; and a bundle holds what the app puts into it.
const secretsLeave = `
/access_token consumerSecret tempSecret verifier
/attach apiKey common hookPass
/away accessToken apiKey common refreshToken token tokenSecret
/check apiKey jwtSecret newKey password
/detach apiKey common hookSecret
/garbled accessToken apiKey common refreshToken token tokenSecret
/hang accessToken apiKey common jwtSecret password refreshToken token tokenSecret
/long accessToken apiKey common refreshToken token tokenSecret
/lost accessToken apiKey common refreshToken token tokenSecret
/me accessToken consumerSecret token tokenSecret
/ok accessToken apiKey common jwtSecret newKey password refreshToken token tokenSecret
/refused accessToken apiKey common consumerSecret jwtSecret password refreshToken token tokenSecret
/request_token consumerSecret
/revoke refreshToken tokenSecret
/token clientSecret code refreshToken
/unauthorized accessToken apiKey common tokenSecret
/unsaid accessToken apiKey common refreshToken token tokenSecret
`

// TestNoSecretLeaves fills every secret with a marker, drives the commands against a
// provider that repeats whatever it is sent, and looks for the marker, in every disguise,
// in all that they print, leave on the disk, and say when they crash.
func TestNoSecretLeaves(t *testing.T) {
	t.Parallel()
	posixShell(t)
	v := newVault(t)
	v.file("event.http", "POST /x HTTP/1.1\r\nHost: x\r\nX-Secret: "+secretOf("hookSecret")+"\r\nContent-Length: 7\r\n\r\n{\"n\":1}")
	v.connect()
	v.components()
	v.serve()
	v.crash()
	v.manage()
	v.workshop()
	v.typed()
	for _, c := range vaultConnections {
		v.refused("/revoke", 0, "connections", "delete", c.name, "--force", "--trace")
	}
	if got := v.provider.arrived(); got != strings.TrimPrefix(secretsLeave, "\n") {
		t.Errorf("the provider was sent\n%swant%s", got, secretsLeave)
	}
	t.Logf("%d commands", v.runs)
}
