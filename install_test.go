package cleat_test

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func installableApp(t *testing.T, install string) *cleat.App {
	t.Helper()
	definition, found, err := app.LoadFS(fstest.MapFS{
		"metadata.json":                         {Data: []byte(`{"name": "shop", "label": "Shop", "version": 1}`)},
		"base.imljson":                          {Data: []byte(`{}`)},
		"common.imljson":                        {Data: []byte(`{"static": 1, "both": {"a": 1, "b": 1}}`)},
		"install.imljson":                       {Data: []byte(install)},
		"rpcs/show/metadata.json":               {Data: []byte(`{"name": "show", "label": "Show", "connection": null}`)},
		"rpcs/show/api.imljson":                 {Data: []byte(`{"response": {"output": "{{common}}"}}`)},
		"connections/key/metadata.json":         {Data: []byte(`{"name": "key", "label": "Key", "type": "basic"}`)},
		"connections/key/api.imljson":           {Data: []byte(`{"response": {"data": {"seen": "{{common}}"}}}`)},
		"connections/key/installSpec.imljson":   {Data: []byte(`[{"name": "word", "type": "password", "label": "Word"}]`)},
		"connections/key/install.imljson":       {Data: []byte(`{"common": {"word": "{{parameters.word}}"}}`)},
		"connections/plain/metadata.json":       {Data: []byte(`{"name": "plain", "label": "Plain", "type": "basic"}`)},
		"connections/plain/api.imljson":         {Data: []byte(`{"response": {"data": {"seen": "{{common}}"}}}`)},
		"connections/plain/installSpec.imljson": {Data: []byte(`[]`)},
		"connections/plain/common.imljson":      {Data: []byte(`{"own": true}`)},
	}, ".")
	if err != nil {
		t.Fatal(err)
	}
	return cleat.NewApp(definition, found)
}

// What install directives make of the answers reaches the scope that it was made for, over
// the common data of the definition.
func TestInstall(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, install string
		answers       value.Value
		want, wantErr string // common, as components see it
	}{
		{"an answer", `{"common": {"id": "{{parameters.id}}"}}`, value.Object("id", value.Text("7")), `{"static":1,"both":{"a":1,"b":1},"id":"7"}`, ""},
		{"over the definition", `{"common": {"static": "{{parameters.id}}", "both": {"b": 2}}}`, value.Object("id", value.Int(7)), `{"static":7,"both":{"a":1,"b":2}}`, ""},
		{"nothing was answered", `{"common": {"static": "{{parameters.id}}", "no": "{{parameters.no.such}}"}}`, value.Object(), `{"static":1,"both":{"a":1,"b":1}}`, ""},
		{"functions", `{"common": {"id": "{{upper(parameters.id)}}", "n": "{{parameters.n * 2}}"}}`, value.Object("id", value.Text("a"), "n", value.Int(4)),
			`{"static":1,"both":{"a":1,"b":1},"id":"A","n":8}`, ""},
		{"all as one expression", `{"common": "{{parameters}}"}`, value.Object("id", value.Text("7")), `{"static":1,"both":{"a":1,"b":1},"id":"7"}`, ""},
		{"no collection", `{"common": "{{parameters.id}}"}`, value.Object("id", value.Text("7")), "", "install.common must be a collection"},
		{"an error", `{"common": {"a": "{{parseJSON(parameters.id)}}"}}`, value.Object("id", value.Text("hush-hush")), "", ""},
		{"no request is made", `{"url": "http://127.0.0.1:1", "common": {"id": 1}}`, value.Object(), `{"static":1,"both":{"a":1,"b":1},"id":1}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, s := installableApp(t, test.install), openStore(t)
			rt := cleat.New(cleat.Options{Connections: s, Installations: s})
			t.Cleanup(func() { rt.Close() })
			scopes, err := a.Installables()
			if err != nil || len(scopes) != 2 || scopes[0].Connection != "" || scopes[1].Connection != "key" {
				t.Fatalf("scopes: %v, error %v", scopes, err)
			}
			err = rt.Connector().Install(t.Context(), scopes[0], s, &connect.Installation{Parameters: test.answers.Collection()})
			if test.want == "" {
				if err == nil || test.wantErr != "" && err.Error() != test.wantErr {
					t.Errorf("got %v, want %q", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := show(t, rt, a); got != test.want {
				t.Errorf("common is %s, want %s", got, test.want)
			}
		})
	}
}

// show is common as an RPC sees it.
func show(t *testing.T, rt *cleat.Runtime, a *cleat.App) string {
	t.Helper()
	c, err := a.RPC("show")
	if err != nil {
		t.Fatal(err)
	}
	run, err := rt.Start(t.Context(), c, cleat.Input{Parameters: value.NewCollection(0)})
	if err != nil {
		t.Fatal(err)
	}
	for item, err := range run.Bundles(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		return string(item.AppendJSON(nil))
	}
	return ""
}

// A connection type sees its own common data and never those of the app or of another one.
func TestInstallOfAConnection(t *testing.T) {
	t.Parallel()
	a, s := installableApp(t, `{"common": {"id": 1}}`), openStore(t)
	rt := cleat.New(cleat.Options{Connections: s, Installations: s})
	t.Cleanup(func() { rt.Close() })
	scopes, err := a.Installables()
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Connector().Install(t.Context(), scopes[1], s, &connect.Installation{Parameters: value.Object("word", value.Text("sesame")).Collection()}); err != nil {
		t.Fatal(err)
	}
	installed, err := a.Installed(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"key": `{"word":"sesame"}`, "plain": `{"own":true}`} {
		typ, err := installed.ConnectionType(id)
		if err != nil {
			t.Fatal(err)
		}
		started, err := rt.Connector().Create(t.Context(), typ, connect.Request{Name: id})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(started.Record.Data.Get("seen").AppendJSON(nil)); got != want {
			t.Errorf("connection %q sees %s, want %s", id, got, want)
		}
	}
	if got, want := show(t, rt, a), `{"static":1,"both":{"a":1,"b":1}}`; got != want {
		t.Errorf("the app sees %s, want %s", got, want)
	}
}

// unreadable gives an installation whose secrets cannot be decrypted.
type unreadable struct{ *store.Store }

func (unreadable) Installations(context.Context, string) ([]*connect.Installation, error) {
	return []*connect.Installation{{App: "shop", Version: 3}}, nil
}

// Nothing is sent without the common data that were installed.
func TestInstalledCommonDataThatCannotBeDecrypted(t *testing.T) {
	t.Parallel()
	a := installableApp(t, `{"common": {"id": 1}}`)
	rt := cleat.New(cleat.Options{Installations: unreadable{}})
	t.Cleanup(func() { rt.Close() })
	c, err := a.RPC("show")
	if err != nil {
		t.Fatal(err)
	}
	_, err = rt.Start(t.Context(), c, cleat.Input{})
	if want := `app "shop": the stored common data cannot be decrypted; install the app again`; !errors.Is(err, connect.ErrUnreadable) || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}
