package oauth1_test

import (
	"crypto/fips140"
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/cleat-run/cleat/oauth1"
)

// In FIPS 140-only mode the forbidden methods report it, and do not panic.
func TestFIPSOnly(t *testing.T) {
	if os.Getenv("GODEBUG") == "fips140=only" {
		t.Skip("this is the child")
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run=^TestFIPSOnlyChild$")
	child.Env = append(os.Environ(), "GODEBUG=fips140=only")
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestFIPSOnlyChild(t *testing.T) {
	if !fips140.Enforced() {
		t.Skip("runs under GODEBUG=fips140=only")
	}
	r := oauth1.Request{URL: "https://example.com/"}
	for _, tt := range []struct {
		method, secret string
		allowed        bool
	}{
		{"HMAC-SHA1", "a secret that is long enough", false},
		{"HMAC-SHA256", "short", false},
		{"HMAC-SHA256", "a secret that is long enough", true},
		{"RSA-SHA1", "", false},
		{"RSA-SHA256", "", true},
		{"PLAINTEXT", "", true},
	} {
		c := &oauth1.Config{SignatureMethod: tt.method, ConsumerSecret: tt.secret, Key: testKey(t)}
		if _, err := c.Sign(r, oauth1.Token{}); (err == nil) != tt.allowed || err != nil && !errors.Is(err, oauth1.CodeFIPS) {
			t.Errorf("%s %q: %v", tt.method, tt.secret, err)
		}
	}
	if _, _, err := oauth1.ParsePrivateKey(keyFile(t, "legacy-aes128.pem"), "secret"); !errors.Is(err, oauth1.CodeFIPS) {
		t.Error(err)
	}
	for _, name := range []string{"pbes2-des-ede3-cbc-hmacWithSHA256.pem", "pbes2-aes-128-cbc-hmacWithSHA1.pem"} {
		if _, _, err := oauth1.ParsePrivateKey(keyFile(t, name), "secret"); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if _, err := oauth1.BodyHash("HMAC-SHA1", nil); !errors.Is(err, oauth1.CodeFIPS) {
		t.Error(err)
	}
}
