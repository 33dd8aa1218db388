package oauth1test

import (
	"crypto/rand"
	"crypto/subtle"
	"html/template"
	"net/http"
	"strings"
)

// formCookie names the cookie which proves that the browser that sends the form
// is the one that was shown the page.
func formCookie(token string) string { return "form-" + token }

// page is every page of the provider; exactly one of its parts shows.
var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{.Title}}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 15vh auto; padding: 0 1rem; }
button { font: inherit; padding: .4rem 1.2rem; margin-right: .5rem; }
code { font-size: 2rem; }
</style></head>
<body>
<h1>{{.Title}}</h1>
{{with .Question}}<p>{{.User}}, may <strong>{{.Client}}</strong> use your account?</p>
<form method="post" action="{{.Action}}">
<input type="hidden" name="oauth_token" value="{{.Token}}">
<input type="hidden" name="form_key" value="{{.FormKey}}">
<button type="submit" name="decision" value="allow" id="allow">Allow</button>
<button type="submit" name="decision" value="deny" id="deny">Deny</button>
</form>{{end}}
{{with .PIN}}<p>Type this code into the application that sent you:</p><p><code id="pin">{{.}}</code></p>{{end}}
{{with .Text}}<p>{{.}}</p>{{end}}
</body>
</html>
`))

type pageContent struct {
	Title    string
	Question *question
	PIN      string
	Text     string
}

type question struct{ User, Client, Token, FormKey, Action string }

func render(w http.ResponseWriter, status int, content pageContent) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	page.Execute(w, content)
}

// authorizePage is RFC 5849 2.2: it asks the resource owner.
func (p *Provider) authorizePage(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.temporary[r.URL.Query().Get("oauth_token")]
	if t == nil || t.verifier != "" || t.refused {
		render(w, http.StatusBadRequest, pageContent{Title: "Unknown request", Text: "This request is not known, or was answered already. Go back to the application and start again."})
		return
	}
	if p.options.Quirks.CallbackLater {
		t.callback = r.URL.Query().Get("oauth_callback")
	}
	name := t.consumer
	if consumer := p.consumer(t.consumer); consumer != nil && consumer.Name != "" {
		name = consumer.Name
	}
	http.SetCookie(w, &http.Cookie{
		Name: formCookie(t.token), Value: t.formKey, Path: r.URL.Path,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
	render(w, http.StatusOK, pageContent{Title: "Authorize", Question: &question{
		User: p.options.Users[0].Name, Client: name, Token: t.token, FormKey: t.formKey, Action: r.URL.RequestURI(),
	}})
}

// decide takes the answer of the resource owner.
func (p *Provider) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.temporary[r.PostFormValue("oauth_token")]
	cookie, err := r.Cookie(formCookie(r.PostFormValue("oauth_token")))
	if t == nil || err != nil || !equal(cookie.Value, t.formKey) || !equal(r.PostFormValue("form_key"), t.formKey) || t.verifier != "" || t.refused {
		render(w, http.StatusForbidden, pageContent{Title: "Not accepted", Text: "This form does not belong to this browser, or was answered already. Go back to the application and start again."})
		return
	}
	t.decide(r.PostFormValue("decision") == "allow", p.options.Users[0].Name)
	p.sendBack(w, r, t)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (t *temporaryCredentials) decide(allow bool, user string) {
	if !allow {
		t.refused = true
		return
	}
	t.user, t.verifier = user, rand.Text()
	if t.callback == "oob" || t.callback == "" {
		t.verifier = t.verifier[:8] // typed by hand
	}
}

// sendBack redirects to the callback, or shows the code without one.
func (p *Provider) sendBack(w http.ResponseWriter, r *http.Request, t *temporaryCredentials) {
	if t.callback == "oob" || t.callback == "" {
		if t.refused {
			render(w, http.StatusOK, pageContent{Title: "Refused", Text: "The application got no access. You can close this page."})
			return
		}
		render(w, http.StatusOK, pageContent{Title: "Authorized", PIN: t.verifier})
		return
	}
	http.Redirect(w, r, t.callbackURL(p.options.Quirks), http.StatusFound)
}

// callbackURL is the callback with the outcome in its query.
func (t *temporaryCredentials) callbackURL(q Quirks) string {
	outcome := [][2]string{{"oauth_token", t.token}}
	switch {
	case t.refused && q.DeniedParameter:
		outcome = [][2]string{{"denied", t.token}}
	case t.refused:
		outcome = append(outcome, [2]string{"oauth_problem", "user_refused"})
	case !q.NoCallbackConfirmed:
		outcome = append(outcome, [2]string{"oauth_verifier", t.verifier})
	}
	separator := "?"
	if strings.Contains(t.callback, "?") {
		separator = "&"
	}
	return t.callback + separator + form(outcome)
}

// Allow authorizes temporary credentials without a browser. It returns the
// verifier, and the URL to which a browser would have been sent ("" for oob).
// ok is false when they are not known or were answered already.
func (p *Provider) Allow(token string) (verifier, callbackURL string, ok bool) {
	return p.answer(token, true)
}

// Deny refuses them.
func (p *Provider) Deny(token string) (callbackURL string, ok bool) {
	_, callbackURL, ok = p.answer(token, false)
	return callbackURL, ok
}

func (p *Provider) answer(token string, allow bool) (verifier, callbackURL string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.temporary[token]
	if t == nil || t.verifier != "" || t.refused {
		return "", "", false
	}
	t.decide(allow, p.options.Users[0].Name)
	if t.callback != "oob" && t.callback != "" {
		callbackURL = t.callbackURL(p.options.Quirks)
	}
	return t.verifier, callbackURL, true
}
