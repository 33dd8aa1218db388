package cli

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// waiting is an authorization that waits for a person: for the provider to send the
// browser back to this machine, or for the person to paste where it went.
type waiting struct {
	*factory
	flags     browserFlags
	t         *connect.Type
	connector *connect.Connector
	session   string // the process itself is the session
	log       func(engine.Exchange)

	listener net.Listener
	server   *http.Server
	outcome  chan outcome
}

type outcome struct {
	started *connect.Started
	err     error
}

// callbackPaths are where providers send people back to. Custom apps are registered with
// the first of their kind; the flow is found by what the provider sends, never by the
// path (connections.md 3.4).
var callbackPaths = map[connect.Kind]string{connect.OAuth1: "/oauth/cb/app-oauth1", connect.OAuth2: "/oauth/cb/app"}

// maxForm is the largest answer that a provider may post.
const maxForm = 64 << 10

func (w *waiting) listen() error {
	host, _, err := net.SplitHostPort(w.flags.address)
	if err != nil {
		return usagef("write it like 127.0.0.1:8085", "--listen: %v", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usagef("use 127.0.0.1, or paste the final address with --no-browser", "--listen %s is not an address of this machine alone", w.flags.address)
	}
	if w.listener, err = net.Listen("tcp", w.flags.address); err != nil {
		return fmt.Errorf("cannot wait for the provider: %w", err)
	}
	w.outcome = make(chan outcome, 1)
	w.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, MaxHeaderBytes: maxForm}
	return nil
}

// anyPort reports whether the address is a new one each time, so that no provider can know it.
func (w *waiting) anyPort() bool {
	_, port, _ := net.SplitHostPort(w.flags.address)
	return port == "0"
}

func (w *waiting) redirectURI() string {
	if w.listener == nil {
		return ""
	}
	return "http://" + w.listener.Addr().String() + callbackPaths[w.t.Kind]
}

func (w *waiting) close() {
	if w.listener == nil {
		return
	}
	w.listener.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	w.server.Shutdown(ctx) // lets the page with the outcome reach the browser
}

// person sends the person to the provider and waits for the outcome.
func (w *waiting) person(ctx context.Context, started *connect.Started) (*connect.Started, error) {
	defer w.connector.Abandon(context.WithoutCancel(ctx), w.session)
	mux := http.NewServeMux()
	mux.HandleFunc("/oauth/cb/", func(rw http.ResponseWriter, r *http.Request) { w.answer(ctx, rw, r) })
	w.server.Handler = mux
	go w.server.Serve(w.listener)

	w.invite(started)
	if w.flags.noBrowser || started.PIN {
		go w.paste(ctx, started)
	}
	select {
	case o := <-w.outcome:
		return o.started, o.err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, needsUser(&connect.Error{Reason: connect.Expired, Message: fmt.Sprintf("nobody came back from the provider within %s", w.flags.timeout), Hint: "start again", Cause: ctx.Err()})
		}
		return nil, ctx.Err()
	}
}

func (w *waiting) invite(started *connect.Started) {
	w.event(connectEvent{Event: "authorize", URL: started.Redirect})
	if w.json {
		if !w.flags.noBrowser && w.std.Open != nil && w.std.IsTerminal {
			w.std.Open(started.Redirect)
		}
		return
	}
	if !w.flags.noBrowser && w.std.Open != nil && w.std.Open(started.Redirect) == nil {
		fmt.Fprintf(w.std.Err, "Your browser opens this address to ask for permission:\n\n  %s\n\n", printable(started.Redirect))
	} else {
		fmt.Fprintf(w.std.Err, "Open this address to give permission:\n\n  %s\n\n", printable(started.Redirect))
	}
	switch {
	case started.PIN:
		fmt.Fprint(w.std.Err, "Then type the code that you are shown: ")
		if !w.std.IsTerminal {
			fmt.Fprintln(w.std.Err) // nobody ends the line by typing
		}
	case w.flags.noBrowser:
		fmt.Fprintln(w.std.Err, "Then paste the address that you end up at here, unless this machine gets it:")
	default:
		fmt.Fprintln(w.std.Err, "Waiting for the provider (Ctrl-C ends it) …")
	}
}

// answer receives the callback from the browser and shows the outcome there.
func (w *waiting) answer(ctx context.Context, rw http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(rw, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(rw, "this answer cannot be read", http.StatusBadRequest)
		return
	}
	cb := connect.Callback{Query: pairs(mended(r.URL.RawQuery)), Headers: headers(r.Header), Session: w.session}
	if r.Method == http.MethodPost {
		cb.Body = pairs(r.PostForm.Encode())
	}
	started, err := w.finish(ctx, cb)
	showOutcome(rw, w.t.Label, err)
	if !foreign(err) {
		w.done(started, err)
	}
}

// foreign reports whether an answer was for another authorization, such as one of a tab that
// was left open, or made up by a page: the right one may still come.
func foreign(err error) bool {
	var e *connect.Error
	return errors.As(err, &e) && (e.Reason == connect.UnknownFlow || e.Reason == connect.Used || e.Reason == connect.OtherBrowser)
}

// paste takes the address that the person ended up at, or the code that the provider
// showed.
func (w *waiting) paste(ctx context.Context, started *connect.Started) {
	text, err := readLine(w.std.In)
	if text = strings.TrimSpace(text); err != nil || text == "" {
		return // the listener goes on
	}
	w.done(w.finish(ctx, connect.Callback{Query: pasted(text, started.Redirect), Session: w.session}))
}

// pasted returns the callback's query of what a person pasted: an address with a query, a
// query, or the code alone. A code that does not say which authorization it is for is for the
// one that the person was sent to.
func pasted(text, redirect string) value.Value {
	answer := value.Object("oauth_verifier", value.Text(text))
	if _, query, ok := strings.Cut(text, "?"); ok {
		query, _, _ = strings.Cut(query, "#")
		answer = pairs(mended(query))
	} else if strings.Contains(text, "oauth_verifier=") || strings.Contains(text, "state=") {
		answer = pairs(text)
	}
	if u, err := url.Parse(redirect); err == nil && !answer.Member("oauth_verifier").IsNil() && answer.Member("oauth_token").IsNil() && answer.Member("state").IsNil() {
		answer.Collection().Set("oauth_token", value.Text(u.Query().Get("oauth_token")))
	}
	return answer
}

func (w *waiting) finish(ctx context.Context, cb connect.Callback) (*connect.Started, error) {
	flow, err := w.connector.Flow(ctx, cb)
	if err != nil {
		return nil, err
	}
	return w.connector.Finish(ctx, w.t, flow, cb)
}

// done keeps the first outcome.
func (w *waiting) done(started *connect.Started, err error) {
	select {
	case w.outcome <- outcome{started, err}:
	default:
	}
}

// mended repairs a query that a provider put behind a callback with ? although that has one
// already, the state (RFC 5849 2.2 wants it appended with &).
func mended(query string) string {
	const end = len("state=") + 43 // of connect.NewSecret
	if strings.HasPrefix(query, "state=") && len(query) > end && query[end] == '?' {
		return query[:end] + "&" + query[end+1:]
	}
	return query
}

// pairs reads a query or form; of a repeated name the last value counts.
func pairs(query string) value.Value {
	all := value.NewCollection(4)
	for _, p := range oauth1.ParseForm(query) {
		all.Set(p.Name, value.Text(p.Value))
	}
	return value.FromCollection(all)
}

func headers(h http.Header) value.Value {
	all := value.NewHeaders(0)
	for name, lines := range h {
		if len(lines) > 0 {
			all.Set(name, value.Text(strings.Join(lines, ", ")))
		}
	}
	return value.FromCollection(all)
}

//go:embed outcome.html
var outcomePage string

var outcomeTemplate = template.Must(template.New("outcome").Parse(outcomePage))

// showOutcome tells the person in the browser how it went. No secret is shown: messages
// of errors are masked.
func showOutcome(rw http.ResponseWriter, label string, err error) {
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	page := struct{ Label, Message, Hint string }{Label: label}
	if err != nil {
		fault := faultOf(err)
		page.Message, page.Hint = fault.Message, fault.Hint
		rw.WriteHeader(http.StatusBadRequest)
	}
	outcomeTemplate.Execute(rw, page)
}
