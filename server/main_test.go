package server_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/examples"
	"github.com/cleat-run/cleat/internal/pgtest"
	"github.com/cleat-run/cleat/server"
	"github.com/cleat-run/cleat/store"
)

// node is a server that listens on loopback.
type node struct {
	*server.Instance
	url  string
	home string
	log  *printed
	boss *client // the first owner, signed in
	stop func() error

	ended func() error  // waits until it has ended, and says why
	heard func(*answer) // hears every answer, when it is not nil
}

// printed collects what a server logs.
type printed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

const (
	bossEmail    = "boss@cleat.example"
	bossPassword = "correct horse battery"
)

// startNode starts a server with SQLite and an embedded bus. Whoever starts one stops it.
// Every address of this machine is a proxy that it trusts, so that each client of the tests
// has an address of its own.
func startNode(ctx context.Context, change func(*server.Config)) (*node, error) {
	home, err := os.MkdirTemp("", "cleat-server-")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &node{home: home, url: "http://" + listener.Addr().String(), log: &printed{}}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c := server.Config{
		Store:     store.Options{Dir: home},
		Bus:       bus.Options{Dir: filepath.Join(home, "bus"), MinFree: 1},
		Runtime:   cleat.Options{Engine: engine.Options{Egress: engine.Egress{Allow: loopback}}},
		PublicURL: &url.URL{Scheme: "http", Host: listener.Addr().String()},
		Proxies:   loopback,
		Workers:   4,
		Version:   "test",
		Log:       slog.New(slog.NewTextHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&c)
	}
	if n.Instance, err = server.Open(ctx, c); err != nil {
		return nil, err
	}
	n.Node.BeatEvery = 100 * time.Millisecond
	serving, end := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- n.Serve(serving, listener) }()
	n.ended = func() error { return cmp.Or(<-served, os.RemoveAll(home)) }
	n.stop = func() error {
		end()
		return n.ended()
	}
	return n, n.firstOwner(ctx)
}

// firstOwner uses the link that cleat serve prints, as the page does.
func (n *node) firstOwner(ctx context.Context) error {
	link, err := n.FirstLink(ctx)
	if err != nil {
		return err
	}
	u, err := url.Parse(link)
	if err != nil {
		return err
	}
	answer, err := http.PostForm(n.url+u.Path, nil) // nothing is filled in
	if err != nil || answer.StatusCode != http.StatusUnprocessableEntity {
		return fmt.Errorf("a form without a password: %v, %w", answer, err)
	}
	answer.Body.Close()
	n.boss = &client{node: n, address: "192.0.2.1"}
	form := url.Values{"email": {bossEmail}, "name": {"Boss"}, "password": {bossPassword}}
	got, err := n.boss.send(ctx, http.MethodPost, u.Path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	if err == nil && got.status != http.StatusSeeOther {
		err = fmt.Errorf("the first owner is not signed in: %d %s", got.status, got.body)
	}
	if n.boss.cookie = got.cookie(); err != nil {
		return err
	}
	got, err = n.visitor().send(ctx, http.MethodPost, u.Path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	if err == nil && got.status != http.StatusGone {
		err = fmt.Errorf("the link works twice: %d %s", got.status, got.body)
	}
	return err
}

// common is the server of most tests. Each test has a team of its own in it.
var common = sync.OnceValues(func() (*node, error) {
	return startNode(context.Background(), func(c *server.Config) { c.OIDC.Issuer = "http://127.0.0.1:9" }) // where nobody listens
})

// postgres is the database server of the tests that need one.
var postgres pgtest.Process

// postgresNode is a server for one test, with PostgreSQL.
func postgresNode(t *testing.T) *node {
	t.Helper()
	url := postgres.Database(t)
	keyset, err := store.NextKeyset(nil)
	if err != nil {
		t.Fatal(err)
	}
	return ownNode(t, func(c *server.Config) { c.Store = store.Options{URL: url, Keyset: keyset} })
}

// onEach runs a test with each of the databases, so that a server does the same with both.
func onEach(t *testing.T, test func(t *testing.T, o *operator)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *node{"sqlite": commonNode, "postgres": postgresNode} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newOperatorOf(t, open(t), ""))
		})
	}
}

func TestMain(m *testing.M) {
	temp, err := os.MkdirTemp("", "cleat-server-")
	if err == nil {
		err = errors.Join(os.Setenv("TMPDIR", temp), os.Chmod(temp, 0o711)) // PostgreSQL is another user
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer os.RemoveAll(temp)
	code := m.Run()
	if n, err := common(); err != nil || n.stop() != nil {
		fmt.Fprintln(os.Stderr, "the server did not start, or not end well:", err)
		code = 1
	}
	if err := postgres.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if code != 0 {
		os.RemoveAll(temp)
		os.Exit(code)
	}
}

func commonNode(t *testing.T) *node {
	t.Helper()
	n, err := common()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ownNode is a server for one test.
func ownNode(t *testing.T, change func(*server.Config)) *node {
	t.Helper()
	n, err := startNode(context.WithoutCancel(t.Context()), change)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.stop(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// team makes a team and returns its owner, signed in.
func (n *node) team(t *testing.T) *client {
	t.Helper()
	var made struct{ ID int64 }
	n.boss.post(t, "/v1/teams", map[string]any{"name": t.Name()}).is(t, http.StatusCreated).into(t, &made)
	// The team that somebody looks at belongs to the session: each test signs in anew.
	signed := n.visitor().post(t, "/v1/sign-in", map[string]any{"email": bossEmail, "password": bossPassword}).is(t, http.StatusOK)
	c := &client{node: n, cookie: signed.cookie(), address: newAddress(), teamID: made.ID}
	c.cookie = c.post(t, "/v1/me/team", map[string]any{"team": made.ID}).is(t, http.StatusOK).cookie()
	return c
}

// token makes a client with a token of some scopes.
func (c *client) withToken(t *testing.T, scopes ...string) *client {
	t.Helper()
	var made struct{ ID, Token string }
	c.post(t, "/v1/tokens", map[string]any{"name": strings.Join(scopes, " "), "scopes": scopes}).is(t, http.StatusCreated).into(t, &made)
	return &client{node: c.node, token: made.Token, id: made.ID, address: newAddress()}
}

// upload uploads the sample app.
func (c *client) upload(t *testing.T, name string, app fs.FS) *answer {
	t.Helper()
	body, kind := folderUpload(t, name, app)
	return c.do(t, http.MethodPost, "/v1/apps", body, "Content-Type", kind)
}

// filesOf are the files of an app, with a name of its own.
func filesOf(t *testing.T, app fs.FS) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(app, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[path], err = fs.ReadFile(app, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func zipUpload(t *testing.T, files map[string][]byte) (io.Reader, string) {
	t.Helper()
	return partUpload(t, "archive", map[string][]byte{"app.zip": zipOf(t, files)})
}

func zipOf(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range sorted(files) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func folderUpload(t *testing.T, folder string, app fs.FS) (io.Reader, string) {
	t.Helper()
	files := map[string][]byte{}
	for path, content := range filesOf(t, app) {
		files[folder+"/"+path] = content
	}
	return partUpload(t, "file", files)
}

func partUpload(t *testing.T, field string, files map[string][]byte) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range sorted(files) {
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename=%q`, field, name)}})
		if err == nil {
			_, err = part.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

func sorted[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// photosApp are the files of the sample app.
func photosApp() fs.FS { return examples.Photos() }
