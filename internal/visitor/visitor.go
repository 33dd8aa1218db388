// Package visitor is a person at a browser, as far as the authorize page of package
// oauth1test needs one: it opens the page, presses a button, and goes where it is sent.
package visitor

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// The buttons.
const (
	Allow = "allow"
	Deny  = "deny"
)

var (
	field = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	form  = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
)

// Visit opens an authorize page and presses the button. It returns the page that the
// person sees at the end.
func Visit(ctx context.Context, address, decision string) (page string, err error) {
	page, sentTo, err := Answer(ctx, address, decision)
	if err != nil || sentTo == "" {
		return page, err
	}
	return Open(ctx, sentTo)
}

// Answer is like Visit, but does not go where the service sends the person back to: it
// returns that address, "" when the service shows a page instead.
func Answer(ctx context.Context, address, decision string) (page, sentTo string, err error) {
	network := &http.Transport{}
	defer network.CloseIdleConnections()
	return AnswerOver(ctx, network, address, decision)
}

// AnswerOver is [Answer] over a network of the caller's.
func AnswerOver(ctx context.Context, network http.RoundTripper, address, decision string) (page, sentTo string, err error) {
	jar, _ := cookiejar.New(nil) // fails never without options
	client := &http.Client{Jar: jar, Transport: network, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	asked, _, err := fetch(ctx, client, http.MethodGet, address, "")
	if err != nil {
		return "", "", err
	}
	action := form.FindStringSubmatch(asked)
	if action == nil {
		return "", "", errors.New("the page has no form to answer")
	}
	base, err := url.Parse(address)
	if err != nil {
		return "", "", err
	}
	target, err := base.Parse(html.UnescapeString(action[1]))
	if err != nil {
		return "", "", err
	}
	answers := url.Values{"decision": {decision}}
	for _, m := range field.FindAllStringSubmatch(asked, -1) {
		answers.Set(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return fetch(ctx, client, http.MethodPost, target.String(), answers.Encode())
}

// Open opens a page, follows redirects, and does nothing.
func Open(ctx context.Context, address string) (page string, err error) {
	page, _, err = fetch(ctx, http.DefaultClient, http.MethodGet, address, "")
	return page, err
}

// fetch returns a page of any status, and where it redirects to.
func fetch(ctx context.Context, client *http.Client, method, address, body string) (page, sentTo string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return "", "", err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := client.Do(r)
	if err != nil {
		return "", "", err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", address, err)
	}
	if location, err := answer.Location(); err == nil {
		sentTo = location.String()
	}
	return string(content), sentTo, nil
}
