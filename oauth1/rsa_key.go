package oauth1

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// minKeyBits is the smallest RSA key that is used at all, goodKeyBits the
// smallest without a warning: old providers still issue 1024 bits.
const (
	minKeyBits  = 1024
	goodKeyBits = 2048
)

// ParsePrivateKey reads an RSA private key from PEM: PKCS#1 ("RSA PRIVATE
// KEY", also with the old Proc-Type encryption), PKCS#8 ("PRIVATE KEY") and
// encrypted PKCS#8 ("ENCRYPTED PRIVATE KEY": PBES2 with PBKDF2 over HMAC-SHA-1,
// -256 or -512 and AES-CBC or DES-EDE3-CBC). Text that went through JSON or an
// input field is repaired: line breaks written as \n, CRLF, spaces around it
// and lines run together. Other PEM blocks before the key are skipped.
//
// The warning is not empty for keys of 1024 to 2047 bits; smaller ones are an
// error. Parsing takes much longer than looking a key up: keep the result.
//
// Errors are [*Error] values with [CodeKeyInvalid], [CodeKeyTooSmall] or
// [CodePassphrase], and never contain a part of the key.
func ParsePrivateKey(text, passphrase string) (key crypto.Signer, warning string, err error) {
	block := findPEM(text, func(kind string) bool { return strings.HasSuffix(kind, "PRIVATE KEY") })
	if block == nil {
		return nil, "", keyError("no PEM block with a private key found", nil)
	}
	rsaKey, err := parsePrivateBlock(block, passphrase)
	if err != nil {
		return nil, "", err
	}
	warning, err = checkPublicKey(rsaKey.Public())
	if err != nil {
		return nil, "", err
	}
	return rsaKey, warning, nil
}

func parsePrivateBlock(block *pem.Block, passphrase string) (*rsa.PrivateKey, error) {
	der, err := decryptBlock(block, passphrase)
	if err != nil {
		return nil, err
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, keyError("the private key cannot be read", err)
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, keyError(fmt.Sprintf("OAuth 1.0 needs an RSA key, this is %T", key), nil)
	}
	return rsaKey, nil
}

// ParsePublicKey reads an RSA public key for verifying, from PEM: "PUBLIC
// KEY", "RSA PUBLIC KEY" or "CERTIFICATE" (whose validity is not checked). The
// same repairs, sizes and errors as with [ParsePrivateKey] apply.
func ParsePublicKey(text string) (key *rsa.PublicKey, warning string, err error) {
	block := findPEM(text, func(kind string) bool {
		return strings.HasSuffix(kind, "PUBLIC KEY") || kind == "CERTIFICATE"
	})
	if block == nil {
		return nil, "", keyError("no PEM block with a public key or certificate found", nil)
	}
	parsed, err := parsePublicBlock(block)
	if err != nil {
		return nil, "", keyError("the public key cannot be read", err)
	}
	if key, err = rsaPublic(parsed); err != nil {
		return nil, "", err
	}
	warning, err = checkPublicKey(key)
	if err != nil {
		return nil, "", err
	}
	return key, warning, nil
}

func parsePublicBlock(block *pem.Block) (any, error) {
	switch block.Type {
	case "CERTIFICATE":
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return certificate.PublicKey, nil
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

// checkPublicKey holds the size rule for every RSA key that is used.
func checkPublicKey(public crypto.PublicKey) (warning string, err error) {
	key, err := rsaPublic(public)
	if err != nil {
		return "", err
	}
	switch bits := key.N.BitLen(); {
	case bits < minKeyBits:
		return "", &Error{Code: CodeKeyTooSmall, Message: fmt.Sprintf("oauth: RSA key of %d bits is too small", bits), Detail: "1024 is the least, 2048 is advised"}
	case bits < goodKeyBits:
		return fmt.Sprintf("RSA key of %d bits: 2048 or more are advised", bits), nil
	}
	return "", nil
}

func rsaPublic(public crypto.PublicKey) (*rsa.PublicKey, error) {
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		return nil, keyError(fmt.Sprintf("OAuth 1.0 needs an RSA key, this is %T", public), nil)
	}
	return key, nil
}

func keyError(detail string, cause error) error {
	return &Error{Code: CodeKeyInvalid, Message: "oauth: private_key is not usable", Detail: detail, Err: cause}
}

// ChooseKey applies the rule which of several secrets a method signs with, for
// applications whose users fill in a form: an RSA method takes privateKey, else
// consumerSecret if that is PEM; HMAC and PLAINTEXT take consumerSecret, else
// the text of privateKey.
//
// What it returns goes into [Config.ConsumerSecret] and [Config.Key]. Errors
// are those of [LookupMethod] and [ParsePrivateKey], or [CodeKeyMissing].
func ChooseKey(method, consumerSecret, privateKey, passphrase string) (secret string, key crypto.Signer, warning string, err error) {
	m, err := LookupMethod(method)
	switch {
	case err != nil:
		return "", nil, "", err
	case m.Kind != KindRSA && consumerSecret != "":
		return consumerSecret, nil, "", nil
	case m.Kind != KindRSA:
		return privateKey, nil, "", nil
	case privateKey == "" && looksLikePEM(consumerSecret):
		privateKey = consumerSecret
	case privateKey == "":
		return "", nil, "", &Error{Code: CodeKeyMissing, Message: "oauth: RSA methods need private_key"}
	}
	key, warning, err = ParsePrivateKey(privateKey, passphrase)
	return "", key, warning, err
}

func looksLikePEM(s string) bool { return strings.Contains(s, "-----BEGIN ") }
