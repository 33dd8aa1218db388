package iml

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// privateKey reads a key in PEM, PKCS #8, PKCS #1 or SEC 1. Keys pasted from JSON files
// have \n where their lines break. No error says anything of the key.
func privateKey(v value.Value) (crypto.Signer, error) {
	text := strings.ReplaceAll(string(bytesOf(v)), `\n`, "\n")
	block, _ := pem.Decode([]byte(strings.TrimSpace(text) + "\n"))
	if block == nil {
		return nil, withHint("The key is not a private key in PEM form.", "it begins with -----BEGIN PRIVATE KEY-----")
	}
	for _, parse := range []func([]byte) (any, error){x509.ParsePKCS8PrivateKey, parsePKCS1, parseSEC1} {
		if key, err := parse(block.Bytes); err == nil {
			if signer, ok := key.(crypto.Signer); ok {
				return signer, nil
			}
		}
	}
	return nil, withHint("The key is not a private key in PEM form.", "an encrypted key or a certificate cannot sign")
}

func parsePKCS1(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) }

func parseSEC1(der []byte) (any, error) { return x509.ParseECPrivateKey(der) }
