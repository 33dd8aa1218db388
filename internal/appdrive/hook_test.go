package appdrive

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

const server = "https://hooks.example.com"

// webhook attaches a webhook, hands it a delivery as its author expects one, lets m make
// the bundle when there is an instant trigger, and detaches.
func (d *driver) webhook(t *testing.T, p *problems, w *app.Webhook, m *app.Module) {
	c, err := d.app.Webhook(w.ID)
	if err != nil {
		p.note("%v", err)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	in := cleat.HookInput{Name: t.Name(), Connection: connection(ctx, t, d.app, c), Hold: 10 * time.Second, Failed: func(err error) { p.failure(t, err) }}
	in.Parameters = d.parameters(ctx, t, p, c, in.Connection)
	bundle, sent := generic(), generic()
	if m != nil {
		if in.Trigger, err = d.app.InstantTrigger(m.ID); err != nil {
			p.note("%v", err)
			return
		}
		in.TriggerParameters = d.parameters(ctx, t, p, in.Trigger, in.Connection)
		bundle = d.sampleOf(t, m)
		sent = payload(m.API, bundle)
	}
	s := d.provider.answering(expectations(w.Attach), value.Undefined, 1, in.Parameters)
	s.wanted = append(wantedOf(d.app.App, w.Attach), wantedOf(d.app.App, w.Detach)...)
	if m != nil {
		s.wanted = append(s.wanted, wantedOf(d.app.App, m.API)...)
	}
	h := &hooked{stub: s, bundle: bundle, sent: sent}
	if h.hook, err = d.runtime(t, s).Hook(ctx, c, in); err != nil {
		p.note("%v", err)
		return
	}
	h.attach(ctx, t, p, w)
	if len(p.list) == 0 {
		h.deliver(ctx, t, p, w)
	}
	h.detach(ctx, t, p, w)
	p.list = append(p.list, s.bad...)
}

// hooked is a webhook at work.
type hooked struct {
	stub   *stub
	hook   *cleat.Hook
	sent   value.Value // what an item of a delivery is
	bundle value.Value // what is to come of it
}

func filledIn(code *app.Code) bool { return code.Root().Value().Collection().Len() > 0 }

// attach tells the service the address, when the app can.
func (h *hooked) attach(ctx context.Context, t *testing.T, p *problems, w *app.Webhook) {
	if err := h.hook.Attach(ctx, server); err != nil {
		p.failure(t, err)
		return
	}
	if !filledIn(w.Attach) {
		return
	}
	address := h.hook.Address(server)
	if sent := strings.Join(h.stub.requests(), "\n"); !strings.Contains(strings.ReplaceAll(sent, "%2F", "/"), strings.TrimPrefix(address, "https://")) {
		p.note("attach does not send the address %s: %s", address, sent)
	}
}

// deliver posts what the code of the webhook reads, shaped as the bundle, and takes the
// bundles out of the queue.
func (h *hooked) deliver(ctx context.Context, t *testing.T, p *problems, w *app.Webhook) {
	working, stop := context.WithCancel(ctx)
	defer stop()
	var got []value.Value
	var work sync.WaitGroup
	work.Go(func() {
		h.hook.Work(working, 1, func(_ context.Context, bundle value.Value) (*engine.Reply, error) {
			got = append(got, bundle)
			return nil, nil
		})
	})
	body := delivered(w.API, h.sent).AppendJSON(nil)
	r := httptest.NewRequest(http.MethodPost, h.hook.Address(server), bytes.NewReader(body)).WithContext(ctx)
	r.Header.Set("Content-Type", "application/json")
	h.sign(r, w, body)
	answer := httptest.NewRecorder()
	h.hook.ServeHTTP(answer, r)
	stop()
	work.Wait()
	if answer.Code >= http.StatusMultipleChoices {
		p.note("the delivery %s was answered %d %s", body, answer.Code, answer.Body)
	}
	if len(got) == 0 && len(p.list) == 0 {
		p.note("the delivery %s gave no bundle", body)
	}
	for _, bundle := range got {
		differs(t, h.bundle, bundle)
	}
}

// sign signs as the service of examples/photos does.
func (h *hooked) sign(r *http.Request, w *app.Webhook, body []byte) {
	if condition, _ := w.API.Root().Get("condition").Str(); strings.Contains(condition, "x-photos-signature") {
		mac := hmac.New(sha256.New, []byte(h.hook.Current().Data.Get("secret").ToText()))
		mac.Write(body)
		r.Header.Set("X-Photos-Signature", hex.EncodeToString(mac.Sum(nil)))
	}
}

var onlyPayload = regexp.MustCompile(`^\{\{\s*payload((?:\.[A-Za-z_][A-Za-z0-9_]*)+)\s*\}\}$`)

// payload is an item of which an instant trigger makes the bundle.
func payload(code *app.Code, bundle value.Value) value.Value {
	like := bundle.Collection()
	if like.Len() == 0 {
		like = generic().Collection()
	}
	made := like.Clone()
	e := expectations(code)
	output := code.Root().Get("response").Get("output")
	if spread := output.Get("{{...}}"); spread != nil {
		output = spread
	}
	text, _ := output.Str()
	if found := onlyPayload.FindStringSubmatch(text); found != nil {
		place(made, pathNames.FindAllString(found[1], -1), value.FromCollection(like.Clone()))
	}
	for _, path := range e.payload {
		ensure(made, path, func(name string) value.Value { return leaf(like, name) })
	}
	return value.FromCollection(made)
}

// isEqual finds what a condition compares with a text.
var isEqual = regexp.MustCompile(`body((?:\.[A-Za-z_][A-Za-z0-9_]*)+)\s*={1,3}\s*['"]([^'"]*)['"]`)

// delivered is what the service sends: every path that the code of the webhook reads is
// there, the items where it iterates, and the account of the connection where it looks for
// that. Verification is left out: it is no delivery.
func delivered(code *app.Code, bundle value.Value) value.Value {
	e := &expected{}
	root := code.Root()
	e.shape(root.Get("iterate"), root.Get("output"))
	for _, name := range []string{"condition", "iterate", "output", "uid", "respond"} {
		if node := root.Get(name); node != nil {
			e.texts(node)
		}
	}
	body := (&provider{}).answer(e, bundle, 1, nil)
	condition, _ := root.Get("condition").Str()
	for _, found := range isEqual.FindAllStringSubmatch(condition, -1) {
		place(body.Collection(), pathNames.FindAllString(found[1], -1), value.Text(found[2]))
	}
	if path, ok := bodyPath(root.Get("uid")); ok && len(path) > 0 {
		place(body.Collection(), path, value.Text(account))
	}
	return body
}

// detach tells the service to send no more.
func (h *hooked) detach(ctx context.Context, t *testing.T, p *problems, w *app.Webhook) {
	before := len(h.stub.requests())
	if err := h.hook.Detach(ctx); err != nil {
		p.failure(t, err)
		return
	}
	if filledIn(w.Attach) && filledIn(w.Detach) && len(h.stub.requests()) == before {
		p.note("detach sends nothing")
	}
}
