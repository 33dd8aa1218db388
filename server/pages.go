package server

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/cleat-run/cleat/connect"
)

// The pages that people meet without the web app: the hosted connect page, what came of
// an authorization, and the link of a first sign-in. They need no script but connect.js.
//
//go:embed pages
var pageFiles embed.FS

// pages are the templates; they are parsed once, and a mistake in them ends the process at
// its start.
var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// look is what every page shows of the team.
type look struct {
	Heading          string // of the page
	Product, Support string
	Logo             template.URL // a data: URL of an image, see checkBranding
	Style            string       // path of the style sheet in the team's colour
}

func (s *Server) look(r *http.Request, team int64) look {
	l := look{Product: "cleat", Style: "/static/page.css"}
	if team == 0 {
		return l
	}
	t, err := s.records.Team(r.Context(), team)
	if err != nil {
		return l
	}
	b := t.Branding
	if b.Product != "" {
		l.Product = b.Product
	}
	l.Support = b.Support
	if logo.MatchString(b.Logo) { // also what was stored otherwise is nothing else
		l.Logo = template.URL(b.Logo)
	}
	if b.Accent != "" {
		l.Style = "/static/page.css?accent=" + strings.TrimPrefix(b.Accent, "#")
	}
	return l
}

// popup prepares a page that a window of another origin may open: it has to keep its
// opener, as has every redirect on the way (HTML 7.1.3.1), and the form leads to the
// provider, which browsers hold against form-action.
func popup(w http.ResponseWriter) {
	w.Header().Set("Cross-Origin-Opener-Policy", "unsafe-none")
	w.Header().Set("Content-Security-Policy", strings.Replace(policy, "form-action 'self'; ", "", 1))
}

// render writes a page. It is complete before anything is sent.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		writeProblem(w, r, s.Log, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// outcome is what came of an authorization, or what the person has to do next.
type outcome struct {
	Team   int64
	Wish   *wish
	Record *connect.Record // the connection that was made
	PIN    string          // address at which the provider shows a code
	Err    error
}

type outcomePage struct {
	look
	Text, Hint string
	OK         bool
	PIN        template.URL // https only, see safePIN
	Return     string
	Result     resultMessage
	Origin     string // that may hear of it
}

// resultMessage is what connect.js passes on to the page that opened the window.
type resultMessage struct {
	Status     string `json:"status"` // connected or failed
	Connection string `json:"connection,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// outcome shows what came of an authorization.
func (s *Server) outcome(w http.ResponseWriter, r *http.Request, o outcome) {
	popup(w)
	page := outcomePage{look: s.look(r, o.Team)}
	status := http.StatusOK
	switch {
	case o.PIN != "":
		page.Heading, page.Text, page.PIN = "One more step", "Open the page of the service, allow access, and enter the code that it shows.", safePIN(o.PIN)
	case o.Err != nil:
		p := problemOf(o.Err)
		logFailure(r.Context(), s.Log, p)
		status = p.Status
		page.Heading, page.Text, page.Hint = "Not connected", sentence(p.Detail), sentence(p.Hint)
		page.Result = resultMessage{Status: "failed", Reason: p.Code}
	default:
		page.Heading, page.Text, page.OK = "Connected", "The account is connected. You can close this window.", true
		page.Result = resultMessage{Status: "connected", Connection: connectionID(o.Record.ID)}
	}
	if o.Wish != nil && o.PIN == "" {
		s.allowFrames(w, r, o.Team) // what was begun in a frame ends there, but for a form
		page.Return = returnTo(o.Wish.ReturnURL, page.Result)
		page.Origin = originOf(o.Wish.ReturnURL)
	}
	s.render(w, r, status, "outcome.html", page)
}

// safePIN lets only pages of the web through: the address comes from the code of an app.
func safePIN(address string) template.URL {
	if strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return template.URL(address)
	}
	return ""
}

func sentence(text string) string {
	if text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func (s *Server) pageRoutes() {
	s.mux.HandleFunc("GET /static/page.css", s.style)
	s.mux.HandleFunc("GET /static/outcome.js", script("pages/outcome.js", "same-origin"))
	s.mux.HandleFunc("GET /docs", s.docsPage)
	s.mux.HandleFunc("GET /connect.js", script("pages/connect.js", "cross-origin"))
	s.mux.HandleFunc("GET /sign-in/{link}", s.linkPage)
	s.mux.HandleFunc("POST /sign-in/{link}", s.linkForm)
}

// style serves the style sheet, in the colour of a team. Colours are in the sheet and not
// in the page, for the policy allows no style there.
func (s *Server) style(w http.ResponseWriter, r *http.Request) {
	sheet, err := pageFiles.ReadFile("pages/page.css")
	if err != nil {
		writeProblem(w, r, s.Log, err)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(sheet)
	if accent := "#" + r.URL.Query().Get("accent"); colour.MatchString(accent) {
		_, _ = w.Write([]byte(":root{--accent:" + accent + "}\n"))
	}
}

// script serves a script to pages of the server alone (same-origin), or of everybody
// (cross-origin).
func script(name, resource string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := pageFiles.ReadFile(name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=3600")
		w.Header().Set("Cross-Origin-Resource-Policy", resource)
		_, _ = w.Write(text)
	}
}

type linkPageData struct {
	look
	Purpose, Email, Name, Team, Error string
	Known                             bool // the person is signed in already
}

// linkPage asks for what a link needs. Looking at it does not use it up.
func (s *Server) linkPage(w http.ResponseWriter, r *http.Request) {
	s.showLink(w, r, http.StatusOK, "", "", "")
}

func (s *Server) showLink(w http.ResponseWriter, r *http.Request, status int, email, name, wrong string) {
	link, what, err := s.lookAtLink(r.Context(), r.PathValue("link"))
	if err != nil {
		p := problemOf(err)
		page := outcomePage{look: s.look(r, 0), Text: "It was used already, or it has expired."}
		page.Heading = "This link does not work"
		s.render(w, r, p.Status, "outcome.html", page)
		return
	}
	if what.Email != "" {
		email = what.Email
	}
	data := linkPageData{look: s.look(r, link.Team), Purpose: link.Purpose, Email: email, Name: name, Error: wrong}
	if user, err := s.records.UserWithEmail(r.Context(), normalEmail(email)); err == nil {
		data.Known = link.Purpose == purposeInvite && actorFrom(r.Context()).is(user)
	}
	if t, err := s.records.Team(r.Context(), link.Team); err == nil {
		data.Team = t.Name
	}
	data.Heading = map[string]string{purposeFirst: "Welcome", purposeReset: "A new password", purposeInvite: "Join " + data.Team}[link.Purpose]
	s.render(w, r, status, "link.html", data)
}

func (s *Server) linkForm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	email, name := r.PostFormValue("email"), r.PostFormValue("name")
	in, err := s.join(r.Context(), &joining{r.PathValue("link"), email, name, r.PostFormValue("password"), r.UserAgent()})
	if err != nil {
		p := problemOf(err)
		logFailure(r.Context(), s.Log, p)
		s.showLink(w, r, p.Status, email, name, strings.TrimSpace(sentence(p.Detail)+" "+sentence(p.Hint)))
		return
	}
	http.SetCookie(w, &in.Cookie)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
