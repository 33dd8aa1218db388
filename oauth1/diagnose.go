package oauth1

import (
	"crypto/hmac"
	"encoding/base64"
	"slices"
	"strings"
)

// Finding is a way of signing that gives the signature in question.
type Finding struct {
	// Mistakes says, in plain words, what the other side does differently;
	// empty when it signs as we do.
	Mistakes   []string `json:"mistakes"`
	BaseString string   `json:"base_string"`
}

// String joins the mistakes.
func (f Finding) String() string {
	if len(f.Mistakes) == 0 {
		return "the signature is right"
	}
	return strings.Join(f.Mistakes, "; ")
}

// Diagnose explains a signature that somebody else made for r: it tries the
// usual mistakes, alone and (but for RSA) in pairs, and returns those that give
// this very signature, the simplest ones only. None means that a secret, the
// key or something unusual differs.
//
// Set Timestamp and Nonce of the Config to those that were signed, and give the
// signature without percent-encoding. Nothing is sent. The errors are those of
// [Config.Sign].
func (c *Config) Diagnose(r Request, t Token, signature string) ([]Finding, error) {
	right := trial{config: *c, request: r, token: t}
	base, made, err := right.sign()
	if err != nil {
		return nil, err
	}
	if made == signature {
		return []Finding{{BaseString: base}}, nil
	}
	var found []Finding
	try := func(mistakes ...mistake) {
		if f, ok := right.with(mistakes).finds(signature, mistakes); ok {
			found = append(found, f)
		}
	}
	for _, m := range mistakes {
		try(m)
	}
	if method, err := c.method(); len(found) > 0 || err != nil || method.Kind == KindRSA {
		return found, nil
	}
	for i, m := range mistakes {
		for _, other := range mistakes[i+1:] {
			try(m, other)
		}
	}
	return found, nil
}

// trial is a request signed in some wrong way.
type trial struct {
	config  Config
	request Request
	token   Token
	edit    []func(*signing)      // applied before the base string is written
	key     func(t *trial) string // of HMAC, where it is not made as RFC 5849 3.4.2 says
}

// mistake is one thing people do wrong.
type mistake struct {
	words string
	make  func(*trial)
}

func (t trial) with(mistakes []mistake) trial {
	for _, m := range mistakes {
		m.make(&t)
	}
	return t
}

func (t trial) finds(signature string, mistakes []mistake) (Finding, bool) {
	base, made, err := t.sign()
	if err != nil || made != signature {
		return Finding{}, false
	}
	f := Finding{BaseString: base}
	for _, m := range mistakes {
		f.Mistakes = append(f.Mistakes, m.words)
	}
	return f, true
}

func (t trial) sign() (base, signature string, err error) {
	t.config.TransportMethod = TransportHeader // does not matter to the signature
	w, err := wireOf(t.request)
	if err != nil {
		return "", "", err
	}
	s, err := t.config.signShowingBase(w, t.token)
	if err != nil {
		return "", "", err
	}
	if len(t.edit) > 0 {
		for _, edit := range t.edit {
			edit(s)
		}
		s.base = s.baseString()
		s.signature, err = s.method.sign(s.base, t.config.secrets(t.token.Secret))
	}
	if t.key != nil && s.method.Kind == KindHMAC {
		mac := hmac.New(s.method.Hash.New, []byte(t.key(&t)))
		mac.Write(s.base)
		s.signature = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return string(s.base), s.signature, err
}

// mistakes is the table of what Diagnose tries.
var mistakes = []mistake{
	{"it uses HMAC-SHA1", signMethod("HMAC-SHA1")},
	{"it uses HMAC-SHA256", signMethod("HMAC-SHA256")},
	{"it uses HMAC-SHA512", signMethod("HMAC-SHA512")},
	{"it uses PLAINTEXT", signMethod("PLAINTEXT")},
	{"the token secret is missing from the key", func(t *trial) { t.token.Secret = "" }},
	{"the consumer secret is missing from the key", func(t *trial) { t.config.ConsumerSecret = "" }},
	{"consumer secret and token secret are swapped", func(t *trial) {
		t.config.ConsumerSecret, t.token.Secret = t.token.Secret, t.config.ConsumerSecret
	}},
	{"white space around the secrets is cut off", func(t *trial) {
		t.config.ConsumerSecret, t.token.Secret = strings.TrimSpace(t.config.ConsumerSecret), strings.TrimSpace(t.token.Secret)
	}},
	{"the secrets end in a line break", func(t *trial) {
		t.config.ConsumerSecret, t.token.Secret = t.config.ConsumerSecret+"\n", t.token.Secret+"\n"
	}},
	{"the secrets are percent-decoded first", func(t *trial) {
		t.config.ConsumerSecret, t.token.Secret = PercentDecode(t.config.ConsumerSecret), PercentDecode(t.token.Secret)
	}},
	{"the body is not signed", func(t *trial) { t.request.ContentType = "" }},
	{"the body is signed although it is no form", func(t *trial) { t.request.ContentType = formMediaType }},
	{"the query is not signed", edits(func(s *signing) { s.drop(originURL) })},
	{"http is signed instead of https", scheme("http")},
	{"https is signed instead of http", scheme("https")},
	{"the port is kept", edits(func(s *signing) { s.profile.keepPort = true })},
	{"the port is left out", edits(func(s *signing) { s.wire.url.host = hostName(s.wire.url.host) })},
	{"the Host header is not looked at", func(t *trial) { t.request.Host = "" }},
	{"a slash is added to the path", edits(func(s *signing) { s.wire.url.path += "/" })},
	{"the slash at the end of the path is left out", edits(func(s *signing) { s.wire.url.path = strings.TrimSuffix(s.wire.url.path, "/") })},
	{"the path is percent-decoded", edits(func(s *signing) { s.wire.url.path = PercentDecode(s.wire.url.path) })},
	{"the method is signed as GET", func(t *trial) { t.request.Method = "GET" }},
	{"the method is signed as POST", func(t *trial) { t.request.Method = "POST" }},
	{"the method is signed in lower case", edits(func(s *signing) { s.wire.method = strings.ToLower(s.wire.method) })},
	{"the parameters are not sorted", edits((*signing).unsort)},
	{"the parameters are double-encoded", edits((*signing).encodeAgain)},
	{"a plus sign is taken for a plus sign", edits((*signing).keepPlus)},
	{"oauth_version is not signed", func(t *trial) { t.config.OmitVersion = true }},
	{"oauth_version=1.0 is signed", func(t *trial) { t.config.OmitVersion = false }},
	{"an empty oauth_token is signed", func(t *trial) { t.token.SendEmpty = true }},
	{"oauth_token is not signed", func(t *trial) { t.token.Token, t.token.SendEmpty = "", false }},
	{"realm is signed", edits((*signing).signRealm)},
	{"the secrets are not percent-encoded", keyOf(func(t *trial) string { return t.config.ConsumerSecret + "&" + t.token.Secret })},
	{"the secrets are encoded twice", keyOf(func(t *trial) string {
		return PercentEncode(PercentEncode(t.config.ConsumerSecret)) + "&" + PercentEncode(PercentEncode(t.token.Secret))
	})},
	{"the key is the consumer secret without the &", keyOf(func(t *trial) string { return PercentEncode(t.config.ConsumerSecret) })},
	{"the consumer key stands in place of its secret", func(t *trial) { t.config.ConsumerSecret = t.config.ConsumerKey }},
	{"the token stands in place of its secret", func(t *trial) { t.token.Secret = t.token.Token }},
	{"consumer key and token stand in place of the secrets", func(t *trial) { t.config.ConsumerSecret, t.token.Secret = t.config.ConsumerKey, t.token.Token }},
	{"consumer key and token are swapped", func(t *trial) { t.config.ConsumerKey, t.token.Token = t.token.Token, t.config.ConsumerKey }},
	{"a space is written + in the parameters", rewrites(plusForSpace, originURL, originBody)},
	{"a space is written + in the query", rewrites(plusForSpace, originURL)},
	{"a space is written + in the body", rewrites(plusForSpace, originBody)},
	{"the query is double-encoded", rewrites(PercentEncode, originURL)},
	{"the body is double-encoded", rewrites(PercentEncode, originBody)},
	{"the query is not encoded", rewrites(PercentDecode, originURL)},
	{"the body is not encoded", rewrites(PercentDecode, originBody)},
	{"the parameters are not encoded", rewrites(PercentDecode, originURL, originBody)},
	{"the marks ! * ' ( ) are not encoded", rewrites(marksKept, originURL, originBody, originProtocol)},
	{"the escapes of the query are in lower case", rewrites(lowerEscapes, originURL)},
	{"the escapes of the body are in lower case", rewrites(lowerEscapes, originBody)},
	{"the escapes are in lower case", rewrites(lowerEscapes, originURL, originBody, originProtocol)},
	{"the host is signed in upper case", edits(func(s *signing) { s.wire.url.host = strings.ToUpper(s.wire.url.host) })},
	{"the path is percent-encoded once more", edits(func(s *signing) { s.wire.url.path = strings.ReplaceAll(s.wire.url.path, "%", "%25") })},
	{"the escapes of the path are in lower case", edits(func(s *signing) { s.wire.url.path = lowerEscapes(s.wire.url.path) })},
	{"the query is left in the base string URI", edits(func(s *signing) { s.wire.url.path += "?" + s.wire.url.query })},
	{"the method is signed as PUT", func(t *trial) { t.request.Method = "PUT" }},
	{"the method is signed as PATCH", func(t *trial) { t.request.Method = "PATCH" }},
	{"the method is signed as DELETE", func(t *trial) { t.request.Method = "DELETE" }},
	{"an empty oauth_token is signed in place of the token", func(t *trial) { t.token.Token, t.token.SendEmpty = "", true }},
	{"oauth_verifier is not signed", func(t *trial) { t.config.Verifier = "" }},
	{"oauth_callback is not signed", func(t *trial) { t.config.Callback = "" }},
	{"realm is signed in lower case", edits(func(s *signing) { s.signRealmAs(strings.ToLower) })},
	{"realm is signed in upper case", edits(func(s *signing) { s.signRealmAs(strings.ToUpper) })},
	{"it signs as Mastercard wants it", func(t *trial) { t.config.Profile = ProfileMastercard }},
	{"it signs like npm request", func(t *trial) { t.config.Profile = ProfileRequest }},
}

func keyOf(key func(*trial) string) func(*trial) {
	return func(t *trial) { t.key = key }
}

// rewrites changes names and values, as they are encoded, of the given origins.
func rewrites(change func(string) string, origins ...origin) func(*trial) {
	return edits(func(s *signing) {
		s.params = slices.Clone(s.params)
		for i, p := range s.params {
			if slices.Contains(origins, p.origin) {
				s.params[i].name, s.params[i].value = change(p.name), change(p.value)
			}
		}
		sortParameters(s.params)
	})
}

func plusForSpace(encoded string) string { return strings.ReplaceAll(encoded, "%20", "+") }

// marksKept is what encodeURIComponent of JavaScript gives.
func marksKept(encoded string) string {
	return strings.NewReplacer("%21", "!", "%2A", "*", "%27", "'", "%28", "(", "%29", ")").Replace(encoded)
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(encoded string) string {
	b := []byte(encoded)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

func signMethod(name string) func(*trial) {
	return func(t *trial) { t.config.SignatureMethod = name }
}

func scheme(name string) func(*trial) {
	return edits(func(s *signing) { s.wire.url.scheme = name })
}

func edits(edit func(*signing)) func(*trial) {
	return func(t *trial) { t.edit = append(slices.Clone(t.edit), edit) }
}

// drop leaves out the parameters of one origin.
func (s *signing) drop(from origin) {
	s.params = slices.DeleteFunc(slices.Clone(s.params), func(p parameter) bool { return p.origin == from })
}

// unsort puts the parameters into the order in which they were collected.
func (s *signing) unsort() {
	s.params = nil
	for _, p := range s.protocol {
		s.params = append(s.params, s.profile.protocolParameter(p))
	}
	collected := s.profile.appendCollected(nil, s.wire.url.query, s.form())
	s.params = append(collected, s.params...)
}

// encodeAgain encodes what came from the request once more, as happens when
// its query is not decoded first.
func (s *signing) encodeAgain() {
	s.params = slices.Clone(s.params)
	for i, p := range s.params {
		if p.origin != originProtocol {
			s.params[i].name, s.params[i].value = PercentEncode(p.name), PercentEncode(p.value)
		}
	}
	sortParameters(s.params)
}

// keepPlus reads queries and forms without turning + into a space.
func (s *signing) keepPlus() {
	s.drop(originURL)
	s.drop(originBody)
	literal := func(text string) string { return strings.ReplaceAll(text, "+", "%2B") }
	s.params = s.profile.appendCollected(s.params, literal(s.wire.url.query), literal(s.form()))
	sortParameters(s.params)
}

func (s *signing) signRealm() { s.signRealmAs(func(realm string) string { return realm }) }

func (s *signing) signRealmAs(change func(string) string) {
	if s.config.Realm != "" {
		s.params = append(slices.Clone(s.params), encodedParameter(Param{"realm", change(s.config.Realm)}, originProtocol))
		sortParameters(s.params)
	}
}
