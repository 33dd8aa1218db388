package connect_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/value"
)

// keyService answers /me for the key "good-key" and /other for "other-key".
func keyService(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		account := map[string]string{"good-key": "ann", "newer-key": "ann", "other-key": "bob"}[q.Header.Get("X-Key")]
		w.Header().Set("Content-Type", "application/json")
		if account == "" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error": "the key %s is unknown"}`, q.Header.Get("X-Key"))
			return
		}
		fmt.Fprintf(w, `{"id": %q, "note": %q}`, account, q.URL.Query().Get("note"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// keyType is a basic connection to a keyService.
func keyType(t *testing.T) *connect.Type {
	return compile(t, sections{kind: "basic", api: `{
		"url": "{{parameters.host}}/me", "qs": {"note": "{{parameters.note}}"}, "headers": {"X-Key": "{{parameters.apiKey}}"},
		"response": {"error": "{{body.error}}", "uid": "{{body.id}}", "metadata": {"value": "{{body.id}}"}, "data": {"seen": "{{body.note}}"}}
	}`, parameters: `[
		{"name": "host", "type": "url", "required": true, "editable": true},
		{"name": "apiKey", "type": "password", "required": true, "editable": true},
		{"name": "note", "type": "text", "default": "none", "editable": true},
		{"name": "fixed", "type": "text"}
	]`})
}

func TestBasic(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		params []any
		want   string
	}{
		{"good", []any{"apiKey", value.Text("good-key")}, ""},
		{"refused", []any{"apiKey", value.Text("bad-key")}, "provider: the key [redacted] is unknown"},
		{"missing", nil, "configuration: missing parameter apiKey"},
		{"empty", []any{"apiKey", value.Text("")}, "configuration: missing parameter apiKey"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			_, err := r.create(keyType(t), append([]any{"host", value.Text(keyService(t))}, test.params...)...)
			if got := failure(err); got != test.want {
				t.Errorf("failure %q, want %q", got, test.want)
			}
			if err != nil {
				r.nothingStored()
				return
			}
			record := r.one()
			if record.UID != "ann" || record.Metadata != (connect.Metadata{Type: "text", Value: "ann"}) || record.Data.Get("seen").Str() != "none" {
				t.Errorf("stored %+v, data %v", record, record.Data.Names())
			}
			r.hides("good-key")
		})
	}
}

// A JWT connection has no type of its own: the token is made where it is sent
// (connections.md 4).
func TestJWT(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		token := strings.TrimPrefix(q.Header.Get("Authorization"), "Bearer ")
		at := strings.LastIndexByte(token, '.')
		mac := hmac.New(sha256.New, []byte("shared-secret"))
		mac.Write([]byte(token[:max(at, 0)]))
		if token[at+1:] != base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		claims, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		w.Header().Set("Content-Type", "application/json")
		w.Write(claims)
	}))
	defer server.Close()
	typ := compile(t, sections{kind: "basic", api: strings.ReplaceAll(`{
		"temp": {"claims": {"iss": "{{parameters.issuer}}", "exp": "{{timestamp + 60}}"}},
		"url": "$/me", "headers": {"Authorization": "Bearer {{jwt(temp.claims, parameters.secret, 'HS256')}}"},
		"response": {"uid": "{{body.iss}}"}
	}`, "$", server.URL), parameters: `[{"name": "issuer", "type": "text"}, {"name": "secret", "type": "password"}]`})
	for secret, want := range map[string]string{"shared-secret": "", "another-secret": "provider: [401] Unauthorized"} {
		r := newRig(t)
		_, err := r.create(typ, "issuer", value.Text("app-1"), "secret", value.Text(secret))
		if got := failure(err); got != want {
			t.Errorf("failure %q, want %q", got, want)
		}
		if err == nil && r.one().UID != "app-1" {
			t.Errorf("uid %q", r.one().UID)
		}
	}
}

func TestNameTaken(t *testing.T) {
	t.Parallel()
	r, host := newRig(t), value.Text(keyService(t))
	if _, err := r.create(keyType(t), "host", host, "apiKey", value.Text("good-key")); err != nil {
		t.Fatal(err)
	}
	_, err := r.create(keyType(t), "host", host, "apiKey", value.Text("other-key"))
	if got, want := failure(err), `configuration: a connection named "work" exists`; got != want || !errors.Is(err, connect.ErrNameTaken) {
		t.Errorf("failure %q, want %q", got, want)
	}
	if got := r.one().UID; got != "ann" {
		t.Errorf("the connection belongs to %q now", got)
	}
}

func TestUncheckedConnection(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	started, err := r.create(compile(t, sections{kind: "basic", api: `{}`}), "apiKey", value.Text("any"))
	if err != nil {
		t.Fatal(err)
	}
	want := "the app has no request to check this connection with; it is stored unchecked"
	if len(started.Warnings) != 1 || started.Warnings[0] != want {
		t.Errorf("warnings %q", started.Warnings)
	}
	r.one()
}

// Each case edits a connection with the key good-key and the note none; data is what it
// holds afterwards.
func TestEdit(t *testing.T) {
	t.Parallel()
	other := keyService(t)
	const unchanged = `"good-key","none",none`
	for _, test := range []struct {
		name   string
		params []any
		want   string
		data   string
	}{
		{"nothing", nil, "", unchanged},
		{"empty password", []any{"apiKey", value.Text("")}, "", unchanged},
		{"new key", []any{"apiKey", value.Text("newer-key")}, "", `"newer-key","none",none`},
		{"note", []any{"note", value.Text("hello")}, "", `"good-key","hello",hello`},
		{"refused key", []any{"apiKey", value.Text("bad-key"), "note", value.Text("hello")}, "provider: the key [redacted] is unknown", unchanged},
		{"key of another account", []any{"apiKey", value.Text("other-key")}, `configuration: this is another account than the one that connection "work" belongs to`, unchanged},
		{"not editable", []any{"fixed", value.Text("x")}, `configuration: the parameter "fixed" cannot be changed later`, unchanged},
		{"unknown", []any{"nothing", value.Text("x")}, `configuration: the connection has no parameter "nothing"`, unchanged},
		{"other host", []any{"host", value.Text(other)}, "configuration: missing parameter apiKey", unchanged},
		{"other host with the key", []any{"host", value.Text(other), "apiKey", value.Text("good-key")}, "", unchanged},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, typ := newRig(t), keyType(t)
			started, err := r.create(typ, "host", value.Text(keyService(t)), "apiKey", value.Text("good-key"))
			if err != nil {
				t.Fatal(err)
			}
			if err := r.connector.MarkBroken(t.Context(), started.Record, "was refused"); err != nil {
				t.Fatal(err)
			}
			_, err = r.connector.Edit(t.Context(), typ, r.one(), value.Object(test.params...).Collection())
			if got := failure(err); got != test.want {
				t.Errorf("failure %q, want %q", got, test.want)
			}
			record := r.one()
			if got := fmt.Sprintf("%s,%s,%s", record.Data.Get("apiKey").AppendJSON(nil), record.Data.Get("note").AppendJSON(nil), record.Data.Get("seen").ToText()); got != test.data {
				t.Errorf("data %s, want %s", got, test.data)
			}
			if (record.Broken == "") != (err == nil) {
				t.Errorf("broken: %q", record.Broken)
			}
			r.hides("good-key", "bad-key", "newer-key")
		})
	}
}

// A mark gives way to whatever has changed the connection in the meantime.
func TestMarkBroken(t *testing.T) {
	t.Parallel()
	r, typ := newRig(t), keyType(t)
	started, err := r.create(typ, "host", value.Text(keyService(t)), "apiKey", value.Text("good-key"))
	if err != nil {
		t.Fatal(err)
	}
	stale := *started.Record
	if err := r.connector.MarkBroken(t.Context(), started.Record, "token revoked"); err != nil {
		t.Fatal(err)
	}
	if got := r.one().Broken; got != "token revoked" {
		t.Errorf("broken: %q", got)
	}
	mended, err := r.connector.Edit(t.Context(), typ, r.one(), value.Object("apiKey", value.Text("newer-key")).Collection())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.connector.MarkBroken(t.Context(), &stale, "an old refusal"); err != nil {
		t.Errorf("a refusal of what has changed: %v", err)
	}
	if got := r.one(); got.Broken != "" || got.Version != mended.Version {
		t.Errorf("broken: %q, version %d", got.Broken, got.Version)
	}
	if err := r.records.DeleteConnection(t.Context(), mended.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.connector.MarkBroken(t.Context(), mended, "gone"); err != nil {
		t.Errorf("a refusal of what is gone: %v", err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, invalidate, asked, refused string
	}{
		{"app without invalidate", ``, "", ""},
		{"invalidated", `"invalidate": {"url": "$/revoke", "method": "POST", "type": "text", "body": "{{connection.token}}"}`, "POST /revoke a-secret-token", ""},
		{"refused", `"invalidate": {"url": "$/broken", "method": "DELETE"}`, "DELETE /broken ", "[500] Internal Server Error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			asked := ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				body := make([]byte, 100)
				n, _ := q.Body.Read(body)
				asked = q.Method + " " + q.URL.Path + " " + string(body[:n])
				if q.URL.Path == "/broken" {
					w.WriteHeader(http.StatusInternalServerError)
				}
			}))
			defer server.Close()
			r := newRig(t)
			typ := compile(t, sections{kind: "oauth", api: strings.ReplaceAll("{"+test.invalidate+"}", "$", server.URL)})
			started, err := r.create(typ, "token", value.Text("a-secret-token"))
			if err != nil {
				t.Fatal(err)
			}
			refused, err := r.connector.Delete(t.Context(), typ, started.Record)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimPrefix(failure(refused), "provider: "); got != test.refused || asked != test.asked {
				t.Errorf("asked %q, refused %q; want %q, %q", asked, got, test.asked, test.refused)
			}
			r.nothingStored()
			if _, err := r.connector.Delete(t.Context(), nil, started.Record); !errors.Is(err, connect.ErrNotFound) {
				t.Errorf("again: %v", err)
			}
		})
	}
}
