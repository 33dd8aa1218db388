package scaffold_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/scaffold"
)

// project makes an app and returns its folder.
func project(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	if _, err := scaffold.NewApp(dir, "Shop & co"); err != nil {
		t.Fatal(err)
	}
	return dir
}

func load(t *testing.T, dir string) *app.App {
	t.Helper()
	a, found, err := app.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		t.Errorf("finding: %v", d)
	}
	return a
}

// everything is one component of every type, in an order in which references lead back.
func everything() []scaffold.Component {
	var all []scaffold.Component
	for _, name := range scaffold.ConnectionTypes() {
		all = append(all, scaffold.Component{Kind: app.ConnectionKind, Type: name, ID: "con-" + name, Label: "By " + name})
	}
	for _, name := range scaffold.Providers() {
		scheme := "oauth-1"
		if slices.Contains([]string{"mastercard", "netsuite", "woocommerce"}, name) {
			scheme = "basic"
		}
		all = append(all, scaffold.Component{Kind: app.ConnectionKind, Type: scheme, Provider: name})
	}
	for _, name := range scaffold.WebhookTypes() {
		all = append(all, scaffold.Component{Kind: app.WebhookKind, Type: name, ID: "hook-" + name, Connection: "con-basic"})
	}
	for _, name := range scaffold.ModuleTypes() {
		c := scaffold.Component{Kind: app.ModuleKind, Type: name, ID: "module" + strings.ReplaceAll(name, "_", ""), Connection: "con-basic"}
		if name == "instant_trigger" {
			c.Connection, c.Webhook = "", "hook-web"
		}
		all = append(all, c)
	}
	return append(all, scaffold.Component{Kind: app.RPCKind, ID: "listThings", Connection: "con-apikey"},
		scaffold.Component{Kind: app.FunctionKind, ID: "cleanText"})
}

func TestEverythingThatIsMadeLoadsWithoutFindings(t *testing.T) {
	t.Parallel()
	dir := project(t)
	load(t, dir)
	wanted := map[app.Kind]int{}
	for _, c := range everything() {
		wanted[c.Kind]++
		paths, err := scaffold.Add(dir, c)
		if err != nil {
			t.Fatalf("%s %s: %v", c.Kind, c.ID, err)
		}
		if last := paths[len(paths)-1]; len(paths) < 2 || last != filepath.Join(dir, "makecomapp.json") {
			t.Errorf("%s %s made %v", c.Kind, c.ID, paths)
		}
	}
	a := load(t, dir)
	for kind, n := range wanted {
		if got := len(a.IDs(kind)); got != n {
			t.Errorf("%d of kind %s, not %d", got, kind, n)
		}
	}
	for id, scheme := range map[string]app.Scheme{"con-apikey": app.Basic, "con-oauth": app.OAuth2, "con-oauth-clicre": app.OAuth2, "con-oauth-1": app.OAuth1,
		"trello": app.OAuth1, "woocommerce": app.Basic} {
		if got := a.Connection(id).Kind(); got != scheme {
			t.Errorf("%s is %s, not %s", id, got, scheme)
		}
	}
	if f := a.Function("cleanText"); f.Code == nil || !strings.Contains(f.Code.Text(), "function cleanText(") {
		t.Error("the function does not bear its name")
	}
	if m := a.Module("moduleinstanttrigger"); m.Webhook != "hook-web" || m.Connection != "" {
		t.Errorf("instant trigger: %+v", m)
	}
	if label := a.Connection("trello").Label; label != "Trello" {
		t.Errorf("label %q", label)
	}
}

func TestTheRestOfTheManifestStays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, before, after string }{
		{"first of its kind", `{"fileVersion":1, "components": { "rpc":{} },"origins":[] }`,
			`{"fileVersion":1, "components": { "rpc":{
            "listThings": ENTRY
        } },"origins":[] }`},
		{"no map of the kind", `{"components":{"module":{}}}`,
			`{"components":{"module":{},
        "rpc": {
            "listThings": ENTRY
        }}}`},
		{"behind others", "{\"components\":{\"rpc\":{\"a\" : null\t}}}\r\n",
			"{\"components\":{\"rpc\":{\"a\" : null,\n            \"listThings\": ENTRY\t}}}\r\n"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "makecomapp.json")
		if err := os.WriteFile(path, []byte(test.before), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := scaffold.Add(dir, scaffold.Component{Kind: app.RPCKind, ID: "listThings", Label: `A "list"`}); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.ReplaceAll(test.after, "ENTRY", entry); string(got) != want {
			t.Errorf("%s\n got %s\nwant %s", test.name, got, want)
		}
		if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", test.name, info.Mode())
		}
	}
}

const entry = `{
                "label": "A \"list\"",
                "connection": null,
                "altConnection": null,
                "codeFiles": {
                    "communication": "rpcs/list-things/list-things.communication.iml.json",
                    "params": "rpcs/list-things/list-things.params.iml.json"
                }
            }`

func TestWhatCannotBeMade(t *testing.T) {
	t.Parallel()
	dir := project(t)
	for _, c := range []scaffold.Component{{Kind: app.RPCKind, ID: "listThings"}, {Kind: app.ConnectionKind, Type: "basic", ID: "con"}} {
		if _, err := scaffold.Add(dir, c); err != nil {
			t.Fatal(err)
		}
	}
	manifest := read(t, dir)
	for _, test := range []struct {
		c                scaffold.Component
		message, because string
	}{
		{scaffold.Component{Kind: app.ModuleKind, Type: "actoin", ID: "abc"}, `a module has no type "actoin"`, "there are action,"},
		{scaffold.Component{Kind: app.ModuleKind, Type: "action", ID: "a-b-c"}, `"a-b-c" cannot be the id of a module`, "letters and digits"},
		{scaffold.Component{Kind: app.ModuleKind, Type: "action", ID: "../../abc"}, `"../../abc" cannot be the id of a module`, "letters and digits"},
		{scaffold.Component{Kind: app.ModuleKind, Type: "action", ID: "abc", Connection: "x"}, `the app has no connection "x"`, "there are con"},
		{scaffold.Component{Kind: app.ModuleKind, Type: "instant_trigger", ID: "abc"}, "an instant trigger needs a webhook", "--webhook"},
		{scaffold.Component{Kind: app.ModuleKind, Type: "instant_trigger", ID: "abc", Webhook: "x"}, `the app has no webhook "x"`, "none"},
		{scaffold.Component{Kind: app.ConnectionKind, Type: "oauth-1", Provider: "../photos"}, `the gallery has no provider "../photos"`, "there are discogs,"},
		{scaffold.Component{Kind: app.ConnectionKind, Type: "oauth-1", Provider: "woocommerce"}, "the connection to WooCommerce is of type basic", "use the type basic"},
		{scaffold.Component{Kind: app.RPCKind, ID: "listThings"}, "add rpc listThings: file already exists", ""},
		{scaffold.Component{Kind: app.RPCKind, ID: "listthings"}, "", ""}, // another id, other files
	} {
		_, err := scaffold.Add(dir, test.c)
		var invalid *scaffold.InvalidError
		switch {
		case test.message == "":
			if err != nil {
				t.Error(err)
			}
			manifest = read(t, dir)
			continue
		case err == nil || err.Error() != test.message:
			t.Errorf("%v\nwant %s", err, test.message)
		case test.because != "" && (!errors.As(err, &invalid) || !strings.Contains(invalid.Hint, test.because)):
			t.Errorf("%s: hint of %#v lacks %s", test.message, err, test.because)
		case test.because == "" && !errors.Is(err, fs.ErrExist):
			t.Errorf("%v is no fs.ErrExist", err)
		}
		if read(t, dir) != manifest {
			t.Errorf("%s: the manifest changed", test.message)
		}
	}
}

func read(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "makecomapp.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A file in the way ends the whole: no file is overwritten, none is left behind.
func TestNothingIsOverwritten(t *testing.T) {
	t.Parallel()
	dir := project(t)
	manifest := read(t, dir)
	inTheWay := filepath.Join(dir, "rpcs/list-things/list-things.params.iml.json")
	if err := os.MkdirAll(filepath.Dir(inTheWay), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(inTheWay, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := scaffold.Add(dir, scaffold.Component{Kind: app.RPCKind, ID: "listThings"})
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	if text, _ := os.ReadFile(inTheWay); string(text) != "mine" || read(t, dir) != manifest {
		t.Errorf("%s\n%s", text, read(t, dir))
	}
	if names, _ := os.ReadDir(filepath.Dir(inTheWay)); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
	if _, err := scaffold.NewApp(dir, "x"); !errors.Is(err, fs.ErrExist) || read(t, dir) != manifest {
		t.Errorf("a second app in the folder: %v", err)
	}
}

func TestAddNeedsAManifestThatCanBeRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"components": []}`:           "has no components",
		`{"components": {"rpc": []}}`:  "components.rpc of makecomapp.json is no object",
		`{"fileVersion": 1`:            "makecomapp.json:1:18",
		`{"components": {"rpc": {},}}`: "",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "makecomapp.json"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := scaffold.Add(dir, scaffold.Component{Kind: app.RPCKind, ID: "listThings"})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
