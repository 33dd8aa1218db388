package engine_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

const secret = "p@ss/wörd+\"1\"&<x>"

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

func TestMaskKnowsTheFormsOfASecret(t *testing.T) {
	t.Parallel()
	m := engine.NewMask([]string{secret, "short", ""})
	for name, text := range map[string]string{
		"plain":                secret,
		"percent":              oauth1.PercentEncode(secret),
		"percent, lower case":  strings.NewReplacer("%2F", "%2f", "%3C", "%3c", "%3E", "%3e", "%2B", "%2b", "%C3", "%c3", "%B6", "%b6").Replace(oauth1.PercentEncode(secret)),
		"percent twice":        oauth1.PercentEncode(oauth1.PercentEncode(secret)),
		"form":                 url.QueryEscape(secret),
		"JSON in JSON":         quoteIML(quoteIML(secret)),
		"JSON":                 quoteIML(secret),
		"JSON of Go":           quote(secret),
		"JSON of PHP":          `p@ss\/w\u00f6rd+\"1\"&<x>`,
		"JSON of Python":       `p@ss/w\u00f6rd+\"1\"&<x>`,
		"JSON of .NET":         `p@ss/w\u00F6rd\u002B\u00221\u0022\u0026\u003Cx\u003E`,
		"PHP in JSON":          quoteIML(`p@ss\/w\u00f6rd+\"1\"&<x>`),
		"JSON in an address":   oauth1.PercentEncode(quoteIML(secret)),
		"encodeURIComponent":   "p%40ss%2Fw%C3%B6rd%2B%221%22%26%3Cx%3E",
		"path":                 url.PathEscape(secret),
		"path, lower case":     strings.ToLower(url.PathEscape(secret)),
		"form twice":           url.QueryEscape(url.QueryEscape(secret)),
		"HTML":                 html.EscapeString(secret),
		"HTML of PHP":          "p@ss/wörd+&quot;1&quot;&amp;&lt;x&gt;",
		"text in HTML":         `p@ss/wörd+"1"&amp;&lt;x&gt;`,
		"hex":                  hex.EncodeToString([]byte(secret)),
		"base64":               base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 for addresses": base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"basic, one before":    base64.StdEncoding.EncodeToString([]byte(":" + secret)),
		"basic, two before":    base64.StdEncoding.EncodeToString([]byte("a:" + secret)),
		"basic, three before":  base64.StdEncoding.EncodeToString([]byte("ab:" + secret)),
		"inside base64":        base64.StdEncoding.EncodeToString([]byte("alice:" + secret + ":more")),
	} {
		got := m.Text("before " + text + " after")
		if !strings.Contains(got, engine.Redacted) || strings.Contains(got, text) {
			t.Errorf("%s: %q stays %q", name, text, got)
		}
		if left := len(got) - len("before "+engine.Redacted+" after"); !strings.Contains(name, "bas") && left != 0 {
			t.Errorf("%s: %q becomes %q", name, text, got)
		}
	}
	inToken := base64.RawURLEncoding.EncodeToString([]byte(`{"password":"` + quoteIML(secret) + `"}`))
	if got := m.Text(inToken); !strings.Contains(got, engine.Redacted) {
		t.Errorf("JSON in base64: %q stays %q", inToken, got)
	}
	if got := m.Text("a short text"); got != "a short text" {
		t.Errorf("got %q", got)
	}
	var none *engine.Mask
	if none.Text("x") != "x" || engine.NewMask(nil).Text("x") != "x" {
		t.Error("a mask without secrets changes the text")
	}
}

// What a mask learns later it masks from then on, in the hands of whoever has it.
func TestMaskLearns(t *testing.T) {
	t.Parallel()
	m := engine.NewMask([]string{"first-secret"})
	before := m.Text("first-secret second-secret")
	m.Learn("second-secret")
	if after := m.Text("first-secret second-secret"); before != "[redacted] second-secret" || after != "[redacted] [redacted]" {
		t.Errorf("%q, then %q", before, after)
	}
}

func quoteIML(s string) string {
	q := value.AppendQuoted(nil, s)
	return string(q[1 : len(q)-1])
}

// FuzzMask: whatever is written with a secret in it, the secret is gone afterwards.
func FuzzMask(f *testing.F) {
	f.Add("secret-1", "before ", " after")
	f.Add("aaaaaa", "aaa", "aaaa")
	f.Fuzz(func(t *testing.T, hidden, before, after string) {
		if len(hidden) < 6 || strings.Contains(engine.Redacted, hidden) {
			t.Skip("too short to be masked, or a part of what stands in its place")
		}
		m := engine.NewMask([]string{hidden})
		if got := m.Text(before + hidden + after); strings.Contains(got, hidden) && !strings.Contains(before+engine.Redacted+after, hidden) {
			t.Errorf("%q in %q gives %q", hidden, before+hidden+after, got)
		}
		if got := m.Text(before + base64.StdEncoding.EncodeToString([]byte(before+hidden+after))); len(hidden) > 8 && !strings.Contains(got, engine.Redacted) {
			t.Errorf("%q in base64 gives %q", hidden, got)
		}
	})
}

// TestTranscriptShowsNoSecret sends a secret in every part of a request, gets it back in
// every part of the answer, and looks for it in everything that a run leaves.
func TestTranscriptShowsNoSecret(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			w.Header().Set("Location", "/next?token="+url.QueryEscape(secret))
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "session="+hex.EncodeToString([]byte(secret)))
		w.Header().Set("X-Echo", base64.StdEncoding.EncodeToString([]byte("alice:"+secret)))
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"message":"no entry for `+quote(secret)+`","access_token":"fresh-token-1","nested":{"hint":"`+quote(secret)+`"}}`)
	})
	const api = `{
		"url": "{{parameters.url}}/moved", "method": "POST", "type": "urlencoded",
		"headers": {"Authorization": "Bearer {{connection.key}}", "X-Other": "{{connection.key}}", "X-Basic": "Basic {{base64('bob:' + connection.key)}}"},
		"qs": {"api_key": "{{connection.key}}", "visible": "yes"},
		"body": {"password": "{{connection.key}}", "list": ["{{connection.key}}"], "comment": "public comment"},
		"log": {"sanitize": ["request.body.comment"]},
		"response": {"error": {"message": "{{body.message}} ({{headers.` + "`x-echo`" + `}})"}}
	}`
	var log strings.Builder
	var exchanges []engine.Exchange
	e := local(engine.Options{Log: func(x engine.Exchange) {
		exchanges = append(exchanges, x)
		if err := json.NewEncoder(&log).Encode(x); err != nil {
			t.Error(err)
		}
	}})
	in := at(server.URL)
	in.Connection, in.Secrets = object("key", secret), []string{secret}
	r := e.Start(compile(t, engine.Action, api), in)
	_, err := result(t, r)
	if err == nil || err.StatusCode != http.StatusForbidden {
		t.Fatalf("the error is %v", err)
	}
	log.WriteString(err.Error() + err.Hint + strings.Join(r.State().Warnings, ""))
	for name, form := range map[string]string{
		"plain": secret, "in JSON": quote(secret), "of Go": strings.ReplaceAll(quoteIML(secret), `"`, `\"`), "percent": oauth1.PercentEncode(secret), "form": url.QueryEscape(secret),
		"hex": hex.EncodeToString([]byte(secret)), "the middle of base64": base64.RawStdEncoding.EncodeToString([]byte("ice:" + secret))[8:20],
		"token by its name": "fresh-token-1", "sanitized": "public comment",
	} {
		if strings.Contains(log.String(), form) {
			t.Errorf("%s: %q is in the log:\n%s", name, form, &log)
		}
	}
	for _, shown := range []string{"visible=yes", "no entry for [redacted]", "Bearer [redacted]", "/moved"} {
		if !strings.Contains(log.String(), shown) {
			t.Errorf("%q is not in the log:\n%s", shown, &log)
		}
	}
	if len(exchanges) != 2 || exchanges[0].Status != 307 || exchanges[1].Status != 403 {
		t.Fatalf("%d exchanges", len(exchanges))
	}
}

// TestHalfASecretIsMasked cuts a long message in the middle of a secret.
func TestHalfASecretIsMasked(t *testing.T) {
	t.Parallel()
	const long = "a-very-long-secret-value"
	for _, pad := range []int{60, 70, 79, 8180, 8190} {
		body := strings.Repeat("x", pad) + long
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if pad > 100 {
				w.WriteHeader(http.StatusBadRequest)
			}
			io.WriteString(w, body)
		})
		in := at(server.URL)
		in.Secrets = []string{long}
		_, err := result(t, local(engine.Options{}).Start(compile(t, engine.Action,
			`{"url": "{{parameters.url}}", "response": {"type": {"*": "json", "400-499": "text"}, "error": "{{body}}"}}`), in))
		if err == nil || strings.Contains(err.Message, long[:8]) {
			t.Errorf("%d before the secret: %v", pad, err)
		}
	}
}

func TestTranscript(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "" {
			answers(`[{"id":1}]`)(w, r)
		} else {
			answers(`[]`)(w, r)
		}
	})
	const api = "{\n\t\"url\": \"{{parameters.url}}/items\",\n\t\"response\": {\"iterate\": \"{{body}}\"},\n\t\"pagination\": {\n\t\t\"url\": \"{{parameters.url}}/items?page=2\"\n\t}\n}"
	for _, test := range []struct {
		name, sanitize string
		debug          bool
		url, body      string
	}{
		{"without sanitize", "", false, "/items?[redacted]", ""},
		{"debugged", "", true, "/items?page=2", "[]"},
		{"with sanitize", `{"log": {"sanitize": ["response.headers.date"]}}`, false, "/items?page=2", "[]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var all []engine.Exchange
			e := local(engine.Options{Debug: test.debug, Log: func(x engine.Exchange) { all = append(all, x) }})
			s := engine.Source{Name: `module "list"`, Kind: engine.Search, Code: code(t, "api.json", api)}
			if test.sanitize != "" {
				s.Base = code(t, "base.json", test.sanitize)
			}
			if _, err := result(t, e.Start(compileSource(t, s), at(server.URL))); err != nil {
				t.Fatal(err)
			}
			if len(all) != 2 {
				t.Fatalf("%d exchanges", len(all))
			}
			first, second := all[0], all[1]
			if first.Plan != `module "list"` || first.Step != "request 1" || first.Directive != "url" || first.Position.String() != "api.json:2:9" {
				t.Errorf("the first is of %s %s %s at %s", first.Plan, first.Step, first.Directive, first.Position)
			}
			if second.Directive != "pagination.url" || second.Position.String() != "api.json:5:10" {
				t.Errorf("the second is of %s at %s", second.Directive, second.Position)
			}
			if second.URL != server.URL+test.url || second.ResponseBody != test.body {
				t.Errorf("the second shows %s and %q", second.URL, second.ResponseBody)
			}
			if first.Size != 10 || first.RequestSize != 0 || first.Status != 200 || first.Method != "GET" {
				t.Errorf("the first is %+v", first)
			}
			if first.Timing.Reused || first.Timing.Connect <= 0 || first.Timing.FirstByte <= 0 || first.Duration < first.Timing.Connect+first.Timing.Body {
				t.Errorf("the times of the first are %+v of %s", first.Timing, first.Duration)
			}
			if !second.Timing.Reused || second.Timing.Connect != 0 {
				t.Errorf("the times of the second are %+v", second.Timing)
			}
		})
	}
}

// TestTimingOfTLS shows the times that only some connections have.
func TestTimingOfTLS(t *testing.T) {
	t.Parallel()
	server := serveTLS(t, nil, answers(`{}`))
	var all []engine.Exchange
	in := at(server.URL)
	in.Connection = object("ca", certificate(server))
	e := local(engine.Options{Log: func(x engine.Exchange) { all = append(all, x) }})
	if _, err := result(t, e.Start(compile(t, engine.Action, `{"url": "{{parameters.url}}", "ca": "{{connection.ca}}"}`), in)); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Timing.TLS <= 0 {
		t.Errorf("the exchanges are %+v", all)
	}
}

// What an answer gives a connection is a secret whatever its name, also in the log of that
// answer, which comes before anything is stored.
func TestLogOfALegKnowsWhatWasGiven(t *testing.T) {
	t.Parallel()
	server := serve(t, answers(`{"session": "given-secret-1", "ticket": "given-secret-2", "hint": "shown"}`))
	api := `{"url": "{{parameters.url}}", "response": {"data": {"session": "{{body.session}}"}, "temp": {"ticket": "{{body.ticket}}"}}}`
	for _, kind := range []engine.Kind{engine.Leg, engine.Connection, engine.Attach} {
		var all []engine.Exchange
		e := local(engine.Options{Debug: true, Log: func(x engine.Exchange) { all = append(all, x) }})
		if _, err := e.Start(compile(t, kind, api), at(server.URL)).Value(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := `{"session":"[redacted]","ticket":"[redacted]","hint":"shown"}`
		if len(all) != 1 || all[0].ResponseBody != want {
			t.Errorf("%s: %+v", kind, all)
		}
	}
}

// A token of OAuth that was just given is shown by its first letters only: the person who
// debugs can tell it from another.
func TestTokensThatAreNotYetKnown(t *testing.T) {
	t.Parallel()
	var all []engine.Exchange
	e := local(engine.Options{Debug: true, Log: func(x engine.Exchange) { all = append(all, x) }})
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
		io.WriteString(w, "oauth_token=given-to-nobody-yet&oauth_token_secret=hush&user=ann")
	})
	if _, err := result(t, e.Start(compile(t, engine.Action, getURL), at(server.URL+"?oauth_token=asked-with-this&q=1&short=oauth_token"))); err != nil {
		t.Fatal(err)
	}
	if got, want := all[0].ResponseBody, "oauth_token=give[redacted]&oauth_token_secret=[redacted]&user=ann"; got != want {
		t.Errorf("the answer is shown as %s, want %s", got, want)
	}
	if got, want := all[0].URL, server.URL+"?oauth_token=aske[redacted]&q=1&short=oauth_token"; got != want {
		t.Errorf("the address is shown as %s, want %s", got, want)
	}
}
