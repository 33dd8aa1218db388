package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

func isOAuth1(file value.Value) bool { return file.Member("format").Str() == "cleat.oauth1.vectors/1" }

// oauth1Vector is one entry; what its group does not use stays empty.
type oauth1Vector struct {
	ID, Group, Source string
	Input             struct {
		Text, Method, URL, Body, Transport, Realm string

		Params          [][2]string
		ContentType     string            `json:"content_type"`
		BaseString      string            `json:"base_string"`
		OAuthParams     map[string]string `json:"oauth_params"`
		SignatureMethod string            `json:"signature_method"`
		ConsumerSecret  string            `json:"consumer_secret"`
		TokenSecret     string            `json:"token_secret"`
		PrivateKey      string            `json:"private_key"`
		Directive       struct {
			SignatureMethod string `json:"signature_method"`
			TransportMethod string `json:"transport_method"`
			BodyHash        bool   `json:"body_hash"`
		}
	}
	Expect map[string]string
}

func oauth1Cases(_ value.Value, text []byte) ([]vector, error) {
	var file struct {
		Keys    map[string]struct{ PEM string }
		Vectors []oauth1Vector
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	var cases []vector
	for _, v := range file.Vectors {
		pem := file.Keys[v.Input.PrivateKey].PEM
		cases = append(cases, vector{v.ID, v.Group, func() error { return v.run(pem) }})
	}
	return cases, nil
}

// run computes everything that the vector expects and compares all of it.
func (v oauth1Vector) run(pem string) error {
	got, err := v.compute(pem)
	if want, ok := v.Expect["error_contains"]; ok {
		if err == nil || !strings.Contains(err.Error(), want) {
			return fmt.Errorf("the error is %v, want %q", err, want)
		}
		return nil
	}
	if err != nil {
		return err
	}
	var faults []error
	for what, want := range v.Expect {
		if got, ok := got[what]; !ok || got != want && !v.sameAuthorization(what, got, want) {
			faults = append(faults, fmt.Errorf("%s\n got %s\nwant %s", what, got, want))
		}
	}
	return errors.Join(faults...)
}

// sameAuthorization compares two headers by their content, unless the form is cleat's
// own. The realm is compared where the vector has one.
func (v oauth1Vector) sameAuthorization(what, got, want string) bool {
	if what != "authorization" || strings.HasPrefix(v.ID, "cleat-") {
		return false
	}
	a, b := oauth1.ParseAuthorization(got), oauth1.ParseAuthorization(want)
	return len(a) > 0 && oauth1.NormalizedParameters(a) == oauth1.NormalizedParameters(b)
}

func (v oauth1Vector) compute(pem string) (map[string]string, error) {
	in := v.Input
	config, token, err := v.config(pem)
	if err != nil {
		return nil, err
	}
	switch v.Group {
	case "percent_encode":
		return map[string]string{"encoded": oauth1.PercentEncode(in.Text)}, nil
	case "normalize":
		var params []oauth1.Param
		for _, p := range in.Params {
			params = append(params, oauth1.Param{Name: p[0], Value: p[1]})
		}
		return map[string]string{"parameter_string": oauth1.NormalizedParameters(params)}, nil
	case "base_uri":
		uri, err := oauth1.BaseStringURI(in.URL)
		return map[string]string{"base_string_uri": uri}, err
	case "sign_base":
		signature, err := config.Signature(in.BaseString, in.TokenSecret)
		return map[string]string{"signature": signature}, err
	case "body_hash":
		hash, err := oauth1.BodyHash(in.SignatureMethod, []byte(in.Body))
		return map[string]string{"body_hash": hash}, err
	case "request", "mastercard_compat", "error":
		return v.sign(config, token)
	}
	return nil, fmt.Errorf("unknown group %s", v.Group)
}

func (v oauth1Vector) sign(config *oauth1.Config, token oauth1.Token) (map[string]string, error) {
	in := v.Input
	signed, err := config.Sign(oauth1.Request{Method: in.Method, URL: in.URL, ContentType: in.ContentType, Body: []byte(in.Body)}, token)
	if err != nil {
		return nil, err
	}
	got := map[string]string{"base_string": signed.BaseString, "signature": signed.Signature,
		"authorization": signed.AuthorizationHeader, "url": signed.URL, "body": string(signed.Body)}
	for _, p := range signed.Params {
		if p.Name == "oauth_body_hash" {
			got["body_hash"] = p.Value
		}
		if want, ok := in.OAuthParams[p.Name]; v.Group != "error" && (!ok || want != p.Value) {
			return got, fmt.Errorf("sends %s=%s, which the vector does not have", p.Name, p.Value)
		}
	}
	return got, nil
}

// config fills a Config so that exactly the parameters of the vector are sent.
func (v oauth1Vector) config(pem string) (*oauth1.Config, oauth1.Token, error) {
	in := v.Input
	config := &oauth1.Config{
		ConsumerSecret: in.ConsumerSecret, Realm: in.Realm,
		SignatureMethod: in.SignatureMethod + in.Directive.SignatureMethod,
		TransportMethod: in.Transport + in.Directive.TransportMethod,
		OmitVersion:     true, OmitNonce: true, OmitTimestamp: true,
	}
	if _, hashed := in.OAuthParams["oauth_body_hash"]; hashed || in.Directive.BodyHash {
		config.BodyHash = oauth1.BodyHashComputed
	}
	config.ConsumerKey = in.OAuthParams["oauth_consumer_key"]
	token := oauth1.Token{Token: in.OAuthParams["oauth_token"], Secret: in.TokenSecret}
	_, token.SendEmpty = in.OAuthParams["oauth_token"]
	for name, text := range in.OAuthParams {
		known := []string{"oauth_consumer_key", "oauth_token", "oauth_body_hash", "oauth_signature_method"}
		if !slices.Contains(known, name) {
			config.Extra = append(config.Extra, oauth1.Param{Name: name, Value: text})
		}
	}
	switch {
	case v.Group == "mastercard_compat":
		config.Profile = oauth1.ProfileMastercard
	case strings.HasPrefix(v.Source, "npm request"):
		config.Profile = oauth1.ProfileRequest // it sends the realm in query and body too
	}
	if pem == "" {
		return config, token, nil
	}
	key, _, err := oauth1.ParsePrivateKey(pem, "")
	config.Key = key
	return config, token, err
}
