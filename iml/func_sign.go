package iml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"

	"github.com/cleat-run/cleat/value"
)

var signFunctions = []Function{
	{Name: "jwt", Summary: "Signs a payload as a JSON Web Token; no iat is added.",
		Params: []Param{{Name: "payload"}, {Name: "secret"}, {Name: "algorithm", Optional: true}, {Name: "options", Optional: true}},
		Examples: []Example{{`jwt(parseJSON('{"sub":"1"}'), 'secret')`,
			`"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.8qZF8vbN3UpcanXFc-mPXJkOPN01-bRch8XX3rToP1U"`}}, Call: jwtFunction},
	{Name: "generateJwtWithKeyId", Summary: "As jwt, with the thumbprint of the key as its id.",
		Params: []Param{{Name: "payload"}, {Name: "key"}, {Name: "algorithm", Optional: true}, {Name: "thumbprintAlgorithm", Optional: true}, {Name: "options", Optional: true}},
		Examples: []Example{{`get(split(generateJwtWithKeyId(parseJSON('{"sub":"1"}'), 'secret'), '.'), 1)`,
			`"eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCIsImtpZCI6IkRXQmgwU0VJQVBZaDF4NXV2b3Q0ejNBaGFpa0hreE5KYTNBZGEyZlQtQ2cifQ"`}}, Call: jwtWithKeyFunction},
	{Name: "cryptoSign", Summary: "Signs data with a private key in PEM form, as hexadecimal text or in another encoding.",
		Params:   []Param{{Name: "algorithm"}, {Name: "data"}, {Name: "key"}, {Name: "outputEncoding", Optional: true}},
		Examples: []Example{{"if(false, cryptoSign('RSA-SHA256', 'data', connection.key, 'base64'), 'signed')", `"signed"`}}, Call: cryptoSignFunction},
}

// hashes are the hash functions by the names that Node gives them.
var hashes = map[string]crypto.Hash{"md5": crypto.MD5, "sha1": crypto.SHA1, "sha224": crypto.SHA224, "sha256": crypto.SHA256,
	"sha384": crypto.SHA384, "sha512": crypto.SHA512}

// cryptoSignFunction is crypto.sign of Node.
func cryptoSignFunction(_ *Env, args []value.Value) (value.Value, error) {
	name := strings.TrimPrefix(strings.ToLower(arg(args, 0).ToText()), "rsa-")
	hash, ok := hashes[strings.Replace(name, "sha-", "sha", 1)]
	if !ok {
		return value.Undefined, &argumentError{value: arg(args, 0), what: "algorithm", hint: "algorithms are named like RSA-SHA256"}
	}
	key, err := privateKey(arg(args, 2))
	if err != nil {
		return value.Undefined, err
	}
	data := bytesOf(arg(args, 1))
	if _, raw := key.(ed25519.PrivateKey); raw {
		hash = 0
	}
	signature, err := key.Sign(rand.Reader, digest(hash, data), hash)
	if err != nil {
		return value.Undefined, withHint("The key cannot sign with this algorithm.", "the key may be too short for it, or of another kind")
	}
	text, ok := encodeBytes(signature, textArg(args, 3, "hex"))
	if !ok {
		return value.Undefined, unknownEncoding(args, 3)
	}
	return value.Text(text), nil
}

// digest is the hash of data; data itself for algorithms that hash on their own.
func digest(hash crypto.Hash, data []byte) []byte {
	if hash == 0 {
		return data
	}
	h := hash.New()
	h.Write(data)
	return h.Sum(nil)
}

func jwtFunction(env *Env, args []value.Value) (value.Value, error) {
	algorithm := textArg(args, 2, arg(args, 3).Member("algorithm").ToText())
	if algorithm == "" {
		algorithm = "HS256"
	}
	return token{arg(args, 0), arg(args, 1), algorithm, arg(args, 3).Collection(), 3}.sign(env)
}

// jwtWithKeyFunction adds the thumbprint of RFC 7638 of the key, whose canonical form is
// that of a symmetric key (RFC 7518 6.4).
func jwtWithKeyFunction(env *Env, args []value.Value) (value.Value, error) {
	if thumb := textArg(args, 3, "HS256"); len(thumb) != 5 || hashes["sha"+thumb[2:]] == 0 {
		return value.Undefined, &argumentError{index: 3, value: arg(args, 3), what: "algorithm", hint: "write HS256, HS384 or HS512"}
	}
	hash := hashes["sha"+textArg(args, 3, "HS256")[2:]]
	key := bytesOf(arg(args, 1))
	print := digest(hash, []byte(`{"k":"`+base64.RawURLEncoding.EncodeToString(key)+`","kty":"oct"}`))
	options := value.NewCollection(4)
	for name, option := range arg(args, 4).Collection().All() {
		options.Set(name, option)
	}
	options.Set("keyid", value.Text(base64.RawURLEncoding.EncodeToString(print)))
	return token{arg(args, 0), arg(args, 1), textArg(args, 2, "HS512"), options, 4}.sign(env)
}

// token is what a token is made of.
type token struct {
	payload, secret value.Value
	algorithm       string
	options         *value.Collection
	optionsArg      int // where the options stand among the arguments
}

// sign makes a compact JWS (RFC 7515 3.1).
func (t token) sign(env *Env) (value.Value, error) {
	sign, err := tokenSigner(t.algorithm, t.secret)
	if err != nil {
		return value.Undefined, err
	}
	claims, err := t.claims(env)
	if err != nil {
		return value.Undefined, err
	}
	signed := base64.RawURLEncoding.EncodeToString(t.header().AppendJSON(nil)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	signature, err := sign([]byte(signed))
	if err != nil {
		return value.Undefined, withHint("The key cannot sign with this algorithm.", "the key may be too short for it, or of another kind")
	}
	text := signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	return value.Text(text), env.Produce(len(text))
}

func (t token) header() value.Value {
	header := value.NewCollection(3)
	header.Set("alg", value.Text(t.algorithm))
	if t.payload.Collection() != nil {
		header.Set("typ", value.Text("JWT"))
	}
	if id := t.options.Get("keyid"); !id.IsNil() {
		header.Set("kid", id)
	}
	for name, member := range t.options.Get("header").Collection().All() {
		if name != "alg" { // the header must not deny the signature
			header.Set(name, member)
		}
	}
	return value.FromCollection(header)
}

// tokenSigner returns the signature of an algorithm of RFC 7518 3.1; none is refused.
func tokenSigner(algorithm string, secret value.Value) (func([]byte) ([]byte, error), error) {
	var hash crypto.Hash
	if len(algorithm) == 5 {
		hash = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[algorithm[2:]]
	}
	if hash == 0 {
		return nil, unknownAlgorithm(algorithm)
	}
	switch family := algorithm[:2]; family {
	case "HS":
		key := bytesOf(secret)
		if len(key) == 0 {
			return nil, withHint("The secret is empty.", "the second argument is the secret")
		}
		return func(data []byte) ([]byte, error) {
			h := hmac.New(hash.New, key)
			h.Write(data)
			return h.Sum(nil), nil
		}, nil
	case "RS", "PS", "ES":
		return keySigner(family, hash, secret)
	}
	return nil, unknownAlgorithm(algorithm)
}

func unknownAlgorithm(name string) error {
	return &argumentError{index: 2, value: value.Text(name), what: "algorithm", hint: "algorithms are HS256, RS256, ES256, PS256 and those with 384 and 512"}
}

func keySigner(family string, hash crypto.Hash, secret value.Value) (func([]byte) ([]byte, error), error) {
	key, err := privateKey(secret)
	if err != nil {
		return nil, err
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		switch family {
		case "RS":
			return func(data []byte) ([]byte, error) { return rsa.SignPKCS1v15(nil, key, hash, digest(hash, data)) }, nil
		case "PS":
			return func(data []byte) ([]byte, error) {
				return rsa.SignPSS(rand.Reader, key, hash, digest(hash, data), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
			}, nil
		}
	case *ecdsa.PrivateKey:
		if bits := key.Curve.Params().BitSize; family == "ES" && curves[hash] == bits {
			return func(data []byte) ([]byte, error) { return signECDSA(key, digest(hash, data)) }, nil
		}
	}
	return nil, withHint("The key does not fit the algorithm.", "RS and PS need an RSA key, ES256 one of P-256, ES384 P-384, ES512 P-521")
}

// curves gives the size of the curve that belongs to a hash (RFC 7518 3.4).
var curves = map[crypto.Hash]int{crypto.SHA256: 256, crypto.SHA384: 384, crypto.SHA512: 521}

// signECDSA writes R and S in full length one behind the other.
func signECDSA(key *ecdsa.PrivateKey, hashed []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, key, hashed)
	if err != nil {
		return nil, err
	}
	size := (key.Curve.Params().BitSize + 7) / 8
	signature := make([]byte, 2*size)
	r.FillBytes(signature[:size])
	s.FillBytes(signature[size:])
	return signature, nil
}
