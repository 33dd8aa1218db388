package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cleat-run/cleat/record"
)

// access is who may use an operation: a scope, known for whoever is known, or open.
const (
	known = "known"
	open  = "open"
)

// operations are all of the interface, with a body that fits their schema. An operation
// that is not here fails the test.
var operations = []struct{ route, access, body string }{
	{"GET /v1/apps", "apps:read", ""},
	{"POST /v1/apps", "apps:write", ""},
	{"GET /v1/apps/{app}", "apps:read", ""},
	{"DELETE /v1/apps/{app}", "apps:write", ""},
	{"GET /v1/apps/{app}/versions", "apps:read", ""},
	{"POST /v1/apps/{app}/versions/{number}/activate", "apps:write", ""},
	{"GET /v1/apps/{app}/components", "apps:read", ""},
	{"GET /v1/apps/{app}/lint", "apps:read", ""},
	{"GET /v1/apps/{app}/form/{component}", "apps:read", ""},
	{"GET /v1/connections", "connections:read", ""},
	{"POST /v1/connections", "connections:write", `{"app": "APP", "name": "stolen"}`},
	{"GET /v1/connections/{connection}", "connections:read", ""},
	{"PATCH /v1/connections/{connection}", "connections:write", `{"name": "stolen"}`},
	{"DELETE /v1/connections/{connection}", "connections:write", ""},
	{"POST /v1/connections/{connection}/test", "connections:write", ""},
	{"POST /v1/connections/{connection}/reauthorize", "connections:write", `{}`},
	{"POST /v1/connect-sessions", "connections:write", `{"app": "APP"}`},
	{"POST /v1/run", "run", `{"app": "APP", "module": "searchPhotos", "connection": "CONNECTION"}`},
	{"POST /v1/rpc", "run", `{"app": "APP", "rpc": "listAlbums", "connection": "CONNECTION"}`},
	{"POST /v1/forms", "run", `{"app": "APP", "component": "searchPhotos", "connection": "CONNECTION"}`},
	{"POST /v1/samples", "run", `{"app": "APP", "module": "searchPhotos", "connection": "CONNECTION"}`},
	{"POST /v1/start-choices", "run", `{"app": "APP", "module": "watchPhotos", "connection": "CONNECTION"}`},
	{"GET /v1/runs", "run", ""},
	{"GET /v1/runs/{run}", "run", ""},
	{"POST /v1/runs/{run}/cancel", "run", ""},
	{"GET /v1/live", "run", ""},
	{"GET /v1/triggers", "hooks", ""},
	{"POST /v1/triggers", "hooks", `{"name": "stolen", "app": "APP", "module": "watchPhotos", "every": "1h"}`},
	{"GET /v1/triggers/{trigger}", "hooks", ""},
	{"PATCH /v1/triggers/{trigger}", "hooks", `{"name": "stolen"}`},
	{"DELETE /v1/triggers/{trigger}", "hooks", ""},
	{"POST /v1/triggers/{trigger}/pause", "hooks", ""},
	{"POST /v1/triggers/{trigger}/resume", "hooks", ""},
	{"POST /v1/triggers/{trigger}/run", "hooks", ""},
	{"GET /v1/triggers/{trigger}/history", "hooks", ""},
	{"GET /v1/apps/{app}/install", "apps:read", ""},
	{"PUT /v1/apps/{app}/install", "apps:write", `{"parameters": {}}`},
	{"DELETE /v1/apps/{app}/install", "apps:write", ""},
	{"GET /v1/hooks", "hooks", ""},
	{"POST /v1/hooks", "hooks", `{"name": "stolen", "app": "APP", "webhook": "photoRenamed"}`},
	{"GET /v1/hooks/{hook}", "hooks", ""},
	{"DELETE /v1/hooks/{hook}", "hooks", ""},
	{"POST /v1/hooks/{hook}/pause", "hooks", ""},
	{"POST /v1/hooks/{hook}/resume", "hooks", ""},
	{"GET /v1/hooks/{hook}/deliveries", "hooks", ""},
	{"GET /v1/hooks/{hook}/deliveries/{delivery}", "hooks", ""},
	{"POST /v1/hooks/{hook}/deliveries/{delivery}/replay", "hooks", ""},
	{"POST /v1/hooks/{hook}/replay", "hooks", `{}`},
	{"GET /v1/destinations", "hooks", ""},
	{"POST /v1/destinations", "hooks", `{"name": "", "url": ""}`},
	{"GET /v1/destinations/{destination}", "hooks", ""},
	{"PATCH /v1/destinations/{destination}", "hooks", `{"name": "stolen"}`},
	{"DELETE /v1/destinations/{destination}", "hooks", ""},
	{"GET /v1/destinations/{destination}/handovers", "hooks", ""},
	{"POST /v1/destinations/{destination}/replay", "hooks", `{"events": ["EVENT"]}`},
	{"GET /v1/events", "hooks", ""},
	{"GET /v1/events/{event}", "hooks", ""},
	{"GET /v1/tokens", "admin", ""},
	{"POST /v1/tokens", "admin", `{}`},
	{"DELETE /v1/tokens/{token}", "admin", ""},
	{"GET /v1/users", "admin", ""},
	{"POST /v1/users", "admin", `{}`},
	{"PATCH /v1/users/{user}", "admin", `{"role": "viewer"}`},
	{"DELETE /v1/users/{user}", "admin", ""},
	{"POST /v1/users/{user}/reset", "admin", ""},
	{"GET /v1/teams", known, ""},
	{"POST /v1/teams", "admin", `{}`},
	{"PATCH /v1/teams/{team}", "admin", `{"name": "stolen"}`},
	{"GET /v1/branding", "connections:read", ""},
	{"PUT /v1/branding", "admin", `{"accent": "red"}`},
	{"GET /v1/audit", "admin", ""},
	{"GET /v1/me", known, ""},
	{"POST /v1/me/password", known, `{}`},
	{"POST /v1/me/team", known, `{}`},
	{"GET /v1/me/sessions", known, ""},
	{"DELETE /v1/me/sessions", known, ""},
	{"POST /v1/sign-in", open, `{}`},
	{"GET /v1/sign-in", open, ""},
	{"POST /v1/sign-out", known, ""},
	{"GET /v1/links/{link}", open, ""},
	{"POST /v1/links/{link}", open, `{"password": "correct horse battery"}`},
}

// plainRoutes are the addresses beside the interface, and what nobody gets there.
var plainRoutes = map[string]int{
	"GET /authorize/{link}":      http.StatusNotFound,
	"GET /oauth/cb/{name}":       http.StatusUnprocessableEntity,
	"POST /oauth/cb/{name}":      http.StatusUnprocessableEntity,
	"POST /authorize/pin":        http.StatusUnprocessableEntity,
	"GET /connect/{session}":     http.StatusGone,
	"POST /connect/{session}":    http.StatusGone,
	"/hooks/{token}":             http.StatusNotFound,
	"GET /sign-in/{link}":        http.StatusNotFound,
	"POST /sign-in/{link}":       http.StatusNotFound,
	"GET /sign-in/oidc":          http.StatusBadGateway,
	"GET /sign-in/oidc/callback": http.StatusBadRequest,
	"GET /static/page.css":       http.StatusOK,
	"GET /static/outcome.js":     http.StatusOK,
	"GET /connect.js":            http.StatusOK,
	"GET /docs":                  http.StatusOK,
	"GET /openapi.json":          http.StatusOK,
	"GET /openapi.yaml":          http.StatusOK,
	"GET /openapi-3.0.json":      http.StatusOK,
	"GET /openapi-3.0.yaml":      http.StatusOK,
	"GET /healthz":               http.StatusOK,
	"GET /readyz":                http.StatusOK,
	"GET /metrics":               http.StatusOK,
	"/v1/":                       http.StatusNotFound,
}

func TestOperationsAreKnown(t *testing.T) {
	t.Parallel()
	n := commonNode(t)
	listed := map[string]string{}
	for _, op := range operations {
		listed[op.route] = op.access
	}
	for path, item := range n.OpenAPI().Paths {
		for method, op := range map[string]bool{"GET": item.Get != nil, "POST": item.Post != nil, "PUT": item.Put != nil, "PATCH": item.Patch != nil,
			"DELETE": item.Delete != nil, "HEAD": item.Head != nil, "OPTIONS": item.Options != nil, "TRACE": item.Trace != nil} {
			if _, ok := listed[method+" "+path]; op && !ok {
				t.Errorf("%s %s is in no table of this test", method, path)
			}
			delete(listed, method+" "+path)
		}
		for _, op := range []struct {
			has    bool
			params []string
		}{{item.Get != nil, paramsOf(item.Get)}, {item.Post != nil, paramsOf(item.Post)}, {item.Patch != nil, paramsOf(item.Patch)}, {item.Delete != nil, paramsOf(item.Delete)}} {
			if want := namesIn(path); op.has && !slices.Equal(op.params, want) {
				t.Errorf("%s describes the parameters %q, not %q", path, op.params, want)
			}
		}
	}
	for route := range listed {
		t.Errorf("%s is in the table of this test, but not in the interface", route)
	}
	for _, op := range operations {
		listed[op.route] = op.access
	}
	for _, pattern := range n.Patterns() {
		_, plain := plainRoutes[pattern]
		if _, ok := listed[pattern]; !ok && !plain {
			t.Errorf("%s is served, and in no table of this test", pattern)
		}
	}
	if len(n.Patterns()) != len(operations)+len(plainRoutes) {
		t.Errorf("%d addresses are served, %d are in the tables", len(n.Patterns()), len(operations)+len(plainRoutes))
	}
}

func TestPlainRoutes(t *testing.T) {
	t.Parallel()
	n := commonNode(t)
	for pattern, want := range plainRoutes {
		method, path, found := strings.Cut(pattern, " ")
		if !found {
			method, path = http.MethodPost, pattern
		}
		for _, name := range namesIn(path) {
			path = strings.ReplaceAll(path, "{"+name+"}", "nothing")
		}
		got := n.visitor().do(t, method, path, strings.NewReader(""), "Content-Type", "application/x-www-form-urlencoded")
		if got.status != want {
			t.Errorf("%s: %d, want %d\n%s", pattern, got.status, want, got.body)
		}
	}
}

// scene is a team with one of everything, and other teams and people.
type scene struct {
	*operator
	ids map[string]string // by the name of the parameter
}

func newScene(t *testing.T) *scene {
	t.Helper()
	o := newOperator(t)
	s := &scene{o, map[string]string{"connection": o.connection, "number": "1", "component": "searchPhotos", "link": "nothing"}}
	made := func(name, path string, body map[string]any) {
		var v struct{ ID, Run string }
		got := o.post(t, path, body)
		got.into(t, &v)
		if s.ids[name] = v.ID; v.ID == "" {
			s.ids[name] = v.Run
		}
		if got.status >= 300 {
			t.Fatalf("%s: %s", path, got.body)
		}
	}
	made("destination", "/v1/destinations", map[string]any{"name": "mine", "url": "https://acme.example"})
	made("trigger", "/v1/triggers", map[string]any{"name": "mine", "app": "photos", "module": "watchPhotos", "connection": o.connection, "every": "24h", "parameters": map[string]any{"limit": 1}})
	made("hook", "/v1/hooks", map[string]any{"name": "mine", "app": "photos", "module": "watchRenamed", "connection": o.connection})
	made("run", "/v1/run?async=1", o.search(1))
	o.post(t, "/v1/run", map[string]any{"app": "photos", "module": "renamePhoto", "connection": o.connection, "parameters": map[string]any{"id": 1002, "title": "x"}}).is(t, http.StatusOK)
	var app struct{ ID string }
	o.get(t, "/v1/apps/photos").is(t, http.StatusOK).into(t, &app)
	var me struct {
		ID   string
		Team int64
	}
	o.owner.get(t, "/v1/me").is(t, http.StatusOK).into(t, &me)
	s.ids["app"], s.ids["user"], s.ids["team"], s.ids["token"] = app.ID, me.ID, fmt.Sprint(me.Team), o.id
	eventually(t, "there are a delivery and an event", func() bool {
		deliveries := listed[struct{ ID string }](t, o.get(t, "/v1/hooks/"+s.ids["hook"]+"/deliveries?state=done"))
		events := listed[struct{ ID string }](t, o.get(t, "/v1/events"))
		if len(deliveries) == 0 || len(events) < 2 {
			return false
		}
		s.ids["delivery"], s.ids["event"] = deliveries[0].ID, events[0].ID
		return o.stateOf(t, s.ids["run"]) == "succeeded"
	})
	return s
}

// fill puts ids into a path or a body.
func (s *scene) fill(text string) string {
	for name, id := range s.ids {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "{"+name+"}", id), strings.ToUpper(name), id)
	}
	return text
}

// ask calls an operation with its body.
func (s *scene) ask(t *testing.T, c *client, route, body string) *answer {
	t.Helper()
	method, path, _ := strings.Cut(s.fill(route), " ")
	if body == "" {
		return c.do(t, method, path, nil, "Last-Event-ID", "x")
	}
	return c.do(t, method, path, strings.NewReader(s.fill(body)), "Content-Type", "application/json")
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	unknown := &client{node: s.node, token: "cleat_" + strings.Repeat("A", 43), address: newAddress()}
	garbage := &client{node: s.node, token: "something else", address: newAddress()}
	expired, revoked := s.expired(t), s.revoked(t)
	for _, op := range operations {
		if op.access == open {
			continue
		}
		s.ask(t, s.visitor(), op.route, op.body).problem(t, http.StatusUnauthorized, "unauthorized")
		for _, c := range []*client{unknown, garbage, expired, revoked} {
			if got := s.ask(t, c, op.route, op.body); got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s does not say how to authenticate", op.route)
			} else {
				got.problem(t, http.StatusUnauthorized, "unauthorized")
			}
		}
	}
	s.untouched(t)
}

func (s *scene) expired(t *testing.T) *client {
	t.Helper()
	var made struct{ Token string }
	s.owner.post(t, "/v1/tokens", map[string]any{"name": "short", "scopes": record.Scopes, "expires": time.Now().Add(300 * time.Millisecond)}).is(t, http.StatusCreated).into(t, &made)
	c := &client{node: s.node, token: made.Token, address: newAddress()}
	c.get(t, "/v1/me").is(t, http.StatusOK)
	eventually(t, "the token expires", func() bool { return c.get(t, "/v1/me").status == http.StatusUnauthorized })
	s.owner.post(t, "/v1/tokens", map[string]any{"name": "past", "scopes": record.Scopes, "expires": time.Now()}).problem(t, http.StatusUnprocessableEntity, "invalid_request")
	return c
}

func (s *scene) revoked(t *testing.T) *client {
	t.Helper()
	c := s.owner.withToken(t, allScopes()...)
	c.get(t, "/v1/me").is(t, http.StatusOK)
	s.owner.do(t, http.MethodDelete, "/v1/tokens/"+c.id, nil).is(t, http.StatusNoContent)
	return c
}

func allScopes() []string {
	var all []string
	for _, scope := range record.Scopes {
		all = append(all, string(scope))
	}
	return all
}

// TestMissingScope: a token with every scope but the needed one gets 403, a token with that
// one alone does not.
func TestMissingScope(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	nowhere := &scene{s.operator, map[string]string{}}
	for name := range s.ids {
		nowhere.ids[name] = map[string]string{"connection": "con_999999999", "hook": "hook_999999999", "team": "999999999", "number": "1"}[name]
	}
	for _, scope := range record.Scopes {
		without := slices.DeleteFunc(allScopes(), func(other string) bool {
			return other == string(scope) || other == strings.Replace(string(scope), ":read", ":write", 1)
		})
		lacking, only := s.owner.withToken(t, without...), s.owner.withToken(t, string(scope))
		for _, op := range operations {
			if op.access == string(scope) {
				p := s.ask(t, lacking, op.route, op.body).problem(t, http.StatusForbidden, "forbidden")
				if want := "this needs the scope " + string(scope); p.Detail != want {
					t.Errorf("%s: %s, want %s", op.route, p.Detail, want)
				}
				passed(t, nowhere.ask(t, only, op.route, op.body))
			}
		}
	}
	// Whoever may administer gives no more than they have.
	admin := s.owner.withToken(t, "admin")
	admin.post(t, "/v1/tokens", map[string]any{"name": "more", "scopes": []string{"run"}}).problem(t, http.StatusForbidden, "forbidden")
	s.untouched(t)
}

// passed fails for an answer that refuses the actor.
func passed(t *testing.T, a *answer) {
	t.Helper()
	var p problem
	if a.status == http.StatusForbidden || a.status == http.StatusUnauthorized {
		if a.into(t, &p); p.Code != "person_only" && p.Code != "wrong_password" {
			t.Errorf("%s: %d %s", a.asked, a.status, a.body)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	nowhere := &scene{s.operator, map[string]string{}}
	for _, role := range []record.Role{record.Viewer, record.Operator, record.Developer, record.Owner} {
		c := s.join(t, string(role)+"@"+strings.ToLower(t.Name())+".example", string(role))
		may := map[string]bool{known: true}
		for _, scope := range rolesMay[role] {
			may[scope] = true
		}
		for _, op := range operations {
			if op.access == open || op.route == "POST /v1/sign-out" {
				continue
			}
			if got := nowhere.ask(t, c, op.route, op.body); may[op.access] {
				passed(t, got)
			} else {
				got.problem(t, http.StatusForbidden, "forbidden")
			}
		}
		c.post(t, "/v1/sign-out", nil).is(t, http.StatusNoContent)
		c.get(t, "/v1/me").problem(t, http.StatusUnauthorized, "unauthorized")
	}
}

// rolesMay is what server.md 1 gives to each role.
var rolesMay = map[record.Role][]string{
	record.Viewer:    {"apps:read", "connections:read"},
	record.Operator:  {"apps:read", "connections:read", "connections:write", "run", "hooks"},
	record.Developer: {"apps:read", "apps:write", "connections:read", "connections:write", "run", "hooks"},
	record.Owner:     {"apps:read", "apps:write", "connections:read", "connections:write", "run", "hooks", "admin"},
}

// join invites a person, who accepts.
func (o *operator) join(t *testing.T, email, role string) *client {
	t.Helper()
	path := o.invite(t, email, role)
	c := o.visitor()
	var link struct{ Purpose, Email string }
	c.get(t, path).is(t, http.StatusOK).into(t, &link)
	if link.Purpose != "invite" || link.Email != email {
		t.Errorf("the link is for %+v", link)
	}
	c.cookie = c.post(t, path, map[string]any{"password": bossPassword}).is(t, http.StatusOK).cookie()
	c.visitor().post(t, path, map[string]any{"password": bossPassword}).is(t, http.StatusGone)
	return c
}

// invite makes an invitation and returns the path of its link.
func (o *operator) invite(t *testing.T, email, role string) string {
	t.Helper()
	var invited struct{ Link string }
	o.owner.post(t, "/v1/users", map[string]any{"email": email, "role": role}).is(t, http.StatusCreated).into(t, &invited)
	return "/v1/links/" + invited.Link[strings.LastIndex(invited.Link, "/")+1:]
}

// TestOtherTeam: for another team nothing exists, whatever its rights are in its own.
func TestOtherTeam(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	other := commonNode(t).team(t)
	for _, c := range []*client{other, other.withToken(t, allScopes()...)} {
		for _, op := range operations {
			if op.access == open || !strings.Contains(op.route, "{") && !strings.Contains(op.body, "APP") {
				continue
			}
			if strings.Contains(op.route, "{user}") {
				continue // the boss is in both teams; see TestOtherPeople
			}
			if got := s.ask(t, c, op.route, op.body); got.status != http.StatusNotFound {
				t.Errorf("%s as another team: %d, want 404\n%s", op.route, got.status, got.body)
			}
		}
	}
	s.untouched(t)

	// With an app of its own it gets no connection and no destination of another team.
	mine := newOperator(t)
	for _, op := range operations {
		if strings.Contains(op.body, "CONNECTION") {
			body := strings.ReplaceAll(op.body, "APP", "photos")
			s.ask(t, mine.client, op.route, body).problem(t, http.StatusNotFound, "not_found")
		}
	}
	for route, body := range map[string]map[string]any{
		"/v1/triggers":         {"name": "x", "app": "photos", "module": "watchPhotos", "every": "1h", "connection": s.connection},
		"/v1/triggers?":        {"name": "x", "app": "photos", "module": "watchPhotos", "every": "1h", "destination": s.ids["destination"]},
		"/v1/hooks":            {"name": "x", "app": "photos", "module": "watchRenamed", "connection": s.connection},
		"/v1/hooks?":           {"name": "x", "app": "photos", "module": "watchRenamed", "connection": mine.connection, "destination": s.ids["destination"]},
		"/v1/connect-sessions": {"app": "photos", "connection": s.connection},
	} {
		mine.post(t, route, body).problem(t, http.StatusNotFound, "not_found")
	}
	for _, path := range []string{"/v1/runs", "/v1/events", "/v1/triggers", "/v1/hooks", "/v1/destinations"} {
		if all := listed[struct{}](t, mine.get(t, path+"?source="+s.ids["hook"])); len(all) != 0 {
			t.Errorf("%s shows %d items of another team", path, len(all))
		}
	}
	if all := listed[event](t, mine.get(t, "/v1/events?after=0&limit=500")); len(all) != 0 {
		t.Errorf("another team sees the events %v", all)
	}
}

// TestOtherPeople: a person of another team is nobody here.
func TestOtherPeople(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	stranger := newOperator(t)
	viewer := stranger.join(t, "viewer@"+strings.ToLower(t.Name())+".example", "viewer")
	var me struct{ ID string }
	viewer.get(t, "/v1/me").is(t, http.StatusOK).into(t, &me)
	path := "/v1/users/" + me.ID
	o.owner.call(t, http.MethodPatch, path, map[string]any{"role": "owner"}).problem(t, http.StatusNotFound, "not_found")
	o.owner.do(t, http.MethodDelete, path, nil).problem(t, http.StatusNotFound, "not_found")
	o.owner.post(t, path+"/reset", nil).problem(t, http.StatusNotFound, "not_found")
	viewer.post(t, "/v1/me/team", map[string]any{"team": 1}).problem(t, http.StatusNotFound, "not_found")
	// Taken out of the team, the person is out at once.
	stranger.owner.do(t, http.MethodDelete, path, nil).is(t, http.StatusNoContent)
	viewer.get(t, "/v1/me").problem(t, http.StatusUnauthorized, "unauthorized")
	var boss struct{ ID string }
	o.owner.get(t, "/v1/me").into(t, &boss)
	o.owner.do(t, http.MethodDelete, "/v1/users/"+boss.ID, nil).problem(t, http.StatusConflict, "last_owner")
	o.owner.call(t, http.MethodPatch, "/v1/users/"+boss.ID, map[string]any{"role": "viewer"}).problem(t, http.StatusConflict, "last_owner")
}

// untouched fails when something of the team is not as it was.
func (s *scene) untouched(t *testing.T) {
	t.Helper()
	for _, path := range []string{"apps/{app}", "connections/{connection}", "triggers/{trigger}", "hooks/{hook}", "hooks/{hook}/deliveries/{delivery}",
		"destinations/{destination}", "events/{event}", "runs/{run}"} {
		got := s.get(t, "/v1/"+s.fill(path)).is(t, http.StatusOK)
		if strings.Contains(string(got.body), "stolen") || strings.Contains(string(got.body), `"state":"paused"`) {
			t.Errorf("%s was changed: %s", path, got.body)
		}
	}
}

// namesIn are the names of the parameters in a path.
func namesIn(path string) []string {
	var names []string
	for _, part := range strings.Split(path, "/") {
		if strings.HasPrefix(part, "{") {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return names
}

// paramsOf are the parameters of a path that an operation describes, in its order.
func paramsOf(op *huma.Operation) []string {
	var names []string
	if op == nil {
		return nil
	}
	for _, p := range op.Parameters {
		if p.In == "path" {
			names = append(names, p.Name)
		}
	}
	return names
}
