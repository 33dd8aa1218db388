package oauth1_test

import (
	"crypto/rsa"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/oauth1"
)

func keyFile(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "keys", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func testKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, _, err := oauth1.ParsePrivateKey(keyFile(t, "pkcs1.pem"), "")
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

// Every file with the key in it gives the same key.
func TestParsePrivateKeyFiles(t *testing.T) {
	t.Parallel()
	want := testKey(t)
	files, err := filepath.Glob("testdata/keys/*.pem")
	if err != nil {
		t.Fatal(err)
	}
	parsed := 0
	for _, file := range files {
		name := filepath.Base(file)
		if !strings.HasPrefix(name, "pkcs") && !strings.HasPrefix(name, "pbes2-") && !strings.HasPrefix(name, "legacy-") {
			continue
		}
		key, warning, err := oauth1.ParsePrivateKey(keyFile(t, name), "secret")
		if err != nil || warning != "" || !want.Equal(key) {
			t.Errorf("%s: %v, warning %q", name, err, warning)
		}
		parsed++
	}
	if parsed != 18 {
		t.Errorf("%d files, want 18", parsed)
	}
}

func TestParsePrivateKeyRepairs(t *testing.T) {
	t.Parallel()
	want, plain := testKey(t), keyFile(t, "pkcs8.pem")
	lines := strings.Split(strings.TrimSpace(plain), "\n")
	body := strings.Join(lines[1:len(lines)-1], "")
	for name, text := range map[string]string{
		`\n as two characters`:    strings.ReplaceAll(plain, "\n", `\n`),
		`\r\n as four characters`: strings.ReplaceAll(plain, "\n", `\r\n`),
		"CRLF":                    strings.ReplaceAll(plain, "\n", "\r\n"),
		"CR":                      strings.ReplaceAll(plain, "\n", "\r"),
		"spaces for line breaks":  strings.Join(lines, " "),
		"nothing for line breaks": lines[0] + body + lines[len(lines)-1],
		"indented":                "\n\t  " + strings.Join(lines, "\n\t  "),
		"text before":             "Bag Attributes\n  friendlyName: x\n" + plain,
		"certificate before":      keyFile(t, "certificate.pem") + plain,
		"legacy with CRLF":        strings.ReplaceAll(keyFile(t, "legacy-aes256.pem"), "\n", "\r\n"),
		`legacy with \n`:          strings.ReplaceAll(keyFile(t, "legacy-des3.pem"), "\n", `\n`),
	} {
		key, _, err := oauth1.ParsePrivateKey(text, "secret")
		if err != nil || !want.Equal(key) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParsePrivateKeyErrors(t *testing.T) {
	t.Parallel()
	pbes2 := keyFile(t, "pbes2-aes-256-cbc-hmacWithSHA256.pem")
	for _, tt := range []struct {
		name, text, passphrase string
		code                   oauth1.Code
	}{
		{"empty", "", "", oauth1.CodeKeyInvalid},
		{"no PEM", "secret", "", oauth1.CodeKeyInvalid},
		{"public key", keyFile(t, "public.pem"), "", oauth1.CodeKeyInvalid},
		{"EC key", keyFile(t, "ec.pem"), "", oauth1.CodeKeyInvalid},
		{"no passphrase", pbes2, "", oauth1.CodePassphrase},
		{"wrong passphrase", pbes2, "wrong", oauth1.CodePassphrase},
		{"no legacy passphrase", keyFile(t, "legacy-aes128.pem"), "", oauth1.CodePassphrase},
		{"wrong legacy passphrase", keyFile(t, "legacy-aes128.pem"), "wrong", oauth1.CodePassphrase},
		{"PRF", keyFile(t, "unsupported-prf.pem"), "secret", oauth1.CodeKeyInvalid},
		{"scrypt", keyFile(t, "unsupported-scrypt.pem"), "secret", oauth1.CodeKeyInvalid},
		{"512 bits", keyFile(t, "small-512.pem"), "", oauth1.CodeKeyTooSmall},
		{"cut off", strings.Replace(keyFile(t, "pkcs8.pem"), "\nMII", "\nMIH", 1), "", oauth1.CodeKeyInvalid},
		{"not DER", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "x", oauth1.CodeKeyInvalid},
	} {
		_, _, err := oauth1.ParsePrivateKey(tt.text, tt.passphrase)
		if !errors.Is(err, tt.code) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.code)
		}
	}
}

func TestWeakKeyWarns(t *testing.T) {
	t.Parallel()
	key, warning, err := oauth1.ParsePrivateKey(keyFile(t, "weak-1024.pem"), "")
	if err != nil || warning != "RSA key of 1024 bits: 2048 or more are advised" {
		t.Fatalf("%v, %q", err, warning)
	}
	signed, err := (&oauth1.Config{ConsumerKey: "ck", SignatureMethod: "rsa-sha512", Key: key}).
		Sign(oauth1.Request{URL: "https://example.com/"}, oauth1.Token{})
	if err != nil || len(signed.Warnings) != 1 || signed.Warnings[0] != warning {
		t.Errorf("%v, %+v", err, signed)
	}
}

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	want := &testKey(t).PublicKey
	for _, name := range []string{"public.pem", "public-pkcs1.pem", "certificate.pem"} {
		key, warning, err := oauth1.ParsePublicKey(keyFile(t, name))
		if err != nil || warning != "" || !want.Equal(key) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", keyFile(t, "ec-public.pem"), keyFile(t, "pkcs8.pem")} {
		if _, _, err := oauth1.ParsePublicKey(text); !errors.Is(err, oauth1.CodeKeyInvalid) {
			t.Errorf("%v", err)
		}
	}
}

func TestChooseKey(t *testing.T) {
	t.Parallel()
	pem := keyFile(t, "pkcs8.pem")
	for _, tt := range []struct {
		name, method, consumerSecret, privateKey string
		secret                                   string
		key                                      bool
		code                                     oauth1.Code
	}{
		{"RSA takes the private key", "RSA-SHA1", "cs", pem, "", true, ""},
		{"RSA takes a consumer secret that is PEM", "rsa-sha256", pem, "", "", true, ""},
		{"RSA without key", "RSA-SHA1", "cs", "", "", false, oauth1.CodeKeyMissing},
		{"HMAC takes the consumer secret", "", "cs", pem, "cs", false, ""},
		{"HMAC falls back to the text of the key", "HMAC-SHA1", "", "text", "text", false, ""},
		{"PLAINTEXT takes the consumer secret", "plaintext", "cs", "text", "cs", false, ""},
		{"unknown method", "MD5", "cs", pem, "", false, oauth1.CodeMethodUnknown},
	} {
		secret, key, _, err := oauth1.ChooseKey(tt.method, tt.consumerSecret, tt.privateKey, "")
		if secret != tt.secret || (key != nil) != tt.key || tt.code != "" && !errors.Is(err, tt.code) || tt.code == "" && err != nil {
			t.Errorf("%s: %q, key %v, %v", tt.name, secret, key != nil, err)
		}
	}
}
