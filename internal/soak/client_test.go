//go:build linux

package soak_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"
)

// client speaks to the interface of a node with a token or a session. It is safe for
// concurrent use.
type client struct {
	url, token, cookie string
	http               *http.Client
}

func newClient(url string) *client {
	return &client{url: url, http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

// call sends JSON and reads JSON; a status that is no success is an error, too.
func (c *client) call(ctx context.Context, method, path string, in, out any) (*http.Response, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, method, path, "application/json", bytes.NewReader(text), out)
}

func (c *client) send(ctx context.Context, method, path, kind string, body io.Reader, out any) (*http.Response, error) {
	r, err := c.request(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return answer, err
	case answer.StatusCode/100 != 2:
		return answer, fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	case out == nil:
		return answer, nil
	}
	return answer, json.Unmarshal(text, out)
}

func (c *client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.cookie != "" {
		r.Header.Set("Cookie", c.cookie)
	}
	return r, nil
}

func (c *client) must(t *testing.T, method, path string, in, out any) *http.Response {
	t.Helper()
	answer, err := c.call(t.Context(), method, path, in, out)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// owner makes the first owner of a node by the link that it printed, and a token.
func (n *node) owner(t *testing.T) *client {
	t.Helper()
	_, secret, found := strings.Cut(n.link, "/sign-in/")
	if !found {
		t.Fatalf("the node prints no link to sign in with: %q", n.link)
	}
	person := newClient(n.url)
	signed := person.must(t, http.MethodPost, "/v1/links/"+secret, map[string]string{"email": "boss@cleat.example", "password": "correct horse battery"}, nil)
	for _, cookie := range signed.Cookies() {
		person.cookie = cookie.Name + "=" + cookie.Value
	}
	var made struct{ Token string }
	person.must(t, http.MethodPost, "/v1/tokens", map[string]any{"name": "soak", "scopes": []string{"apps:write", "connections:write", "run", "hooks"}}, &made)
	n.token = made.Token
	return n.client()
}

// client speaks to a node that has an owner.
func (n *node) client() *client {
	c := newClient(n.url)
	c.token = n.token
	return c
}

// upload makes an app, or another version of it, and returns its id.
func (c *client) upload(ctx context.Context, name string, files fs.FS) (string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		part, err := w.CreateFormFile("file", name+"/"+path)
		if err == nil {
			_, err = part.Write(text)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	w.Close()
	var made struct{ App struct{ ID string } }
	_, err = c.send(ctx, http.MethodPost, "/v1/apps", w.FormDataContentType(), &b, &made)
	return made.App.ID, err
}
