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
	Product, Logo, Support, Accent string
	Style                          string // path of the style sheet in the team's colour
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
	l.Logo, l.Support, l.Accent = b.Logo, b.Support, b.Accent
	if b.Accent != "" {
		l.Style = "/static/page.css?accent=" + strings.TrimPrefix(b.Accent, "#")
	}
	return l
}

// popup prepares a page that a window of another origin may show: it has to keep its
// opener, and the form leads to the provider, which browsers hold against form-action.
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
	Title, Text, Hint string
	OK                bool
	PIN               template.URL // https only, see safePIN
	Return            string
	Result            resultMessage
	Origin            string // that may hear of it
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
		page.Title, page.Text, page.PIN = "One more step", "Open the page of the service, allow access, and enter the code that it shows.", safePIN(o.PIN)
	case o.Err != nil:
		p := problemOf(o.Err)
		logFailure(r.Context(), s.Log, p)
		status = p.Status
		page.Title, page.Text, page.Hint = "Not connected", sentence(p.Detail), sentence(p.Hint)
		page.Result = resultMessage{Status: "failed", Reason: p.Code}
	default:
		page.Title, page.Text, page.OK = "Connected", "The account is connected. You can close this window.", true
		page.Result = resultMessage{Status: "connected", Connection: connectionID(o.Record.ID)}
	}
	if o.Wish != nil && o.PIN == "" {
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
	s.handle("GET /static/page.css", s.style)
	s.handle("GET /static/outcome.js", script("pages/outcome.js"))
	s.handle("GET /docs", s.docsPage)
	s.handle("GET /connect.js", script("pages/connect.js"))
	s.handle("GET /sign-in/{link}", s.linkPage)
	s.handle("POST /sign-in/{link}", s.linkForm)
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

func script(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := pageFiles.ReadFile(name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=3600")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // pages that embed cleat load connect.js
		_, _ = w.Write(text)
	}
}

type linkPageData struct {
	look
	Purpose, Email, Name, Team, Error string
}

// linkPage asks for what a link needs. Looking at it does not use it up.
func (s *Server) linkPage(w http.ResponseWriter, r *http.Request) {
	s.showLink(w, r, http.StatusOK, "", "", "")
}

func (s *Server) showLink(w http.ResponseWriter, r *http.Request, status int, email, name, wrong string) {
	link, what, err := s.lookAtLink(r.Context(), r.PathValue("link"))
	if err != nil {
		p := problemOf(err)
		s.render(w, r, p.Status, "outcome.html", outcomePage{look: s.look(r, 0), Title: "This link does not work", Text: "It was used already, or it has expired."})
		return
	}
	if what.Email != "" {
		email = what.Email
	}
	data := linkPageData{look: s.look(r, link.Team), Purpose: link.Purpose, Email: email, Name: name, Error: wrong}
	if t, err := s.records.Team(r.Context(), link.Team); err == nil {
		data.Team = t.Name
	}
	s.render(w, r, status, "link.html", data)
}

func (s *Server) linkForm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	email, name := r.PostFormValue("email"), r.PostFormValue("name")
	user, err := s.join(r.Context(), r.PathValue("link"), email, name, r.PostFormValue("password"))
	var in *signedIn
	if err == nil {
		in, err = s.begin(r.Context(), user, 0, r.UserAgent())
	}
	if err != nil {
		p := problemOf(err)
		logFailure(r.Context(), s.Log, p)
		s.showLink(w, r, p.Status, email, name, sentence(p.Detail))
		return
	}
	http.SetCookie(w, &in.Cookie)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
