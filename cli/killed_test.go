package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
	"github.com/rogpeppe/go-internal/txtar"
)

const killableApp = `
-- makecomapp.json --
{"fileVersion":1,"generalCodeFiles":{"base":null,"common":null,"readme":null,"groups":null},
 "components":{"connection":{
   "key":{"label":"Key","connectionType":"basic","codeFiles":{"communication":"key.json","params":"key.params.json"}},
   "code":{"label":"Code","connectionType":"oauth","codeFiles":{"communication":"code.json"}}},
  "webhook":{},"module":{"me":{"label":"Me","description":"","moduleType":"action","attachedAccounts":["key","code"],"codeFiles":{"communication":"me.json"}}},
  "rpc":{},"function":{},"endpoint":{}},"origins":[]}
-- key.json --
{"url": "PROVIDER/me", "headers": {"x-key": "{{parameters.key}}"}, "response": {"uid": "{{body.id}}", "metadata": {"type": "text", "value": "{{body.name}}"}}}
-- key.params.json --
[{"name": "key", "type": "password", "label": "Key", "required": true, "editable": true}]
-- code.json --
{"authorize": {"url": "PROVIDER/authorize", "qs": {"response_type": "code", "redirect_uri": "{{oauth.localRedirectUri}}"}, "response": {"temp": {"code": "{{query.code}}"}}},
 "token": {"condition": "{{temp.code}}", "url": "PROVIDER/token", "method": "POST", "type": "urlencoded", "body": {"code": "{{temp.code}}"},
  "response": {"data": {"access": "{{body.access_token}}", "refresh": "{{body.refresh_token}}", "ends": "{{addSeconds(now, body.expires_in)}}"}}},
 "refresh": {"condition": "{{data.ends < addMinutes(now, 1)}}", "url": "PROVIDER/token", "method": "POST", "type": "urlencoded", "body": {"refresh_token": "{{data.refresh}}"},
  "response": {"data": {"access": "{{body.access_token}}", "refresh": "{{body.refresh_token}}", "ends": "{{addSeconds(now, body.expires_in)}}"}}},
 "info": {"url": "PROVIDER/me", "headers": {"x-key": "{{connection.access}}"}, "response": {"uid": "{{body.id}}"}}}
-- me.json --
{"url": "PROVIDER/me", "headers": {"x-key": "{{ifempty(connection.key, connection.access)}}"}}
`

// killing is a home in which commands are killed, and what must be in it.
type killing struct {
	t        *testing.T
	random   *rand.Rand
	provider *forgiving
	dir      string
	app      *cleat.App
	keys     map[string]string        // of the connections of type key
	codes    map[string]bool          // the connections of type code
	took     map[string]time.Duration // of each job, learnt
	outcomes map[string]int
}

// TestKilled kills commands that change connections, at random moments: the store opens
// afterwards, what a command said to be done is done, and every connection is the old or
// the new one and works. CLEAT_KILLS=200 is the full length.
func TestKilled(t *testing.T) {
	t.Parallel()
	posixShell(t)
	rounds, seed := 40, uint64(time.Now().UnixNano())
	if n, err := strconv.Atoi(os.Getenv("CLEAT_KILLS")); err == nil {
		rounds = n
	}
	if n, err := strconv.ParseUint(os.Getenv("CLEAT_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("CLEAT_SEED=%d CLEAT_KILLS=%d", seed, rounds)
	k := newKilling(t, seed)
	jobs := []func(round int){k.connectKey, k.connectCode, k.edit, k.refresh, k.rotate, k.importMany}
	for round := range rounds {
		jobs[round%len(jobs)](round)
		k.check()
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	if k.outcomes["killed"] < rounds/10 {
		t.Errorf("only %d of %d commands were killed", k.outcomes["killed"], rounds)
	}
	for _, outcome := range slices.Sorted(maps.Keys(k.outcomes)) {
		t.Log(outcome, k.outcomes[outcome])
	}
}

func newKilling(t *testing.T, seed uint64) *killing {
	k := &killing{t: t, random: rand.New(rand.NewPCG(seed, 1)), provider: newForgiving(t), dir: t.TempDir(),
		keys: map[string]string{}, codes: map[string]bool{}, took: map[string]time.Duration{}, outcomes: map[string]int{}}
	for _, file := range txtar.Parse([]byte(killableApp)).Files {
		text := strings.ReplaceAll(string(file.Data), "PROVIDER", k.provider.URL)
		path := filepath.Join(k.dir, "app", file.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if k.app, err = cleat.Load(filepath.Join(k.dir, "app")); err != nil {
		t.Fatal(err)
	}
	k.whole("connect", "app", "key", "--name", "key", "--param", "key=key-0")
	k.whole("connect", "app", "code", "--name", "code")
	k.keys["key"], k.codes["code"] = "key-0", true
	for i := range 20 {
		k.whole("connect", "app", "key", "--name", many(i), "--param", "key=key-many")
	}
	k.whole("connections", "export", "--to", "many.age", "--passphrase", "correct horse")
	k.whole("connections", "delete", "key")
	k.whole("connections", "delete", "code")
	k.whole("connections", "export", "--to", "twenty.age", "--recipient", "age163u8h7d9prwldmdp2m22g4a3n4ma9wfsa7yvd3uxlsmejwq7qvdqdgmhpq")
	k.whole("connections", "import", "many.age", "--passphrase", "correct horse", "--replace")
	identity := "AGE-SECRET-KEY-1GQPT5TUXHWACXQ4XFFYG582GKJZ5QDCHTPMJJYAXZ2NL2SXTXTFQKGTCHX\n"
	if err := os.WriteFile(filepath.Join(k.dir, "identity"), []byte(identity), 0o600); err != nil {
		t.Fatal(err)
	}
	k.deleteMany()
	return k
}

func many(i int) string { return fmt.Sprint("many-", i) }

func (k *killing) command(args ...string) (*exec.Cmd, *notifying) {
	cmd := exec.CommandContext(k.t.Context(), "cleat", args...)
	cmd.Dir = k.dir
	cmd.Env = append(os.Environ(), "CLEAT_HOME="+k.home(), "CLEAT_EGRESS_ALLOW=127.0.0.1", "DECISION=look")
	out := &notifying{ready: make(chan struct{}), sign: "never"}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

func (k *killing) home() string { return filepath.Join(k.dir, "home") }

// whole runs a command to its end.
func (k *killing) whole(args ...string) {
	k.t.Helper()
	cmd, out := k.command(args...)
	if err := cmd.Run(); err != nil {
		k.t.Fatalf("cleat %s: %v: %s", args, err, out)
	}
}

// killed runs a command and kills it, somewhere on its way or soon after it has asked the
// provider. It returns what the command had said until then. How long a job takes is learnt
// on the way, so that about as many are killed as get to their end.
func (k *killing) killed(job string, args ...string) string {
	k.t.Helper()
	cmd, out := k.command(args...)
	usual := cmp.Or(k.took[job], 30*time.Millisecond)
	limit, asked := time.After(k.within(usual)), chan struct{}(nil)
	if slices.Contains([]string{"connect key", "connect code", "edit", "refresh"}, job) && k.random.IntN(2) == 0 {
		limit, asked = time.After(time.Minute), k.provider.asked
	}
	began, ended := time.Now(), make(chan error, 1)
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	go func() { ended <- cmd.Wait() }()
	select {
	case <-asked:
		limit = time.After(k.within(usual / 3))
	case <-limit:
		limit = nil
	case <-ended:
		k.took[job] = time.Since(began)
		return out.String()
	}
	if limit != nil {
		<-limit
	}
	k.took[job] = usual + usual/8
	cmd.Process.Kill()
	<-ended
	k.outcomes["killed"]++
	return out.String()
}

// within is a random part of a time.
func (k *killing) within(most time.Duration) time.Duration {
	return time.Duration(k.random.Int64N(int64(most) + 1))
}

// open opens the store as the next command would.
func (k *killing) open() *store.Store {
	k.t.Helper()
	records, err := store.Open(k.t.Context(), store.Options{Dir: k.home()})
	if err != nil {
		k.t.Fatal(err)
	}
	return records
}

// note counts what became of a killed change, which must be one of the two; what the
// command had reported must be the new one.
func (k *killing) note(what, said, sign string, changed bool) {
	k.t.Helper()
	if strings.Contains(said, sign) && !changed {
		k.t.Errorf("%s was reported and is not there: %s", what, said)
	}
	k.outcomes[what+map[bool]string{true: ": new", false: ": old"}[changed]]++
}

func (k *killing) has(name string) bool {
	k.t.Helper()
	records := k.open()
	defer records.Close()
	_, err := records.ConnectionNamed(k.t.Context(), name)
	if err != nil && !errors.Is(err, connect.ErrNotFound) {
		k.t.Fatal(err)
	}
	return err == nil
}

func (k *killing) connectKey(round int) {
	name, key := fmt.Sprint("key-", round), fmt.Sprint("key-", round)
	said := k.killed("connect key", "connect", "app", "key", "--name", name, "--param", "key="+key)
	if k.has(name) {
		k.keys[name] = key
	}
	k.note("connect key", said, "connected", k.keys[name] != "")
}

func (k *killing) connectCode(round int) {
	name := fmt.Sprint("code-", round)
	said := k.killed("connect code", "connect", "app", "code", "--name", name)
	if k.has(name) {
		k.codes[name] = true
	}
	k.note("connect code", said, "connected", k.codes[name])
}

func (k *killing) edit(round int) {
	said := k.killed("edit", "connections", "edit", "key", "--param", fmt.Sprint("key=key-", round))
	changed := k.named("key").Data.Get("key").Str() == fmt.Sprint("key-", round)
	if changed {
		k.keys["key"] = fmt.Sprint("key-", round)
	}
	k.note("edit", said, "changed connection", changed)
}

func (k *killing) refresh(int) {
	before := k.expire().Data.Get("access").Str()
	said := k.killed("refresh", "run", "app", "me", "-c", "code")
	k.note("refresh", said, `"name":"ann"`, k.named("code").Data.Get("access").Str() != before)
}

// expire has the access token of the connection end.
func (k *killing) expire() *connect.Record {
	k.t.Helper()
	records := k.open()
	defer records.Close()
	record, err := records.ConnectionNamed(k.t.Context(), "code")
	if err != nil {
		k.t.Fatal(err)
	}
	record.Data.Set("ends", value.Date(0))
	if err := records.UpdateConnection(k.t.Context(), record); err != nil {
		k.t.Fatal(err)
	}
	return record
}

func (k *killing) named(name string) *connect.Record {
	k.t.Helper()
	records := k.open()
	defer records.Close()
	record, err := records.ConnectionNamed(k.t.Context(), name)
	if err != nil {
		k.t.Fatal(err)
	}
	return record
}

func (k *killing) keyset() string {
	text, err := os.ReadFile(filepath.Join(k.home(), "keyset.json"))
	if err != nil {
		k.t.Fatal(err)
	}
	return string(text)
}

func (k *killing) rotate(int) {
	before := k.keyset()
	said := k.killed("rotate", "keys", "rotate")
	k.note("rotate", said, "a new key is in use", k.keyset() != before)
}

// importMany imports twenty connections: all of them come, or none.
func (k *killing) importMany(int) {
	said := k.killed("import", "connections", "import", "twenty.age", "--identity", "identity")
	there := 0
	for i := range 20 {
		if k.has(many(i)) {
			there++
		}
	}
	if there != 0 && there != 20 {
		k.t.Errorf("%d of 20 connections were imported", there)
	}
	k.note("import", said, "imported", there == 20)
	k.deleteMany()
}

func (k *killing) deleteMany() {
	k.t.Helper()
	records := k.open()
	defer records.Close()
	all, err := records.Connections(k.t.Context())
	for _, r := range all {
		if strings.HasPrefix(r.Name, "many-") {
			err = errors.Join(err, records.DeleteConnection(k.t.Context(), r.ID))
		}
	}
	if err != nil {
		k.t.Fatal(err)
	}
}

// check finds every connection whole, and uses it.
func (k *killing) check() {
	k.t.Helper()
	records := k.open()
	defer records.Close()
	all, err := records.Connections(k.t.Context())
	if err != nil || len(all) != len(k.keys)+len(k.codes) {
		k.t.Errorf("%d connections, want %d and %d; error %v", len(all), len(k.keys), len(k.codes), err)
	}
	// The right of a killed process to renew a connection has ended.
	later := func() time.Time { return time.Now().Add(10 * time.Minute) }
	rt := cleat.New(cleat.Options{Connections: records, Engine: engine.Options{Now: later, Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}}})
	defer rt.Close()
	for _, r := range all {
		if err := k.works(rt.Connector(), r); err != nil {
			k.t.Errorf("connection %q: %v", r.Name, err)
		}
	}
}

// works proves a connection at the provider, after it was renewed if it can be.
func (k *killing) works(c *connect.Connector, r *connect.Record) error {
	if r.Broken != "" || r.UID != "7" || r.Data == nil {
		return fmt.Errorf("broken %q, uid %q", r.Broken, r.UID)
	}
	if want := k.keys[r.Name]; r.Type == "key" && r.Data.Get("key").Str() != want {
		return fmt.Errorf("the key is %q, want %q", r.Data.Get("key").Str(), want)
	}
	t, err := k.app.ConnectionType(r.Type)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(k.t.Context(), 20*time.Second)
	defer cancel()
	if r, err = c.Fresh(ctx, t, r, 0); err != nil {
		return err
	}
	return c.Test(ctx, t, r)
}
