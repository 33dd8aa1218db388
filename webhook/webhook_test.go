package webhook_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// codes are the sections of a webhook and the base of its app, as JSON.
type codes struct {
	api, params, attach, detach, update, base string
	shared                                    bool
}

const manifest = `{"fileVersion":1,"generalCodeFiles":{"base":"base.json","common":"common.json","readme":null,"groups":null},
	"components":{"connection":{},"module":{},"rpc":{},"function":{},"endpoint":{},"webhook":{"renamed":{"label":"Renamed","webhookType":"TYPE","connection":null,
	"codeFiles":{"communication":"api.json","params":"params.json","attach":"attach.json","detach":"detach.json","update":"update.json"}}}},"origins":[]}`

func compiled(t testing.TB, c codes) *webhook.Type {
	t.Helper()
	typ := "web"
	if c.shared {
		typ = "web-shared"
	}
	files := fstest.MapFS{"makecomapp.json": {Data: []byte(strings.Replace(manifest, "TYPE", typ, 1))}}
	for name, text := range map[string]string{"api": c.api, "params": c.params, "attach": c.attach, "detach": c.detach, "update": c.update,
		"base": c.base, "common": `{"key":"common-secret"}`} {
		if text == "" {
			text = "{}"
			if name == "params" {
				text = "[]"
			}
		}
		files[name+".json"] = &fstest.MapFile{Data: []byte(text)}
	}
	a, _, err := app.LoadFS(files, ".")
	if err != nil {
		t.Fatal(err)
	}
	a.Name = "photos"
	compiled, found := webhook.Compile(a, a.Webhook("renamed"))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return compiled
}

var loopback = engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

func newEngine() *engine.Engine { return engine.New(engine.Options{Egress: loopback}) }

// newHook returns a hook with a store of its own.
func newHook(t testing.TB, c codes) (*webhook.Hook, *memory) {
	t.Helper()
	s := &memory{}
	r := &webhook.Record{Name: "a", App: "photos", Type: "renamed", Token: "tok", UID: "ana",
		Parameters: value.Object("secret", value.Text("s3cr3t-p")).Collection(), Data: value.Object("externalHookId", value.Int(42)).Collection()}
	if err := s.InsertHook(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return &webhook.Hook{Engine: newEngine(), Store: s, Type: compiled(t, c), Record: r}, s
}

// post sends a JSON body to a hook.
func post(h http.Handler, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/hooks/tok", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// bundles returns the bundles in the queue of a hook, one a line.
func bundles(t testing.TB, s *memory, hook int64) string {
	t.Helper()
	all, err := s.Next(context.Background(), hook, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, d := range all {
		for _, v := range d.Bundles {
			b.Write(append(v.AppendJSON(nil), '\n'))
		}
	}
	return b.String()
}
