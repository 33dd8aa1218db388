package cleat_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// petshop is an app with a polling trigger of a service at address.
func petshop(address string) fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"makecomapp.json": file(`{"fileVersion": 1, "generalCodeFiles": {"base": "base.json", "common": null, "readme": null, "groups": null},
			"components": {"connection": {}, "webhook": {}, "rpc": {}, "function": {}, "endpoint": {}, "module": {
				"watchPets": {"label": "Watch pets", "moduleType": "trigger", "codeFiles": {"communication": "watch.json", "epoch": "epoch.json"}},
				"getPet": {"label": "Get a pet", "moduleType": "action", "codeFiles": {"communication": "get.json"}}}}, "origins": []}`),
		"base.json": file(fmt.Sprintf(`{"baseUrl": %q}`, address)),
		"get.json":  file(`{"url": "/pet"}`),
		"watch.json": file(`{"url": "/pets", "response": {"iterate": "{{body}}", "limit": 10,
			"trigger": {"type": "id", "order": "asc", "id": "{{item.id}}"}}}`),
		"epoch.json": file(`{"response": {"limit": 100, "output": {"label": "{{item.name}}"}}}`),
	}
}

// A program that asks for news now and then, such as once an hour.
func ExampleRuntime_Poll() {
	pets := `[{"id": 1, "name": "Rex"}, {"id": 2, "name": "Mia"}]`
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, pets)
	}))
	defer service.Close()
	definition, found, err := app.LoadFS(petshop(service.URL), ".")
	if err != nil {
		panic(err)
	}
	trigger, err := cleat.NewApp(definition, found).Trigger("watchPets")
	if err != nil {
		panic(err)
	}
	home, err := os.MkdirTemp("", "cleat")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(home)
	ctx := context.Background()
	states, err := store.Open(ctx, store.Options{Dir: filepath.Join(home, "store")})
	if err != nil {
		panic(err)
	}
	defer states.Close()
	runtime := cleat.New(cleat.Options{Triggers: states, Engine: engine.Options{Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}}})

	for hour := range 3 {
		if hour == 2 {
			pets = `[{"id": 1, "name": "Rex"}, {"id": 2, "name": "Mia"}, {"id": 3, "name": "Tom"}]`
		}
		out, err := runtime.Poll(ctx, trigger, cleat.Poll{From: poll.Start{Choice: poll.All}}, func(bundle value.Value) error {
			fmt.Println(bundle.Member("name").ToText())
			return nil
		})
		if err != nil {
			panic(err)
		}
		fmt.Println(out.Given, "new")
	}
	// Output:
	// Rex
	// Mia
	// 2 new
	// 0 new
	// Tom
	// 1 new
}

func petshopApp(t *testing.T) *cleat.App {
	t.Helper()
	definition, found, err := app.LoadFS(petshop("http://api.example"), ".")
	if err != nil {
		t.Fatal(err)
	}
	definition.Name = "pets"
	return cleat.NewApp(definition, found)
}

func TestTrigger(t *testing.T) {
	t.Parallel()
	a := petshopApp(t)
	for id, want := range map[string]string{
		"watchPets": "",
		"getPet":    `module "getPet" is of type action: it is no polling trigger`,
		"watchPet":  `the app has no module "watchPet"`,
	} {
		_, err := a.Trigger(id)
		if err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%s: %v, want %s", id, err, want)
		}
	}
	if _, err := a.Module("watchPets"); err == nil || err.Error() != `module "watchPets" is of type trigger: it does not run alone` {
		t.Errorf("as a module: %v", err)
	}
	trigger, err := a.Trigger("watchPets")
	if err != nil {
		t.Fatal(err)
	}
	rt := cleat.New(cleat.Options{})
	if _, err := rt.Start(t.Context(), trigger, cleat.Input{}); err == nil || err.Error() != `module "watchPets" waits for what is new: it does not run alone` {
		t.Errorf("Start: %v", err)
	}
	if _, err := rt.Poll(t.Context(), trigger, cleat.Poll{}, nil); err == nil || err.Error() != "the runtime has no store for the states of triggers" {
		t.Errorf("without a store: %v", err)
	}
	module, err := a.Module("getPet")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rt.StartChoices(t.Context(), module, cleat.Input{}); err == nil || err.Error() != `module "getPet" is no polling trigger` {
		t.Errorf("choices of an action: %v", err)
	}
}

// TestTriggerID holds states apart, and together.
func TestTriggerID(t *testing.T) {
	t.Parallel()
	trigger, err := petshopApp(t).Trigger("watchPets")
	if err != nil {
		t.Fatal(err)
	}
	alice := &connect.Record{ID: 3, Name: "alice"}
	for _, test := range []struct {
		record *connect.Record
		given  value.Value
		want   string
	}{
		{nil, value.Object(), "pets/watchPets"},
		{nil, value.Object("limit", value.Int(5)), "pets/watchPets"},
		{alice, value.Undefined, "pets/watchPets#3"},
		{&connect.Record{ID: 3, Name: "renamed"}, value.Object(), "pets/watchPets#3"},
		{alice, value.Object("kind", value.Text("cat"), "age", value.Int(2)), "pets/watchPets#3?484cee748f2d0231"},
		{alice, value.Object("age", value.Int(2), "limit", value.Int(1), "kind", value.Text("cat")), "pets/watchPets#3?484cee748f2d0231"},
		{alice, value.Object("age", value.Int(3), "kind", value.Text("cat")), "pets/watchPets#3?251005e9542944a2"},
	} {
		if got := trigger.TriggerID(test.record, test.given.Collection()); got != test.want {
			t.Errorf("%v, %s: got %s, want %s", test.record, test.given.AppendJSON(nil), got, test.want)
		}
	}
}
