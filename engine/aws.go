package engine

import (
	"crypto/hmac"
	"crypto/sha1" // version 2 of the signature
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cleat-run/cleat/oauth1"
)

// awsSignature is the evaluated directive aws (communication.md 6.5).
type awsSignature struct {
	key, secret, session, bucket, service string
	four                                  bool // version 4; otherwise 2
}

func (r *Run) awsSignature(req *request) (*awsSignature, error) {
	v, err := r.evaluate(req, req.aws)
	if err != nil || v.IsNil() {
		return nil, err
	}
	text := func(name string) string { return v.Member(name).ToText() }
	s := &awsSignature{text("key"), text("secret"), text("session"), text("bucket"), text("service"), text("sign_version") == "4"}
	if s.key == "" || s.secret == "" {
		return nil, r.misconfigured(req, "aws", errors.New("aws needs a key and a secret"))
	}
	return s, nil
}

// apply signs w over the bytes that are sent.
func (s *awsSignature) apply(w *wire, now time.Time) {
	w.header.Del("Authorization")
	if s.four {
		s.apply4(w, now.UTC())
	} else {
		s.apply2(w, now.UTC())
	}
}

// apply2 signs by version 2: VERB, Content-MD5, Content-Type, Date, the x-amz headers and
// the resource. It does not know a session.
func (s *awsSignature) apply2(w *wire, now time.Time) {
	w.header.Set("Date", now.Format(http.TimeFormat))
	lines := []string{w.method, w.header.Get("Content-Md5"), w.header.Get("Content-Type"), w.header.Get("Date")}
	lines = append(lines, canonicalHeaders(w.header, func(name string) bool { return strings.HasPrefix(name, "x-amz-") })...)
	lines = append(lines, s.resource(w.url))
	mac := hmac.New(sha1.New, []byte(s.secret))
	mac.Write([]byte(strings.Join(lines, "\n")))
	w.header.Set("Authorization", "AWS "+s.key+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// subresources are the parts of a query that belong to the resource of version 2.
var subresources = []string{"acl", "location", "logging", "notification", "partNumber", "policy", "requestPayment",
	"torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website"}

func (s *awsSignature) resource(u wireURL) string {
	resource := u.path
	if s.bucket != "" {
		resource = "/" + s.bucket + resource
	}
	if resource == "" {
		resource = "/"
	}
	var kept []string
	for _, p := range oauth1.ParseForm(u.query) {
		switch {
		case !slices.Contains(subresources, p.Name):
		case p.Value == "":
			kept = append(kept, p.Name)
		default:
			kept = append(kept, p.Name+"="+escapeBytes(p.Value, func(c byte) bool {
				return !isAlphanumeric(c) && !strings.ContainsRune("-_.!~*'()", rune(c))
			}))
		}
	}
	if slices.Sort(kept); len(kept) > 0 {
		resource += "?" + strings.Join(kept, "&")
	}
	return resource
}

// canonicalHeaders are lines name:value with spaces folded, sorted by their lower-case
// name.
func canonicalHeaders(header http.Header, wanted func(name string) bool) []string {
	var lines []string
	for name, values := range header {
		if name = strings.ToLower(name); wanted(name) {
			lines = append(lines, name+":"+strings.Join(strings.Fields(strings.Join(values, ",")), " "))
		}
	}
	slices.SortFunc(lines, func(a, b string) int {
		a, _, _ = strings.Cut(a, ":")
		b, _, _ = strings.Cut(b, ":")
		return strings.Compare(a, b)
	})
	return lines
}

// unsigned4 are the headers that version 4 leaves out.
var unsigned4 = []string{"authorization", "connection", "x-amzn-trace-id", "user-agent", "expect", "presigned-expires", "range"}

// apply4 signs by version 4.
func (s *awsSignature) apply4(w *wire, now time.Time) {
	service, region := s.place(w.url.host)
	if w.hasBody && w.header.Get("Content-Type") == "" {
		w.header.Set("Content-Type", typeForm+"; charset=utf-8")
	}
	if s.session != "" {
		w.header.Set("X-Amz-Security-Token", s.session)
	}
	digest := sha256.Sum256(w.body)
	bodyHash := hex.EncodeToString(digest[:])
	if service == "s3" {
		w.header.Set("X-Amz-Content-Sha256", bodyHash)
	}
	stamp := now.Format("20060102T150405Z")
	w.header.Set("X-Amz-Date", stamp)

	signed := w.header.Clone()
	if signed.Get("Host") == "" {
		signed.Set("Host", w.url.host)
	}
	if w.hasBody && len(w.body) > 0 {
		signed.Set("Content-Length", strconv.Itoa(len(w.body)))
	}
	headers := canonicalHeaders(signed, func(name string) bool { return !slices.Contains(unsigned4, name) })
	names := make([]string, len(headers))
	for i, line := range headers {
		names[i], _, _ = strings.Cut(line, ":")
	}
	canonical := strings.Join([]string{w.method, canonicalPath(w.url.path, service == "s3"), canonicalQuery(w.url.query, service == "s3"),
		strings.Join(headers, "\n") + "\n", strings.Join(names, ";"), bodyHash}, "\n")
	digest = sha256.Sum256([]byte(canonical))
	scope := stamp[:8] + "/" + region + "/" + service + "/aws4_request"
	key := []byte("AWS4" + s.secret)
	for _, part := range strings.Split(scope, "/") {
		key = hmac256(key, part)
	}
	signature := hmac256(key, "AWS4-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+hex.EncodeToString(digest[:]))
	w.header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+s.key+"/"+scope+", SignedHeaders="+strings.Join(names, ";")+
		", Signature="+hex.EncodeToString(signature))
}

func hmac256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

var amazonHost = regexp.MustCompile(`([^.]{1,63})\.(?:([^.]{0,63})\.)?amazonaws\.com(?:\.cn)?$`)

// place tells service and region from the host; there is no directive for the region. Of
// some services the two stand the other way round.
func (s *awsSignature) place(host string) (service, region string) {
	host, _, _ = strings.Cut(host, ":")
	if m := amazonHost.FindStringSubmatch(host); m != nil {
		service, region = m[1], m[2]
	}
	switch {
	case region == "es" || region == "aoss":
		service, region = region, service
	case region == "s3":
		service, region = "s3", ""
	case strings.HasPrefix(service, "s3-"):
		service, region = "s3", service[3:]
	case strings.HasPrefix(region, "s3-"):
		service, region = "s3", region[3:]
	case service == "email":
		service = "ses"
	}
	if s.service != "" {
		service = s.service
	}
	if region == "" {
		region = "us-east-1"
	}
	return service, region
}

// canonicalPath escapes each step of the path; for S3 it is decoded before, and dots and
// slashes stay.
func canonicalPath(path string, s3 bool) string {
	var steps []string
	for i, step := range strings.Split(path, "/") {
		switch {
		case !s3 && step == "" && i > 0 && i < strings.Count(path, "/"):
		case !s3 && step == ".":
		case !s3 && step == "..":
			steps = steps[:max(0, len(steps)-1)]
		case s3:
			steps = append(steps, strings.ReplaceAll(oauth1.PercentEncode(oauth1.PercentDecode(step)), "%2F", "/"))
		default:
			steps = append(steps, oauth1.PercentEncode(step))
		}
	}
	return "/" + strings.TrimPrefix(strings.Join(steps, "/"), "/")
}

// canonicalQuery sorts the pairs by name, then by value; S3 sees only the first value of
// a name.
func canonicalQuery(query string, s3 bool) string {
	var pairs [][2]string
	for _, p := range oauth1.ParseForm(query) {
		name := oauth1.PercentEncode(p.Name)
		repeated := slices.ContainsFunc(pairs, func(other [2]string) bool { return other[0] == name })
		if p.Name != "" && !(s3 && repeated) {
			pairs = append(pairs, [2]string{name, oauth1.PercentEncode(p.Value)})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1])
	})
	pieces := make([]string, len(pairs))
	for i, p := range pairs {
		pieces[i] = p[0] + "=" + p[1]
	}
	return strings.Join(pieces, "&")
}
