package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/internal/photoservice"
	"github.com/cleat-run/cleat/internal/visitor"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
)

// operator is a team with the sample app, and a connection of it.
type operator struct {
	*client    // a token that may do everything but administer
	owner      *client
	service    *photoservice.Service
	serviceURL string
	connection string
	secret     string // of the consumer at the service, where it is not that of the sample
}

func newOperator(t *testing.T) *operator {
	t.Helper()
	return newOperatorOf(t, commonNode(t), "")
}

func newOperatorOf(t *testing.T, n *node, secret string) *operator {
	t.Helper()
	o := &operator{owner: n.team(t), secret: secret}
	options := oauth1test.Options{}
	if secret != "" {
		options.Consumers = []oauth1test.Consumer{{Key: "mine", Secret: secret}}
	}
	o.service = photoservice.New(options)
	listening := httptest.NewServer(o.service)
	t.Cleanup(listening.Close)
	o.serviceURL = listening.URL
	o.client = o.owner.withToken(t, "apps:write", "connections:write", "run", "hooks")
	o.upload(t, "photos", photosApp()).is(t, http.StatusCreated)
	o.connection = o.connect(t, "mine")
	return o
}

// parameters are what a person types for a connection.
func (o *operator) parameters() map[string]any {
	p := map[string]any{"service": o.serviceURL}
	if o.secret != "" {
		p["consumerKey"], p["consumerSecret"] = "mine", o.secret
	}
	return p
}

// connect makes a connection as a program and the person that it serves do together.
func (c *operator) connect(t *testing.T, name string) string {
	t.Helper()
	var made struct {
		AuthorizeURL string `json:"authorize_url"`
	}
	c.post(t, "/v1/connections", map[string]any{"app": "photos", "name": name, "parameters": c.parameters()}).
		is(t, http.StatusCreated).into(t, &made)
	outcome := c.authorize(t, made.AuthorizeURL)
	if outcome["status"] != "connected" {
		t.Fatalf("the connection is not made: %v", outcome)
	}
	return outcome["connection"]
}

// authorize opens a link in a browser, allows access at the provider, and returns what the
// page at the end tells.
func (c *client) authorize(t *testing.T, address string) map[string]string {
	t.Helper()
	person := c.visitor()
	begun := person.get(t, strings.TrimPrefix(address, c.url)).is(t, http.StatusSeeOther)
	person.cookie = begun.cookie()
	_, back, err := visitor.Answer(t.Context(), begun.header.Get("Location"), visitor.Allow)
	if err != nil {
		t.Fatal(err)
	}
	return outcomeOf(t, person.get(t, strings.TrimPrefix(back, c.url)).is(t, http.StatusOK))
}

// outcomeOf reads what the last page tells connect.js.
func outcomeOf(t *testing.T, a *answer) map[string]string {
	t.Helper()
	told := map[string]string{}
	_, body, found := strings.Cut(string(a.body), "<body ")
	body, _, _ = strings.Cut(body, ">")
	for _, part := range strings.Split(body, `" `) {
		name, text, _ := strings.Cut(strings.TrimPrefix(part, "data-"), `="`)
		told[name] = strings.TrimSuffix(text, `"`)
	}
	if !found {
		t.Fatalf("%s: no page of an outcome\n%s", a.asked, a.body)
	}
	return told
}

func TestApps(t *testing.T) {
	t.Parallel()
	c := commonNode(t).team(t).withToken(t, "apps:write")
	var first, second struct {
		App struct {
			ID, Name string
			Active   int `json:"active_version"`
		}
		Version  struct{ Number, Errors int }
		Findings []finding
	}
	c.upload(t, "photos", photosApp()).is(t, http.StatusCreated).into(t, &first)
	if first.App.Name != "photos" || first.Version.Number != 1 || first.Version.Errors != 0 || !strings.HasPrefix(first.App.ID, "app_") {
		t.Errorf("the first upload gave %+v", first)
	}
	files := map[string][]byte{}
	for path, content := range filesOf(t, photosApp()) {
		files["photos/"+path] = content
	}
	files["photos/modules/get-photo/get-photo.communication.iml.json"] = []byte(`{"url": "/photos/{{parameters.id}", "response": {"output": "{{body}}"}}`)
	body, kind := zipUpload(t, files)
	c.do(t, http.MethodPost, "/v1/apps?activate=false", body, "Content-Type", kind).is(t, http.StatusCreated).into(t, &second)
	if second.App.ID != first.App.ID || second.Version.Number != 2 || second.App.Active != 1 || second.Version.Errors == 0 || len(second.Findings) == 0 {
		t.Errorf("the second upload gave %+v", second)
	}
	if !slices.ContainsFunc(second.Findings, func(f finding) bool {
		return f.Severity == "error" && strings.HasPrefix(f.Position, "modules/get-photo/get-photo.communication.iml.json:1:")
	}) {
		t.Errorf("the mistake is not found: %+v", second.Findings)
	}
	if found := listed[struct{}](t, c.get(t, "/v1/apps/photos/lint")); len(found) != len(first.Findings) {
		t.Errorf("lint of the active version finds %d, the upload found %d", len(found), len(first.Findings))
	}
	c.post(t, "/v1/apps/photos/versions/2/activate", nil).is(t, http.StatusOK)
	if found := listed[struct{}](t, c.get(t, "/v1/apps/"+first.App.ID+"/lint")); len(found) != len(second.Findings) {
		t.Errorf("lint of version 2 finds %d, the upload found %d", len(found), len(second.Findings))
	}
	c.post(t, "/v1/apps/photos/versions/3/activate", nil).problem(t, http.StatusNotFound, "not_found")
	if all := listed[struct{ Number int }](t, c.get(t, "/v1/apps/photos/versions")); len(all) != 2 {
		t.Errorf("%d versions", len(all))
	}
	var parts struct {
		Components struct{ Module []struct{ ID string } }
	}
	c.get(t, "/v1/apps/photos/components").is(t, http.StatusOK).into(t, &parts)
	if len(parts.Components.Module) != 5 {
		t.Errorf("components: %+v", parts)
	}
	var form struct {
		Kind   string
		Fields []struct{ Name, Type string }
	}
	c.get(t, "/v1/apps/photos/form/searchPhotos").is(t, http.StatusOK).into(t, &form)
	if len(form.Fields) != 3 || form.Fields[1].Name != "album" || form.Fields[1].Type != "select" {
		t.Errorf("form: %+v", form)
	}
	c.get(t, "/v1/apps/photos/form/nothing").problem(t, http.StatusNotFound, "unknown_component")
	c.do(t, http.MethodDelete, "/v1/apps/photos", nil).is(t, http.StatusNoContent)
	c.get(t, "/v1/apps/photos").problem(t, http.StatusNotFound, "not_found")
}

type finding struct{ Severity, Message, Position string }

func TestConnections(t *testing.T) { onEach(t, testConnections) }

func testConnections(t *testing.T, o *operator) {
	var got struct {
		Name, Account, UID, State, Kind string
		UsedBy                          struct{ Hooks, Triggers []string } `json:"used_by"`
	}
	o.get(t, "/v1/connections/"+o.connection).is(t, http.StatusOK).into(t, &got)
	if got.Name != "mine" || !strings.HasSuffix(got.Account, "@photos.example") || got.State != "ok" || got.Kind != "oauth1" {
		t.Errorf("the connection is %+v", got)
	}
	o.post(t, "/v1/connections/"+o.connection+"/test", nil).is(t, http.StatusOK)
	o.call(t, http.MethodPatch, "/v1/connections/"+o.connection, map[string]any{"name": "renamed"}).is(t, http.StatusOK)
	var made struct {
		AuthorizeURL string `json:"authorize_url"`
	}
	o.post(t, "/v1/connections/"+o.connection+"/reauthorize", map[string]any{}).is(t, http.StatusOK).into(t, &made)
	if outcome := o.authorize(t, made.AuthorizeURL); outcome["status"] != "connected" || outcome["connection"] != o.connection {
		t.Errorf("authorized again: %v", outcome)
	}
	if again := outcomeOf(t, o.get(t, strings.TrimPrefix(made.AuthorizeURL, o.url))); again["status"] != "failed" {
		t.Errorf("a link was used twice: %v", again)
	}
	if all := listed[struct{ ID string }](t, o.get(t, "/v1/connections?app=photos&state=ok")); len(all) != 1 || all[0].ID != o.connection {
		t.Errorf("connections: %+v", all)
	}
	o.do(t, http.MethodDelete, "/v1/connections/"+o.connection, nil).is(t, http.StatusOK)
	o.get(t, "/v1/connections/"+o.connection).problem(t, http.StatusNotFound, "not_found")
}

// search are the arguments of a run that finds the two boats of one album.
func (o *operator) search(limit int) map[string]any {
	return map[string]any{"app": "photos", "module": "searchPhotos", "connection": o.connection, "limit": limit, "parameters": map[string]any{"text": "boat", "limit": 10}}
}

func TestRuns(t *testing.T) { onEach(t, testRuns) }

func testRuns(t *testing.T, o *operator) {
	var plain struct {
		Run     string
		Bundles []struct{ Title string }
	}
	o.post(t, "/v1/run", o.search(3)).is(t, http.StatusOK).into(t, &plain)
	if len(plain.Bundles) != 3 || !strings.Contains(plain.Bundles[0].Title, "Boat") {
		t.Errorf("a run gave %+v", plain)
	}
	streamed := o.post(t, "/v1/run?stream=1", o.search(3)).is(t, http.StatusOK)
	lines := strings.Split(strings.TrimSpace(string(streamed.body)), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], `{"bundle":{`) || !strings.HasPrefix(lines[3], `{"end":{"run":"run_`) || !strings.Contains(lines[3], `"bundles":3`) {
		t.Errorf("a stream gave\n%s", streamed.body)
	}
	var later struct{ Run string }
	o.post(t, "/v1/run?async=1", o.search(2)).is(t, http.StatusAccepted).into(t, &later)
	eventually(t, "the run ends", func() bool { return o.stateOf(t, later.Run) == "succeeded" })
	if all := listed[struct{ Source, Run string }](t, o.get(t, "/v1/events?source="+later.Run)); len(all) != 2 {
		t.Errorf("the run gave the events %+v", all)
	}
	var albums struct{ Result []struct{ Label string } }
	o.post(t, "/v1/rpc", map[string]any{"app": "photos", "rpc": "listAlbums", "connection": o.connection}).is(t, http.StatusOK).into(t, &albums)
	if len(albums.Result) != 3 {
		t.Errorf("albums: %+v", albums)
	}
	var form struct {
		Fields []struct {
			Name    string
			Options []struct{ Label string }
		}
		Problems []struct{ Field string }
		Schema   map[string]any
	}
	o.post(t, "/v1/forms", map[string]any{"app": "photos", "component": "searchPhotos", "connection": o.connection, "values": map[string]any{"limit": "many"}, "check": true, "schema": true}).
		is(t, http.StatusOK).into(t, &form)
	if len(form.Fields) != 3 || len(form.Fields[1].Options) != 3 || len(form.Problems) != 1 || form.Schema["type"] != "object" {
		t.Errorf("form: %+v", form)
	}
	var sample struct{ Sample struct{ Title string } }
	o.post(t, "/v1/samples", map[string]any{"app": "photos", "module": "searchPhotos"}).is(t, http.StatusOK).into(t, &sample)
	if sample.Sample.Title != "Bridge 10" {
		t.Errorf("sample: %+v", sample)
	}
	if choices := listed[struct{ ID, Label string }](t, o.post(t, "/v1/start-choices", map[string]any{"app": "photos", "module": "watchPhotos", "connection": o.connection, "parameters": map[string]any{"limit": 5}})); len(choices) == 0 {
		t.Error("no item to begin with")
	}
	o.post(t, "/v1/run", map[string]any{"app": "photos", "module": "getPhoto", "connection": o.connection, "parameters": map[string]any{"id": "x"}}).
		problem(t, http.StatusUnprocessableEntity, "invalid_parameters")
	failed := o.post(t, "/v1/run", map[string]any{"app": "photos", "module": "getPhoto", "connection": o.connection, "parameters": map[string]any{"id": 9}}).
		problem(t, http.StatusBadGateway, "provider_error")
	if failed.Detail != "[404] there is no photo 9" || failed.Type != "RuntimeError" {
		t.Errorf("the failure of the service is told as %+v", failed)
	}
	o.post(t, "/v1/run", map[string]any{"app": "photos", "module": "searchPhoto"}).problem(t, http.StatusNotFound, "unknown_component")
	o.post(t, "/v1/run", map[string]any{"app": "nothing", "module": "x"}).problem(t, http.StatusNotFound, "not_found")
	eventually(t, "the runs are on record", func() bool { return o.stateOf(t, plain.Run) == "succeeded" })
	var one struct {
		Exchanges  int
		Transcript []json.RawMessage
	}
	kept := o.get(t, "/v1/runs/"+plain.Run).is(t, http.StatusOK)
	kept.into(t, &one)
	if one.Exchanges == 0 || len(one.Transcript) != one.Exchanges || strings.Contains(string(kept.body), "oauth_signature=\\\"") {
		t.Errorf("the transcript is %s", kept.body)
	}
	o.post(t, "/v1/runs/"+plain.Run+"/cancel", nil).problem(t, http.StatusConflict, "ended")
}

func (o *operator) stateOf(t *testing.T, run string) string {
	t.Helper()
	var r struct{ State string }
	if a := o.get(t, "/v1/runs/"+run); a.status == http.StatusOK {
		a.into(t, &r)
	}
	return r.State
}

func TestConnectSession(t *testing.T) { onEach(t, testConnectSession) }

func testConnectSession(t *testing.T, o *operator) {
	o.owner.call(t, http.MethodPut, "/v1/branding", map[string]any{"product": "Acme", "accent": "#aa0000", "origins": []string{"https://app.acme.example"}}).is(t, http.StatusOK)
	var session struct{ URL string }
	o.post(t, "/v1/connect-sessions", map[string]any{"app": "photos", "end_user": "u-7", "return_url": "https://app.acme.example/done?x=1"}).is(t, http.StatusCreated).into(t, &session)
	outcome := o.through(t, session.URL, o.serviceURL)
	id := outcome["connection"]
	if outcome["status"] != "connected" || outcome["origin"] != "https://app.acme.example" ||
		outcome["return"] != "https://app.acme.example/done?connection="+id+"&amp;status=connected&amp;x=1" {
		t.Fatalf("the page at the end tells %v", outcome)
	}
	o.get(t, strings.TrimPrefix(session.URL, o.url)).is(t, http.StatusGone)
	if all := listed[struct{ ID string }](t, o.get(t, "/v1/connections?end_user=u-7")); len(all) != 1 || all[0].ID != id {
		t.Errorf("connections of the end user: %+v", all)
	}

	// The account is withdrawn at the service; the next run breaks the connection, and the
	// end user repairs it on the same page.
	signed := o.service.Signatures()
	o.service.Revoke(signed[len(signed)-1].Token)
	run := o.search(1)
	run["connection"] = id
	o.post(t, "/v1/run", run).problem(t, http.StatusConflict, "connection_unusable")
	o.post(t, "/v1/connect-sessions", map[string]any{"app": "photos", "connection": id, "end_user": "u-8"}).problem(t, http.StatusNotFound, "not_found")
	o.post(t, "/v1/connect-sessions", map[string]any{"app": "photos", "connection": id, "end_user": "u-7"}).is(t, http.StatusCreated).into(t, &session)
	if repaired := o.through(t, session.URL, o.serviceURL); repaired["status"] != "connected" || repaired["connection"] != id {
		t.Errorf("repaired: %v", repaired)
	}
	o.post(t, "/v1/run", run).is(t, http.StatusOK)
}

// through goes through the page of a connect session.
func (c *client) through(t *testing.T, address, service string) map[string]string {
	t.Helper()
	path := strings.TrimPrefix(address, c.url)
	person := c.visitor()
	shown := person.get(t, path).is(t, http.StatusOK)
	if !strings.Contains(string(shown.body), "Address of the service") {
		t.Errorf("the page is\n%s", shown.body)
	}
	sent := person.do(t, http.MethodPost, path, strings.NewReader(url.Values{"service": {service}}.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Origin", c.url)
	return c.authorize(t, sent.is(t, http.StatusSeeOther).header.Get("Location"))
}

func TestTrigger(t *testing.T) { onEach(t, testTrigger) }

func testTrigger(t *testing.T, o *operator) {
	got := newReceiver(t)
	var destination struct{ ID, Secret string }
	o.post(t, "/v1/destinations", map[string]any{"name": "mine", "url": got.URL}).is(t, http.StatusCreated).into(t, &destination)
	got.expect(destination.Secret, nil)
	var trigger struct {
		ID, State string
		Progress  struct{ Begun bool }
		NextRun   string `json:"next_run"`
	}
	wish := map[string]any{"name": "photos", "app": "photos", "module": "watchPhotos", "connection": o.connection, "every": "1s", "from": "all", "limit": 2,
		"destination": destination.ID, "parameters": map[string]any{"limit": 2}}
	o.post(t, "/v1/triggers", wish).is(t, http.StatusCreated).into(t, &trigger)
	o.post(t, "/v1/triggers", wish).problem(t, http.StatusConflict, "name_taken")
	eventually(t, "the trigger runs on its schedule, and the bundles arrive", func() bool { return got.count() >= 2 })
	o.post(t, "/v1/triggers/"+trigger.ID+"/pause", nil).is(t, http.StatusOK)
	o.get(t, "/v1/triggers/"+trigger.ID).is(t, http.StatusOK).into(t, &trigger)
	if trigger.State != "paused" || !trigger.Progress.Begun {
		t.Errorf("the trigger is %+v", trigger)
	}
	o.call(t, http.MethodPatch, "/v1/triggers/"+trigger.ID, map[string]any{"name": "still photos"}).is(t, http.StatusOK)
	var now struct {
		Run     string
		Bundles int
	}
	o.post(t, "/v1/triggers/"+trigger.ID+"/run", nil).is(t, http.StatusOK).into(t, &now)
	o.post(t, "/v1/triggers/"+trigger.ID+"/resume", nil).is(t, http.StatusOK).into(t, &trigger)
	if trigger.State != "running" || trigger.NextRun == "" {
		t.Errorf("resumed, the trigger is %+v", trigger)
	}
	eventually(t, "the run of now is in the history", func() bool {
		runs := listed[struct{ ID, Kind, State string }](t, o.get(t, "/v1/triggers/"+trigger.ID+"/history?limit=500"))
		return slices.ContainsFunc(runs, func(r struct{ ID, Kind, State string }) bool {
			return r.ID == now.Run && r.Kind == "poll" && r.State == "succeeded"
		})
	})
	o.do(t, http.MethodDelete, "/v1/triggers/"+trigger.ID, nil).is(t, http.StatusNoContent)
	for _, wrong := range []struct{ field, text, code string }{
		{"every", "1ms", "invalid_schedule"}, {"every", "soon", "invalid_schedule"}, {"cron", "* * *", "invalid_schedule"}, {"cron", "0 0 30 2 *", "invalid_schedule"},
		{"cron", "TZ=UTC", "invalid_schedule"}, {"timezone", "Mars/Olympus", "invalid_schedule"}, {"timezone", "../../etc/passwd", "invalid_schedule"},
	} {
		wish := map[string]any{"name": wrong.text, "app": "photos", "module": "watchPhotos", wrong.field: wrong.text}
		if wrong.field == "timezone" {
			wish["every"] = "1h"
		}
		o.post(t, "/v1/triggers", wish).problem(t, http.StatusUnprocessableEntity, wrong.code)
	}
}

func TestHook(t *testing.T) { onEach(t, testHook) }

func testHook(t *testing.T, o *operator) {
	var hook struct {
		ID, URL  string
		Attached bool
	}
	o.post(t, "/v1/hooks", map[string]any{"name": "renamed", "app": "photos", "module": "watchRenamed", "connection": o.connection}).is(t, http.StatusCreated).into(t, &hook)
	if !hook.Attached || !strings.HasPrefix(hook.URL, o.url+"/hooks/") {
		t.Fatalf("the hook is %+v", hook)
	}
	rename := map[string]any{"app": "photos", "module": "renamePhoto", "connection": o.connection, "parameters": map[string]any{"id": 1001, "title": "Red boat"}}
	o.post(t, "/v1/run", rename).is(t, http.StatusOK)
	events := func() []event { return listed[event](t, o.get(t, "/v1/events?source="+hook.ID)) }
	eventually(t, "the hook gives a bundle", func() bool { return len(events()) == 1 })
	if first := events()[0]; first.App != "photos" || first.Bundle["title"] != "Red boat" {
		t.Errorf("the event is %+v", first)
	}
	type delivery struct {
		ID, State string
		ReplayOf  string `json:"replay_of"`
	}
	deliveries := func() []delivery { return listed[delivery](t, o.get(t, "/v1/hooks/"+hook.ID+"/deliveries?state=done")) }
	first := deliveries()[0]
	var detail struct{ Request struct{ Method, Body string } }
	o.get(t, "/v1/hooks/"+hook.ID+"/deliveries/"+first.ID).is(t, http.StatusOK).into(t, &detail)
	if detail.Request.Method != "POST" || !strings.Contains(detail.Request.Body, "photo.renamed") {
		t.Errorf("the request is kept as %+v", detail)
	}
	o.post(t, "/v1/hooks/"+hook.ID+"/deliveries/"+first.ID+"/replay", nil).is(t, http.StatusAccepted)
	eventually(t, "the replay gives a bundle, too", func() bool { return len(events()) == 2 })
	if all := deliveries(); len(all) != 2 || all[0].ReplayOf != first.ID {
		t.Errorf("the deliveries are %+v", all)
	}
	var range_ struct{ Deliveries []string }
	o.post(t, "/v1/hooks/"+hook.ID+"/replay", map[string]any{"state": "done"}).is(t, http.StatusAccepted).into(t, &range_)
	eventually(t, "the range gives bundles", func() bool { return len(events()) == 4 })
	if len(range_.Deliveries) != 2 {
		t.Errorf("replayed: %+v", range_)
	}

	// What is not signed is no event.
	path := strings.TrimPrefix(hook.URL, o.url)
	if forged := o.visitor().post(t, path, map[string]any{"event": "photo.renamed"}); forged.status != http.StatusOK || string(forged.body) != "Accepted" {
		t.Errorf("a forged delivery: %d %s", forged.status, forged.body)
	}
	eventually(t, "the forged delivery is dropped", func() bool {
		return len(listed[delivery](t, o.get(t, "/v1/hooks/"+hook.ID+"/deliveries?state=dropped"))) == 1
	})
	o.visitor().post(t, "/hooks/nothing", map[string]any{}).is(t, http.StatusNotFound)
	o.post(t, "/v1/hooks/"+hook.ID+"/pause", nil).is(t, http.StatusOK)
	o.visitor().post(t, path, map[string]any{}).is(t, http.StatusGone)
	o.post(t, "/v1/hooks/"+hook.ID+"/resume", nil).is(t, http.StatusOK)
	o.visitor().post(t, path, map[string]any{}).is(t, http.StatusOK)
	o.do(t, http.MethodDelete, "/v1/hooks/"+hook.ID, nil).is(t, http.StatusOK)
	o.visitor().post(t, path, map[string]any{}).is(t, http.StatusNotFound)
	if told := o.service.Hooks(); slices.Contains(told, hook.URL) {
		t.Error("the service was not told that the hook is gone")
	}
}

type event struct {
	Cursor, ID, Source, App, Run string
	Bundle                       map[string]any
}

func TestEventStream(t *testing.T) { onEach(t, testEventStream) }

func testEventStream(t *testing.T, o *operator) {
	next, end := o.follow(t, "/v1/events")
	o.post(t, "/v1/run?async=1", o.search(2)).is(t, http.StatusAccepted)
	first := next()
	var seen event
	if err := json.Unmarshal([]byte(first.data), &seen); err != nil || first.name != "bundle" || first.id != seen.Cursor || seen.App != "photos" {
		t.Errorf("the stream tells %+v, %v", first, err)
	}
	second := next()
	end()
	resumed, _ := o.follow(t, "/v1/events", "Last-Event-ID", first.id)
	if got := resumed(); got != second {
		t.Errorf("after %s comes %+v, not %+v", first.id, got, second)
	}
	o.get(t, "/v1/events", "Accept", "text/event-stream", "Last-Event-ID", "x").problem(t, http.StatusUnprocessableEntity, "invalid_cursor")
	var one page[event]
	o.get(t, "/v1/events?limit=1").is(t, http.StatusOK).into(t, &one)
	if rest := listed[event](t, o.get(t, "/v1/events?after="+one.Next)); len(one.Items) != 1 || len(rest) != 1 || rest[0].Cursor != second.id {
		t.Errorf("the pages are %+v and %+v", one, rest)
	}
	o.get(t, "/v1/events/"+seen.ID).is(t, http.StatusOK)
}

func TestLive(t *testing.T) { onEach(t, testLive) }

func testLive(t *testing.T, o *operator) {
	other := o.node.team(t)
	silent, _ := other.follow(t, "/v1/live")
	_ = silent
	next, _ := o.follow(t, "/v1/live?app=photos")
	var ran struct{ Run string }
	o.post(t, "/v1/run", o.search(1)).is(t, http.StatusOK).into(t, &ran)
	var x struct {
		Run, App, Component string
		Exchange            json.RawMessage
	}
	first := next()
	if err := json.Unmarshal([]byte(first.data), &x); err != nil || first.name != "exchange" || x.Run != ran.Run || x.App != "photos" || first.id == "" {
		t.Errorf("the stream tells %+v, %v", first, err)
	}
	if strings.Contains(first.data, "oauth_signature=\\\"") {
		t.Errorf("the live stream shows a signature: %s", first.data)
	}
}

func TestAuditAndBranding(t *testing.T) { onEach(t, testAuditAndBranding) }

func testAuditAndBranding(t *testing.T, o *operator) {
	o.owner.call(t, http.MethodPut, "/v1/branding", map[string]any{"product": "Acme"}).is(t, http.StatusOK)
	var look struct{ Product string }
	o.get(t, "/v1/branding").is(t, http.StatusOK).into(t, &look)
	if look.Product != "Acme" {
		t.Errorf("the branding is %+v", look)
	}
	lines := listed[struct{ Actor, Action, Object, Address string }](t, o.owner.get(t, "/v1/audit?limit=500"))
	seen := map[string]bool{}
	for _, l := range lines {
		seen[l.Action] = true
		if l.Address == "" || l.Address == "127.0.0.1" || l.Actor == "" {
			t.Errorf("a line says %+v", l)
		}
	}
	for _, want := range []string{"team.create", "sign-in", "token.create", "app.upload", "connection.create", "branding.edit"} {
		if !seen[want] {
			t.Errorf("the audit log has no %s: %v", want, seen)
		}
	}
}
