package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/oauth1"
)

// sentJSON is what became of a request that explain --send has sent.
type sentJSON struct {
	Status      int                 `json:"status"`
	Problem     string              `json:"problem,omitempty"` // as the server reports it
	Advice      string              `json:"advice,omitempty"`
	Skew        int64               `json:"skew_seconds,omitempty"` // of the server's clock against ours
	Differences []oauth1.Difference `json:"differences,omitempty"`  // to the base strings that the server shows
	Findings    []oauth1.Finding    `json:"findings,omitempty"`     // to the signatures that it shows
	Causes      []oauth1.Cause      `json:"causes,omitempty"`
}

// maxRefusal is the most that is read of an answer.
const maxRefusal = 64 << 10

// send sends the request as it was explained and studies a refusal.
func (o *oauth1ExplainOptions) sent(ctx context.Context, g *signing, base string) (*sentJSON, error) {
	req, err := g.http(ctx, o.headers)
	if err != nil {
		return nil, err
	}
	allow, err := o.allowed()
	if err != nil {
		return nil, err
	}
	network := engine.New(engine.Options{Egress: engine.Egress{Allow: allow}}).Network()
	res, err := network.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxRefusal))
	if err != nil {
		return nil, err
	}
	sent := &sentJSON{Status: res.StatusCode}
	if res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusBadRequest {
		sent.study(g, base, res, body)
	}
	return sent, nil
}

// http returns the signed request. Headers that the signature brings win.
func (g *signing) http(ctx context.Context, headers []string) (*http.Request, error) {
	signed, err := g.config.Sign(g.request, g.token)
	if err != nil {
		return nil, ofFlags(err)
	}
	req, err := http.NewRequestWithContext(ctx, g.request.Method, signed.URL, bytes.NewReader(signed.Body))
	if err != nil {
		return nil, usagef(signingHints[oauth1.CodeURLInvalid], "the address cannot be requested")
	}
	for _, line := range headers {
		name, text, _ := strings.Cut(line, ":")
		req.Header.Add(strings.TrimSpace(name), strings.TrimSpace(text))
	}
	req.Header.Set("User-Agent", first(req.Header.Get("User-Agent"), "cleat/"+version()))
	req.Header.Del("Authorization")
	if g.request.Host != "" {
		req.Host = g.request.Host
	}
	if signed.ContentType != "" {
		req.Header.Set("Content-Type", signed.ContentType)
	}
	if signed.AuthorizationHeader != "" {
		req.Header.Set("Authorization", signed.AuthorizationHeader)
	}
	return req, nil
}

// study says what is known about a refusal: the server's report, its clock, what it
// shows of its own work, and what is likely.
func (s *sentJSON) study(g *signing, base string, res *http.Response, body []byte) {
	p := oauth1.ParseProblem(res.StatusCode, res.Header, body)
	if p == nil {
		p = &oauth1.ProblemError{Status: res.StatusCode}
		p.Date, _ = http.ParseTime(res.Header.Get("Date"))
	}
	s.Problem, s.Advice = p.Problem, p.Advice
	if !p.Date.IsZero() {
		s.Skew = int64(time.Until(p.Date).Round(time.Second).Seconds())
	}
	text := strings.Join(res.Header.Values("WWW-Authenticate"), "\n") + "\n" + string(body) + "\n" + p.Advice
	bases, signatures := oauth1.Echo(text)
	for _, theirs := range bases {
		s.Differences = append(s.Differences, oauth1.CompareBaseString(base, theirs))
	}
	for _, theirs := range signatures {
		found, _ := g.config.Diagnose(g.request, g.token, theirs) // no more than advice
		s.Findings = append(s.Findings, found...)
	}
	s.Findings = slices.DeleteFunc(s.Findings, func(f oauth1.Finding) bool { return len(f.Mistakes) == 0 }) // our own, shown back
	s.Causes = g.config.Likely(g.request, g.token, p)
}

// text words the study for a person.
func (s *sentJSON) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nsent: %d %s\n", s.Status, http.StatusText(s.Status))
	if s.Problem != "" {
		b.WriteString("problem: " + strings.TrimSuffix(s.Problem+": "+s.Advice, ": ") + "\n")
	}
	for _, d := range s.Differences {
		b.WriteString("the server's base string: " + d.Message + "\n")
	}
	for _, f := range s.Findings {
		b.WriteString("this gives the server's signature: " + f.String() + "\n")
	}
	for i, c := range s.Causes {
		if i == 0 {
			b.WriteString("likely causes, the first before the others:\n")
		}
		fmt.Fprintf(&b, "%3d. %s\n", i+1, c.Text)
	}
	return b.String()
}
