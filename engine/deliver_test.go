package engine_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

func incomingPlan(t testing.TB, kind engine.Kind, text string) *engine.Plan {
	t.Helper()
	file := source.NewFile("api", []byte(text))
	doc, found := jsonc.Parse(file)
	plan, wrong := engine.Compile(engine.Source{Name: `webhook "test"`, Kind: kind, Code: &app.Code{Name: "api", File: file, Doc: doc}})
	found.Add(wrong...)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

// described is what came of a delivery, on one line.
func described(got *engine.Reception) string {
	var b strings.Builder
	for _, item := range got.Items {
		fmt.Fprintf(&b, "%s", item.Bundle.AppendJSON(nil))
		if !item.UID.IsUndefined() {
			fmt.Fprintf(&b, " for %s", item.UID.ToText())
		}
		b.WriteString("; ")
	}
	if got.Verified {
		b.WriteString("verified; ")
	}
	if got.Reply != nil {
		fmt.Fprintf(&b, "%d %q %q", got.Reply.Status, got.Reply.Header.Get("Content-Type"), got.Reply.Body)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// The order of components.md 7.2.
func TestDeliver(t *testing.T) {
	t.Parallel()
	const batch = `{"challenge":"c1","user":"u","events":[{"id":1,"on":true},{"id":2,"on":false},{"id":3,"on":true}]}`
	for _, test := range []struct{ name, code, body, want string }{
		{"nothing said", `{}`, `{"a":1}`, `{"a":1}`},
		{"output", `{"output":{"x":"{{body.a}}","q":"{{query.k}}","m":"{{method}}","h":"{{headers.x-key}}"}}`, `{"a":1}`,
			`{"x":1,"q":"v","m":"POST","h":"s"}`},
		{"parameters and data are one store", `{"output":"{{parameters.secret + data.secret}}"}`, `{}`, `"ss"`},
		{"raw body", `{"output":"{{sha256(rawBody,'hex')}}"}`, `{"a": 1}`, `"f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310"`},
		{"iterate", `{"iterate":"{{body.events}}","output":"{{item.id}}"}`, batch, `1; 2; 3`},
		{"iterate without output", `{"iterate":{"container":"{{body.events}}","condition":"{{item.on}}"}}`, batch, `{"id":1,"on":true}; {"id":3,"on":true}`},
		{"iterate over nothing", `{"iterate":"{{body.none}}"}`, batch, ``},
		{"uid", `{"iterate":"{{body.events}}","output":"{{item.id}}","uid":"{{body.user}}-{{item.id}}"}`, batch, `1 for u-1; 2 for u-2; 3 for u-3`},
		{"no bundle", `{"output":"{{undefined}}"}`, `{}`, ``},
		{"condition", `{"condition":"{{body.a == 2}}","respond":{"status":202}}`, `{"a":1}`, `202 "" ""`},
		{"verification", `{"verification":{"condition":"{{body.challenge}}","respond":{"type":"text","body":"{{body.challenge}}"}},"output":"{{body}}"}`, batch,
			`verified; 200 "" "c1"`},
		{"verification not meant", `{"verification":{"condition":"{{body.challenge}}","respond":{"status":299}},"output":1}`, `{}`, `1`},
		{"verification without condition takes all", `{"verification":{"respond":{"status":"{{200 + 1}}","body":{"ok":true}}},"output":1}`, `{}`,
			`verified; 201 "application/json" "{\"ok\":true}"`},
		{"respond", `{"respond":{"type":"urlencoded","status":203,"headers":{"X-A":"b","Content-Length":"9"},"body":{"a":"b c","n":null}}}`, `1`,
			`1; 203 "application/x-www-form-urlencoded" "a=b%20c"`},
		{"respond with a type of its own", `{"respond":{"headers":{"content-type":"a/b"},"body":"{{body.a}}"}}`, `{"a":"t"}`, `{"a":"t"}; 200 "a/b" "t"`},
		{"the wrong place", `{"response":{"output":7,"iterate":"{{body.events}}"}}`, `{"a":1}`, `{"a":1}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := incoming(t, "application/json", test.body)
			got, err := engine.New(engine.Options{}).Start(incomingPlan(t, engine.Hook, test.code), in).Deliver(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if text := described(got); text != test.want {
				t.Errorf("\n got %s\nwant %s", text, test.want)
			}
		})
	}
}

func incoming(t testing.TB, contentType, body string) engine.Input {
	t.Helper()
	r := httptest.NewRequest("POST", "/hooks/token?k=v", nil)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("X-Key", "s")
	roots, err := engine.ReadRequest(r, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	data := value.Object("secret", value.Text("s"))
	return engine.Input{Parameters: data, Data: data, Roots: roots}
}

func TestDeliverErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ code, want string }{
		{`{"iterate":"{{body.a}}"}`, "DataError: iterate needs an array, but found number"},
		{`{"respond":{"status":"{{body.a}}"}}`, "InvalidConfigurationError: the status must be from 200 to 999, not '1'"},
		{`{"respond":{"headers":"x"}}`, "InvalidConfigurationError: headers must be an object, but is text"},
		{`{"respond":{"headers":{"X":"a\r\nb"}}}`, `InvalidConfigurationError: the header "X" holds a line break or a character that no header may hold`},
		{`{"respond":{"type":"pigeon","body":1}}`, "InvalidConfigurationError: the body type 'pigeon' is not supported"},
		{`{"verification":{"condition":"{{parseJSON('{')}}"}}`, "RuntimeError: "},
	} {
		_, err := engine.New(engine.Options{}).Start(incomingPlan(t, engine.Hook, test.code), incoming(t, "application/json", `{"a":1}`)).Deliver(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s\n got %v\nwant %s", test.code, err, test.want)
		}
	}
}

func TestReadRequest(t *testing.T) {
	t.Parallel()
	const form = "--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\none\r\n--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\ntwo\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.bin\"\r\nContent-Type: image/png\r\n\r\n\x00\xff\r\n--b--\r\n"
	for _, test := range []struct{ contentType, body, want string }{
		{"application/json", "", "undefined"},
		{"application/json; charset=utf-8", "\xEF\xBB\xBF {\"a\":[1]} ", `{"a":[1]}`},
		{"application/vnd.api+json", "null", "null"},
		{"application/x-www-form-urlencoded", "a=1&b=2&a=%C3%A9+x&a=3", `{"a":["1","é x","3"],"b":"2"}`},
		{"multipart/form-data; boundary=b", form, `{"t":["one","two"],"f":"AP8="}`},
		{"text/plain; charset=iso-8859-1", "caf\xe9", `"café"`},
		{"application/xml", "<a b='1'><c>x</c><c>y</c></a>", `{"a":{"_attributes":{"b":"1"},"c":["x","y"]}}`},
		{"", "{\"a\":1}", `"{\"a\":1}"`},
		{"application/octet-stream", "\x00\xff", `"AP8="`},
	} {
		body := incoming(t, test.contentType, test.body).Roots["body"]
		got := "undefined"
		if !body.IsUndefined() {
			got = string(body.AppendJSON(nil))
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.contentType, got, test.want)
		}
	}
}

func TestReadRequestErrors(t *testing.T) {
	t.Parallel()
	part := "--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\none\r\n"
	for _, test := range []struct{ contentType, body, want string }{
		{"application/json", `{"a":`, "DataError: the request is not valid JSON: "},
		{"application/json", strings.Repeat("[", 501) + strings.Repeat("]", 501), "DataError: the request is nested deeper than 500 levels"},
		{"application/json", strings.Repeat(`{"a":`, 1<<20), "DataError: the request is not valid JSON: "},
		{"text/xml", "<a><b></a>", "DataError: the request is not valid XML: "},
		{"text/xml", strings.Repeat("<a>", 300), "DataError: the request is not valid XML: "},
		{"multipart/form-data; boundary=b", strings.Repeat(part, 1001) + "--b--\r\n", "DataError: the request has more than 1000 parts"},
		{"multipart/form-data; boundary=b", part, "DataError: the request is not a valid multipart form: "},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Content-Type", test.contentType)
		_, err := engine.ReadRequest(r, []byte(test.body))
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.contentType, err, test.want)
		}
	}
	fine := strings.Repeat("[", 500) + strings.Repeat("]", 500)
	if body := incoming(t, "application/json", fine).Roots["body"]; body.Array() == nil {
		t.Error("500 levels are refused")
	}
}

func TestResponder(t *testing.T) {
	t.Parallel()
	plan := incomingPlan(t, engine.Responder, `{"response":{"status":"{{parameters.status}}","headers":{"X-A":["1","2"]},"body":{"ok":"{{parameters.ok}}"}}}`)
	in := engine.Input{Parameters: value.Object("status", value.Text("201"), "ok", value.True)}
	got, err := engine.New(engine.Options{}).Start(plan, in).Reply(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"status":201,"headers":{"content-type":"application/json","x-a":"1, 2"},"body":"{\"ok\":true}"}`
	if text := string(got.Value().AppendJSON(nil)); text != want {
		t.Errorf("\n got %s\nwant %s", text, want)
	}
}

// An instant trigger that sends nothing gives its payload, or what output makes of it.
func TestInstant(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ code, want string }{
		{`{}`, `{"id":7}`},
		{`{"response":{"output":{"n":"{{payload.id}}"}}}`, `{"n":7}`},
		{`{"condition":"{{payload.id == 8}}"}`, `null`},
	} {
		in := engine.Input{Roots: map[string]value.Value{"payload": value.Object("id", value.Int(7))}}
		v, err := engine.New(engine.Options{}).Start(incomingPlan(t, engine.Instant, test.code), in).Value(t.Context())
		if got := string(v.AppendJSON(nil)); err != nil || got != test.want {
			t.Errorf("%s: got %s, error %v, want %s", test.code, got, err, test.want)
		}
	}
}

// Whatever comes in is read or refused, and what is read can be written.
func FuzzReadRequest(f *testing.F) {
	f.Add("application/json", []byte(`{"a":1}`))
	f.Add("multipart/form-data; boundary=b", []byte("--b\r\n\r\nx\r\n--b--"))
	f.Add("application/x-www-form-urlencoded", []byte("a=1&a=2&%zz"))
	f.Fuzz(func(t *testing.T, contentType string, raw []byte) {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header["Content-Type"] = []string{contentType}
		roots, err := engine.ReadRequest(r, raw)
		if err != nil {
			return
		}
		for name, v := range roots {
			if _, err := value.ParseJSON(v.AppendJSON(nil)); err != nil && !v.IsUndefined() {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
