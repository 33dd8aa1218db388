package webhook_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

// service is a service that hooks are registered at: it keeps what it was asked.
type service struct {
	*httptest.Server
	asked  []string
	refuse string // method that is refused
}

func newService(t *testing.T) *service {
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.asked = append(s.asked, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.Method, r.URL, r.Header.Get("Authorization"), body)))
		if r.Method == s.refuse {
			w.WriteHeader(http.StatusForbidden)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":%d}`, len(s.asked))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) want(t *testing.T, asked ...string) {
	t.Helper()
	if got := strings.Join(s.asked, "\n"); got != strings.Join(asked, "\n") {
		t.Errorf("the service was asked\n%s\nwant\n%s", got, strings.Join(asked, "\n"))
	}
	s.asked = nil
}

func (s *service) codes() codes {
	return codes{
		base:   `{"baseUrl":"` + s.URL + `/api","headers":{"Authorization":"Bearer {{connection.token}}"},"response":{"error":{"message":"[{{statusCode}}] no","type":"DataError"}}}`,
		attach: `{"url":"/hooks","method":"POST","body":{"to":"{{webhook.url}}","album":"{{parameters.album}}"},"response":{"data":{"externalHookId":"{{body.id}}"}}}`,
		detach: `{"url":"/hooks/{{webhook.externalHookId}}","method":"DELETE"}`,
	}
}

func keeping(t *testing.T) (*webhook.Keeper, *memory) {
	s := &memory{}
	return &webhook.Keeper{Engine: newEngine(), Store: s}, s
}

func wish(t *testing.T) webhook.Request {
	return webhook.Request{Name: "mine", Parameters: value.Object("album", value.Text("sea")).Collection(),
		Address: func(token string) string { return "https://cleat.example" + webhook.Path(token) },
		Account: engine.Input{Connection: value.Object("token", value.Text("t0ken"))}}
}

// attach, detach and update inherit the base: its address, header and errors.
func TestKeeper(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	k, s := keeping(t)
	q := wish(t)
	typ := compiled(t, svc.codes())
	r, err := k.Create(t.Context(), typ, q)
	if err != nil {
		t.Fatal(err)
	}
	address := "https://cleat.example/hook/" + r.Token
	svc.want(t, `POST /api/hooks Bearer t0ken {"to":"`+address+`","album":"sea"}`)
	if stored, _ := s.Hook(t.Context(), r.ID); !stored.Attached || stored.Address != address || stored.Data.Get("externalHookId").ToText() != "1" {
		t.Errorf("stored %+v", stored)
	}

	if err := k.Attach(t.Context(), typ, r, q.Account, address); err != nil {
		t.Fatal(err)
	}
	svc.want(t) // it knows the address already

	if err := k.Attach(t.Context(), typ, r, q.Account, "https://b.example/"); err != nil {
		t.Fatal(err)
	}
	svc.want(t, "DELETE /api/hooks/1 Bearer t0ken", `POST /api/hooks Bearer t0ken {"to":"https://b.example/","album":"sea"}`)

	if err := k.Delete(t.Context(), typ, r, q.Account, false); err != nil {
		t.Fatal(err)
	}
	svc.want(t, "DELETE /api/hooks/2 Bearer t0ken")
	if len(s.hooks) != 0 {
		t.Error("the hook is still there")
	}
}

// A hook that the service refuses is not made, and says why in the words of the base.
func TestAttachFails(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	svc.refuse = "POST"
	k, s := keeping(t)
	_, err := k.Create(t.Context(), compiled(t, svc.codes()), wish(t))
	var failure *engine.Error
	if !errors.As(err, &failure) || err.Error() != "attach: DataError: [403] no" || len(s.hooks) != 0 {
		t.Errorf("error %v, %d hooks", err, len(s.hooks))
	}
}

// A service that does not let go keeps the hook, unless the deletion is forced.
func TestDetachFails(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	k, s := keeping(t)
	q, typ := wish(t), compiled(t, svc.codes())
	r, err := k.Create(t.Context(), typ, q)
	if err != nil {
		t.Fatal(err)
	}
	svc.refuse = "DELETE"
	if err := k.Delete(t.Context(), typ, r, q.Account, false); err == nil || len(s.hooks) != 1 || !r.Attached {
		t.Errorf("error %v, %d hooks, attached: %v", err, len(s.hooks), r.Attached)
	}
	if err := k.Delete(t.Context(), typ, r, q.Account, true); err == nil || len(s.hooks) != 0 {
		t.Errorf("forced: error %v, %d hooks", err, len(s.hooks))
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, update string
		want         []string
		id           string
	}{
		{"with update", `{"url":"/hooks/{{webhook.externalHookId}}","method":"PATCH","body":{"album":"{{parameters.album}}"},"response":{"data":{"rev":2}}}`,
			[]string{`PATCH /api/hooks/1 Bearer t0ken {"album":"town"}`}, "1"},
		{"without", "", []string{"DELETE /api/hooks/1 Bearer t0ken", `POST /api/hooks Bearer t0ken {"to":"ADDRESS","album":"town"}`}, "2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			svc := newService(t)
			k, s := keeping(t)
			c := svc.codes()
			c.update = test.update
			q, typ := wish(t), compiled(t, c)
			r, err := k.Create(t.Context(), typ, q)
			if err != nil {
				t.Fatal(err)
			}
			address := r.Address
			svc.asked = nil
			if err := k.Update(t.Context(), typ, r, q.Account, value.Object("album", value.Text("town")).Collection()); err != nil {
				t.Fatal(err)
			}
			for i := range test.want {
				test.want[i] = strings.Replace(test.want[i], "ADDRESS", address, 1)
			}
			svc.want(t, test.want...)
			stored, _ := s.Hook(t.Context(), r.ID)
			if got := stored.Data.Get("externalHookId").ToText(); got != test.id || !stored.Attached || stored.Parameters.Get("album").ToText() != "town" || stored.Address != address {
				t.Errorf("stored %+v with id %s, want id %s", stored, got, test.id)
			}
		})
	}
}

// A webhook without attach is one whose address the person tells the service.
func TestNotAttached(t *testing.T) {
	t.Parallel()
	k, _ := keeping(t)
	typ := compiled(t, codes{api: `{}`})
	r, err := k.Create(t.Context(), typ, wish(t))
	if err != nil || r.Attached || typ.Attached() || len(r.Token) != 32 {
		t.Errorf("%+v, error %v", r, err)
	}
	if err := k.Delete(t.Context(), typ, r, engine.Input{}, false); err != nil {
		t.Error(err)
	}
}

// What attach stored and passwords stand in no trace.
func TestTraceHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	var seen []engine.Exchange
	s := &memory{}
	k := &webhook.Keeper{Store: s, Engine: engine.New(engine.Options{Egress: loopback, Debug: true, Log: func(x engine.Exchange) { seen = append(seen, x) }})}
	c := svc.codes()
	c.params = `[{"name":"album","type":"password"}]`
	q := wish(t)
	q.Parameters = value.Object("album", value.Text("album-secret")).Collection()
	if _, err := k.Create(t.Context(), compiled(t, c), q); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 1 || strings.Contains(fmt.Sprint(seen), "album-secret") || !strings.Contains(fmt.Sprint(seen), "[redacted]") {
		t.Errorf("the trace shows %v", seen)
	}
}
