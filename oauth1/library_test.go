package oauth1_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/oauth1"
)

// The example of RFC 5849 3.4.1.1, put together from its parts.
func TestSignatureBaseString(t *testing.T) {
	t.Parallel()
	params := []oauth1.Param{
		{Name: "b5", Value: "=%3D"}, {Name: "a3", Value: "a"}, {Name: "c@", Value: ""}, {Name: "a2", Value: "r b"},
		{Name: "oauth_consumer_key", Value: "9djdj82h48djs9d2"}, {Name: "oauth_token", Value: "kkk9d7dh3k39sjv7"},
		{Name: "oauth_signature_method", Value: "HMAC-SHA1"}, {Name: "oauth_timestamp", Value: "137131201"}, {Name: "oauth_nonce", Value: "7d8f3e4a"},
		{Name: "c2", Value: ""}, {Name: "a3", Value: "2 q"},
	}
	const want = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D" +
		"%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if got := oauth1.SignatureBaseString("post", "http://example.com/request", params); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestBodyHashReader(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"HMAC-SHA1", "RSA-SHA256", "HMAC-SHA512"} {
		for _, body := range []string{"", "Hello World!", strings.Repeat("long ", 100_000)} {
			got, err := oauth1.BodyHashReader(method, strings.NewReader(body))
			want, wrong := oauth1.BodyHash(method, []byte(body))
			if err != nil || wrong != nil || got != want {
				t.Errorf("%s over %d bytes: %q, %v; want %q, %v", method, len(body), got, err, want, wrong)
			}
		}
	}
	// The draft's own example (OAuth Request Body Hash 1.0, appendix A).
	if got, err := oauth1.BodyHashReader("", strings.NewReader("Hello World!")); err != nil || got != "Lve95gjOVATpfV8EL5X4nxwjKHE=" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := oauth1.BodyHashReader("PLAINTEXT", strings.NewReader("")); !errors.Is(err, oauth1.CodeBodyHashPlaintext) {
		t.Errorf("PLAINTEXT: %v", err)
	}
	if _, err := oauth1.BodyHashReader("MD5", strings.NewReader("")); !errors.Is(err, oauth1.CodeMethodUnknown) {
		t.Errorf("MD5: %v", err)
	}
}
