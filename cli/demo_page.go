package cli

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strings"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
	"github.com/cleat-run/cleat/value"
)

// runDemo serves the page until Ctrl-C.
func runDemo(ctx context.Context, o *demoOptions) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := "http://" + listener.Addr().String()
	d, err := o.startDemo(ctx, o.listen, address+callbackPaths[connect.OAuth1])
	if err != nil {
		listener.Close()
		return err
	}
	defer d.close()
	page := &demoPage{demo: d, session: connect.NewSecret(), host: listener.Addr().String()}
	defer serve(listener, page.handler())()
	if o.json {
		writeJSON(o.std.Out, map[string]string{"page": address, "service": d.address})
	} else {
		fmt.Fprintf(o.std.Err, "The sample service listens on %s.\nOpen %s in your browser; Ctrl-C ends it.\n", d.address, address)
	}
	if !o.noBrowser && o.std.Open != nil && o.std.IsTerminal {
		o.std.Open(address)
	}
	<-ctx.Done()
	return nil
}

// demoPage walks a newcomer through the sample app.
type demoPage struct {
	*demo
	session string // also the cookie that proves a form came from this page
	host    string // the only name that the page answers to
	record  *connect.Record
}

const demoCookie = "cleat-demo"

func (p *demoPage) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { p.render(w, &demoView{}) })
	mux.HandleFunc("POST /connect", p.begin)
	mux.HandleFunc("GET /oauth/cb/", p.callback)
	mux.HandleFunc("POST /run", p.module)
	return p.guard(http.NewCrossOriginProtection().Handler(mux))
}

// guard answers to the page's own address only, so that no site can reach it under
// another name.
func (p *demoPage) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != p.host {
			http.Error(w, "this page is at http://"+p.host, http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' "+p.address+"; frame-ancestors 'none'; base-uri 'none'")
		h.ServeHTTP(w, r)
	})
}

func (p *demoPage) begin(w http.ResponseWriter, r *http.Request) {
	started, err := p.connect(r.Context(), p.session)
	if err != nil {
		p.render(w, &demoView{Error: faultOf(err)})
		return
	}
	http.SetCookie(w, &http.Cookie{Name: demoCookie, Value: p.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, started.Redirect, http.StatusSeeOther)
}

func (p *demoPage) callback(w http.ResponseWriter, r *http.Request) {
	session := ""
	if cookie, err := r.Cookie(demoCookie); err == nil {
		session = cookie.Value
	}
	record, err := p.finish(r.Context(), connect.Callback{Query: pairs(r.URL.RawQuery), Headers: headers(r.Header), Session: session})
	if err != nil {
		p.render(w, &demoView{Error: faultOf(err)})
		return
	}
	p.setRecord(record)
	p.render(w, &demoView{})
}

func (p *demoPage) module(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("id")
	view := &demoView{Chosen: r.PostForm}
	bundles, err := p.runForm(r.Context(), id, r)
	if err != nil {
		view.Error = faultOf(err)
		p.render(w, view)
		return
	}
	view.Result = &demoResult{Label: p.app.App.Module(id).Label}
	for _, bundle := range bundles {
		view.Result.Bundles = append(view.Result.Bundles, string(bundle.AppendJSON(nil)))
	}
	p.render(w, view)
}

// runForm runs the module that a form names with the values that it holds.
func (p *demoPage) runForm(ctx context.Context, id string, r *http.Request) ([]value.Value, error) {
	c, err := p.app.Module(id)
	if err != nil {
		return nil, err
	}
	values := value.NewCollection(4)
	for _, field := range c.Form().Fields() {
		text := r.PostFormValue("param-" + field.Name)
		if text == "" {
			continue
		}
		v, err := parseAs(field, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field.Label, err)
		}
		values.Set(field.Name, v)
	}
	if names := missing(c.Form(), values); len(names) > 0 {
		return nil, errors.New("a value is missing: " + strings.Join(names, ", "))
	}
	record := p.connected()
	if record == nil {
		return nil, errors.New("connect an account first")
	}
	return p.run(ctx, c, record, values, 0)
}

func (p *demoPage) setRecord(record *connect.Record) {
	p.exchanges.mu.Lock()
	defer p.exchanges.mu.Unlock()
	p.record = record
}

func (p *demoPage) connected() *connect.Record {
	p.exchanges.mu.Lock()
	defer p.exchanges.mu.Unlock()
	return p.record
}

// demoView is what the page shows.
type demoView struct {
	Error  fault
	Result *demoResult         // of a module that was run
	Chosen map[string][]string // what the form held

	Account   string
	Service   string
	Code      string // of the connection
	Modules   []demoModule
	Exchanges []string
	Signature *oauth1test.Signature
}

type demoResult struct {
	Label   string
	Bundles []string
}

type demoModule struct {
	ID, Label, Description string
	Fields                 []demoField
}

type demoField struct {
	Name, Label, Kind, Value string
	Required                 bool
	Options                  []demoOption
}

type demoOption struct {
	Value, Label string
	Chosen       bool
}

//go:embed demo.html
var demoHTML string

var demoTemplate = template.Must(template.New("demo").Parse(demoHTML))

func (p *demoPage) render(w http.ResponseWriter, view *demoView) {
	for _, x := range p.exchanges.take() {
		view.Exchanges = append(view.Exchanges, exchangeText(x))
	}
	if signed := p.service.Signatures(); len(view.Exchanges) > 0 && len(signed) > 0 {
		view.Signature = &signed[len(signed)-1]
	}
	view.Service = p.address
	view.Code = p.app.Connections[0].API.File.Text()
	if record := p.connected(); record != nil {
		view.Account = record.Metadata.Value
		view.Modules = p.forms(record, view.Chosen)
		p.exchanges.take() // those of the forms are no part of the story
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	demoTemplate.Execute(w, view)
}

// forms returns the modules with their fields; a select gets its options from its RPC.
func (p *demoPage) forms(record *connect.Record, chosen map[string][]string) []demoModule {
	var all []demoModule
	for _, m := range p.app.Modules {
		c, err := p.app.Module(m.ID)
		if err != nil {
			continue // not one that runs alone
		}
		shown := demoModule{ID: m.ID, Label: m.Label, Description: m.Description}
		for _, field := range c.Form().Fields() {
			f := demoField{Name: field.Name, Label: field.Label, Kind: field.Type.Name, Required: field.Required, Value: field.Standard().ToText()}
			if values := chosen["param-"+field.Name]; len(values) > 0 {
				f.Value = values[0]
			}
			if field.Type.Name == "select" {
				f.Options = p.options(record, f.Value)
			}
			shown.Fields = append(shown.Fields, f)
		}
		all = append(all, shown)
	}
	return all
}

func (p *demoPage) options(record *connect.Record, chosen string) []demoOption {
	c, err := p.app.RPC("listAlbums")
	if err != nil {
		return nil
	}
	list, err := p.run(context.Background(), c, record, value.NewCollection(0), 0)
	if err != nil {
		return nil // the select stays empty; the module's own run tells why
	}
	options := []demoOption{{}}
	for _, option := range list {
		text := option.Member("value").ToText()
		options = append(options, demoOption{text, option.Member("label").ToText(), text == chosen})
	}
	return options
}

func exchangeText(x engine.Exchange) string {
	var b strings.Builder
	writeExchange(&b, x)
	return b.String()
}
