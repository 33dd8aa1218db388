package connect_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// expired takes a connection to the hour after its token has ended.
func expired(t *testing.T, change func(string) string) (*rig, *provider2, *connect.Type, *connect.Record) {
	t.Helper()
	r, p := newRig(t), newProvider2(t)
	r.atNoon()
	typ := codeType(t, p, change)
	record := r.authorized(typ, p)
	r.clock = r.clock.Add(time.Hour)
	return r, p, typ, record
}

// token is the access token of a record.
func token(r *connect.Record) string { return r.Data.Get("accessToken").Str() }

func TestRenewal(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) func(http.ResponseWriter, url.Values) bool {
		return func(w http.ResponseWriter, _ url.Values) bool {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			w.Write([]byte(body))
			return true
		}
	}
	for _, test := range []struct {
		name   string
		change func(string) string
		later  time.Duration // after the token has ended
		before func(http.ResponseWriter, url.Values) bool
		silent []string
		asks   string
		want   string // failure
		broken string
	}{
		{name: "ended", asks: "refresh_token"},
		{name: "ends within a minute", later: -59 * time.Second, asks: "refresh_token"},
		{name: "good", later: -2 * time.Minute},
		{name: "no condition, ended", change: replace(`"condition": "{{data.expires < addMinutes(now, 1)}}", `, ``), asks: "refresh_token"},
		{name: "no condition, good", change: replace(`"condition": "{{data.expires < addMinutes(now, 1)}}", `, ``), later: -2 * time.Minute},
		{name: "no condition, no end", change: replace(`"condition": "{{data.expires < addMinutes(now, 1)}}", `, ``, `, "expires": "{{addSeconds(now, body.expires_in)}}"`, ``)},
		{name: "condition never", change: replace(`{{data.expires < addMinutes(now, 1)}}`, `{{false}}`)},
		{name: "no refresh token in the answer", silent: []string{"refresh_token", "refresh_expires_in"}, asks: "refresh_token"},
		{name: "no end in the answer", silent: []string{"expires_in"}, asks: "refresh_token"},
		{name: "array", change: replace(`"refresh": {`, `"refresh": [{"temp": {"x": 1}}, {`, `}
	},
	"info"`, `}
	}],
	"info"`), asks: "refresh_token"},

		{name: "invalid grant", before: answer(400, `{"error": "invalid_grant"}`), asks: "refresh_token",
			want: `InvalidAccessTokenError: connection "work" has to be authorized again: [400] Bad Request`, broken: "[400] Bad Request"},
		{name: "invalid grant with another status", before: answer(403, `{"error": "invalid_grant"}`), asks: "refresh_token",
			want: `InvalidAccessTokenError: connection "work" has to be authorized again: [403] Forbidden`, broken: "[403] Forbidden"},
		{name: "unauthorized", before: answer(401, ``), asks: "refresh_token",
			want: `InvalidAccessTokenError: connection "work" has to be authorized again: [401] Unauthorized`, broken: "[401] Unauthorized"},
		{name: "words of the app", change: replace(`"body": {"grant_type": "refresh_token"`, `"response": {"error": "ask {{body.who}}"}, "body": {"grant_type": "refresh_token"`, `"response": {
			"data": {"accessToken": "{{body.access_token}}", "refreshToken": "{{body.refresh_token}}", "expires": "{{addSeconds(now, body.expires_in)}}"},
			"expires": "{{addSeconds(now, body.refresh_expires_in)}}"
		}
	},
	"info"`, `"x": 1
	},
	"info"`), before: answer(400, `{"who": "your administrator"}`), asks: "refresh_token",
			want: `InvalidAccessTokenError: connection "work" has to be authorized again: ask your administrator`, broken: "ask your administrator"},
		{name: "forbidden", before: answer(403, `{}`), asks: "refresh_token", want: "provider: [403] Forbidden"},
		{name: "broken provider", before: answer(503, ``), asks: "refresh_token refresh_token", want: "provider: [503] Service Unavailable"},
		{name: "busy provider", before: answer(429, ``), asks: "refresh_token refresh_token", want: "provider: [429] Too Many Requests"},
		{name: "page instead of a token", before: answer(200, `{"hello": "world"}`), asks: "refresh_token", want: "provider: the provider's answer to refresh (200, application/json) holds no token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, p, typ, record := expired(t, test.change)
			r.clock = r.clock.Add(test.later)
			p.before, p.silent, p.asked = test.before, test.silent, nil
			got, err := r.connector.Fresh(t.Context(), typ, record, 1)
			if failure := failure(err); failure != test.want {
				t.Errorf("failure\n got %q\nwant %q", failure, test.want)
			}
			if asks := p.asks(); asks != test.asks {
				t.Errorf("asked for %q, want %q", asks, test.asks)
			}
			stored := r.one()
			if stored.Broken != test.broken {
				t.Errorf("broken: %q, want %q", stored.Broken, test.broken)
			}
			if renewed := token(stored) != token(record); renewed != (err == nil && test.asks != "") {
				t.Errorf("renewed: %v", renewed)
			}
			if stored.Data.Get("refreshToken").Str() == "" || stored.UID != "7" {
				t.Errorf("stored %s, uid %q", value.FromCollection(stored.Data).AppendJSON(nil), stored.UID)
			}
			if err != nil {
				r.free(stored.ID)
				return
			}
			if got.Version != stored.Version || token(got) != token(stored) {
				t.Errorf("got version %d, stored is %d", got.Version, stored.Version)
			}
			if again, err := r.connector.Fresh(t.Context(), typ, got, 1); err != nil || again.Version != got.Version || p.asks() != test.asks {
				t.Errorf("again: version %d after %d, asked for %q, error %v", again.Version, got.Version, p.asks(), err)
			}
			r.free(stored.ID)
			r.hides(token(record), token(got), stored.Data.Get("refreshToken").Str())
		})
	}
}

// free fails when somebody still holds the renewal of a connection.
func (r *rig) free(id int64) {
	r.t.Helper()
	claim := &connect.Renewal{ConnID: id, Owner: "test", Until: r.clock.Add(time.Second)}
	if err := r.records.ClaimRenewal(r.t.Context(), claim, r.clock); err != nil || claim.Answer != nil {
		r.t.Errorf("the renewal is not free: %v, answer %v", err, claim.Answer)
	}
	if err := r.records.EndRenewal(r.t.Context(), claim, nil); err != nil {
		r.t.Error(err)
	}
}

func TestRenewalMovesTheEndOfTheConnection(t *testing.T) {
	t.Parallel()
	r, p, typ, record := expired(t, nil)
	got, err := r.connector.Fresh(t.Context(), typ, record, 0)
	if err != nil || !got.Expires.Equal(r.clock.Add(24*time.Hour)) {
		t.Fatalf("expires %v, error %v", got.Expires, err)
	}
	p.silent = []string{"refresh_expires_in"}
	r.clock = r.clock.Add(time.Hour)
	again, err := r.connector.Fresh(t.Context(), typ, got, 0)
	if err != nil || !again.Expires.Equal(got.Expires) {
		t.Errorf("an answer without an end changed it to %v, error %v", again.Expires, err)
	}
}

// Ten uses at once, over two processes on one store, make one request.
func TestOneOwnerRenews(t *testing.T) {
	t.Parallel()
	r, p, typ, record := expired(t, nil)
	other, err := store.Open(t.Context(), store.Options{Dir: r.dir})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	second := &connect.Connector{Engine: r.connector.Engine, Store: other, RedirectURI: r.connector.RedirectURI, Now: r.connector.Now}
	p.asked = nil
	var wait sync.WaitGroup
	tokens := make([]string, 10)
	for i := range tokens {
		connector := []*connect.Connector{r.connector, second}[i%2]
		wait.Go(func() {
			got, err := connector.Fresh(t.Context(), typ, record, 0)
			if err != nil {
				t.Error(err)
				return
			}
			tokens[i] = token(got)
		})
	}
	wait.Wait()
	if asks := p.asks(); asks != "refresh_token" || r.one().Version != record.Version+1 {
		t.Errorf("asked for %q, version %d after %d", asks, r.one().Version, record.Version)
	}
	for _, got := range tokens {
		if got != token(r.one()) {
			t.Errorf("a use got %q, stored is %q", got, token(r.one()))
		}
	}
}

// A refusal of the old token does not count when somebody has authorized anew meanwhile.
func TestRefusedButAuthorizedAnew(t *testing.T) {
	t.Parallel()
	r, p, typ, record := expired(t, nil)
	p.before = func(w http.ResponseWriter, _ url.Values) bool {
		anew := *record
		anew.Data = record.Data.Clone()
		anew.Data.Set("accessToken", value.Text("of the new authorization"))
		if err := r.records.UpdateConnection(context.Background(), &anew); err != nil {
			t.Error(err)
		}
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return true
	}
	got, err := r.connector.Fresh(t.Context(), typ, record, 0)
	if err != nil || token(got) != "of the new authorization" || r.one().Broken != "" {
		t.Errorf("got %+v, error %v, broken %q", got, err, r.one().Broken)
	}
	r.free(record.ID)
}

// What others change while the provider answers stays; so do the new tokens, unless the
// others brought newer ones.
func TestRenewalMergesWithWhatChanged(t *testing.T) {
	t.Parallel()
	for _, anew := range []bool{false, true} {
		r, p, typ, record := expired(t, nil)
		p.before = func(http.ResponseWriter, url.Values) bool {
			changed := *record
			changed.Name, changed.Data = "renamed", record.Data.Clone()
			changed.Data.Set("note", value.Text("typed"))
			if anew {
				changed.Data.Set("accessToken", value.Text("newest"))
			}
			if err := r.records.UpdateConnection(context.Background(), &changed); err != nil {
				t.Error(err)
			}
			return false
		}
		got, err := r.connector.Fresh(t.Context(), typ, record, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got.Name != "renamed" || got.Data.Get("note").Str() != "typed" || token(got) == token(record) || (token(got) == "newest") != anew {
			t.Errorf("anew %v: %q with %s", anew, got.Name, value.FromCollection(got.Data).AppendJSON(nil))
		}
		if stored := r.one(); token(stored) != token(got) || stored.Version != got.Version {
			t.Errorf("anew %v: stored %q", anew, token(stored))
		}
	}
}

// racing is a store in which somebody renames the connection just before the answer is
// stored.
type racing struct {
	*store.Store
	once *sync.Once
}

func (s racing) EndRenewal(ctx context.Context, claim *connect.Renewal, record *connect.Record) error {
	s.once.Do(func() {
		renamed := *record
		if now, err := s.Connection(ctx, record.ID); err == nil {
			renamed = *now
		}
		renamed.Name = "renamed"
		s.UpdateConnection(ctx, &renamed)
	})
	return s.Store.EndRenewal(ctx, claim, record)
}

func TestAnswerIsMergedAgainAfterAConflict(t *testing.T) {
	t.Parallel()
	r, _, typ, record := expired(t, nil)
	connector := &connect.Connector{Engine: r.connector.Engine, Store: racing{r.records, &sync.Once{}}, Now: r.connector.Now}
	got, err := connector.Fresh(t.Context(), typ, record, 0)
	if err != nil {
		t.Fatal(err)
	}
	if stored := r.one(); stored.Name != "renamed" || token(stored) == token(record) || token(stored) != token(got) {
		t.Errorf("stored %q with the token %q", stored.Name, token(stored))
	}
	r.free(record.ID)
}

// crashing is a store of a process that ends before it has stored the answer.
type crashing struct {
	connect.Store
	ended func()
}

func (c crashing) EndRenewal(context.Context, *connect.Renewal, *connect.Record) error {
	c.ended()
	runtime.Goexit()
	return nil
}

// The answer that a process left in the journal is used by the next one, which must not
// ask again: the refresh token is used up.
func TestAnswerOutlivesItsOwner(t *testing.T) {
	t.Parallel()
	r, p, typ, record := expired(t, nil)
	p.asked = nil
	ctx, end := context.WithCancel(t.Context())
	first := &connect.Connector{Engine: r.connector.Engine, Store: crashing{r.records, end}, Now: r.connector.Now}
	if _, err := first.Fresh(ctx, typ, record, 0); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if token(r.one()) != token(record) {
		t.Fatal("the answer is stored")
	}
	r.clock = r.clock.Add(81 * time.Second) // others may take over
	got, err := r.connector.Fresh(t.Context(), typ, record, 0)
	if err != nil || token(got) == token(record) || token(got) != token(r.one()) || p.asks() != "refresh_token" {
		t.Errorf("asked for %q, error %v", p.asks(), err)
	}
	r.free(record.ID)
}

// absent is a store that cannot be reached when the answer of a provider is there: each of
// its methods that a renewal calls behind that fails twice.
type absent struct {
	connect.Store
	lock  sync.Mutex
	fails map[string]int
}

func (s *absent) fail(method string) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.fails[method]++; s.fails[method] > 2 {
		return nil
	}
	return errors.New("the database is unreachable")
}

func (s *absent) JournalRenewal(ctx context.Context, claim *connect.Renewal) error {
	if err := s.fail("journal"); err != nil {
		return err
	}
	return s.Store.JournalRenewal(ctx, claim)
}

func (s *absent) EndRenewal(ctx context.Context, claim *connect.Renewal, record *connect.Record) error {
	if err := s.fail("end"); err != nil {
		return err
	}
	return s.Store.EndRenewal(ctx, claim, record)
}

// Records that are restarted while a provider answers do not cost the connection.
func TestAnswerWaitsForTheStore(t *testing.T) {
	t.Parallel()
	r, p, typ, record := expired(t, nil)
	p.asked = nil
	records := &absent{Store: r.records, fails: map[string]int{}}
	c := &connect.Connector{Engine: r.connector.Engine, Store: records, Now: r.connector.Now}
	got, err := c.Fresh(t.Context(), typ, record, 0)
	if err != nil || token(got) == token(record) || token(got) != token(r.one()) || p.asks() != "refresh_token" {
		t.Errorf("asked for %q, error %v", p.asks(), err)
	}
	if records.fails["journal"] != 3 || records.fails["end"] != 3 {
		t.Errorf("the store was asked %v", records.fails)
	}
	r.free(record.ID)
}

// A caller that gives up does not end the renewal: its answer would be lost.
func TestRenewalOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	r, p, typ, record := expired(t, nil)
	asked, proceed := make(chan bool), make(chan bool)
	p.before = func(http.ResponseWriter, url.Values) bool {
		close(asked)
		<-proceed
		return false
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := r.connector.Fresh(ctx, typ, record, 0)
		done <- err
	}()
	<-asked
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	close(proceed)
	got, err := r.connector.Fresh(t.Context(), typ, record, 0) // joins the flight, or finds what it stored
	if err != nil || token(got) == token(record) || !strings.HasSuffix(p.asks(), "authorization_code refresh_token") {
		t.Errorf("asked for %q, error %v", p.asks(), err)
	}
}

// Who waited while another process was refused asks the provider no more: a refresh token
// that is used once more may end the authorization of the person elsewhere.
func TestRefusedByAnother(t *testing.T) {
	t.Parallel()
	r, p, typ, record := expired(t, nil)
	p.asked = nil
	broken := *record
	broken.Broken = "[400] Bad Request"
	if err := r.records.UpdateConnection(t.Context(), &broken); err != nil {
		t.Fatal(err)
	}
	_, err := r.connector.Fresh(t.Context(), typ, record, 0)
	var e *engine.Error
	if !errors.As(err, &e) || e.Type != engine.InvalidAccessTokenError || p.asks() != "" ||
		e.Message != fmt.Sprintf("connection %q has to be authorized again: [400] Bad Request", record.Name) {
		t.Errorf("error %v, asked for %q", err, p.asks())
	}
	r.free(record.ID)
}

// A process that holds the renewal and hangs is waited for as long as the caller wants,
// and no longer than its claim.
func TestRenewalHeldByAnother(t *testing.T) {
	t.Parallel()
	r, _, typ, record := expired(t, nil)
	claim := &connect.Renewal{ConnID: record.ID, Owner: "another", Until: r.clock.Add(time.Minute)}
	if err := r.records.ClaimRenewal(t.Context(), claim, r.clock); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.connector.Fresh(ctx, typ, record, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	late := &connect.Connector{Engine: r.connector.Engine, Store: r.records, Now: func() time.Time { return r.clock.Add(time.Minute) }}
	if got, err := late.Fresh(t.Context(), typ, record, 0); err != nil || token(got) == token(record) {
		t.Errorf("after the claim: %v", err)
	}
}

// Renew asks no condition, once for each token.
func TestRenewWhatWasRefused(t *testing.T) {
	t.Parallel()
	r, p := newRig(t), newProvider2(t)
	r.atNoon()
	typ := codeType(t, p, nil)
	record := r.authorized(typ, p)
	p.asked = nil
	for range 2 { // the second time the stored token is newer than the refused one
		got, err := r.connector.Renew(t.Context(), typ, record, 0)
		if err != nil || token(got) == token(record) || p.asks() != "refresh_token" {
			t.Errorf("asked for %q, error %v", p.asks(), err)
		}
	}
	basic := compile(t, sections{kind: "basic", api: `{"url": "https://example.com/"}`})
	_, err := r.connector.Renew(t.Context(), basic, record, 0)
	if got, want := failure(err), `configuration: connections of type "conn" cannot be renewed without a person`; got != want || basic.CanRenew() {
		t.Errorf("failure %q, want %q", got, want)
	}
}

// The session extension of OAuth 1.0: refresh signs with the old token and the handle.
func TestSessionRenewal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.clock = time.Now()
	server := provider(t, oauth1test.Options{Now: func() time.Time { return r.clock }, TokenLifetime: time.Hour})
	const stored = `"response": {"data": {"token": "{{body.oauth_token}}", "token_secret": "{{body.oauth_token_secret}}", "handle": "{{body.oauth_session_handle}}", "expires": "{{addSeconds(now, body.oauth_expires_in)}}"}}`
	api := replace(`"response": {"data": {"token": "{{body.oauth_token}}", "token_secret": "{{body.oauth_token_secret}}"}}
	},`, stored+`},
	"refresh": {
		"condition": "{{data.expires < addMinutes(now, 1)}}", "url": "`+server.URL+`/oauth/access_token", "method": "POST",
		"oauth": {"token": "{{data.token}}", "token_secret": "{{data.token_secret}}", "session_handle": "{{data.handle}}"}, `+stored+`
	},`)(template(server.URL))
	typ := compile(t, sections{kind: "oauth-1", api: api, common: keysOfClient})
	started, err := r.threeLegged(typ, "allow")
	if err != nil {
		t.Fatal(err)
	}
	r.clock = r.clock.Add(time.Hour + time.Second)
	if err := r.connector.Test(t.Context(), typ, started.Record); err == nil {
		t.Error("the token has not ended")
	}
	renewed, err := r.connector.Fresh(t.Context(), typ, started.Record, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.connector.Test(t.Context(), typ, renewed); err != nil {
		t.Errorf("the renewed token: %v", err)
	}
}

func TestRenewalOfWhatIsGone(t *testing.T) {
	t.Parallel()
	r, _, typ, record := expired(t, nil)
	if err := r.records.DeleteConnection(t.Context(), record.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.connector.Fresh(t.Context(), typ, record, 0); !errors.Is(err, connect.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

// An expression that fails is the app's mistake and marks nothing.
func TestConditionThatFails(t *testing.T) {
	t.Parallel()
	r, p, typ, record := expired(t, replace(`{{data.expires < addMinutes(now, 1)}}`, `{{parseJSON('{')}}`))
	p.asked = nil
	_, err := r.connector.Fresh(t.Context(), typ, record, 0)
	var e *engine.Error
	if !errors.As(err, &e) || e.Directive != "condition" || r.one().Broken != "" || p.asks() != "" {
		t.Errorf("error %v, asked for %q, broken %q", err, p.asks(), r.one().Broken)
	}
}
