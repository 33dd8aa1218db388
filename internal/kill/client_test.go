//go:build linux

package kill_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
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

func (c *client) upload(t testing.TB, files map[string]string) (app string) {
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
	for _, f := range got.Findings {
		if f.Severity == "error" {
			t.Fatal(f.Message)
		}
	}
	return got.App.Name
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
