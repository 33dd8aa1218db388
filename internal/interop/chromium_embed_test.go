package interop

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/examples"
	"github.com/cleat-run/cleat/internal/noteservice"
	"github.com/cleat-run/cleat/server"
)

// embedding is a product whose users connect accounts, a server of cleat, and a browser.
// The server is at 127.0.0.1 and everything else at localhost: another site.
type embedding struct {
	*served
	b              *chromium
	product, other string // pages, of an allowed origin and of another one
	notes, photos  string // services
}

// productPage opens a session in a popup, or in a frame, and shows what it hears.
var productPage = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><title>Product</title>
<script src="{{.Server}}/connect.js"></script>
<button id="connect">Connect</button> <output id="result"></output>
{{if .Frame}}<iframe src="{{.Frame}}" width="400" height="600"></iframe>{{end}}
<script>
window.heard = [];
addEventListener("message", (e) => heard.push({ from: e.origin, data: e.data }));
document.getElementById("connect").onclick = async () => {
  document.getElementById("result").textContent = JSON.stringify(await cleat.connect(new URLSearchParams(location.search).get("session")));
};
</script>`))

func embed(t *testing.T) *embedding {
	t.Helper()
	e := &embedding{b: startChromium(t)}
	e.served = serve(t, func(string, *server.Config) {})
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = productPage.Execute(w, map[string]string{"Server": e.url, "Frame": r.FormValue("frame")})
	})
	for _, place := range []struct {
		handler http.Handler
		address *string
	}{{page, &e.product}, {page, &e.other}, {noteservice.New(), &e.notes}} {
		listening := httptest.NewServer(place.handler)
		t.Cleanup(listening.Close)
		*place.address = strings.Replace(listening.URL, "127.0.0.1", "localhost", 1)
	}
	e.photos = strings.Replace(startPhotos(t), "127.0.0.1", "localhost", 1)
	e.upload("notes", noteservice.App())
	e.upload("photos", examples.Photos())
	e.send(http.MethodPut, "/v1/branding", map[string]any{"product": "Acme", "accent": "#aa0000", "support": "mailto:help@acme.example", "origins": []string{e.product},
		"logo": "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="}, nil)
	return e
}

func (e *embedding) upload(name string, app fs.FS) {
	e.t.Helper()
	var archive, body bytes.Buffer
	packed := zip.NewWriter(&archive)
	if err := packed.AddFS(app); err != nil {
		e.t.Fatal(err)
	}
	packed.Close()
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("archive", name+".zip")
	if err != nil {
		e.t.Fatal(err)
	}
	part.Write(archive.Bytes())
	form.Close()
	got, err := e.client.Post(e.url+"/v1/apps", form.FormDataContentType(), &body)
	if err != nil {
		e.t.Fatal(err)
	}
	got.Body.Close()
	if got.StatusCode != http.StatusCreated {
		e.t.Fatalf("the upload of %s is answered %d", name, got.StatusCode)
	}
}

// send sends JSON as the owner.
func (e *embedding) send(method, path string, body, into any) {
	e.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		e.t.Fatal(err)
	}
	r, err := http.NewRequest(method, e.url+path, bytes.NewReader(text))
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	got, err := e.client.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode >= 300 {
		e.t.Fatalf("%s %s: %d", method, path, got.StatusCode)
	}
	if into != nil {
		if err := json.NewDecoder(got.Body).Decode(into); err != nil {
			e.t.Fatal(err)
		}
	}
}

func (e *embedding) session(app, kind string) string {
	e.t.Helper()
	var made struct{ URL string }
	e.send(http.MethodPost, "/v1/connect-sessions", map[string]any{"app": app, "type": kind, "return_url": e.product + "/done"}, &made)
	return made.URL
}

// popup opens a session from a page and goes into its window; back returns to the page.
func (e *embedding) popup(page, session string) (back func()) {
	e.t.Helper()
	e.b.open(page + "?session=" + url.QueryEscape(session))
	opener := e.b.window()
	e.b.click("#connect")
	e.b.intoPopup(opener)
	e.b.element("main")
	return func() { e.b.into(opener) }
}

// connected fails unless the product was told once, from the server, that an account is
// there.
func (e *embedding) connected() {
	e.t.Helper()
	result := e.b.text("#result:not(:empty)")
	var heard []struct {
		From string
		Data map[string]string
	}
	e.b.evaluate("return window.heard", &heard)
	if len(heard) != 1 || heard[0].From != e.url || heard[0].Data["status"] != "connected" ||
		result != fmt.Sprintf(`{"status":"connected","connection":%q}`, heard[0].Data["connection"]) {
		e.t.Errorf("the page heard %v, and connect.js tells %s", heard, result)
	}
}

// A person fills in the form of an API key without a mouse, wrongly at first.
func TestChromiumPopupTakesAKey(t *testing.T) {
	e := embed(t)
	back := e.popup(e.product, e.session("notes", "key"))
	e.b.press(tab + e.notes + tab + "wrong" + tab + "Af" + tab + space + tab + enter)
	if alert := e.b.text("[role=alert]"); !strings.Contains(alert, "the key is wrong") && !strings.Contains(alert, "The key is wrong") {
		t.Errorf("the page says %q", alert)
	}
	var page struct {
		Title, Region, Support, Secret, Nameless string
		Archive, Logo                            bool
	}
	e.b.evaluate(`const one = (s) => document.querySelector(s);
		return { title: document.title, region: one("[name=region]").value, archive: one("[name=archive]").checked, support: one("a").href, secret: one("[name=apiKey]").value,
			logo: one("img.logo").complete && one("img.logo").naturalWidth === 1,
			nameless: [...document.querySelectorAll("input,select")].filter((f) => !f.labels.length || !document.getElementById(f.getAttribute("aria-describedby"))).map((f) => f.name).join() }`, &page)
	if page.Title != "Connect notes – Acme" || page.Region != "af" || !page.Archive || page.Support != "mailto:help@acme.example" || page.Secret != "" || page.Nameless != "" || !page.Logo {
		t.Errorf("the page is %+v", page)
	}
	e.b.press(tab + tab + noteservice.Key + enter)
	back()
	e.connected()
}

// A provider of OAuth 2.0 sends the person back with a redirect, or has the browser post a
// form, which takes no cookie along that is SameSite=Lax; one of OAuth 1.0 redirects.
func TestChromiumPopupGoesToTheProvider(t *testing.T) {
	e := embed(t)
	for _, c := range []struct{ app, kind, service, mode string }{{"notes", "code", e.notes, "query"}, {"notes", "code", e.notes, "form_post"}, {"photos", "photos", e.photos, ""}} {
		t.Run(c.app+" "+c.mode, func(t *testing.T) {
			back := e.popup(e.product, e.session(c.app, c.kind))
			e.b.evaluate(`document.querySelector("[name=service]").value = "`+c.service+`"; const mode = document.querySelector("[name=mode]"); if (mode) mode.value = "`+c.mode+`"`, nil)
			e.b.click("form button")
			e.b.clickAway("#allow")
			back()
			e.connected()
		})
	}
	back := e.popup(e.product, e.session("notes", "code"))
	e.b.evaluate(`document.querySelector("[name=service]").value = "`+e.notes+`"`, nil)
	e.b.click("form button")
	e.b.clickAway("#deny")
	back()
	if result := e.b.text("#result:not(:empty)"); result != `{"status":"failed","reason":"connection_declined"}` {
		t.Errorf("a person who says no: %s", result)
	}
}

func TestChromiumPopupIsClosed(t *testing.T) {
	e := embed(t)
	back := e.popup(e.product, e.session("notes", "key"))
	e.b.do(http.MethodDelete, "/window", nil, nil)
	back()
	if result := e.b.text("#result:not(:empty)"); result != `{"status":"closed"}` {
		t.Errorf("a popup that is closed: %s", result)
	}
}

// A page of another origin may open the page, as anybody may, but hears nothing and shows
// it in no frame. In a frame of an allowed page the person connects an account.
func TestChromiumKeepsOtherOriginsOut(t *testing.T) {
	e := embed(t)
	fill := `document.querySelector("[name=service]").value = "` + e.notes + `"; document.querySelector("[name=apiKey]").value = "` + noteservice.Key + `"`
	back := e.popup(e.other, e.session("notes", "key"))
	e.b.evaluate(fill, nil)
	e.b.clickAway("form button")
	back()
	var heard int
	if e.b.evaluate("return window.heard.length", &heard); heard != 0 || e.b.text("#result:not(:empty)") != `{"status":"closed"}` {
		t.Errorf("another origin has heard %d messages", heard)
	}

	session := e.session("notes", "key")
	e.b.complaints()
	e.b.open(e.other + "?frame=" + url.QueryEscape(session))
	if e.b.element("iframe"); len(e.b.complaints()) == 0 {
		t.Error("another origin frames the page")
	}
	e.b.open(e.product + "?frame=" + url.QueryEscape(session))
	e.b.do(http.MethodPost, "/frame", map[string]any{"id": 0}, nil)
	e.b.element("main form")
	e.b.evaluate(fill, nil)
	e.b.click("form button")
	e.b.sees(e.b.textBeyond("form"), "Connected")
	e.b.do(http.MethodPost, "/frame", map[string]any{"id": nil}, nil)
	if e.b.evaluate("return window.heard.length", &heard); heard != 1 {
		t.Errorf("the page around the frame has heard %d messages", heard)
	}
	if found := e.b.complaints(); len(found) > 0 {
		t.Errorf("the browser complains: %q", found)
	}
}

// No page breaks its own policy.
func TestChromiumFindsThePagesInOrder(t *testing.T) {
	e := embed(t)
	var invited struct{ Link string }
	e.send(http.MethodPost, "/v1/users", map[string]any{"email": "ann@example.com", "role": "viewer"}, &invited)
	for _, address := range []string{e.session("notes", "key"), e.session("photos", "photos"), e.url + "/connect/nothing", e.url + "/authorize/nothing", e.url + "/oauth/cb/app?error=%3Cscript%3E",
		invited.Link, e.url + "/sign-in/nothing", e.url + "/docs"} {
		e.b.open(address)
		e.b.element("h1")
		var style string
		if e.b.evaluate(`return getComputedStyle(document.querySelector("main")).borderTopStyle`, &style); style != "solid" {
			t.Errorf("%s has no style", address)
		}
		if found := e.b.complaints(); len(found) > 0 {
			t.Errorf("%s: the browser complains: %q", address, found)
		}
	}
}
