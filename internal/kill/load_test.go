package kill_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// client speaks to the interface of a node.
type client struct {
	url, token string
	http       *http.Client
}

func newClient(url string) *client {
	return &client{url: url, http: &http.Client{Timeout: 30 * time.Second}}
}

// call sends JSON and reads JSON; an error is a status that is no success, too.
func (c *client) call(method, path string, in, out any) (*http.Response, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return c.send(method, path, bytes.NewReader(body), "application/json", out)
}

func (c *client) send(method, path string, body io.Reader, kind string, out any) (*http.Response, error) {
	r, err := http.NewRequest(method, c.url+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	if strings.HasPrefix(c.token, "cleat=") {
		r.Header.Set("Cookie", c.token)
	} else if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return answer, err
	}
	if answer.StatusCode/100 != 2 {
		return answer, fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	if out == nil {
		return answer, nil
	}
	return answer, json.Unmarshal(text, out)
}

func (c *client) must(t testing.TB, method, path string, in, out any) *http.Response {
	t.Helper()
	answer, err := c.call(method, path, in, out)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// ready waits until a node says so.
func (c *cluster) ready(t testing.TB, i int) {
	t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; {
		answer, err := http.Get(c.urls[i] + "/readyz")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(c.nodes[i].log.Name())
			t.Fatalf("node %d is not ready: %v\n%s", i, err, log)
		}
		pause(100 * time.Millisecond)
	}
}

// pause lets the processes work. The suite is about real time.
func pause(d time.Duration) { <-time.After(d) }

// owner makes the first owner by the link that the first node prints, and a token.
func (c *cluster) owner(t testing.TB) *client {
	t.Helper()
	log, err := os.ReadFile(c.nodes[0].log.Name())
	if err != nil {
		t.Fatal(err)
	}
	var listening struct {
		SignIn string `json:"sign_in"`
	}
	for line := range bytes.Lines(log) {
		if json.Unmarshal(line, &listening); listening.SignIn != "" {
			break
		}
	}
	_, secret, found := strings.Cut(listening.SignIn, "/sign-in/")
	if !found {
		t.Fatalf("node 0 prints no link:\n%s", log)
	}
	api := newClient(c.urls[0])
	answer := api.must(t, "POST", "/v1/links/"+secret, map[string]string{"email": "boss@cleat.example", "password": "correct horse battery"}, nil)
	for _, cookie := range answer.Cookies() {
		api.token = cookie.Name + "=" + cookie.Value
	}
	var made struct{ Token string }
	api.must(t, "POST", "/v1/tokens", map[string]any{"name": "kill", "scopes": []string{"apps:write", "connections:write", "run", "hooks"}}, &made)
	api.token, c.token = made.Token, made.Token
	return api
}

// items is the service that triggers ask: each of them has items 1, 2, 3 … as time goes by.
type items struct {
	began time.Time
	every time.Duration
	last  atomic.Int64 // > 0: no more come
	asked atomic.Int64
}

func (s *items) count() int64 {
	if n := s.last.Load(); n > 0 {
		return n
	}
	return int64(time.Since(s.began)/s.every) + 1
}

func (s *items) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.asked.Add(1)
	w.Header().Set("Content-Type", "application/json")
	type item struct {
		ID int64 `json:"id"`
	}
	var all []item
	for id := int64(1); id <= s.count(); id++ {
		all = append(all, item{id})
	}
	_ = json.NewEncoder(w).Encode(all)
}

// appFiles are an app with a webhook and a trigger that asks the service.
func appFiles(service string) map[string]string {
	return map[string]string{
		"makecomapp.json": `{"fileVersion": 1, "generalCodeFiles": {"base": "base.json", "common": "common.json", "readme": "README.md", "groups": "groups.json"},
			"components": {"connection": {}, "rpc": {}, "function": {}, "endpoint": {},
				"webhook": {"inbox": {"label": "Inbox", "webhookType": "web", "connection": null, "altConnection": null,
					"codeFiles": {"communication": "inbox.json", "params": null, "attach": null, "detach": null, "update": null, "requiredScope": null}}},
				"module": {"watch": {"label": "Watch", "moduleType": "trigger", "connection": null, "altConnection": null,
					"codeFiles": {"communication": "watch.json", "epoch": null, "staticParams": null, "mappableParams": null, "interface": null, "samples": null, "scope": null}}}},
			"origins": []}`,
		"base.json": "{}", "common.json": "{}", "README.md": "# kill\n", "groups.json": "[]",
		"inbox.json": `{"output": "{{body}}"}`,
		"watch.json": `{"url": "` + service + `", "response": {"iterate": "{{body}}", "output": "{{item}}", "limit": 1000,
			"trigger": {"type": "id", "order": "asc", "id": "{{item.id}}"}}}`,
	}
}

func (c *client) upload(t testing.TB, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		part, err := w.CreateFormFile("file", "kill/"+name)
		if err == nil {
			_, err = io.WriteString(part, files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	var got struct {
		App      struct{ Name string }
		Findings []struct{ Severity, Message string }
	}
	if _, err := c.send("POST", "/v1/apps", &b, w.FormDataContentType(), &got); err != nil {
		t.Fatal(err)
	}
	return got.App.Name
}

// load is what is posted to hooks, and what came of it.
type load struct {
	mu       sync.Mutex
	accepted map[string][]int64 // by source, in the order of the answers
	refused  int
	slowest  time.Duration
	gap      time.Duration // longest time without an accepted request
	lastGood time.Time
}

func (l *load) note(source string, n int64, ok bool, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !ok {
		l.refused++
		return
	}
	now := time.Now()
	if !l.lastGood.IsZero() {
		l.gap = max(l.gap, now.Sub(l.lastGood))
	}
	l.lastGood, l.slowest = now, max(l.slowest, took)
	l.accepted[source] = append(l.accepted[source], n)
}

// hook is a hook that is posted to.
type hook struct {
	ID, URL string
	path    string
}

var poster = &http.Client{Timeout: 12 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// post sends one request to a node and notes whether it was accepted.
func (l *load) post(node string, h hook, n int64) {
	began := time.Now()
	answer, err := poster.Post(node+h.path, "application/json", strings.NewReader(`{"n":`+strconv.FormatInt(n, 10)+`}`))
	ok := err == nil && answer.StatusCode == http.StatusOK
	if err == nil {
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	l.note(h.ID, n, ok, time.Since(began))
}

// run posts to the hooks at a rate until done is closed; those of a sequential hook one
// after the other.
func (l *load) run(done <-chan struct{}, urls [3]string, hooks []hook, sequential hook, rate int) {
	var posting sync.WaitGroup
	defer posting.Wait()
	posting.Go(func() {
		for n := int64(1); ; n++ {
			select {
			case <-done:
				return
			default:
				l.post(urls[n%3], sequential, n)
			}
			pause(50 * time.Millisecond)
		}
	})
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for n := int64(1); ; n++ {
		select {
		case <-done:
			return
		case <-tick.C:
			posting.Go(func() { l.post(urls[n%3], hooks[n%int64(len(hooks))], n) })
		}
	}
}

// event is a line of the event log.
type event struct {
	Cursor, Source string
	Bundle         struct{ N, ID int64 }
}

// log reads the events behind a cursor, and returns them with the next cursor.
func (c *client) log(after string) ([]event, string, error) {
	var all []event
	for {
		var page struct{ Items []event }
		if _, err := c.call("GET", "/v1/events?limit=500&after="+after, nil, &page); err != nil {
			return all, after, err
		}
		if len(page.Items) == 0 {
			return all, after, nil
		}
		all = append(all, page.Items...)
		after = page.Items[len(page.Items)-1].Cursor
	}
}
