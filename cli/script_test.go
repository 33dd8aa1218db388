package cli

import (
	"archive/zip"
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/examples"
	"github.com/cleat-run/cleat/internal/photoservice"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this binary every program that the scripts run: cleat itself, the
// children that run functions, the browser that cleat opens, and a person or program that watches what it prints.
func TestMain(m *testing.M) {
	js.ServeIfChild()
	testscript.Main(m, map[string]func(){
		"cleat":    func() { os.Exit(Main(os.Args[1:], System())) },
		"xdg-open": browse,
		"open":     browse,
		"person":   person,
		"visit":    look,
		"fetch":    fetch,
	})
}

var update = flag.Bool("update", false, "write the expected output into the scripts")

// TestScripts runs every script of testdata: what a person types, and what comes back.
func TestScripts(t *testing.T) {
	t.Parallel()
	runScripts(t, "testdata")
}

// TestExamples runs the script of every sample app.
func TestExamples(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("../examples/*/makecomapp.json")
	if err != nil || len(dirs) == 0 {
		t.Fatal("there are no sample apps", err)
	}
	for _, manifest := range dirs {
		t.Run(filepath.Base(filepath.Dir(manifest)), func(t *testing.T) { runScripts(t, filepath.Dir(manifest)) })
	}
}

func runScripts(t *testing.T, dir string) {
	testscript.Run(t, testscript.Params{
		Dir:           dir,
		UpdateScripts: *update,
		Setup:         setUp,
		Condition:     condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"photos":   startPhotos,
			"provider": startProvider,
			"arrived":  arrived,
			"answers":  answers,
			"replace":  replace,
			"port":     port,
			"revoke":   revoke,
			"hooks":    hooks,
			"awaited":  awaited,
			"send":     send,
			"take":     take,
			"zip":      zipFolder,
		},
	})
}

// condition knows what testscript does not: root may write everywhere.
func condition(name string) (bool, error) {
	if name != "root" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	return os.Geteuid() == 0, nil
}

// scene is what the commands of one script share.
type scene struct {
	seen   *requests
	photos *photoservice.Service
}

// setUp gives a script a home of its own and the sample app; $APPS are the apps of the
// tests.
func setUp(env *testscript.Env) error {
	apps, err := filepath.Abs("../testdata/apps")
	if err != nil {
		return err
	}
	env.Setenv("APPS", apps)
	env.Setenv("CLEAT_HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("CLEAT_EGRESS_ALLOW", "127.0.0.1")
	env.Values[sceneKey{}] = &scene{seen: newRequests()}
	return os.CopyFS(filepath.Join(env.WorkDir, "examples", "photos"), examples.Photos())
}

func sceneOf(ts *testscript.TestScript) *scene { return ts.Value(sceneKey{}).(*scene) }

type sceneKey struct{}

// startPhotos starts the photo service, and lets the copy of the sample app know its
// address, which is also in $PHOTOS: photos [QUIRK[=VALUE]…]. Another one takes its place.
func startPhotos(ts *testscript.TestScript, _ bool, args []string) {
	var o oauth1test.Options
	for _, arg := range args {
		name, text, _ := strings.Cut(arg, "=")
		set, known := quirks[name]
		if !known {
			ts.Fatalf("unknown quirk %q", name)
		}
		ts.Check(set(&o, text))
	}
	s := sceneOf(ts)
	s.photos = photoservice.New(o)
	address := listen(ts, s.photos)
	ts.Check(writeReplaced(ts.MkAbs(photosParams), first(ts.Getenv("PHOTOS"), "http://"+demoAddress), address))
	ts.Setenv("PHOTOS", address)
}

// quirks are the ways in which a script may have the service misbehave.
var quirks = map[string]func(o *oauth1test.Options, text string) error{
	"clock": func(o *oauth1test.Options, text string) (err error) {
		o.Quirks.ClockOffset, err = time.ParseDuration(text)
		return err
	},
	"status": func(o *oauth1test.Options, text string) error {
		_, err := fmt.Sscan(text, &o.Quirks.FlowStatus)
		return err
	},
	"date-only":   func(o *oauth1test.Options, _ string) error { o.Quirks.NoAcceptableTimestamps = true; return nil },
	"denied":      func(o *oauth1test.Options, _ string) error { o.Quirks.DeniedParameter = true; return nil },
	"unconfirmed": func(o *oauth1test.Options, _ string) error { o.Quirks.CallbackConfirmedFalse = true; return nil },
	"oauth1.0":    func(o *oauth1test.Options, _ string) error { o.Quirks.NoCallbackConfirmed = true; return nil },
	"consumer": func(o *oauth1test.Options, text string) error {
		o.Consumers = []oauth1test.Consumer{{Key: text, Secret: photoservice.ConsumerSecret}}
		return nil
	},
}

// listen serves h on a free port until the script ends, and returns the address. The
// requests are seen by the command arrived.
func listen(ts *testscript.TestScript, h http.Handler) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	server := &http.Server{Handler: sceneOf(ts).seen.watch(h), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	ts.Defer(func() { server.Close() })
	return "http://" + listener.Addr().String()
}

// revoke has the photo service forget the account that was used last.
func revoke(ts *testscript.TestScript, _ bool, _ []string) {
	signed := sceneOf(ts).photos.Signatures()
	sceneOf(ts).photos.Revoke(signed[len(signed)-1].Token)
}

// take has somebody take photos: take ALBUM TITLE….
func take(ts *testscript.TestScript, _ bool, args []string) {
	for _, title := range args[1:] {
		sceneOf(ts).photos.Take(args[0], title)
	}
}

// port finds a free port for a variable: port NAME.
func port(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer listener.Close()
	_, number, err := net.SplitHostPort(listener.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], number)
}

// answers waits until something listens: answers ADDRESS.
func answers(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", args[0])
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("nothing listens on %s: %v", args[0], err)
		}
	}
}

// zipFolder packs a folder: zip FOLDER FILE.
func zipFolder(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	defer f.Close()
	w := zip.NewWriter(f)
	ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[0]))))
	ts.Check(w.Close())
}

// replace writes another text into a file: replace old new file.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: replace old new file")
	}
	ts.Check(writeReplaced(ts.MkAbs(args[2]), args[0], args[1]))
}

// photosParams is the file of the sample app that knows the address of the service.
const photosParams = "examples/photos/connections/photos/photos.params.iml.json"

func writeReplaced(name, before, after string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), before) {
		return fmt.Errorf("%s does not hold %q", name, before)
	}
	return os.WriteFile(name, []byte(strings.ReplaceAll(string(text), before, after)), 0o600)
}
