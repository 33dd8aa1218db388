package storetest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/value"
)

func testFlow(t *testing.T, s connect.Store) {
	f := insertFlow(t, s, newFlow("a"))
	insertFlow(t, s, newFlow("b"))
	got, err := s.FlowBy(t.Context(), "token-a", "")
	if err != nil {
		t.Fatal(err)
	}
	SameFlow(t, got, f)
	got, err = s.FlowBy(t.Context(), "", "session-a")
	if err != nil {
		t.Fatal(err)
	}
	SameFlow(t, got, f)
}

func testZeroFlow(t *testing.T, s connect.Store) {
	insertFlow(t, s, &connect.Flow{ID: "a", SessionHash: "s"})
	insertFlow(t, s, newFlow("b"))
	got, err := s.FlowBy(t.Context(), "", "s")
	if err != nil {
		t.Fatal(err)
	}
	want := &connect.Flow{ID: "a", SessionHash: "s", Temp: &value.Collection{}, Data: &value.Collection{}}
	SameFlow(t, got, want)
}

func testFlowBy(t *testing.T, s connect.Store) {
	ctx := t.Context()
	_, err := s.FlowBy(ctx, "", "")
	wantError(t, "no hashes in an empty store", err, connect.ErrNotFound)
	for _, f := range []struct{ id, token, session string }{
		{"z", "", ""}, {"c", "", "s1"}, {"b", "", "s1"}, {"a", "t1", "s2"}, {"d", "t1", "s3"}, {"e", "s1", "t1"},
	} {
		flow := newFlow(f.id)
		flow.TokenHash, flow.SessionHash = f.token, f.session
		insertFlow(t, s, flow)
	}
	for _, test := range []struct{ token, session, want string }{
		{"", "s1", "b"},   // the newest
		{"t1", "", "d"},   // the newest
		{"t1", "s2", "d"}, // the token decides alone
		{"", "t1", "e"},   // hashes of one kind are not taken for the other
		{"s1", "", "e"},
		{"t1", "none", "d"},
	} {
		f, err := s.FlowBy(ctx, test.token, test.session)
		if err != nil || f.ID != test.want {
			t.Errorf("FlowBy(%q, %q): got %v, error %v, want %q", test.token, test.session, f, err, test.want)
		}
	}
	for _, test := range []struct{ token, session string }{{"", ""}, {"none", ""}, {"none", "s1"}, {"", "none"}} {
		_, err := s.FlowBy(ctx, test.token, test.session)
		wantError(t, fmt.Sprintf("FlowBy(%q, %q)", test.token, test.session), err, connect.ErrNotFound)
	}
}

func testClaim(t *testing.T, s connect.Store) {
	f := insertFlow(t, s, newFlow("a"))
	other := insertFlow(t, s, newFlow("b"))
	wantError(t, "an unknown flow", s.ClaimFlow(t.Context(), "none"), connect.ErrNotFound)
	if err := s.ClaimFlow(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	wantError(t, "a second time", s.ClaimFlow(t.Context(), "a"), connect.ErrFlowUsed)
	got, err := s.FlowBy(t.Context(), f.TokenHash, "")
	if err != nil {
		t.Fatal(err)
	}
	want := *f
	want.Used, want.Temp, want.Data = true, nil, nil
	SameFlow(t, got, &want)
	got, err = s.FlowBy(t.Context(), other.TokenHash, "")
	if err != nil {
		t.Fatal(err)
	}
	SameFlow(t, got, other)
}

func testClaimRace(t *testing.T, s connect.Store) {
	insertFlow(t, s, newFlow("a"))
	var (
		group sync.WaitGroup
		begin = make(chan struct{})
		won   atomic.Int32
	)
	for range 50 {
		group.Go(func() {
			<-begin
			if err := s.ClaimFlow(t.Context(), "a"); err == nil {
				won.Add(1)
			} else {
				wantError(t, "ClaimFlow", err, connect.ErrFlowUsed)
			}
		})
	}
	close(begin)
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d callers claimed the flow", won.Load())
	}
}

func testPrune(t *testing.T, s connect.Store) {
	ctx := t.Context()
	for _, id := range []string{"old", "old and used"} {
		f := newFlow(id)
		f.Expires = time.Now().Add(-time.Hour)
		insertFlow(t, s, f)
		if id == "old and used" {
			if err := s.ClaimFlow(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	insertFlow(t, s, newFlow("used"))
	if err := s.ClaimFlow(ctx, "used"); err != nil {
		t.Fatal(err)
	}
	insertFlow(t, s, newFlow("new"))
	for _, id := range []string{"old", "old and used"} {
		_, err := s.FlowBy(ctx, "token-"+id, "")
		wantError(t, id, err, connect.ErrNotFound)
		wantError(t, id, s.ClaimFlow(ctx, id), connect.ErrNotFound)
	}
	for _, id := range []string{"used", "new"} {
		if _, err := s.FlowBy(ctx, "token-"+id, ""); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func testDuplicateFlow(t *testing.T, s connect.Store) {
	f := insertFlow(t, s, newFlow("a"))
	twin := newFlow("a")
	twin.Name = "twin"
	if err := s.InsertFlow(t.Context(), twin); err == nil {
		t.Error("a second flow with one id: no error")
	}
	got, err := s.FlowBy(t.Context(), f.TokenHash, "")
	if err != nil {
		t.Fatal(err)
	}
	SameFlow(t, got, f)
}

func testFlowValues(t *testing.T, s connect.Store) {
	f := newFlow("a")
	for i, v := range Values() {
		f.Temp.Set(fmt.Sprint(i), v)
		f.Data.Set(fmt.Sprint(-i), v)
	}
	insertFlow(t, s, f)
	got, err := s.FlowBy(t.Context(), f.TokenHash, "")
	if err != nil {
		t.Fatal(err)
	}
	sameData(t, got.Temp, f.Temp)
	sameData(t, got.Data, f.Data)
}

func testFlowSize(t *testing.T, s connect.Store) {
	huge := value.Object("blob", value.Text(strings.Repeat("x", 64<<10))).Collection()
	temp, data := newFlow("temp"), newFlow("data")
	temp.Temp, data.Data = huge, huge
	for _, f := range []*connect.Flow{temp, data} {
		wantRefused(t, s.InsertFlow(t.Context(), f), "xxx")
		_, err := s.FlowBy(t.Context(), f.TokenHash, "")
		wantError(t, f.ID, err, connect.ErrNotFound)
	}
}
