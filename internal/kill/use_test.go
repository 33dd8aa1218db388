//go:build linux

package kill_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"testing"
	"time"
)

// use is the constant use of connections through all nodes, and the person who authorizes
// one again that was lost.
type use struct {
	c        *cluster
	app      string
	accounts []string // ids of connections

	mu      sync.Mutex
	good    int
	failed  map[string]int
	repairs int
}

const connections = 6

// connect makes the connections, each of an account of its own.
func connect(t *testing.T, c *cluster, app string) *use {
	t.Helper()
	u := &use{c: c, app: app, failed: map[string]int{}}
	for i := range connections {
		var made struct {
			URL string `json:"authorize_url"`
		}
		name := fmt.Sprintf("a%d", i)
		c.at(0).must(t, "POST", "/v1/connections", map[string]any{"app": app, "name": name, "parameters": map[string]string{"account": name}}, &made)
		if err := authorize(made.URL); err != nil {
			t.Fatal(err)
		}
	}
	all, err := c.connections(0)
	if err != nil || len(all) != connections {
		t.Fatalf("%d connections: %v", len(all), err)
	}
	for _, one := range all {
		u.accounts = append(u.accounts, one.ID)
	}
	return u
}

// authorize opens a link in a new browser; the provider and the server lead it to the end.
func authorize(link string) error {
	jar, _ := cookiejar.New(nil) // fails never without options
	answer, err := (&http.Client{Jar: jar, Timeout: 30 * time.Second}).Get(link)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || !strings.Contains(answer.Request.URL.Path, "/oauth/cb/") {
		return fmt.Errorf("the authorization ends at %s: %s", answer.Request.URL, answer.Status)
	}
	return nil
}

type connectionState struct{ ID, State string }

func (c *cluster) connections(i int) ([]connectionState, error) {
	var page struct{ Items []connectionState }
	_, err := c.at(i).call("GET", "/v1/connections", nil, &page)
	return page.Items, err
}

// useEvery is the time between two runs of a module at one node.
const useEvery = 150 * time.Millisecond

// run uses all connections in turn at every node until done is closed.
func (u *use) run(done <-chan struct{}) {
	var all sync.WaitGroup
	for node := range 3 {
		all.Go(func() { u.at(node, done) })
	}
	all.Wait()
}

func (u *use) at(node int, done <-chan struct{}) {
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, 32) // a frozen node holds them up
	api := u.c.at(node)
	for n := node; ; n++ {
		select {
		case <-done:
			return
		case <-time.After(useEvery):
		}
		select {
		case free <- struct{}{}:
			running.Go(func() { defer func() { <-free }(); u.once(api, u.accounts[n%len(u.accounts)]) })
		default:
		}
	}
}

func (u *use) once(api *client, connection string) {
	_, err := api.call("POST", "/v1/run", map[string]any{"app": u.app, "module": "whoAmI", "connection": connection}, nil)
	u.mu.Lock()
	defer u.mu.Unlock()
	if err == nil {
		u.good++
		return
	}
	u.failed[kindOf(err)]++
}

// kindOf is what of an error is worth to be counted.
func kindOf(err error) string {
	text := err.Error()
	var p struct{ Type, Code, Detail string }
	if i := strings.Index(text, "{"); i >= 0 && json.Unmarshal([]byte(text[i:]), &p) == nil {
		return p.Type + " " + p.Code
	}
	if i := strings.LastIndex(text, ": "); i >= 0 {
		return text[i+2:]
	}
	return text
}

// repair authorizes again what needs the person.
func (u *use) repair(done <-chan struct{}) {
	for {
		for i := range 3 {
			if u.repairAt(i) == nil {
				break
			}
		}
		select {
		case <-done:
			return
		case <-time.After(time.Second):
		}
	}
}

func (u *use) repairAt(i int) error {
	all, err := u.c.connections(i)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.State == "ok" {
			continue
		}
		var made struct {
			URL string `json:"authorize_url"`
		}
		if _, err := u.c.at(i).call("POST", "/v1/connections/"+one.ID+"/reauthorize", map[string]any{}, &made); err != nil {
			return err
		}
		if err := authorize(made.URL); err != nil {
			return err
		}
		u.mu.Lock()
		u.repairs++
		u.mu.Unlock()
	}
	return u.resume(i)
}

// resume lets the triggers run again that have stopped with their connection. They are the
// newest, and the first in the list.
func (u *use) resume(i int) error {
	var page struct {
		Items []struct{ ID, Connection, State string }
	}
	api := u.c.at(i)
	if _, err := api.call("GET", fmt.Sprintf("/v1/triggers?limit=%d", connections), nil, &page); err != nil {
		return err
	}
	var failed error
	for _, one := range page.Items {
		if one.Connection != "" && one.State == "paused" {
			_, err := api.call("POST", "/v1/triggers/"+one.ID+"/resume", nil, nil)
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

func (u *use) report(t *testing.T) {
	u.mu.Lock()
	defer u.mu.Unlock()
	t.Logf("connections: %d runs of a module, %d authorized again; runs that failed: %v", u.good, u.repairs, u.failed)
}
