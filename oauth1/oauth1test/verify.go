package oauth1test

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

// This file is the whole verification, RFC 5849 sections 3.1 to 3.6, written
// from the text and in its order. Clarity before speed.

// Signature is a signature that was found right.
type Signature struct {
	ConsumerKey     string
	Token           string
	SignatureMethod string
	Transport       string // header, query or body
	Timestamp       string
	Nonce           string
	Realm           string // of the header, "" = none
	BaseString      string
	Params          [][2]string // protocol parameters as sent, in their order
}

// Get returns a protocol parameter, "" if it was not sent.
func (s *Signature) Get(name string) string {
	value, _ := s.lookup(name)
	return value
}

func (s *Signature) lookup(name string) (string, bool) {
	for _, p := range s.Params {
		if p[0] == name {
			return p[1], true
		}
	}
	return "", false
}

// Keys is what signatures are checked against.
type Keys struct {
	ConsumerSecret string
	TokenSecret    string
	PublicKey      *rsa.PublicKey
}

// Rules are the deviations from RFC 5849 of a provider. The zero value has none.
type Rules struct {
	// SignMultipart also signs the text fields of multipart bodies, as Flickr
	// does for uploads.
	SignMultipart bool

	// Mastercard takes protocol parameters and a query without escapes as they
	// are written, does not look into forms, and wants every body hashed: read
	// off the signer libraries that Mastercard publishes.
	Mastercard bool
}

// maxBody bounds what a request may send.
const maxBody = 8 << 20

// received is a request as it came in, nothing decoded.
type received struct {
	method, scheme, host, path, query, contentType string
	body                                           []byte
	authorization                                  []string
}

// Verify checks the signature of r and nothing else: not the time, not the
// nonce. keys is asked for the secrets. The body stays readable. publicURL is as
// in [Options].
func Verify(r *http.Request, publicURL string, rules Rules, keys func(consumerKey, token string) (Keys, error)) (*Signature, error) {
	in, err := receive(r, publicURL)
	if err != nil {
		return nil, err
	}
	return in.verify(rules, keys)
}

func receive(r *http.Request, publicURL string) (*received, error) {
	in := &received{
		method: r.Method, scheme: "http", host: r.Host,
		contentType: r.Header.Get("Content-Type"), authorization: r.Header["Authorization"],
	}
	if r.TLS != nil {
		in.scheme = "https"
	}
	if scheme, host, ok := strings.Cut(publicURL, "://"); ok {
		in.scheme, in.host = scheme, strings.TrimSuffix(host, "/")
	}
	in.path, in.query, _ = strings.Cut(r.RequestURI, "?")
	if _, rest, ok := strings.Cut(in.path, "://"); ok { // absolute form
		in.path = rest[len(strings.SplitN(rest, "/", 2)[0]):]
	}
	var err error
	if in.body, err = io.ReadAll(io.LimitReader(r.Body, maxBody)); err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(in.body))
	return in, nil
}

func (in *received) verify(rules Rules, keys func(consumerKey, token string) (Keys, error)) (*Signature, error) {
	s, given, err := in.protocol()
	if err != nil {
		return nil, err
	}
	secrets, err := keys(s.ConsumerKey, s.Token)
	if err != nil {
		return nil, err
	}
	s.BaseString = in.baseString(s, rules)
	if !rightSignature(s, given, secrets) {
		return nil, refuse(http.StatusUnauthorized, "signature_invalid", "base string here: "+s.BaseString)
	}
	return s, in.checkBodyHash(s, rules)
}

// protocol finds the protocol parameters (3.5: in exactly one place) and
// checks that those of 3.1 are there, once each.
func (in *received) protocol() (s *Signature, signature string, err error) {
	places, realm := map[string][][2]string{"header": nil, "query": pairs(in.query)}, ""
	for _, header := range in.authorization {
		if len(header) > 6 && strings.EqualFold(header[:6], "OAuth ") {
			places["header"] = append(places["header"], headerParams(header[6:])...)
			realm = headerRealm(header[6:])
		}
	}
	if in.isForm() {
		places["body"] = pairs(string(in.body))
	}
	for transport, params := range places {
		signed := false
		for _, p := range params {
			signed = signed || p[0] == "oauth_signature"
		}
		switch {
		case !signed:
		case s != nil:
			return nil, "", refuse(http.StatusBadRequest, "parameter_rejected", "signed in "+transport+" and "+s.Transport)
		default:
			s = &Signature{Transport: transport, Params: params}
		}
	}
	if s == nil {
		return nil, "", refuse(http.StatusUnauthorized, "parameter_absent", "the request is not signed", "oauth_parameters_absent", "oauth_signature")
	}
	s.Realm = realm
	return s, s.Get("oauth_signature"), s.sortOut()
}

// sortOut keeps the protocol parameters and names the important ones.
func (s *Signature) sortOut() error {
	var kept [][2]string
	count := map[string]int{}
	for _, p := range s.Params {
		if !strings.HasPrefix(p[0], "oauth_") && s.Transport != "header" {
			continue // an ordinary parameter of the query or form
		}
		if count[p[0]]++; count[p[0]] > 1 {
			return refuse(http.StatusBadRequest, "parameter_rejected", p[0]+" is given twice", "oauth_parameters_rejected", p[0])
		}
		if p[0] != "oauth_signature" {
			kept = append(kept, p)
		}
	}
	s.Params = kept
	s.ConsumerKey, s.Token, s.SignatureMethod = s.Get("oauth_consumer_key"), s.Get("oauth_token"), s.Get("oauth_signature_method")
	s.Timestamp, s.Nonce = s.Get("oauth_timestamp"), s.Get("oauth_nonce")
	needed := []string{"oauth_consumer_key", "oauth_signature_method", "oauth_timestamp", "oauth_nonce"}
	if s.SignatureMethod == "PLAINTEXT" {
		needed = needed[:2]
	}
	for _, name := range needed {
		if s.Get(name) == "" {
			return refuse(http.StatusBadRequest, "parameter_absent", name+" is missing", "oauth_parameters_absent", name)
		}
	}
	if v, sent := s.lookup("oauth_version"); sent && v != "1.0" {
		return refuse(http.StatusBadRequest, "version_rejected", "", "oauth_acceptable_versions", "1.0-1.0")
	}
	return nil
}

// baseString is 3.4.1.1.
func (in *received) baseString(s *Signature, rules Rules) string {
	return escape(strings.ToUpper(in.method)) + "&" + escape(in.baseURI()) + "&" + escape(in.parameterString(s, rules))
}

var httpPort, httpsPort = regexp.MustCompile(`:(80)?$`), regexp.MustCompile(`:(443)?$`)

// baseURI is 3.4.1.2.
func (in *received) baseURI() string {
	scheme, host := strings.ToLower(in.scheme), strings.ToLower(in.host)
	if scheme == "http" {
		host = httpPort.ReplaceAllString(host, "")
	} else {
		host = httpsPort.ReplaceAllString(host, "")
	}
	path := in.path
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + path
}

// parameterString is 3.4.1.3.1 and 3.4.1.3.2.
func (in *received) parameterString(s *Signature, rules Rules) string {
	all := pairs(in.query)
	if s.Transport == "header" && !rules.Mastercard {
		all = append(all, s.Params...)
	}
	if in.isForm() && !rules.Mastercard {
		all = append(all, pairs(string(in.body))...)
	}
	if rules.SignMultipart {
		all = append(all, in.textFields()...)
	}
	var encoded [][2]string
	for _, p := range all {
		switch {
		case p[0] == "oauth_signature":
		case rules.Mastercard && unescape(in.query) == in.query:
			encoded = append(encoded, [2]string{plus(p[0]), plus(p[1])})
		default:
			encoded = append(encoded, [2]string{escape(p[0]), escape(p[1])})
		}
	}
	if rules.Mastercard {
		encoded = append(encoded, s.Params...)
	}
	sort.Slice(encoded, func(i, j int) bool {
		if encoded[i][0] == encoded[j][0] {
			return encoded[i][1] < encoded[j][1]
		}
		return encoded[i][0] < encoded[j][0]
	})
	var joined []string
	for _, p := range encoded {
		joined = append(joined, p[0]+"="+p[1])
	}
	return strings.Join(joined, "&")
}

// plus writes a space as the query had it.
func plus(s string) string { return strings.ReplaceAll(s, " ", "+") }

// rightSignature is 3.4.2 to 3.4.4.
func rightSignature(s *Signature, given string, k Keys) bool {
	secret := escape(k.ConsumerSecret) + "&" + escape(k.TokenSecret)
	switch s.SignatureMethod {
	case "PLAINTEXT":
		return hmac.Equal([]byte(secret), []byte(given))
	case "HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512":
		mac := hmac.New(hashFor(s.SignatureMethod), []byte(secret))
		io.WriteString(mac, s.BaseString)
		return hmac.Equal([]byte(base64.StdEncoding.EncodeToString(mac.Sum(nil))), []byte(given))
	case "RSA-SHA1", "RSA-SHA256", "RSA-SHA512":
		raw, err := base64.StdEncoding.DecodeString(given)
		if err != nil || k.PublicKey == nil {
			return false
		}
		h := hashFor(s.SignatureMethod)()
		io.WriteString(h, s.BaseString)
		names := map[string]crypto.Hash{"RSA-SHA1": crypto.SHA1, "RSA-SHA256": crypto.SHA256, "RSA-SHA512": crypto.SHA512}
		return rsa.VerifyPKCS1v15(k.PublicKey, names[s.SignatureMethod], h.Sum(nil), raw) == nil
	}
	return false
}

func hashFor(method string) func() hash.Hash {
	switch method[len(method)-3:] {
	case "256":
		return sha256.New
	case "512":
		return sha512.New
	}
	return sha1.New
}

// checkBodyHash is the draft "OAuth Request Body Hash 1.0".
func (in *received) checkBodyHash(s *Signature, rules Rules) error {
	given, sent := s.lookup("oauth_body_hash")
	switch {
	case !sent && rules.Mastercard:
		return refuse(http.StatusBadRequest, "parameter_absent", "oauth_body_hash is missing", "oauth_parameters_absent", "oauth_body_hash")
	case !sent:
		return nil
	}
	if s.SignatureMethod == "PLAINTEXT" || in.isForm() && !rules.Mastercard {
		return refuse(http.StatusBadRequest, "parameter_rejected", "no body hash with PLAINTEXT or with forms", "oauth_parameters_rejected", "oauth_body_hash")
	}
	h := hashFor(s.SignatureMethod)()
	h.Write(in.body)
	if base64.StdEncoding.EncodeToString(h.Sum(nil)) != given {
		return refuse(http.StatusUnauthorized, "signature_invalid", "the body hash is not that of the body")
	}
	return nil
}

// checkTime is 3.3, the timestamp half.
func checkTime(s *Signature, now time.Time, window time.Duration) (acceptable string, ok bool) {
	if s.SignatureMethod == "PLAINTEXT" && s.Timestamp == "" {
		return "", true
	}
	acceptable = fmt.Sprintf("%d-%d", now.Add(-window).Unix(), now.Add(window).Unix())
	sent, err := strconv.ParseInt(s.Timestamp, 10, 64)
	return acceptable, err == nil && sent > 0 && now.Sub(time.Unix(sent, 0)).Abs() <= window
}

func (in *received) isForm() bool {
	mediaType := strings.TrimSpace(strings.Split(in.contentType, ";")[0])
	return strings.ToLower(mediaType) == "application/x-www-form-urlencoded"
}

// textFields are the parts of a multipart body that are no files.
func (in *received) textFields() (fields [][2]string) {
	mediaType, params, err := mime.ParseMediaType(in.contentType)
	if err != nil || mediaType != "multipart/form-data" {
		return nil
	}
	form, err := multipart.NewReader(bytes.NewReader(in.body), params["boundary"]).ReadForm(maxBody)
	if err != nil {
		return nil
	}
	for name, values := range form.Value {
		for _, v := range values {
			fields = append(fields, [2]string{name, v})
		}
	}
	return fields
}

// pairs splits a query or form body (3.4.1.3.1).
func pairs(s string) (list [][2]string) {
	for _, piece := range strings.Split(s, "&") {
		if piece == "" {
			continue
		}
		halves := append(strings.SplitN(strings.ReplaceAll(piece, "+", "%20"), "=", 2), "")
		list = append(list, [2]string{unescape(halves[0]), unescape(halves[1])})
	}
	return list
}

var headerParam = regexp.MustCompile(`([^\s=,"]+)\s*=\s*"([^"]*)"`)

// headerParams reads the parameters of 3.5.1 but realm.
func headerParams(s string) (list [][2]string) {
	for _, m := range headerParam.FindAllStringSubmatch(s, -1) {
		if !strings.EqualFold(m[1], "realm") {
			list = append(list, [2]string{unescape(m[1]), unescape(m[2])})
		}
	}
	return list
}

// headerRealm is the realm of 3.5.1.
func headerRealm(s string) string {
	for _, m := range headerParam.FindAllStringSubmatch(s, -1) {
		if strings.EqualFold(m[1], "realm") {
			return unescape(m[2])
		}
	}
	return ""
}

var escapeSequence = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// unescape undoes 3.6 once; what is no escape stays.
func unescape(s string) string {
	return escapeSequence.ReplaceAllStringFunc(s, func(e string) string {
		n, _ := strconv.ParseUint(e[1:], 16, 8)
		return string([]byte{byte(n)})
	})
}

// escape is 3.6.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
