package oauth1

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/fips140"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"hash"
	"strings"
)

// maxPBKDF2Iterations bounds the work a key file can ask for.
const maxPBKDF2Iterations = 10_000_000

// decryptBlock returns the DER bytes of a private key block, decrypted if need
// be.
func decryptBlock(block *pem.Block, passphrase string) ([]byte, error) {
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY":
		return decryptPBES2(block.Bytes, passphrase)
	case block.Headers["DEK-Info"] != "":
		return decryptLegacy(block, passphrase)
	}
	return block.Bytes, nil
}

// The ASN.1 of RFC 5958 (EncryptedPrivateKeyInfo) and RFC 8018 (PBES2).
type (
	encryptedPrivateKeyInfo struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	pbes2Params struct {
		KeyDerivation pkix.AlgorithmIdentifier
		Encryption    pkix.AlgorithmIdentifier
	}
	pbkdf2Params struct {
		Salt       []byte
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// pbkdf2Hashes by PRF; the absent PRF means HMAC-SHA-1 (RFC 8018 A.2).
var pbkdf2Hashes = []struct {
	prf asn1.ObjectIdentifier
	new func() hash.Hash
}{
	{nil, sha1.New},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}, sha1.New},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}, sha256.New},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}, sha512.New},
}

// blockCipher is a CBC cipher of an encrypted key.
type blockCipher struct {
	oid       asn1.ObjectIdentifier
	legacy    string // its name in DEK-Info
	keyLength int
	new       func(key []byte) (cipher.Block, error)
}

var blockCiphers = []blockCipher{
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}, "AES-128-CBC", 16, aes.NewCipher},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}, "AES-192-CBC", 24, aes.NewCipher},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, "AES-256-CBC", 32, aes.NewCipher},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}, "DES-EDE3-CBC", 24, des.NewTripleDESCipher},
}

// decryptPBES2 decrypts the usual form of today's key files.
func decryptPBES2(der []byte, passphrase string) ([]byte, error) {
	var info encryptedPrivateKeyInfo
	var scheme pbes2Params
	var derivation pbkdf2Params
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, keyError("the encrypted key cannot be read", err)
	}
	if !info.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, keyError("encryption "+info.Algorithm.Algorithm.String()+" is not supported, only PBES2 is", nil)
	}
	if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &scheme); err != nil {
		return nil, keyError("the encrypted key cannot be read", err)
	}
	if !scheme.KeyDerivation.Algorithm.Equal(oidPBKDF2) {
		return nil, keyError("key derivation "+scheme.KeyDerivation.Algorithm.String()+" is not supported, only PBKDF2 is", nil)
	}
	if _, err := asn1.Unmarshal(scheme.KeyDerivation.Parameters.FullBytes, &derivation); err != nil {
		return nil, keyError("the encrypted key cannot be read", err)
	}
	for _, c := range blockCiphers {
		if !c.oid.Equal(scheme.Encryption.Algorithm) {
			continue
		}
		var iv []byte
		if _, err := asn1.Unmarshal(scheme.Encryption.Parameters.FullBytes, &iv); err != nil {
			return nil, keyError("the encrypted key cannot be read", err)
		}
		key, err := derivation.derive(passphrase, c.keyLength)
		if err != nil {
			return nil, err
		}
		return c.decrypt(key, iv, info.Data, passphrase)
	}
	return nil, keyError("cipher "+scheme.Encryption.Algorithm.String()+" is not supported", nil)
}

func (p pbkdf2Params) derive(passphrase string, length int) ([]byte, error) {
	if p.Iterations < 1 || p.Iterations > maxPBKDF2Iterations {
		return nil, keyError(fmt.Sprintf("%d PBKDF2 iterations", p.Iterations), nil)
	}
	for _, h := range pbkdf2Hashes {
		if !h.prf.Equal(p.PRF.Algorithm) {
			continue
		}
		key, err := pbkdf2.Key(h.new, passphrase, p.Salt, p.Iterations, length)
		if err != nil {
			return nil, keyError("the key cannot be derived from the passphrase", err)
		}
		return key, nil
	}
	return nil, keyError("PBKDF2 over "+p.PRF.Algorithm.String()+" is not supported", nil)
}

// decryptLegacy decrypts the PEM encryption of RFC 1421 as OpenSSL wrote it
// for decades. It is weak (one round of MD5) but many key files still use it.
func decryptLegacy(block *pem.Block, passphrase string) ([]byte, error) {
	if fips140.Enforced() {
		return nil, &Error{Code: CodeFIPS, Message: "oauth: the old PEM encryption is not allowed in FIPS 140-only mode", Detail: "convert the key to PKCS#8"}
	}
	name, ivText, _ := strings.Cut(block.Headers["DEK-Info"], ",")
	iv, err := hex.DecodeString(strings.TrimSpace(ivText))
	if err != nil || len(iv) < 8 {
		return nil, keyError("DEK-Info has no initialisation vector", nil)
	}
	for _, c := range blockCiphers {
		if strings.EqualFold(c.legacy, strings.TrimSpace(name)) {
			return c.decrypt(legacyKey(passphrase, iv[:8], c.keyLength), iv, block.Bytes, passphrase)
		}
	}
	return nil, keyError("cipher "+name+" is not supported", nil)
}

// legacyKey is OpenSSL's EVP_BytesToKey with MD5 and one round.
func legacyKey(passphrase string, salt []byte, length int) []byte {
	var key, last []byte
	for len(key) < length {
		sum := md5.Sum(append(append(last, passphrase...), salt...))
		last = sum[:]
		key = append(key, last...)
	}
	return key[:length]
}

// decrypt undoes CBC and the padding. A wrong passphrase shows itself as bad
// padding or, later, as a key that cannot be read.
func (c blockCipher) decrypt(key, iv, data []byte, passphrase string) ([]byte, error) {
	if passphrase == "" {
		return nil, &Error{Code: CodePassphrase, Message: "oauth: private_key is encrypted", Detail: "a passphrase is needed"}
	}
	block, err := c.new(key)
	if err != nil {
		return nil, keyError("the cipher refuses the key", err)
	}
	size := block.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, keyError("the encrypted key is cut off", nil)
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	pad := int(plain[len(plain)-1])
	// A DER key begins with a SEQUENCE: with a wrong passphrase one in 256
	// paddings still looks right.
	if pad == 0 || pad > size || !bytes.HasSuffix(plain, bytes.Repeat([]byte{byte(pad)}, pad)) || plain[0] != 0x30 {
		return nil, &Error{Code: CodePassphrase, Message: "oauth: private_key cannot be decrypted", Detail: "wrong passphrase?"}
	}
	return plain[:len(plain)-pad], nil
}
