package engine

import (
	"crypto/md5" // RFC 7616 keeps it for servers that know nothing newer
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/cleat-run/cleat/value"
	"github.com/icholy/digest"
)

// digestLogin is the evaluated directive auth of type digest (connections.md 4). The first request of a run goes out without it; the
// challenge that comes back answers the next ones too, until the server makes a new one
// (RFC 7616 3.3, 3.6).
type digestLogin struct{ username, password string }

// digestChallenge is a challenge of a server with how often it was answered.
type digestChallenge struct {
	*digest.Challenge
	count int
}

func newDigestLogin(v value.Value) (*digestLogin, error) {
	login := &digestLogin{v.Member("username").ToText(), v.Member("password").ToText()}
	if login.username == "" {
		return nil, errors.New("auth needs a username")
	}
	return login, nil
}

// answerChallenge puts the credentials for the last challenge of the host into w.
func (r *Run) answerChallenge(w *wire) error {
	c := r.challenges[w.url.host]
	if w.digest == nil || c == nil {
		return nil
	}
	c.count++
	credentials, err := w.digest.credentials(c, w)
	if err == nil {
		w.header.Set("Authorization", credentials.String())
	}
	return err
}

// challenged remembers the challenge of an answer, and reports whether w should be sent
// again: the answer refused it, and was not itself an answer to this very challenge, unless
// the nonce was only too old.
func (r *Run) challenged(w *wire, a *answer) bool {
	if w.digest == nil || a.status != http.StatusUnauthorized {
		return false
	}
	for _, line := range a.header.Values("WWW-Authenticate") {
		c, err := digest.ParseChallenge(line)
		if err != nil || !digestKnown(c) {
			continue
		}
		before := r.challenges[w.url.host]
		if r.challenges == nil {
			r.challenges = map[string]*digestChallenge{}
		}
		r.challenges[w.url.host] = &digestChallenge{Challenge: c}
		return before == nil || c.Stale && before.Nonce != c.Nonce
	}
	return false
}

func digestKnown(c *digest.Challenge) bool {
	plain, _ := session(c.Algorithm)
	bare := *c
	bare.Algorithm = plain
	return digest.CanDigest(&bare)
}

// session splits off the suffix of the algorithms whose key holds for a session.
func session(algorithm string) (plain string, isSession bool) {
	if plain, isSession = strings.CutSuffix(strings.ToUpper(algorithm), "-SESS"); isSession {
		return plain, true
	}
	return algorithm, false
}

// credentials answers a challenge for the bytes that are sent. The library does not know
// the algorithms with -sess; their key is made here (RFC 7616 3.4.2).
func (l *digestLogin) credentials(c *digestChallenge, w *wire) (*digest.Credentials, error) {
	target := w.url.path
	if target == "" {
		target = "/"
	}
	if w.url.query != "" {
		target += "?" + w.url.query
	}
	o := digest.Options{Method: w.method, URI: target, Count: c.count, Username: l.username, Password: l.password,
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(string(w.body))), nil }}
	plain, isSession := session(c.Algorithm)
	if !isSession {
		return digest.Digest(c.Challenge, o)
	}
	sum := func(text string) string {
		if plain == "SHA-256" {
			s := sha256.Sum256([]byte(text))
			return hex.EncodeToString(s[:])
		}
		s := md5.Sum([]byte(text))
		return hex.EncodeToString(s[:])
	}
	o.Cnonce = rand.Text()
	o.A1 = sum(sum(l.username+":"+c.Realm+":"+l.password) + ":" + c.Nonce + ":" + o.Cnonce)
	bare := *c.Challenge
	bare.Algorithm = plain
	credentials, err := digest.Digest(&bare, o)
	if err == nil {
		credentials.Algorithm = c.Algorithm
	}
	return credentials, err
}
