package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/cleat-run/cleat/oauth1"
)

// readRaw reads a request as it stands on the wire (RFC 9112 2.1), or as a person copied
// it from a log: line ends may be bare, and without Content-Length the rest is the body.
// Scheme completes a request target that is only a path.
func readRaw(raw []byte, scheme string) (q oauth1.Request, authorization []string, err error) {
	in := bufio.NewReader(bytes.NewReader(bytes.TrimLeft(raw, "\r\n")))
	received, err := http.ReadRequest(in)
	if err != nil {
		return q, nil, fmt.Errorf("standard input is no HTTP request: %w", err)
	}
	body, err := io.ReadAll(received.Body)
	if err != nil {
		return q, nil, fmt.Errorf("the body is shorter than Content-Length says: %w", err)
	}
	if received.Header.Get("Content-Length") == "" && len(received.TransferEncoding) == 0 {
		rest, _ := io.ReadAll(in)
		body = []byte(trimLineEnd(string(rest)))
	}
	q = oauth1.Request{Method: received.Method, URL: received.RequestURI, ContentType: received.Header.Get("Content-Type"), Body: body}
	if strings.HasPrefix(q.URL, "/") {
		if received.Host == "" {
			return q, nil, fmt.Errorf("the request has no Host header, so its address is not known")
		}
		q.URL = scheme + "://" + received.Host + q.URL
	}
	return q, received.Header.Values("Authorization"), nil
}

// received is a signed request taken apart: the protocol parameters, and the request as
// it was before they came to it.
type received struct {
	request   oauth1.Request
	transport string
	params    []oauth1.Param
}

// takeApart finds the protocol parameters in the one place where they may be (RFC 5849
// 3.5). Nothing is checked: that is the verifier's work.
func takeApart(q oauth1.Request, authorization []string) received {
	for _, header := range authorization {
		if params := oauth1.ParseAuthorization(header); params != nil {
			return received{q, oauth1.TransportHeader, params}
		}
	}
	if base, query, ok := strings.Cut(q.URL, "?"); ok {
		if rest, params := withoutProtocol(query); len(params) > 0 {
			q.URL = strings.TrimSuffix(base+"?"+rest, "?")
			return received{q, oauth1.TransportQuery, params}
		}
	}
	if rest, params := withoutProtocol(string(q.Body)); len(params) > 0 {
		q.Body = []byte(rest)
		return received{q, oauth1.TransportBody, params}
	}
	return received{request: q, transport: oauth1.TransportHeader}
}

// withoutProtocol takes the pairs of a query or form whose names begin with oauth_ out.
func withoutProtocol(form string) (rest string, params []oauth1.Param) {
	var kept []string
	for piece := range strings.SplitSeq(form, "&") {
		if strings.HasPrefix(piece, "oauth_") {
			params = append(params, oauth1.ParseForm(piece)...)
		} else {
			kept = append(kept, piece)
		}
	}
	return strings.Join(kept, "&"), params
}

func (r received) get(name string) string {
	for _, p := range r.params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

func (r received) has(name string) bool {
	for _, p := range r.params {
		if p.Name == name {
			return true
		}
	}
	return false
}

// config returns the Config that would sign the request with the same parameters.
func (r received) config() (*oauth1.Config, oauth1.Token) {
	c := &oauth1.Config{TransportMethod: r.transport, OmitVersion: !r.has("oauth_version"), OmitTimestamp: !r.has("oauth_timestamp"), OmitNonce: !r.has("oauth_nonce")}
	t := oauth1.Token{}
	for _, p := range r.params {
		switch p.Name {
		case "realm":
			c.Realm = p.Value
		case "oauth_signature":
		case "oauth_consumer_key":
			c.ConsumerKey = p.Value
		case "oauth_signature_method":
			c.SignatureMethod = p.Value
		case "oauth_timestamp":
			c.Timestamp = p.Value
		case "oauth_nonce":
			c.Nonce = p.Value
		case "oauth_version":
			c.Version = p.Value
		case "oauth_body_hash":
			c.BodyHash = p.Value
		case "oauth_callback":
			c.Callback = p.Value
		case "oauth_verifier":
			c.Verifier = p.Value
		case "oauth_session_handle":
			c.SessionHandle = p.Value
		case "oauth_token":
			t.Token, t.SendEmpty = p.Value, p.Value == ""
		default:
			c.Extra = append(c.Extra, p)
		}
	}
	return c, t
}

// origin tells where a signed parameter came from.
func (r received) origin(name string) string {
	if r.has(name) {
		return "protocol"
	}
	if _, query, ok := strings.Cut(r.request.URL, "?"); ok {
		for _, p := range oauth1.ParseForm(query) {
			if p.Name == name {
				return "url"
			}
		}
	}
	return "body"
}
