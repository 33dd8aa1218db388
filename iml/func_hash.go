package iml

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/cleat-run/cleat/value"
)

var hashFunctions = []Function{
	{Name: "md5", Summary: "Gives the MD5 hash as hexadecimal text.", passes: true,
		Params: []Param{{Name: "text"}}, Examples: []Example{{"md5('a')", `"0cc175b9c0f1b6a831c399e269772661"`}},
		Call: func(_ *Env, args []value.Value) (value.Value, error) {
			sum := md5.Sum(bytesOf(arg(args, 0)))
			return value.Text(hex.EncodeToString(sum[:])), nil
		}},
	hashFunction("sha1", sha1.New, `"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"`),
	hashFunction("sha256", sha256.New, `"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"`),
	hashFunction("sha512", sha512.New, `"1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75"`),
}

// hashFunction is a hash, or with a key the HMAC of it.
func hashFunction(name string, sum func() hash.Hash, ofA string) Function {
	return Function{Name: name, Summary: "Gives the " + strings.ToUpper(name) + " hash, with a key the HMAC.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "encoding", Optional: true}, {Name: "key", Optional: true}, {Name: "keyEncoding", Optional: true}},
		Examples: []Example{{name + "('a')", ofA}},
		Call: func(_ *Env, args []value.Value) (value.Value, error) {
			h := sum()
			if key := arg(args, 2); !key.IsNil() && key.ToText() != "" {
				secret, err := hashKey(args)
				if err != nil {
					return value.Undefined, err
				}
				h = hmac.New(sum, secret)
			}
			h.Write(bytesOf(arg(args, 0)))
			encoding := arg(args, 1).ToText()
			if encoding == "" {
				encoding = "hex"
			}
			text, ok := encodeBytes(h.Sum(nil), encoding)
			if !ok {
				return value.Undefined, unknownEncoding(args, 1)
			}
			return value.Text(text), nil
		}}
}

func hashKey(args []value.Value) ([]byte, error) {
	key, encoding := arg(args, 2), arg(args, 3).ToText()
	if encoding == "binary" && key.Kind() != value.KindBuffer {
		return nil, &argumentError{index: 2, value: key, what: "buffer"}
	}
	if key.Kind() == value.KindBuffer {
		return key.Bytes(), nil
	}
	b, ok := decodeText(key.ToText(), encoding)
	if !ok {
		return nil, unknownEncoding(args, 3)
	}
	return b, nil
}
