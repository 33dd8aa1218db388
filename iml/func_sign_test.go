package iml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/cleat-run/cleat/value"
)

// pemOf is a key as a person pastes it from a JSON file: its lines end in \n.
func pemOf(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return strings.ReplaceAll(string(text), "\n", `\n`)
}

func evalWith(t *testing.T, text string, roots ...any) string {
	t.Helper()
	scope := NewScope()
	for name, v := range value.Object(roots...).Collection().All() {
		scope.Set(name, v)
	}
	program, _ := Compile(text, Options{})
	v, err := program.Eval(&Env{Scope: scope})
	if err != nil {
		t.Fatal(err)
	}
	return v.ToText()
}

func TestTokensOfKeyPairsVerify(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	verifyRSA := func(hash crypto.Hash, sum, signature []byte) bool {
		return rsa.VerifyPKCS1v15(&rsaKey.PublicKey, hash, sum, signature) == nil
	}
	verifyPSS := func(hash crypto.Hash, sum, signature []byte) bool {
		return rsa.VerifyPSS(&rsaKey.PublicKey, hash, sum, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	for _, test := range []struct {
		algorithm string
		hash      crypto.Hash
		curve     elliptic.Curve
		verify    func(hash crypto.Hash, sum, signature []byte) bool
	}{
		{"RS256", crypto.SHA256, nil, verifyRSA},
		{"RS384", crypto.SHA384, nil, verifyRSA},
		{"RS512", crypto.SHA512, nil, verifyRSA},
		{"PS256", crypto.SHA256, nil, verifyPSS},
		{"PS512", crypto.SHA512, nil, verifyPSS},
		{"ES256", crypto.SHA256, elliptic.P256(), nil},
		{"ES384", crypto.SHA384, elliptic.P384(), nil},
		{"ES512", crypto.SHA512, elliptic.P521(), nil},
	} {
		var key crypto.Signer = rsaKey
		if test.curve != nil {
			curveKey, err := ecdsa.GenerateKey(test.curve, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			key = curveKey
			test.verify = func(_ crypto.Hash, sum, signature []byte) bool {
				half := len(signature) / 2
				r, s := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
				return half == (test.curve.Params().BitSize+7)/8 && ecdsa.Verify(&curveKey.PublicKey, sum, r, s)
			}
		}
		token := evalWith(t, "{{jwt(parseJSON('{\"sub\":\"1\"}'), key, '"+test.algorithm+"')}}", "key", value.Text(pemOf(t, key)))
		signed, last, _ := cutLast(token, ".")
		signature, err := base64.RawURLEncoding.DecodeString(last)
		if err != nil || !test.verify(test.hash, digest(test.hash, []byte(signed)), signature) {
			t.Errorf("%s: %s does not verify", test.algorithm, token)
		}
	}
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	return s[:max(i, 0)], s[i+1:], i >= 0
}

func TestCryptoSignVerifies(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, hash := range map[string]crypto.Hash{"RSA-SHA256": crypto.SHA256, "sha1": crypto.SHA1, "sha-512": crypto.SHA512} {
		signature, err := hex.DecodeString(evalWith(t, "{{cryptoSign(name, 'data', key)}}", "key", value.Text(pemOf(t, key)), "name", value.Text(name)))
		if err != nil {
			t.Fatal(err)
		}
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, hash, digest(hash, []byte("data")), signature); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// One program serves many evaluations at once; the caches behind it are shared.
func TestProgramsAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	text := "{{replace(a, '/(b+)/g', '<$1>')}} {{formatDate('2016-12-28', 'MMM D', 'Asia/Tokyo')}} {{join(sort(split(a, '')), '')}} {{0.1 + 0.2}}"
	program, found := Compile(text, Options{})
	if len(found) > 0 {
		t.Fatal(found)
	}
	scope := NewScope()
	scope.Set("a", value.Text("abba"))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			env := &Env{Scope: scope}
			for range 50 {
				if v, err := program.Eval(env); err != nil || v.Str() != "a<bb>a Dec 28 aabb 0.3" {
					t.Errorf("%s, %v", v.ToText(), err)
				}
			}
		})
	}
	group.Wait()
}
