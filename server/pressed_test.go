package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// pressedApp has one component of each kind that can be held up by the service that it
// asks: a module with pages, an instant trigger and a polling trigger.
func pressedApp(service string) fstest.MapFS {
	files := map[string]string{
		"makecomapp.json": `{"fileVersion": 1, "generalCodeFiles": {"base": null, "common": null, "readme": null, "groups": null}, "origins": [], "components": {
			"connection": {}, "function": {}, "endpoint": {},
			"rpc": {"options": {"label": "Options", "connection": null, "altConnection": null, "codeFiles": {"communication": "pages.json", "params": null}}},
			"webhook": {"inbox": {"label": "Inbox", "webhookType": "web", "connection": null, "altConnection": null,
				"codeFiles": {"communication": "inbox.json", "params": null, "attach": null, "detach": null, "update": null, "requiredScope": null}}},
			"module": {
				"pages": {"label": "Pages", "moduleType": "search", "connection": null, "altConnection": null,
					"codeFiles": {"communication": "pages.json", "staticParams": null, "mappableParams": null, "interface": null, "samples": null, "scope": null}},
				"watch": {"label": "Watch", "moduleType": "trigger", "connection": null, "altConnection": null,
					"codeFiles": {"communication": "watch.json", "epoch": null, "staticParams": null, "mappableParams": null, "interface": null, "samples": null, "scope": null}},
				"received": {"label": "Received", "moduleType": "instant_trigger", "webhook": "inbox",
					"codeFiles": {"communication": "received.json", "staticParams": null, "mappableParams": null, "interface": null, "samples": null}}}}}`,
		"pages.json": `{"url": "SERVICE/pages", "qs": {"page": "1"}, "pagination": {"qs": {"page": "{{pagination.page}}"}, "condition": "{{body.more}}"},
			"response": {"iterate": "{{body.items}}", "output": "{{item}}"}}`,
		"watch.json": `{"url": "SERVICE/watch", "response": {"iterate": "{{body.items}}", "output": "{{item}}",
			"trigger": {"type": "id", "order": "asc", "id": "{{item.id}}"}}}`,
		"inbox.json":    `{"output": "{{body}}"}`,
		"received.json": `{"url": "SERVICE/received", "qs": {"n": "{{payload.n}}"}, "response": {"output": {"n": "{{payload.n}}"}}}`,
	}
	app := fstest.MapFS{}
	for name, text := range files {
		app[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, "SERVICE", service))}
	}
	return app
}

// pressed is a team with that app, whose service answers with answer.
type pressed struct{ *client }

func newPressed(t *testing.T, n *node, answer http.HandlerFunc) *pressed {
	t.Helper()
	service := httptest.NewServer(answer)
	t.Cleanup(service.Close)
	p := &pressed{n.team(t).withToken(t, "apps:write", "run", "hooks")}
	p.upload(t, "pressed", pressedApp(service.URL)).is(t, http.StatusCreated)
	return p
}

// hook makes a hook and returns where it is sent to. With a module the service is asked
// about each delivery.
func (p *pressed) hook(t *testing.T, name, module string, more ...any) (path, id string) {
	t.Helper()
	wish := map[string]any{"name": name, "app": "pressed", "webhook": "inbox", "module": module}
	for i := 0; i < len(more); i += 2 {
		wish[more[i].(string)] = more[i+1]
	}
	var made struct{ ID, URL string }
	p.post(t, "/v1/hooks", wish).is(t, http.StatusCreated).into(t, &made)
	return strings.TrimPrefix(made.URL, p.url), made.ID
}

// events counts the events of a source.
func (p *pressed) events(t *testing.T, source string) int {
	t.Helper()
	count, after := 0, ""
	for {
		var page page[struct{ ID string }]
		p.get(t, "/v1/events?limit=500&source="+source+after).is(t, http.StatusOK).into(t, &page)
		if count += len(page.Items); page.Next == "" {
			return count
		}
		after = "&after=" + page.Next
	}
}

// gated answers when it is let through, or when whoever asked is gone.
type gated struct {
	came chan string // the query of each request
	pass chan struct{}
}

func newGated() *gated { return &gated{make(chan string, 100_000), make(chan struct{})} }

func (g *gated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.came <- r.URL.RawQuery
	select {
	case <-g.pass:
	case <-r.Context().Done():
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"items": []}`))
}
