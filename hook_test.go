package cleat_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

// shop is an app with a webhook, an instant trigger and a responder.
func shop() *cleat.App {
	definition, found, err := app.LoadFS(fstest.MapFS{
		"makecomapp.json": {Data: []byte(`{"fileVersion":1,"generalCodeFiles":{"base":null,"common":null,"readme":null,"groups":null},
			"components":{"connection":{},"webhook":{"orders":{"label":"Orders","webhookType":"web","connection":null,"codeFiles":{"communication":"orders.json"}}},
			"module":{
				"watchOrders":{"label":"Watch orders","description":"","moduleType":"instant_trigger","webhook":"orders","codeFiles":{"communication":"watch.json"}},
				"answer":{"label":"Answer","description":"","moduleType":"responder","connection":null,"codeFiles":{"communication":"answer.json"}}},
			"rpc":{},"function":{},"endpoint":{}},"origins":[]}`)},
		"orders.json": {Data: []byte(`{"iterate": "{{body.orders}}"}`)},
		"watch.json":  {Data: []byte(`{"condition": "{{payload.id}}", "response": {"output": {"order": "{{payload.id}}"}}}`)},
		"answer.json": {Data: []byte(`{"response": {"status": 201, "body": "order {{parameters.order}}"}}`)},
	}, ".")
	if err != nil {
		panic(err)
	}
	definition.Name = "shop"
	return cleat.NewApp(definition, found)
}

// A webhook is an http.Handler: what it answered 2xx is on the disk, and the bundles come
// from the queue there, also those of an earlier process.
func ExampleRuntime_Hook() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "cleat-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	records, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	defer records.Close()

	orders, err := shop().Webhook("orders")
	if err != nil {
		panic(err)
	}
	hook, err := cleat.New(cleat.Options{Hooks: records}).Hook(ctx, orders, cleat.HookInput{Name: "orders"})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(hook) // or http.ListenAndServe(":8080", hook)
	defer server.Close()
	if err := hook.Attach(ctx, server.URL); err != nil { // tells the service, if the app can
		panic(err)
	}
	answer, err := http.Post(hook.Address(server.URL), "application/json", strings.NewReader(`{"orders": [{"id": 7}, {"id": 8}]}`))
	if err != nil {
		panic(err)
	}
	answer.Body.Close()
	fmt.Println(answer.Status)

	for bundle, err := range hook.Bundles(ctx) {
		if err != nil {
			panic(err)
		}
		fmt.Println(string(bundle.AppendJSON(nil)))
		if bundle.Member("id").ToText() == "8" {
			break
		}
	}
	// Output:
	// 200 OK
	// {"id":7}
	// {"id":8}
}

// opened returns a runtime with a store of its own.
func opened(t *testing.T) (*cleat.Runtime, *store.Store) {
	t.Helper()
	records, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { records.Close() })
	return cleat.New(cleat.Options{Hooks: records, Connections: records}), records
}

func hookOf(t *testing.T, rt *cleat.Runtime, in cleat.HookInput) *cleat.Hook {
	t.Helper()
	orders, err := shop().Webhook("orders")
	if err != nil {
		t.Fatal(err)
	}
	in.Name = "orders"
	hook, err := rt.Hook(t.Context(), orders, in)
	if err != nil {
		t.Fatal(err)
	}
	return hook
}

func deliver(t *testing.T, hook *cleat.Hook, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, hook.Address("http://a.example"), strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	hook.ServeHTTP(w, r)
	return w
}

// take returns the next bundles, and breaks behind the last.
func take(t *testing.T, hook *cleat.Hook, n int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []string
	for bundle, err := range hook.Bundles(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, string(bundle.AppendJSON(nil))); len(got) == n {
			break
		}
	}
	return strings.Join(got, " ")
}

// The bundles at which a loop breaks come again, in another process too; those before do
// not.
func TestBundlesComeAgain(t *testing.T) {
	t.Parallel()
	rt, _ := opened(t)
	hook := hookOf(t, rt, cleat.HookInput{})
	for _, n := range []string{"1", "2", "3"} {
		if w := deliver(t, hook, `{"orders":[`+n+`]}`); w.Code != http.StatusOK {
			t.Fatal(w.Code)
		}
	}
	if got := take(t, hook, 2); got != "1 2" {
		t.Errorf("first: %s", got)
	}
	again := hookOf(t, rt, cleat.HookInput{})
	if again.Address("") != hook.Address("") {
		t.Error("the hook has another address now")
	}
	if got := take(t, again, 2); got != "2 3" {
		t.Errorf("then: %s", got)
	}
}

// The instant trigger makes the bundles; what its condition refuses is no bundle. A
// responder answers the open request.
func TestTriggerAndResponder(t *testing.T) {
	t.Parallel()
	rt, records := opened(t)
	a := shop()
	trigger, err := a.InstantTrigger("watchOrders")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.Module("answer")
	if err != nil {
		t.Fatal(err)
	}
	hook := hookOf(t, rt, cleat.HookInput{Trigger: trigger, Hold: 20 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- hook.Work(ctx, 4, func(ctx context.Context, bundle value.Value) (*engine.Reply, error) {
			run, err := rt.Start(ctx, answer, cleat.Input{Parameters: bundle.Collection()})
			if err != nil {
				return nil, err
			}
			return run.Reply(ctx)
		})
	}()
	if w := deliver(t, hook, `{"orders":[{"none":1},{"id":7},{"id":8}]}`); w.Code != http.StatusCreated || w.Body.String() != "order 7" {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Work: %v", err)
	}
	if left, err := records.Backlog(t.Context(), hook.Record.ID); err != nil || left != (webhook.Backlog{}) {
		t.Errorf("%+v is left, error %v", left, err)
	}
}

func TestHookErrors(t *testing.T) {
	t.Parallel()
	a := shop()
	_, unknown := a.Webhook("order")
	_, noTrigger := a.InstantTrigger("answer")
	_, alone := a.Module("watchOrders")
	for _, test := range []struct {
		err  error
		want string
	}{
		{unknown, `the app has no webhook "order"`},
		{noTrigger, `module "answer" is of type responder: it is no instant trigger of a webhook`},
		{alone, `module "watchOrders" is of type instant_trigger: it does not run alone`},
	} {
		if test.err == nil || test.err.Error() != test.want {
			t.Errorf("got %v, want %s", test.err, test.want)
		}
	}
}

// RPCs of the forms of an instant trigger see what is known of its hook.
func TestRPCsOfAHookSeeIt(t *testing.T) {
	t.Parallel()
	a := shop()
	a.RPCs = append(a.RPCs, &app.RPC{ID: "fields", API: code(t, "rpc", `{"response": {"output": {"name": "order", "type": "text", "label": "{{webhook.url}} of {{webhook.shop}}"}}}`)})
	rt, records := opened(t)
	orders, err := a.Webhook("orders")
	if err != nil {
		t.Fatal(err)
	}
	hook, err := rt.Hook(t.Context(), orders, cleat.HookInput{Name: "orders", Parameters: value.Object("shop", value.Text("tea")).Collection()})
	if err != nil {
		t.Fatal(err)
	}
	changed := *hook.Current()
	changed.Attached, changed.Address = true, "https://hooks.example.com/1"
	if err := records.UpdateHook(t.Context(), &changed); err != nil {
		t.Fatal(err)
	}
	hook.Changed(changed)
	for _, c := range []struct {
		rpc  form.RPC
		want string
	}{{hook.RPC(), "https://hooks.example.com/1 of tea"}, {rt.RPC(a, nil), " of "}} {
		got, err := c.rpc.Call(t.Context(), form.Call{URL: "rpc://fields"})
		if label := got.Array().At(0).Member("label").ToText(); err != nil || label != c.want {
			t.Errorf("%q, %v, want %q", label, err, c.want)
		}
	}
}

func TestATriggerIsThatOfItsWebhook(t *testing.T) {
	t.Parallel()
	a := shop()
	a.Webhooks = append(a.Webhooks, &app.Webhook{ID: "stock", Type: "web", API: code(t, "stock", `{}`)})
	rt, _ := opened(t)
	stock, err := a.Webhook("stock")
	if err != nil {
		t.Fatal(err)
	}
	trigger, err := a.InstantTrigger("watchOrders")
	if err != nil {
		t.Fatal(err)
	}
	_, err = rt.Hook(t.Context(), stock, cleat.HookInput{Name: "stock", Trigger: trigger})
	if got, want := text(err), `module "watchOrders" makes bundles of what the webhook "orders" gives, not "stock"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
