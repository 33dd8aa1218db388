package conformance

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// exchange is one expected request with its answer.
type exchange struct {
	Request struct {
		Method, URL   string
		Headers       map[string]value.Value
		HeadersAbsent []string
		BodyJSON      *value.Value
		BodyText      *string
		BodyForm      [][2]string
		BodyBase64    *string
		BodyParts     []part
		BodyAbsent    bool
	}
	Response struct {
		Status       int
		Headers      map[string]value.Value
		Body         *string
		BodyJSON     json.RawMessage
		BodyBase64   string
		NetworkError string
	}
}

// part is one part of a multipart body.
type part struct{ Name, Filename, ContentType, Text, Base64 string }

// script is a transport that compares each request with the next exchange and answers
// it. What does not fit is kept, and told by err.
type script struct {
	lock      sync.Mutex
	exchanges []exchange
	used      int
	faults    []error
}

// RoundTrip answers with the next exchange.
func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := readAll(req.Body)
	if err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.used++
	if s.used > len(s.exchanges) {
		err := fmt.Errorf("request %d is not in the script: %s %s", s.used, req.Method, address(req))
		s.faults = append(s.faults, err)
		return nil, err
	}
	x := &s.exchanges[s.used-1]
	for _, fault := range x.compare(req, body) {
		s.faults = append(s.faults, fmt.Errorf("request %d: %w", s.used, fault))
	}
	return x.answer(req)
}

// err returns what did not fit, and the exchanges that were not asked for.
func (s *script) err() error {
	if s.used < len(s.exchanges) {
		s.faults = append(s.faults, fmt.Errorf("%d requests, want %d", s.used, len(s.exchanges)))
	}
	return errors.Join(s.faults...)
}

func readAll(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	defer body.Close()
	return io.ReadAll(body)
}

// address returns the URL as it goes over the wire, with / for an empty path.
func address(req *http.Request) string {
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	return req.URL.Scheme + "://" + host + req.URL.RequestURI()
}

// withPath adds the / that the notation of the vectors leaves out.
func withPath(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	at := strings.IndexAny(rest, "/?")
	switch {
	case at < 0:
		rest += "/"
	case rest[at] == '?':
		rest = rest[:at] + "/" + rest[at:]
	}
	return scheme + "://" + rest
}

func (x *exchange) compare(req *http.Request, body []byte) (faults []error) {
	want := x.Request
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if want.Method != "" && req.Method != want.Method {
		fault("method %s, want %s", req.Method, want.Method)
	}
	if got := address(req); want.URL != "" && got != withPath(want.URL) {
		fault("url\n got %s\nwant %s", got, withPath(want.URL))
	}
	for name, wanted := range want.Headers {
		if got := lines(req.Header, name); !sameHeader(got, wanted) {
			fault("header %s is %q, want %s", name, got, wanted.AppendJSON(nil))
		}
	}
	for _, name := range want.HeadersAbsent {
		if got := lines(req.Header, name); got != nil {
			fault("header %s is %q, want none", name, got)
		}
	}
	if err := x.compareBody(req, body); err != nil {
		fault("body: %w", err)
	}
	return faults
}

// lines returns the lines of a header, in whatever case its name was set.
func lines(header http.Header, name string) []string {
	var all []string
	for got, values := range header {
		if strings.EqualFold(got, name) {
			all = append(all, values...)
		}
	}
	return all
}

// sameHeader compares the lines of a header: a text beginning with ~ is a regular
// expression, an array means repeated lines.
func sameHeader(got []string, want value.Value) bool {
	var wanted []string
	if want.Array() == nil {
		wanted = []string{want.ToText()}
	}
	for _, line := range want.Array().Items() {
		wanted = append(wanted, line.ToText())
	}
	return slices.EqualFunc(got, wanted, func(got, want string) bool {
		if pattern, ok := strings.CutPrefix(want, "~"); ok {
			found, err := regexp.MatchString(pattern, got)
			return found && err == nil
		}
		return got == want
	})
}

func (x *exchange) compareBody(req *http.Request, body []byte) error {
	want := x.Request
	if want.BodyAbsent && len(body) > 0 {
		return fmt.Errorf("%q, want none", body)
	}
	if want.BodyText != nil && string(body) != *want.BodyText {
		return fmt.Errorf("\n got %s\nwant %s", body, *want.BodyText)
	}
	if want.BodyBase64 != nil && base64.StdEncoding.EncodeToString(body) != *want.BodyBase64 {
		return fmt.Errorf("%q, want %s in base64", body, *want.BodyBase64)
	}
	if want.BodyJSON != nil {
		got, err := value.ParseJSON(body)
		if err != nil {
			return fmt.Errorf("%w: %s", err, body)
		}
		if err := differ(got, *want.BodyJSON); err != nil {
			return err
		}
	}
	if want.BodyForm != nil {
		var got [][2]string
		for _, p := range oauth1.ParseForm(string(body)) {
			got = append(got, [2]string{p.Name, p.Value})
		}
		if !slices.Equal(got, want.BodyForm) {
			return fmt.Errorf("%q, want %q", got, want.BodyForm)
		}
	}
	if want.BodyParts != nil {
		return compareParts(req, body, want.BodyParts)
	}
	return nil
}

func compareParts(req *http.Request, body []byte, want []part) error {
	_, params, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	reader := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for i := 0; ; i++ {
		p, err := reader.NextRawPart()
		if err == io.EOF && i == len(want) {
			return nil
		}
		if err != nil || i >= len(want) {
			return fmt.Errorf("part %d of %d: %v", i+1, len(want), err)
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return err
		}
		got := part{Name: p.FormName(), Filename: p.FileName(), ContentType: want[i].ContentType, Text: string(content)}
		if want[i].ContentType != "" {
			got.ContentType = p.Header.Get("Content-Type")
		}
		if want[i].Base64 != "" {
			got.Text, got.Base64 = "", base64.StdEncoding.EncodeToString(content)
		}
		if got != want[i] {
			return fmt.Errorf("part %d is %+v, want %+v", i+1, got, want[i])
		}
	}
}

// networkErrors are the failures of a connection, by the names that Node gives them.
var networkErrors = map[string]error{
	"ECONNREFUSED": &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
	"ECONNRESET":   &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET},
	"EPIPE":        &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE},
	"ETIMEDOUT":    &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ETIMEDOUT},
	"ENOTFOUND":    &net.DNSError{Err: "no such host", Name: "api.example.com", IsNotFound: true},
	"CERT_HAS_EXPIRED": &tls.CertificateVerificationError{
		Err: x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}},
}

func (x *exchange) answer(req *http.Request) (*http.Response, error) {
	give := x.Response
	if give.NetworkError != "" {
		if err, known := networkErrors[give.NetworkError]; known {
			return nil, err
		}
		return nil, errors.New(give.NetworkError)
	}
	body := []byte(give.BodyJSON)
	switch {
	case give.Body != nil:
		body = []byte(*give.Body)
	case give.BodyBase64 != "":
		var err error
		if body, err = base64.StdEncoding.DecodeString(give.BodyBase64); err != nil {
			return nil, err
		}
	}
	header := http.Header{}
	for name, v := range give.Headers {
		if v.Array() == nil {
			header.Add(name, v.ToText())
		}
		for _, line := range v.Array().Items() {
			header.Add(name, line.ToText())
		}
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", give.Status, http.StatusText(give.Status)), StatusCode: give.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}, nil
}
