package oauth1_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/oauth1"
)

// vector is one entry of the neutral vector file; another implementation can
// run the same file.
type vector struct {
	ID, Group, Source string
	Input             struct {
		Text            string
		Params          [][2]string
		Method          string
		URL             string
		Body            string
		ContentType     string            `json:"content_type"`
		BaseString      string            `json:"base_string"`
		OAuthParams     map[string]string `json:"oauth_params"`
		SignatureMethod string            `json:"signature_method"`
		ConsumerSecret  string            `json:"consumer_secret"`
		TokenSecret     string            `json:"token_secret"`
		PrivateKey      string            `json:"private_key"`
		Transport       string
		Realm           string
		Directive       struct {
			SignatureMethod string `json:"signature_method"`
			TransportMethod string `json:"transport_method"`
			BodyHash        bool   `json:"body_hash"`
		}
	}
	Expect struct {
		Encoded         *string
		ParameterString *string `json:"parameter_string"`
		BaseStringURI   *string `json:"base_string_uri"`
		BaseString      *string `json:"base_string"`
		BodyHash        *string `json:"body_hash"`
		Signature       *string
		Authorization   *string
		URL             *string
		Body            *string
		ErrorContains   string `json:"error_contains"`
	}
}

type vectorFile struct {
	Keys    map[string]struct{ PEM string }
	Vectors []vector
}

func TestVectors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../testdata/vectors/oauth1.json")
	if err != nil {
		t.Fatal(err)
	}
	var file vectorFile
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	run := map[string]func(*testing.T, vectorFile, vector){
		"percent_encode": func(t *testing.T, _ vectorFile, v vector) {
			equal(t, "encoded", oauth1.PercentEncode(v.Input.Text), v.Expect.Encoded)
		},
		"normalize":         testNormalizeVector,
		"base_uri":          testBaseURIVector,
		"sign_base":         testSignBaseVector,
		"body_hash":         testBodyHashVector,
		"request":           testRequestVector,
		"mastercard_compat": testRequestVector,
		"error":             testErrorVector,
	}
	for _, v := range file.Vectors {
		t.Run(v.Group+"/"+v.ID, func(t *testing.T) { run[v.Group](t, file, v) })
	}
	t.Logf("%d vectors", len(file.Vectors))
}

func equal(t *testing.T, what, got string, want *string) {
	t.Helper()
	if want != nil && got != *want {
		t.Errorf("%s\n got %s\nwant %s", what, got, *want)
	}
}

func testNormalizeVector(t *testing.T, _ vectorFile, v vector) {
	var params []oauth1.Param
	for _, p := range v.Input.Params {
		params = append(params, oauth1.Param{Name: p[0], Value: p[1]})
	}
	equal(t, "parameter string", oauth1.NormalizedParameters(params), v.Expect.ParameterString)
}

func testBaseURIVector(t *testing.T, _ vectorFile, v vector) {
	got, err := oauth1.BaseStringURI(v.Input.URL)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "base string URI", got, v.Expect.BaseStringURI)
}

func testSignBaseVector(t *testing.T, f vectorFile, v vector) {
	got, err := vectorConfig(t, f, v).Signature(v.Input.BaseString, v.Input.TokenSecret)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "signature", got, v.Expect.Signature)
}

func testBodyHashVector(t *testing.T, _ vectorFile, v vector) {
	got, err := oauth1.BodyHash(v.Input.SignatureMethod, []byte(v.Input.Body))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "body hash", got, v.Expect.BodyHash)
}

func testRequestVector(t *testing.T, f vectorFile, v vector) {
	c := vectorConfig(t, f, v)
	token := oauth1.Token{Secret: v.Input.TokenSecret}
	token.Token, token.SendEmpty = v.Input.OAuthParams["oauth_token"], slices.Contains(keys(v.Input.OAuthParams), "oauth_token")
	r := oauth1.Request{Method: v.Input.Method, URL: v.Input.URL, Body: []byte(v.Input.Body), ContentType: v.Input.ContentType}
	got, err := c.Sign(r, token)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "base string", got.BaseString, v.Expect.BaseString)
	equal(t, "signature", got.Signature, v.Expect.Signature)
	equal(t, "url", got.URL, v.Expect.URL)
	equal(t, "body", string(got.Body), v.Expect.Body)
	for _, p := range got.Params {
		if p.Name == "oauth_body_hash" {
			equal(t, "body hash", p.Value, v.Expect.BodyHash)
		}
		if want, ok := v.Input.OAuthParams[p.Name]; !ok || want != p.Value {
			t.Errorf("%s = %q is not in the vector", p.Name, p.Value)
		}
	}
	if want := v.Expect.Authorization; want != nil {
		if strings.HasPrefix(v.ID, "cleat-") {
			equal(t, "authorization", got.AuthorizationHeader, want)
		}
		a, b := oauth1.ParseAuthorization(got.AuthorizationHeader), oauth1.ParseAuthorization(*want)
		if oauth1.NormalizedParameters(a) != oauth1.NormalizedParameters(b) || len(a) == 0 {
			t.Errorf("authorization\n got %v\nwant %v", a, b)
		}
	}
}

func keys(m map[string]string) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	return list
}

// vectorConfig fills a Config so that exactly oauth_params are sent.
func vectorConfig(t *testing.T, f vectorFile, v vector) *oauth1.Config {
	t.Helper()
	c := &oauth1.Config{
		ConsumerSecret: v.Input.ConsumerSecret, SignatureMethod: v.Input.SignatureMethod,
		TransportMethod: v.Input.Transport, Realm: v.Input.Realm,
		OmitVersion: true, OmitNonce: true, OmitTimestamp: true,
	}
	for name, value := range v.Input.OAuthParams {
		switch name {
		case "oauth_consumer_key":
			c.ConsumerKey = value
		case "oauth_body_hash":
			c.BodyHash = oauth1.BodyHashComputed
		case "oauth_signature_method", "oauth_token":
		default:
			c.Extra = append(c.Extra, oauth1.Param{Name: name, Value: value})
		}
	}
	if v.Group == "mastercard_compat" {
		c.Profile = oauth1.ProfileMastercard
	}
	if strings.HasPrefix(v.Source, "npm request") {
		c.Profile = oauth1.ProfileRequest // its realm travels in query and body
	}
	if v.Input.PrivateKey != "" {
		key, _, err := oauth1.ParsePrivateKey(f.Keys[v.Input.PrivateKey].PEM, "")
		if err != nil {
			t.Fatal(err)
		}
		c.Key = key
	}
	return c
}

func testErrorVector(t *testing.T, _ vectorFile, v vector) {
	c := &oauth1.Config{SignatureMethod: v.Input.Directive.SignatureMethod, TransportMethod: v.Input.Directive.TransportMethod}
	if v.Input.Directive.BodyHash {
		c.BodyHash = oauth1.BodyHashComputed
	}
	_, err := c.Sign(oauth1.Request{
		Method: v.Input.Method, URL: v.Input.URL, Body: []byte(v.Input.Body), ContentType: v.Input.ContentType,
	}, oauth1.Token{})
	if err == nil || !strings.Contains(err.Error(), v.Expect.ErrorContains) {
		t.Errorf("error %v, want %q", err, v.Expect.ErrorContains)
	}
}
