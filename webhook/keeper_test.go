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

func wish() webhook.Request {
	return webhook.Request{Name: "mine", Parameters: value.Object("album", value.Text("sea")).Collection()}
}

var account = engine.Input{Connection: value.Object("token", value.Text("t0ken"))}

// attached makes a hook and attaches it.
func attached(t *testing.T, k *webhook.Keeper, typ *webhook.Type, q webhook.Request) (*webhook.Record, error) {
	t.Helper()
	r, err := k.Create(t.Context(), typ, q)
	if err != nil {
		t.Fatal(err)
	}
	return r, k.Attach(t.Context(), typ, r, account, "https://cleat.example"+webhook.Path(r.Token))
}

// attach, detach and update inherit the base: its address, header and errors.
func TestKeeper(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	k, s := keeping(t)
	typ := compiled(t, svc.codes())
	r, err := attached(t, k, typ, wish())
	if err != nil {
		t.Fatal(err)
	}
	address := "https://cleat.example/hooks/" + r.Token
	svc.want(t, `POST /api/hooks Bearer t0ken {"to":"`+address+`","album":"sea"}`)
	if stored, _ := s.Hook(t.Context(), r.ID); !stored.Attached || stored.Address != address || stored.Data.Get("externalHookId").ToText() != "1" {
		t.Errorf("stored %+v", stored)
	}

	if err := k.Attach(t.Context(), typ, r, account, address); err != nil {
		t.Fatal(err)
	}
	svc.want(t) // it knows the address already

	if err := k.Attach(t.Context(), typ, r, account, "https://b.example/"); err != nil {
		t.Fatal(err)
	}
	svc.want(t, "DELETE /api/hooks/1 Bearer t0ken", `POST /api/hooks Bearer t0ken {"to":"https://b.example/","album":"sea"}`)

	if err := k.Delete(t.Context(), typ, r, account, false); err != nil {
		t.Fatal(err)
	}
	svc.want(t, "DELETE /api/hooks/2 Bearer t0ken")
	if len(s.hooks) != 0 {
		t.Error("the hook is still there")
	}
}

// A hook that the service refuses says why in the words of the base.
func TestAttachFails(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	svc.refuse = "POST"
	k, s := keeping(t)
	r, err := attached(t, k, compiled(t, svc.codes()), wish())
	var failure *engine.Error
	if !errors.As(err, &failure) || err.Error() != "attach: DataError: [403] no" || r.Attached || s.hooks[0].Attached {
		t.Errorf("error %v, attached: %v", err, r.Attached)
	}
}

// A service that has forgotten a former address does not keep a hook from being attached
// at another.
func TestAttachElsewhere(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	k, _ := keeping(t)
	var lost error
	k.Lost = func(err error) { lost = err }
	typ := compiled(t, svc.codes())
	r, err := attached(t, k, typ, wish())
	if err != nil {
		t.Fatal(err)
	}
	svc.refuse = "DELETE"
	if err := k.Attach(t.Context(), typ, r, account, "https://b.example/"); err != nil || r.Address != "https://b.example/" || !r.Attached {
		t.Errorf("error %v, %+v", err, r)
	}
	if lost == nil || lost.Error() != "detach: DataError: [403] no" || r.Data.Get("externalHookId").ToText() != "3" {
		t.Errorf("lost %v, data %v", lost, r.Data)
	}
}

// A service that does not let go keeps the hook, unless the deletion is forced.
func TestDetachFails(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	k, s := keeping(t)
	typ := compiled(t, svc.codes())
	r, err := attached(t, k, typ, wish())
	if err != nil {
		t.Fatal(err)
	}
	svc.refuse = "DELETE"
	if err := k.Delete(t.Context(), typ, r, account, false); err == nil || len(s.hooks) != 1 || !r.Attached {
		t.Errorf("error %v, %d hooks, attached: %v", err, len(s.hooks), r.Attached)
	}
	if err := k.Delete(t.Context(), typ, r, account, true); err == nil || len(s.hooks) != 0 {
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
			typ := compiled(t, c)
			r, err := attached(t, k, typ, wish())
			if err != nil {
				t.Fatal(err)
			}
			address := r.Address
			svc.asked = nil
			if err := k.Update(t.Context(), typ, r, account, value.Object("album", value.Text("town")).Collection()); err != nil {
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
	r, err := attached(t, k, typ, wish())
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
	q := wish()
	q.Parameters = value.Object("album", value.Text("album-secret")).Collection()
	if _, err := attached(t, k, compiled(t, c), q); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 1 || strings.Contains(fmt.Sprint(seen), "album-secret") || !strings.Contains(fmt.Sprint(seen), "[redacted]") {
		t.Errorf("the trace shows %v", seen)
	}
}
