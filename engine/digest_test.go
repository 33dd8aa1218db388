package engine_test

import (
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// digestServer checks answers to its challenges by RFC 7616 3.4, written from the text.
type digestServer struct {
	algorithm, qop string
	nonces         []string // one after the other; the last one stays
	used           int      // of the present nonce
	seen           []string // what happened, in order
}

var digestParam = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^, ]+))`)

func (s *digestServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	given := map[string]string{}
	if header, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Digest "); ok {
		for _, m := range digestParam.FindAllStringSubmatch(header, -1) {
			given[m[1]] = m[2] + m[3]
		}
	}
	switch {
	case given["username"] == "":
		s.refuse(w, "challenge", false)
	case given["response"] != s.response(r, given, body), given["uri"] != r.RequestURI, given["username"] != "Mufasa":
		s.refuse(w, "wrong", false)
	case given["nonce"] != s.nonces[0]:
		s.refuse(w, "stale", true)
	default:
		s.used++
		if given["qop"] != "" && given["nc"] != fmt.Sprintf("%08x", s.used) {
			s.refuse(w, "count "+given["nc"], false)
			return
		}
		s.seen = append(s.seen, "right")
		if len(s.nonces) > 1 {
			s.nonces, s.used = s.nonces[1:], 0 // the next request finds its nonce too old
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"ok": true}`)
	}
}

func (s *digestServer) refuse(w http.ResponseWriter, why string, stale bool) {
	s.seen = append(s.seen, why)
	w.Header().Add("WWW-Authenticate", `Digest realm="other", algorithm=ROT13, nonce="x"`)
	challenge := fmt.Sprintf(`Digest realm="http-auth@example.org", algorithm=%s, nonce="%s", opaque="FQhe", stale=%t`, s.algorithm, s.nonces[0], stale)
	if s.qop != "" {
		challenge += fmt.Sprintf(`, qop="%s"`, s.qop)
	}
	w.Header().Add("WWW-Authenticate", challenge)
	w.WriteHeader(http.StatusUnauthorized)
}

func (s *digestServer) response(r *http.Request, given map[string]string, body []byte) string {
	h := func(text string) string {
		if strings.HasPrefix(s.algorithm, "SHA-256") {
			return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
		}
		return fmt.Sprintf("%x", md5.Sum([]byte(text)))
	}
	a1 := h("Mufasa:http-auth@example.org:Circle of Life")
	if strings.HasSuffix(s.algorithm, "-sess") {
		a1 = h(a1 + ":" + given["nonce"] + ":" + given["cnonce"])
	}
	a2 := r.Method + ":" + given["uri"]
	if given["qop"] == "auth-int" {
		a2 += ":" + h(string(body))
	}
	if given["qop"] == "" {
		return h(a1 + ":" + given["nonce"] + ":" + h(a2))
	}
	return h(strings.Join([]string{a1, given["nonce"], given["nc"], given["cnonce"], given["qop"], h(a2)}, ":"))
}

func TestDigest(t *testing.T) {
	t.Parallel()
	const auth = `"auth": {"type": "digest", "username": "{{parameters.user}}", "password": "Circle of Life"}`
	for _, test := range []struct {
		name   string
		server digestServer
		user   string
		api    string
		seen   string
		fails  string
	}{
		{"MD5", digestServer{algorithm: "MD5", qop: "auth", nonces: []string{"a"}}, "Mufasa", `{"url": "URL/dir/index.html?q=a%20b", ` + auth + `}`, "challenge right", ""},
		{"SHA-256", digestServer{algorithm: "SHA-256", qop: "auth", nonces: []string{"a"}}, "Mufasa", `{"url": "URL", ` + auth + `}`, "challenge right", ""},
		{"MD5-sess", digestServer{algorithm: "MD5-sess", qop: "auth", nonces: []string{"a"}}, "Mufasa", `{"url": "URL/x", ` + auth + `}`, "challenge right", ""},
		{"SHA-256-sess", digestServer{algorithm: "SHA-256-sess", qop: "auth", nonces: []string{"a"}}, "Mufasa", `{"url": "URL/x", ` + auth + `}`, "challenge right", ""},
		{"without qop", digestServer{algorithm: "MD5", nonces: []string{"a"}}, "Mufasa", `{"url": "URL/x", ` + auth + `}`, "challenge right", ""},
		{"auth-int", digestServer{algorithm: "SHA-256", qop: "auth-int", nonces: []string{"a"}}, "Mufasa", `{"url": "URL/x", "method": "POST", "body": {"a": 1}, ` + auth + `}`, "challenge right", ""},
		{"one challenge for two requests", digestServer{algorithm: "MD5", qop: "auth", nonces: []string{"a"}}, "Mufasa",
			`[{"url": "URL/1", ` + auth + `}, {"url": "URL/2", ` + auth + `}]`, "challenge right right", ""},
		{"a nonce that has become too old", digestServer{algorithm: "MD5", qop: "auth", nonces: []string{"a", "b"}}, "Mufasa",
			`[{"url": "URL/1", ` + auth + `}, {"url": "URL/2", ` + auth + `}]`, "challenge right stale right", ""},
		{"wrong user", digestServer{algorithm: "MD5", qop: "auth", nonces: []string{"a"}}, "Scar", `{"url": "URL", ` + auth + `}`, "challenge wrong",
			"RuntimeError: [401] Unauthorized"},
		{"an algorithm that nobody knows", digestServer{algorithm: "ROT13", qop: "auth", nonces: []string{"a"}}, "Mufasa", `{"url": "URL", ` + auth + `}`, "challenge",
			"RuntimeError: [401] Unauthorized"},
		{"not wanted", digestServer{algorithm: "MD5", qop: "auth", nonces: []string{"a"}}, "Mufasa", `{"url": "URL"}`, "challenge", "RuntimeError: [401] Unauthorized"},
		{"another type", digestServer{}, "Mufasa", `{"url": "URL", "auth": {"type": "negotiate"}}`, "", `InvalidConfigurationError: auth of type "negotiate" is not known; it is digest or certificate`},
		{"nobody", digestServer{}, "", `{"url": "URL", ` + auth + `}`, "", "InvalidConfigurationError: auth needs a username"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(&test.server)
			defer server.Close()
			plan := compile(t, engine.Action, strings.ReplaceAll(test.api, "URL", server.URL))
			run := local(engine.Options{}).Start(plan, engine.Input{Parameters: value.Object("user", value.Text(test.user))})
			v, err := run.Value(t.Context())
			if seen := strings.Join(test.server.seen, " "); seen != test.seen {
				t.Errorf("the server saw %q, want %q", seen, test.seen)
			}
			if test.fails != "" {
				if err == nil || !strings.HasPrefix(err.Error(), test.fails) {
					t.Errorf("%v, want %s", err, test.fails)
				}
				return
			}
			if err != nil || !v.Member("ok").Truthy() {
				t.Errorf("%v, %v", v, err)
			}
		})
	}
}
