package oauth1

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// maxAnswer is how much of an answer the flow reads.
const maxAnswer = 1 << 20

// Endpoint holds the addresses of a provider (RFC 5849 2).
type Endpoint struct {
	RequestTokenURL string // temporary credential request
	AuthorizeURL    string // resource owner authorization
	AccessTokenURL  string // token request
	RefreshURL      string // token renewal, "" = AccessTokenURL

	// Method of the requests, "" = POST as RFC 5849 has it; some providers
	// want GET.
	Method string
}

// Flow obtains credentials from a provider: the redirection-based authorization
// of RFC 5849 2, the session extension and xAuth.
//
// Every call that talks to the provider takes a context, reads at most 1 MiB of
// the answer, follows redirects with fresh signatures, and repeats once when the
// provider refuses the timestamp. Its errors are a [*ProblemError] when the
// provider refuses, an [*Error] with [CodeAnswerInvalid] or [CodeNotConfirmed]
// when the answer is no good, any error of signing, or that of the HTTP client.
//
// A Flow keeps no state between calls: the caller keeps the temporary
// credentials, secret included, until the resource owner comes back. It is safe
// for concurrent use.
type Flow struct {
	Config   *Config // nil = the zero Config
	Endpoint Endpoint
	Client   *http.Client // nil = a plain http.Client
	Header   http.Header  // added to every request, for example a User-Agent

	// Callback is sent with the temporary credential request; "" = that of
	// Config, else "oob" (RFC 5849 2.1: the verifier is typed in by hand).
	// OmitCallback sends none, for providers of OAuth 1.0 before revision A.
	Callback     string
	OmitCallback bool

	// RequireConfirmed refuses temporary credentials without
	// oauth_callback_confirmed; otherwise that is a warning.
	RequireConfirmed bool
}

// RequestToken asks for temporary credentials (RFC 5849 2.1). Parameters in
// extra whose names begin with oauth_ travel with the protocol parameters,
// others as form fields, or in the query with GET.
func (f *Flow) RequestToken(ctx context.Context, extra ...Param) (*Credentials, error) {
	config := f.config()
	config.Callback = f.callback()
	got, err := f.exchange(ctx, config, f.Endpoint.RequestTokenURL, Token{}, extra)
	if err != nil || f.OmitCallback {
		return got, err
	}
	if err := got.checkConfirmed(f.RequireConfirmed); err != nil {
		return nil, err
	}
	return got, nil
}

func (f *Flow) callback() string {
	switch {
	case f.OmitCallback:
		return ""
	case f.Callback != "":
		return f.Callback
	case f.Config != nil && f.Config.Callback != "":
		return f.Config.Callback
	}
	return "oob"
}

// AuthorizeURL returns where to send the resource owner (RFC 5849 2.2): the
// address of the endpoint, whose own query is kept, with oauth_token and extra
// appended. The error is an [*Error] with [CodeURLInvalid].
func (f *Flow) AuthorizeURL(token string, extra ...Param) (string, error) {
	u, err := splitURL(f.Endpoint.AuthorizeURL)
	if err != nil {
		return "", err
	}
	params := append([]Param{{"oauth_token", token}}, extra...)
	return u.withQuery(EncodeForm(params)).String(), nil
}

// AccessToken exchanges temporary credentials, authorized by the resource
// owner, for token credentials (RFC 5849 2.3). verifier comes from the callback
// (see [ParseCallback]) or from the resource owner's hand.
func (f *Flow) AccessToken(ctx context.Context, temporary Token, verifier string, extra ...Param) (*Credentials, error) {
	config := f.config()
	config.Verifier = strings.TrimSpace(verifier)
	return f.exchange(ctx, config, f.Endpoint.AccessTokenURL, temporary, extra)
}

// Refresh renews token credentials by their session handle (OAuth Session
// extension).
func (f *Flow) Refresh(ctx context.Context, t Token, sessionHandle string, extra ...Param) (*Credentials, error) {
	config := f.config()
	config.SessionHandle = sessionHandle
	address := f.Endpoint.RefreshURL
	if address == "" {
		address = f.Endpoint.AccessTokenURL
	}
	return f.exchange(ctx, config, address, t, extra)
}

// XAuth exchanges name and password of the resource owner for token credentials
// (xAuth, as Twitter introduced it). It is always a POST: the password must not
// be in a URL.
func (f *Flow) XAuth(ctx context.Context, username, password string, extra ...Param) (*Credentials, error) {
	post := *f
	post.Endpoint.Method = http.MethodPost
	fields := append([]Param{
		{"x_auth_username", username}, {"x_auth_password", password}, {"x_auth_mode", "client_auth"},
	}, extra...)
	return post.exchange(ctx, f.config(), f.Endpoint.AccessTokenURL, Token{}, fields)
}

// config copies the configuration without what belongs to a single step.
func (f *Flow) config() *Config {
	config := Config{}
	if f.Config != nil {
		config = *f.Config
	}
	config.Callback, config.Verifier, config.SessionHandle = "", "", ""
	return &config
}

// exchange sends one request of the flow and reads the credentials.
func (f *Flow) exchange(ctx context.Context, config *Config, address string, t Token, extra []Param) (*Credentials, error) {
	var fields []Param
	protocol := config.Extra[:len(config.Extra):len(config.Extra)]
	for _, p := range extra {
		if strings.HasPrefix(p.Name, "oauth_") {
			protocol = append(protocol, p)
		} else {
			fields = append(fields, p)
		}
	}
	config.Extra = protocol
	req, err := f.request(ctx, config, address, fields)
	if err != nil {
		return nil, err
	}
	res, err := config.client(f.Client, StaticToken(t)).Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return readCredentials(res)
}

// request builds an unsigned request of the flow.
func (f *Flow) request(ctx context.Context, config *Config, address string, fields []Param) (*http.Request, error) {
	u, err := splitURL(address)
	if err != nil {
		return nil, err
	}
	method, form := verb(f.Endpoint.Method), ""
	if f.Endpoint.Method == "" {
		method = http.MethodPost
	}
	switch {
	case len(fields) == 0:
	case method == http.MethodGet:
		u = u.withQuery(EncodeForm(fields))
	default:
		form = EncodeForm(fields)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(form))
	if err != nil {
		return nil, urlError(address, err.Error())
	}
	for name, values := range f.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if form != "" || strings.EqualFold(config.TransportMethod, TransportBody) {
		req.Header.Set("Content-Type", formMediaType)
	}
	return req, nil
}

func readCredentials(res *http.Response) (*Credentials, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if problem := ParseProblem(res.StatusCode, res.Header, body); problem != nil {
		return nil, problem
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, (&ProblemError{}).with(res.StatusCode, res.Header)
	}
	if len(body) > maxAnswer {
		return nil, &Error{Code: CodeAnswerInvalid, Message: "oauth: the answer of the provider is too long", Detail: "more than 1 MiB"}
	}
	return ParseCredentials(body)
}
