package app_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

func petshop(t *testing.T) *app.App {
	t.Helper()
	a, found, err := app.Load(filepath.Join(apps, "petshop"))
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	return a
}

func TestLookup(t *testing.T) {
	t.Parallel()
	a := petshop(t)
	if a.Connection("apiKey") == nil || a.Webhook("petEvents") == nil || a.Module("getPet") == nil ||
		a.RPC("listKinds") == nil || a.Function("petName") == nil || a.Endpoint("findPet") == nil {
		t.Error("a component is not found")
	}
	if a.Connection("x") != nil || a.Webhook("") != nil || a.Module("apiKey") != nil || a.RPC("laterOne") != nil ||
		a.Function("x") != nil || a.Endpoint("x") != nil {
		t.Error("something is found that is not there")
	}
	if got := a.IDs(app.RPCKind); !reflect.DeepEqual(got, []string{"listKinds", "petFields"}) {
		t.Errorf("ids %v", got)
	}
	for id, want := range map[string][]string{
		"getpet": {"getPet"}, "serchPets": {"searchPets"}, "nothing": nil, strings.Repeat("x", 200): nil,
	} {
		if got := a.Suggest(app.ModuleKind, id); !reflect.DeepEqual(got, want) {
			t.Errorf("Suggest(%q) = %v, want %v", id, got, want)
		}
	}
}

// TestCodeNames holds that the manifest's keys become the API's names.
func TestCodeNames(t *testing.T) {
	t.Parallel()
	a := petshop(t)
	var got []string
	for _, code := range a.Codes() {
		got = append(got, strings.TrimPrefix(string(code.Kind)+" "+code.Owner+" ", " ")+code.Name)
		if code.Root() == nil && code.Name != "samples" {
			t.Errorf("%s is empty", code.Name)
		}
	}
	want := []string{
		" base", " groups",
		"connection apiKey api", "connection apiKey parameters",
		"connection account api", "connection account installSpec", "connection account install",
		"connection cloud api", "connection cloud scopes", "connection cloud scope",
		"webhook petEvents api", "webhook petEvents attach", "webhook petEvents detach", "webhook petEvents update",
		"webhook shopEvents api",
		"module watchPets api", "module watchPets epoch", "module watchPets parameters", "module watchPets interface", "module watchPets samples",
		"module petAdded interface", "module petAdded samples",
		"module getPet api", "module getPet expect", "module getPet interface", "module getPet samples",
		"module searchPets api", "module searchPets expect", "module searchPets interface", "module searchPets samples", "module searchPets scope",
		"module answerHook api", "module answerHook expect",
		"module makeApiCall api", "module makeApiCall expect", "module makeApiCall interface",
		"rpc listKinds api", "rpc petFields api",
		"endpoint findPet api", "endpoint findPet inputParameters", "endpoint findPet outputParameters",
	}
	for i := range want {
		want[i] = strings.TrimPrefix(want[i], " ")
		got[i] = strings.TrimPrefix(got[i], " ")
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestLoadedFields(t *testing.T) {
	t.Parallel()
	a := petshop(t)
	if a.Name != "petshop-ab12cd" || a.Version != 1 || a.ManifestVersion != 2 || !strings.HasPrefix(a.Readme, "# Pet shop") || a.Common != nil {
		t.Errorf("app %+v", a)
	}
	m := a.Module("getPet")
	if m.Type != app.Action || m.Crud != "read" || m.AltConnection != "account" || m.Description != "Gets a pet." {
		t.Errorf("module %+v", m)
	}
	if got := m.API.Doc.Position(m.API.Root().Elements[1]).String(); got != "modules/get-pet/get-pet.communication.iml.json:7:5" {
		t.Errorf("position %s", got)
	}
	if got := m.Meta.Diagnose("label", source.Diagnostic{Message: "m"}).Error(); !strings.HasSuffix(got, "(/components/module/getPet/label) m") {
		t.Errorf("metadata %s", got)
	}
	if got := m.Meta.Diagnose("none", source.Diagnostic{Message: "m"}).Error(); !strings.HasSuffix(got, "(/components/module/getPet) m") {
		t.Errorf("metadata %s", got)
	}
	if !a.Webhook("shopEvents").Shared() || a.Webhook("petEvents").Shared() {
		t.Error("shared")
	}
	f := a.Function("petName")
	if f.Name() != "petName" || f.Code == nil || f.Test == nil {
		t.Errorf("function %+v", f)
	}
	e := a.Endpoint("findPet")
	if e.Context == nil || !e.Annotations["readOnlyHint"] || e.Annotations["openWorldHint"] || len(e.AttachedAccounts) != 2 {
		t.Errorf("endpoint %+v", e)
	}
	o := a.Origins[1]
	if o.Label != "Production" || o.AppID != "petshop" || o.APIKeyFile != ".secrets/production" || o.IDMapping[app.ConnectionKind][1].Remote != "petshop2" {
		t.Errorf("origin %+v", o)
	}
}

func TestConnectionKind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		written, code string
		want          app.Scheme
	}{
		{"basic", `{"url": "x"}`, app.Basic},
		{"basic", `{"token": {}}`, app.Basic},
		{"apikey", `{}`, app.Basic},
		{"other", `{}`, app.Basic},
		{"oauth", `{"requestToken": {}}`, app.OAuth1},
		{"oauth", `{"accessToken": {}}`, app.OAuth1},
		{"oauth", `{"oauth": {}, "info": {}}`, app.OAuth1},
		{"oauth", `{"oauth": {}, "token": {}}`, app.OAuth1},
		{"oauth", `{"token": {}}`, app.OAuth2},
		{"oauth", `{"preauthorize": {}}`, app.OAuth2},
		{"oauth", `{"authorize": {}, "info": {}}`, app.OAuth2},
		{"oauth", ``, app.OAuth2},
		{"oauth-1", `{}`, app.OAuth1},
		{"oauth-refresh", `{}`, app.OAuth2},
		{"oauth-clicre", `{}`, app.OAuth2},
		{"oauth-resowncre", `{}`, app.OAuth2},
		{"", `{}`, app.Basic},
		{"", `{"url": "x"}`, app.Basic},
		{"", `{"refresh": {}}`, app.OAuth2},
		{"", `{"requestToken": {}}`, app.OAuth1},
		{"jwt", `{}`, app.Basic},
	} {
		doc, _ := jsonc.Parse(source.NewFile("c", []byte(c.code)))
		connection := &app.Connection{Type: c.written, API: &app.Code{Doc: doc}}
		if got := connection.Kind(); got != c.want {
			t.Errorf("%q with %s: %s, want %s", c.written, c.code, got, c.want)
		}
	}
	if got := (&app.Connection{}).Kind(); got != app.Basic {
		t.Errorf("without code: %s", got)
	}
}

func TestCodeRoot(t *testing.T) {
	t.Parallel()
	var none *app.Code
	if none.Root() != nil || (&app.Code{}).Root() != nil {
		t.Error("a missing code has a root")
	}
	for text, want := range map[string]bool{"": false, "// x": false, "null": false, "{}": true, "[]": true, "}": true} {
		doc, _ := jsonc.Parse(source.NewFile("c", []byte(text)))
		if got := (&app.Code{Doc: doc}).Root() != nil; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestModuleTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name app.ModuleType
		id   int
	}{{app.Trigger, 1}, {app.Action, 4}, {app.Search, 9}, {app.InstantTrigger, 10}, {app.Responder, 11}, {app.Universal, 12}, {"feeder", 0}} {
		if c.name.ID() != c.id || c.name.Known() != (c.id > 0) || !c.name.Uses("api") {
			t.Errorf("%s: %d", c.name, c.name.ID())
		}
	}
	if app.Trigger.Uses("expect") || !app.Action.Uses("expect") || app.Action.Uses("epoch") {
		t.Error("sections")
	}
}

func TestFunctionName(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"function add(a, b) {}":                  "add",
		"// function no(x)\nfunction yes(x) {}":  "yes",
		"  function indented ($x) {}":            "indented",
		"async function later(x) {}":             "later",
		"const f = (x) => x":                     "",
		"":                                       "",
		"/* x */ function $odd_1(x) {}":          "$odd_1",
		"function\nsplit(x) {}":                  "split",
		"function (x) {}\nfunction second(y) {}": "second",
	} {
		a, _, err := app.LoadFS(fstest.MapFS{"functions/folder/code.js": {Data: []byte(code)}}, ".")
		if err != nil || len(a.Functions) != 1 {
			t.Fatal(err)
		}
		f := a.Functions[0]
		if f.Name() != want || want != "" && f.ID != want || want == "" && f.ID != "folder" {
			t.Errorf("%q: name %q, id %q", code, f.Name(), f.ID)
		}
	}
	if (&app.Function{}).Name() != "" {
		t.Error("no code")
	}
}

func TestValidID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind app.Kind
		id   string
		want bool
	}{
		{app.ModuleKind, "abc", true}, {app.ModuleKind, "ab", false}, {app.ModuleKind, "a-c", false},
		{app.ModuleKind, strings.Repeat("a", 64), true}, {app.ModuleKind, strings.Repeat("a", 65), false},
		{app.RPCKind, "9ab", false}, {app.ConnectionKind, "a-b", true}, {app.ConnectionKind, "ab-", false},
		{app.WebhookKind, strings.Repeat("a", 36), false}, {app.FunctionKind, strings.Repeat("a", 96), true},
		{app.EndpointKind, strings.Repeat("a", 129), false}, {app.General, "anything at all", true},
	} {
		if got := app.ValidID(c.kind, c.id); got != c.want {
			t.Errorf("%s %q: %v", c.kind, c.id, got)
		}
	}
}
