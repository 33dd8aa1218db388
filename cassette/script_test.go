package cassette_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/cassette"
	"github.com/cleat-run/cleat/value"
)

func parse(t *testing.T, text string) value.Value {
	t.Helper()
	v, err := value.ParseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// script returns a script of exchanges written as JSON, which reads bodies as JSON and
// hides the word sesame.
func script(t *testing.T, exchanges ...string) *cassette.Script {
	t.Helper()
	var steps []cassette.Step
	for _, text := range exchanges {
		step, err := cassette.ReadStep(parse(t, text))
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	s := cassette.NewScript(steps)
	s.Read = func(_ *http.Request, raw []byte) (value.Value, error) { return value.ParseJSON(raw) }
	s.Mask = func(_ *http.Request, text string) string { return strings.ReplaceAll(text, "sesame", "•") }
	return s
}

func TestScriptComparesWhatIsSaid(t *testing.T) {
	t.Parallel()
	const id = "123e4567-e89b-12d3-a456-426614174000"
	for _, test := range []struct {
		req, method, url, kind, body string
		want                         string // whole error, "" for none
	}{
		{`{"url": "https://a.example/x"}`, "GET", "https://a.example/x", "", "", ""},
		{`{"url": "https://a.example"}`, "GET", "https://a.example/", "", "", ""},
		{`{"url": "https://a.example/x/"}`, "GET", "https://a.example/x", "", "", "request 1 is not the expected one:\n  url\n    expected https://a.example/x/\n    now      https://a.example/x"},
		{`{"url": "https://a.example/x", "method": "post"}`, "GET", "https://a.example/x", "", "", "request 1 is not the expected one:\n  method\n    expected POST\n    now      GET"},
		{`{"url": "https://a.example/x?b=2", "qs": {"a": [1, true]}}`, "GET", "https://a.example/x?a=1&b=2&a=true", "", "", ""},
		{`{"url": "https://a.example/x?b=2"}`, "GET", "https://a.example/x?b=2&key=sesame", "", "", "request 1 is not the expected one:\n  query key\n    expected (nothing)\n    now      •"},
		{`{"url": "https://a.example/{{uuid}}/x"}`, "GET", "https://a.example/" + id + "/x", "", "", ""},
		{`{"url": "https://a.example/{{uuid}}/x"}`, "GET", "https://a.example/123/x", "", "", "request 1 is not the expected one:\n  url\n    expected https://a.example/{{uuid}}/x\n    now      https://a.example/123/x"},
		{`{"url": "https://a.example/x", "headers": {"content-type": "application/json"}, "body": {"b": [1, {"c": null}], "a": "{{uuid}}"}}`,
			"POST", "https://a.example/x", "application/json", `{"a": "` + id + `", "b": [1, {"c": null}]}`, ""},
		{`{"url": "https://a.example/x", "body": {"a": 1, "c": 3}}`, "POST", "https://a.example/x", "application/json", `{"a": "1", "b": 2}`,
			"request 1 is not the expected one:\n  body.a: expected 1, got \"1\"\n  body.c: expected 3, got (nothing)\n  body.b: expected (nothing), got 2"},
		{`{"url": "https://a.example/x", "body": {"a": 1, "c": null}}`, "POST", "https://a.example/x", "application/x-www-form-urlencoded", `{"a": "1"}`, ""},
		{`{"url": "https://a.example/x", "body": "<a/>"}`, "POST", "https://a.example/x", "text/xml", `<a/>`, ""},
		{`{"url": "https://a.example/x"}`, "POST", "https://a.example/x", "application/json", `{}`, "request 1 is not the expected one:\n  body: expected (nothing), got {}"},
	} {
		req, err := http.NewRequest(test.method, test.url, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		if test.kind != "" {
			req.Header.Set("Content-Type", test.kind)
		}
		res, err := script(t, `{"req": `+test.req+`, "res": {"statusCode": 201, "headers": {"x-a": ["1", "2"]}, "body": {"ok": true}}}`).RoundTrip(req)
		if err != nil {
			if err.Error() != test.want {
				t.Errorf("%s\n got %s\nwant %s", test.req, err, test.want)
			}
			continue
		}
		content, _ := io.ReadAll(res.Body)
		if test.want != "" || res.StatusCode != 201 || string(content) != `{"ok":true}` || res.Header.Get("Content-Type") != "application/json" || len(res.Header.Values("X-A")) != 2 {
			t.Errorf("%s gives %d %v %s, want the error %q", test.req, res.StatusCode, res.Header, content, test.want)
		}
	}
}

func TestScriptGoesByPosition(t *testing.T) {
	t.Parallel()
	s := script(t, `{"req": {"url": "https://a.example/1", "method": "GET"}, "res": {"body": "one"}}`, `{"req": {"url": "https://a.example/2"}, "res": {}}`)
	get := func(address string) error {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.RoundTrip(req)
		return err
	}
	if err := get("https://a.example/1"); err != nil {
		t.Fatal(err)
	}
	if left := strings.Join(s.Unused(), ", "); left != "https://a.example/2" {
		t.Errorf("left are %s", left)
	}
	var changed *cassette.Changed
	if err := get("https://a.example/1"); !errors.As(err, &changed) || changed.Number != 2 || !changed.Final() {
		t.Errorf("got %v", err)
	}
	if err := get("https://a.example/2"); err != nil {
		t.Fatal(err)
	}
	if err := get("https://a.example/sesame"); err == nil || err.Error() != "a request that is not expected:\n  GET https://a.example/•, after the 2 of the test" {
		t.Errorf("got %v", err)
	}
	if left := s.Unused(); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

func TestReadStepTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"req": {}, "res": {}}`: `an exchange is {"req": {"url": …}, "res": {…}}`,
		`{"req": {"url": "x"}}`:  `an exchange is {"req": {"url": …}, "res": {…}}`,
		`[]`:                     `an exchange is {"req": {"url": …}, "res": {…}}`,
		`{"req": {"url": "x"}, "res": {"statusCode": 100}}`:    `res.statusCode is no status from 200 to 599: 100`,
		`{"req": {"url": "x"}, "res": {"statusCode": "nope"}}`: `res.statusCode is no status from 200 to 599: nope`,
	} {
		if _, err := cassette.ReadStep(parse(t, text)); err == nil || err.Error() != want {
			t.Errorf("%s gives %v", text, err)
		}
	}
}

func TestDifferencesAreCut(t *testing.T) {
	t.Parallel()
	want, got := value.NewArray(), value.NewArray()
	for i := range 12 {
		want.Append(value.Int(i))
		got.Append(value.Int(-i))
	}
	lines := cassette.Differences("output", value.FromArray(want), value.FromArray(got))
	if len(lines) != 11 || lines[0] != "output[1]: expected 1, got -1" || lines[10] != "and 1 more" {
		t.Errorf("got %q", lines)
	}
	long := strings.Repeat("ü", 300)
	if lines := cassette.Differences("x", value.Text(long), value.Text("a")); len(lines) != 1 || len(lines[0]) > 300 {
		t.Errorf("got %q", lines)
	}
}
