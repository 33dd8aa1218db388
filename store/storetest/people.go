package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
)

func newTeam(t *testing.T, s Records, name string) int64 {
	t.Helper()
	team := &record.Team{Name: name}
	ok(t, "InsertTeam", s.InsertTeam(t.Context(), team))
	return team.ID
}

func newUser(t *testing.T, s Records, name string, team int64, role record.Role) *record.User {
	t.Helper()
	u := &record.User{Email: name + "@example.com", Name: name, Password: "argon2id$" + name, Subject: "https://issuer|" + name}
	ok(t, "InsertUser", s.InsertUser(t.Context(), u, record.Member{Team: team, Role: role}))
	return u
}

func testTeam(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	first := must[*record.Team](t)(s.Team(ctx, 1))
	if first.Name != "Default" || first.Version != 1 || first.Created.IsZero() {
		t.Errorf("the first team is %+v", first)
	}
	team := &record.Team{Name: "Žluťoučtí", Branding: record.Branding{Product: "P", Origins: []string{"https://a.example"}}}
	ok(t, "InsertTeam", s.InsertTeam(ctx, team))
	recent(t, "Created", team.Created)
	if team.ID < 2 || team.Version != 1 {
		t.Errorf("InsertTeam left %+v", team)
	}
	same(t, "the team", must[*record.Team](t)(s.Team(ctx, team.ID)), team)
	stale := *team
	team.Name, team.Branding = "Other", record.Branding{Accent: "#123456"}
	ok(t, "UpdateTeam", s.UpdateTeam(ctx, team))
	if team.Version != 2 {
		t.Errorf("version %d, want 2", team.Version)
	}
	wantError(t, "an older version", s.UpdateTeam(ctx, &stale), record.ErrConflict)
	wantError(t, "an unknown team", s.UpdateTeam(ctx, &record.Team{ID: 99, Version: 1}), record.ErrNotFound)
	same(t, "the teams", must[[]*record.Team](t)(s.Teams(ctx)), []*record.Team{first, team})
	_, err := s.Team(ctx, 99)
	wantError(t, "Team", err, record.ErrNotFound)
}

func testUser(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	if n := must[int](t)(s.CountUsers(ctx)); n != 0 {
		t.Errorf("%d users", n)
	}
	ana := newUser(t, s, "ana", 1, record.Owner)
	bob := newUser(t, s, "bob", 1, record.Viewer)
	recent(t, "Created", ana.Created)
	if record.Kind(ana.ID) != "usr" || ana.Version != 1 || must[int](t)(s.CountUsers(ctx)) != 2 {
		t.Errorf("InsertUser left %+v", ana)
	}
	get := must[*record.User](t)
	same(t, "User", get(s.User(ctx, ana.ID)), ana)
	same(t, "UserWithEmail", get(s.UserWithEmail(ctx, "ana@example.com")), ana)
	same(t, "UserWithSubject", get(s.UserWithSubject(ctx, "https://issuer|ana")), ana)
	for what, err := range map[string]error{
		"the address":  s.InsertUser(ctx, &record.User{Email: ana.Email}, record.Member{Team: 1}),
		"the subject":  s.InsertUser(ctx, &record.User{Email: "c", Subject: ana.Subject}, record.Member{Team: 1}),
		"in an update": s.UpdateUser(ctx, &record.User{ID: bob.ID, Version: 1, Email: ana.Email}),
	} {
		wantError(t, what, err, record.ErrTaken)
	}
	wantError(t, "an unknown team", s.InsertUser(ctx, &record.User{Email: "d"}, record.Member{Team: 99}), record.ErrNotFound)
	_, err := s.UserWithEmail(ctx, "d")
	wantError(t, "the refused user", err, record.ErrNotFound)
	for _, name := range []string{"e", "f"} { // no subject is no subject in common
		ok(t, name, s.InsertUser(ctx, &record.User{Email: name}, record.Member{Team: 1}))
	}
	_, err = s.UserWithSubject(ctx, "")
	wantError(t, "no subject", err, record.ErrNotFound)
	stale := *bob
	bob.Name, bob.Disabled, bob.Password = "Robert", true, ""
	ok(t, "UpdateUser", s.UpdateUser(ctx, bob))
	same(t, "the changed user", get(s.User(ctx, bob.ID)), bob)
	wantError(t, "an older version", s.UpdateUser(ctx, &stale), record.ErrConflict)
	wantError(t, "an unknown user", s.UpdateUser(ctx, &record.User{ID: "usr_none", Version: 1}), record.ErrNotFound)
}

func testMember(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	two := newTeam(t, s, "two")
	ana := newUser(t, s, "ana", 1, record.Owner)
	bob := newUser(t, s, "bob", 1, record.Viewer)
	ok(t, "PutMember", s.PutMember(ctx, record.Member{Team: two, User: bob.ID, Role: record.Owner}))
	same(t, "the teams of bob", must[[]record.Member](t)(s.Memberships(ctx, bob.ID)),
		[]record.Member{{Team: 1, User: bob.ID, Role: record.Viewer}, {Team: two, User: bob.ID, Role: record.Owner}})
	same(t, "the members", must[[]record.MemberUser](t)(s.Members(ctx)), []record.MemberUser{{User: *ana, Role: record.Owner}, {User: *bob, Role: record.Viewer}})
	same(t, "those of two", must[[]record.MemberUser](t)(at(two).Members(ctx)), []record.MemberUser{{User: *bob, Role: record.Owner}})
	for _, team := range []int64{1, two} {
		ok(t, "InsertSession", s.InsertSession(ctx, &record.Session{Hash: fmt.Sprint(team), User: bob.ID, Team: team, Expires: time.Now().Add(time.Hour)}))
	}
	wantError(t, "to take the last owner away", s.RemoveMember(ctx, 1, ana.ID), record.ErrConflict)
	wantError(t, "to change the last owner", s.PutMember(ctx, record.Member{Team: 1, User: ana.ID, Role: record.Viewer}), record.ErrConflict)
	wantError(t, "an unknown user", s.PutMember(ctx, record.Member{Team: 1, User: "usr_none", Role: record.Viewer}), record.ErrNotFound)
	wantError(t, "an unknown team", s.PutMember(ctx, record.Member{Team: 99, User: ana.ID, Role: record.Owner}), record.ErrNotFound)
	wantError(t, "no member", s.RemoveMember(ctx, two, ana.ID), record.ErrNotFound)
	ok(t, "RemoveMember", s.RemoveMember(ctx, 1, bob.ID))
	_, err := s.Session(ctx, "1")
	wantError(t, "the session in the team", err, record.ErrNotFound)
	must[*record.Session](t)(s.Session(ctx, fmt.Sprint(two)))
	ok(t, "a second owner", s.PutMember(ctx, record.Member{Team: 1, User: bob.ID, Role: record.Owner}))
	ok(t, "now the first may go", s.RemoveMember(ctx, 1, ana.ID))
}

// Two owners who leave at the same time do not both leave.
func testLastOwnerRace(t *testing.T, at func(int64) Records) {
	s := at(1)
	var (
		group sync.WaitGroup
		left  atomic.Int32
	)
	for i := range 8 {
		u := newUser(t, s, fmt.Sprint("u", i), 1, record.Owner)
		group.Go(func() {
			err := s.RemoveMember(t.Context(), 1, u.ID)
			if err == nil {
				left.Add(1)
			}
		})
	}
	group.Wait()
	if n := len(must[[]record.MemberUser](t)(s.Members(t.Context()))); n < 1 || n+int(left.Load()) != 8 {
		t.Errorf("%d owners are there, %d have left", n, left.Load())
	}
}

func testSession(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	ana, bob := newUser(t, s, "ana", 1, record.Owner), newUser(t, s, "bob", 1, record.Owner)
	later := time.UnixMilli(time.Now().Add(time.Hour).UnixMilli()).UTC()
	var all []*record.Session
	for i, n := range []record.Session{
		{Hash: "a", User: ana.ID, Team: 1, Address: "192.0.2.1", Agent: "Browser", Expires: later},
		{Hash: "b", User: ana.ID, Team: 1, Expires: later},
		{Hash: "c", User: bob.ID, Team: 1, Expires: later},
		{Hash: "old", User: ana.ID, Team: 1, Expires: time.Now().Add(-time.Second)},
	} {
		n.Created = noon.Add(time.Duration(i) * time.Second)
		ok(t, "InsertSession", s.InsertSession(ctx, &n))
		all = append(all, &n)
	}
	same(t, "Session", must[*record.Session](t)(s.Session(ctx, "a")), all[0])
	same(t, "Sessions", must[[]*record.Session](t)(s.Sessions(ctx, ana.ID)), []*record.Session{all[1], all[0]})
	_, err := s.Session(ctx, "old")
	wantError(t, "an expired session", err, record.ErrNotFound)
	ok(t, "EndSessions", s.EndSessions(ctx, ana.ID, "b"))
	_, err = s.Session(ctx, "a")
	wantError(t, "an ended session", err, record.ErrNotFound)
	must[*record.Session](t)(s.Session(ctx, "b"))
	must[*record.Session](t)(s.Session(ctx, "c"))
	for range 2 {
		ok(t, "EndSession", s.EndSession(ctx, "b"))
	}
	_, err = s.Session(ctx, "b")
	wantError(t, "an ended session", err, record.ErrNotFound)
	wantError(t, "a session of nobody", s.InsertSession(ctx, &record.Session{Hash: "d", User: "usr_none", Expires: later}), record.ErrNotFound)
}

func newLink(hash string) *record.Link {
	return &record.Link{Hash: hash, Purpose: "connect", Team: 1, User: "usr_1", Details: []byte(`{"app":"photos"}`), Created: noon,
		Expires: time.UnixMilli(time.Now().Add(time.Hour).UnixMilli()).UTC()}
}

func testLink(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	l := newLink("a")
	ok(t, "InsertLink", s.InsertLink(ctx, l))
	for range 2 {
		same(t, "Link", must[*record.Link](t)(s.Link(ctx, "a")), l)
	}
	same(t, "UseLink", must[*record.Link](t)(s.UseLink(ctx, "a")), l)
	expired := newLink("b")
	expired.Expires = time.Now().Add(-time.Second)
	ok(t, "InsertLink", s.InsertLink(ctx, expired))
	for hash, want := range map[string]error{"a": record.ErrUsed, "b": record.ErrUsed, "none": record.ErrNotFound} {
		_, err := s.Link(ctx, hash)
		wantError(t, "Link "+hash, err, want)
		_, err = s.UseLink(ctx, hash)
		wantError(t, "UseLink "+hash, err, want)
	}
}

func testLinkRace(t *testing.T, at func(int64) Records) {
	s := at(1)
	ok(t, "InsertLink", s.InsertLink(t.Context(), newLink("a")))
	wantOne(t, 20, record.ErrUsed, func(int) error { _, err := s.UseLink(t.Context(), "a"); return err })
}

// wantOne wants one of n calls at once to succeed and the others to fail in one way.
func wantOne(t *testing.T, n int, otherwise error, call func(int) error) {
	t.Helper()
	var (
		group sync.WaitGroup
		begin = make(chan struct{})
		won   atomic.Int32
	)
	for i := range n {
		group.Go(func() {
			<-begin
			if err := call(i); err == nil {
				won.Add(1)
			} else {
				wantError(t, "one that came late", err, otherwise)
			}
		})
	}
	close(begin)
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d calls succeeded, want 1", won.Load())
	}
}

func testToken(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	a := &record.Token{Name: "a", Hash: "ha", Hint: "wxyz", Scopes: []record.Scope{record.RunModules, record.Hooks}, By: "usr_1", Expires: noon}
	b := &record.Token{Name: "a", Hash: "hb"}
	for _, token := range []*record.Token{a, b} {
		ok(t, "InsertToken", s.InsertToken(ctx, token))
		recent(t, "Created", token.Created)
	}
	if record.Kind(a.ID) != "tok" || a.Team != 1 {
		t.Errorf("InsertToken left %+v", a)
	}
	wantError(t, "the same token", s.InsertToken(ctx, &record.Token{Hash: "ha"}), record.ErrTaken)
	same(t, "TokenWithHash", must[*record.Token](t)(s.TokenWithHash(ctx, "ha")), a)
	ok(t, "TokenUsed", s.TokenUsed(ctx, noon.Add(90*time.Second), a.ID, "tok_none"))
	ok(t, "TokenUsed before", s.TokenUsed(ctx, noon, a.ID))
	a.Used = noon.Add(time.Minute)
	same(t, "the used token", must[*record.Token](t)(s.TokenWithHash(ctx, "ha")), a)
	for range 2 {
		ok(t, "RevokeToken", s.RevokeToken(ctx, b.ID))
	}
	revoked := must[*record.Token](t)(s.TokenWithHash(ctx, "hb"))
	recent(t, "Revoked", revoked.Revoked)
	if n := len(must[[]*record.Token](t)(s.Tokens(ctx))); n != 2 {
		t.Errorf("%d tokens", n)
	}
	_, err := s.TokenWithHash(ctx, "none")
	wantError(t, "TokenWithHash", err, record.ErrNotFound)
	wantError(t, "RevokeToken", s.RevokeToken(ctx, "tok_none"), record.ErrNotFound)
}

// testFind finds the team of what has a secret instead of one.
func testFind(t *testing.T, at func(int64) Records) {
	ctx := t.Context()
	two := newTeam(t, at(1), "two")
	h := insertHook(t, at(two), newHook("a"))
	for range 2 {
		team, hook, err := at(1).HookWithToken(ctx, h.Token)
		if err != nil || team != two || hook != h.ID {
			t.Errorf("HookWithToken: team %d, hook %d, error %v", team, hook, err)
		}
		h.Token = "changed"
		ok(t, "UpdateHook", at(two).UpdateHook(ctx, h))
	}
	for _, token := range []string{"", "token-a", "none"} {
		_, _, err := at(1).HookWithToken(ctx, token)
		wantError(t, "HookWithToken "+token, err, record.ErrNotFound)
	}
}

func testAudit(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	now := &record.Audit{Actor: "usr_1", Action: "app.delete", Object: "app_1", Address: "192.0.2.1", Detail: "x"}
	ok(t, "AppendAudit", s.AppendAudit(ctx, now))
	recent(t, "At", now.At)
	same(t, "the log", must[[]*record.Audit](t)(s.Audits(ctx, record.Page{})), []*record.Audit{now})
	want := []string{now.ID}
	for i := range 4 {
		a := &record.Audit{ID: record.NewID("aud", noon.Add(-time.Duration(i)*time.Hour)), At: noon}
		ok(t, "AppendAudit", s.AppendAudit(ctx, a))
		want = append(want, a.ID)
	}
	got := pages(t, func(a *record.Audit) string { return a.ID }, func(p record.Page) ([]*record.Audit, error) { return s.Audits(ctx, p) })
	same(t, "the pages", got, want)
}
