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
	network := &http.Transport{}
	defer network.CloseIdleConnections()
	return VisitOver(ctx, network, address, decision)
}

// VisitOver is [Visit] over a network of the caller's.
func VisitOver(ctx context.Context, network http.RoundTripper, address, decision string) (page string, err error) {
	jar, _ := cookiejar.New(nil) // fails never without options
	client := &http.Client{Jar: jar, Transport: network}
	asked, err := fetch(ctx, client, http.MethodGet, address, "")
	if err != nil {
		return "", err
	}
	action := form.FindStringSubmatch(asked)
	if action == nil {
		return "", errors.New("the page has no form to answer")
	}
	base, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	target, err := base.Parse(html.UnescapeString(action[1]))
	if err != nil {
		return "", err
	}
	answers := url.Values{"decision": {decision}}
	for _, m := range field.FindAllStringSubmatch(asked, -1) {
		answers.Set(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return fetch(ctx, client, http.MethodPost, target.String(), answers.Encode())
}

// fetch follows redirects as a browser does. A page of any status is a page.
func fetch(ctx context.Context, client *http.Client, method, address, body string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("%s: %w", address, err)
	}
	return string(page), nil
}
