package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/value"
)

func testConnection(t *testing.T, s connect.Store) {
	before := time.Now().Add(-time.Millisecond)
	r := insert(t, s, newRecord("Ana's Trello"))
	after := time.Now()
	if r.ID <= 0 || r.Version != 1 {
		t.Errorf("id %d, version %d; want a positive id and version 1", r.ID, r.Version)
	}
	if r.Created.Before(before) || r.Created.After(after) || !r.Updated.Equal(r.Created) || r.Created.Location() != time.UTC {
		t.Errorf("created %v, updated %v; want both the present in UTC", r.Created, r.Updated)
	}
	if r.Created.Nanosecond()%1e6 != 0 {
		t.Errorf("created %v is not in milliseconds", r.Created)
	}
	SameRecord(t, read(t, s, r.ID), r)
	named, err := s.ConnectionNamed(t.Context(), "Ana's Trello")
	if err != nil {
		t.Fatal(err)
	}
	SameRecord(t, named, r)
	all, err := s.Connections(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("Connections: %d records, error %v", len(all), err)
	}
	SameRecord(t, all[0], r)
}

func testZeroConnection(t *testing.T, s connect.Store) {
	r := insert(t, s, &connect.Record{Name: "bare", ID: 99, Version: 99})
	if r.Data == nil {
		t.Error("data is nil after the insert, want it empty")
	}
	got := read(t, s, r.ID)
	SameRecord(t, got, r)
	if !got.Expires.IsZero() || got.Scope != nil || got.Broken != "" || got.Data == nil || got.Version != 1 {
		t.Errorf("got %+v", got)
	}
}

func testNotFound(t *testing.T, s connect.Store) {
	_, err := s.Connection(t.Context(), 1)
	wantError(t, "Connection", err, connect.ErrNotFound)
	_, err = s.ConnectionNamed(t.Context(), "a")
	wantError(t, "ConnectionNamed", err, connect.ErrNotFound)
	r := newRecord("a")
	r.ID, r.Version = 1, 1
	wantError(t, "UpdateConnection", s.UpdateConnection(t.Context(), r), connect.ErrNotFound)
	wantError(t, "DeleteConnection", s.DeleteConnection(t.Context(), 1), connect.ErrNotFound)
	if all, err := s.Connections(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("Connections: %d records, error %v", len(all), err)
	}
}

func testUpdate(t *testing.T, s connect.Store) {
	other := insert(t, s, newRecord("other"))
	r := insert(t, s, newRecord("a"))
	created := r.Created
	r.Name, r.App, r.Type, r.Kind = "b", "github", "gh", connect.OAuth2
	r.Data = value.Object("access_token", value.Text("new")).Collection()
	r.UID, r.Metadata, r.Scope = "", connect.Metadata{Type: "text", Value: "Ana"}, nil
	r.Expires, r.Broken = time.Time{}, ""
	for version := int64(2); version < 5; version++ {
		if err := s.UpdateConnection(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if r.Version != version || r.Updated.Before(created) || !r.Created.Equal(created) {
			t.Errorf("got %+v, want version %d", r, version)
		}
		SameRecord(t, read(t, s, r.ID), r)
	}
	SameRecord(t, read(t, s, other.ID), other)
	_, err := s.ConnectionNamed(t.Context(), "a")
	wantError(t, "the old name", err, connect.ErrNotFound)
	insert(t, s, newRecord("a"))
}

// A record comes without Data when its secrets could not be decrypted; storing it like
// that would erase them.
func testUpdateWithoutData(t *testing.T, s connect.Store) {
	r := insert(t, s, newRecord("a"))
	blank := *r
	blank.Data = nil
	if err := s.UpdateConnection(t.Context(), &blank); err == nil {
		t.Error("no error")
	}
	SameRecord(t, read(t, s, r.ID), r)
}

func testConflict(t *testing.T, s connect.Store) {
	r := insert(t, s, newRecord("a"))
	stale := *r
	if err := s.UpdateConnection(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	stale.Broken = "stale"
	before := stale
	wantError(t, "an old version", s.UpdateConnection(t.Context(), &stale), connect.ErrConflict)
	SameRecord(t, &stale, &before)
	future := *r
	future.Version++
	wantError(t, "a version to come", s.UpdateConnection(t.Context(), &future), connect.ErrConflict)
	SameRecord(t, read(t, s, r.ID), r)
}

func testConflictRace(t *testing.T, s connect.Store) {
	const writers, rounds = 8, 5
	r := newRecord("counter")
	r.Data = value.Object("n", value.Int(0)).Collection()
	id := insert(t, s, r).ID
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range rounds {
				if err := increment(t, s, id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	got := read(t, s, id)
	if n := got.Data.Get("n").Float(); n != writers*rounds || got.Version != writers*rounds+1 {
		t.Errorf("n = %v at version %d, want %d at one more", n, got.Version, writers*rounds)
	}
}

// increment adds one to the number n in the data of the connection id, again and again
// until no other writer came between.
func increment(t *testing.T, s connect.Store, id int64) error {
	for {
		r, err := s.Connection(t.Context(), id)
		if err != nil {
			return err
		}
		r.Data.Set("n", value.Number(r.Data.Get("n").Float()+1))
		if err := s.UpdateConnection(t.Context(), r); !errors.Is(err, connect.ErrConflict) {
			return err
		}
	}
}

func testNameTaken(t *testing.T, s connect.Store) {
	a, b := insert(t, s, newRecord("a")), insert(t, s, newRecord("b"))
	twin := newRecord("a")
	wantError(t, "InsertConnection", s.InsertConnection(t.Context(), twin), connect.ErrNameTaken)
	if twin.ID != 0 || twin.Version != 0 || !twin.Created.IsZero() {
		t.Errorf("the refused record was changed: %+v", twin)
	}
	renamed := *b
	renamed.Name = "a"
	wantError(t, "UpdateConnection", s.UpdateConnection(t.Context(), &renamed), connect.ErrNameTaken)
	if renamed.Version != b.Version {
		t.Error("the refused record was changed")
	}
	SameRecord(t, read(t, s, a.ID), a)
	SameRecord(t, read(t, s, b.ID), b)
}

func testNameRace(t *testing.T, s connect.Store) {
	var (
		group   sync.WaitGroup
		mu      sync.Mutex
		winners int
	)
	for range 10 {
		group.Go(func() {
			err := s.InsertConnection(t.Context(), newRecord("a"))
			if err == nil {
				mu.Lock()
				winners++
				mu.Unlock()
			} else {
				wantError(t, "InsertConnection", err, connect.ErrNameTaken)
			}
		})
	}
	group.Wait()
	if winners != 1 {
		t.Errorf("%d inserts succeeded", winners)
	}
}

// Names are exact: case, blanks and the composition of letters count.
func testNames(t *testing.T, s connect.Store) {
	names := []string{"a", "A", " a", "a ", "Žluťoučký kůň", "é", "e\u0301", "日本語", "👩‍👩‍👧", "'; drop table connection; --",
		"%_%", `"`, `\`, "line\nbreak", strings.Repeat("x", 500)}
	ids := make(map[string]int64)
	for _, name := range names {
		ids[name] = insert(t, s, newRecord(name)).ID
	}
	for _, name := range names {
		r, err := s.ConnectionNamed(t.Context(), name)
		if err != nil || r.ID != ids[name] || r.Name != name || r.UID != "uid-"+name {
			t.Errorf("%q: got %v, error %v", name, r, err)
		}
	}
}

func testOrder(t *testing.T, s connect.Store) {
	want := []string{"", "10", "9", "A", "B", "a", "aa", "ab", "b", "É", "é", "日本語", "😀"} // by bytes
	for _, i := range []int{7, 3, 12, 0, 9, 1, 11, 5, 2, 10, 4, 8, 6} {
		insert(t, s, newRecord(want[i]))
	}
	all, err := s.Connections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range all {
		got = append(got, r.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func testDelete(t *testing.T, s connect.Store) {
	a, b := insert(t, s, newRecord("a")), insert(t, s, newRecord("b"))
	if err := s.DeleteConnection(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	_, err := s.Connection(t.Context(), b.ID)
	wantError(t, "Connection", err, connect.ErrNotFound)
	wantError(t, "UpdateConnection", s.UpdateConnection(t.Context(), b), connect.ErrNotFound)
	wantError(t, "DeleteConnection", s.DeleteConnection(t.Context(), b.ID), connect.ErrNotFound)
	SameRecord(t, read(t, s, a.ID), a)
	if again := insert(t, s, newRecord("b")); again.ID == b.ID {
		t.Errorf("id %d of a deleted connection was used again", b.ID)
	}
}

// testSize wants 64 KiB of data refused and what is well below accepted.
func testSize(t *testing.T, s connect.Store) {
	fits := newRecord("fits")
	fits.Data.Set("blob", value.Text(strings.Repeat("x", 60<<10)))
	insert(t, s, fits)
	SameRecord(t, read(t, s, fits.ID), fits)

	big := newRecord("big")
	big.Data.Set("blob", value.Text(strings.Repeat("x", 64<<10)))
	wantRefused(t, s.InsertConnection(t.Context(), big), "xxx")
	if big.ID != 0 || big.Version != 0 {
		t.Error("the refused record was changed")
	}
	_, err := s.ConnectionNamed(t.Context(), "big")
	wantError(t, "the refused record", err, connect.ErrNotFound)

	grown := *fits
	grown.Data = big.Data
	wantRefused(t, s.UpdateConnection(t.Context(), &grown), "xxx")
	if grown.Version != fits.Version {
		t.Error("the refused record was changed")
	}
	SameRecord(t, read(t, s, fits.ID), fits)
}

// wantRefused wants an error that does not quote the secret.
func wantRefused(t *testing.T, err error, secret string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the error quotes the data: %v", err)
	}
}

// testNesting wants deep data either kept or refused, and data that contain themselves
// refused.
func testNesting(t *testing.T, s connect.Store) {
	deep := value.Text("bottom")
	for range 100 {
		deep = value.Object("a", value.List(deep))
	}
	r := newRecord("deep")
	r.Data.Set("deep", deep)
	sameData(t, read(t, s, insert(t, s, r).ID).Data, r.Data)

	loop := value.NewCollection(1)
	loop.Set("a", value.FromCollection(loop))
	loop.Set("b", value.FromCollection(loop))
	r = newRecord("loop")
	r.Data = loop
	if err := s.InsertConnection(t.Context(), r); err == nil {
		t.Error("data that contain themselves: no error")
	}
}

// testApart wants what a caller does to a record to have no effect on the store.
func testApart(t *testing.T, s connect.Store) {
	r := insert(t, s, newRecord("a"))
	want := read(t, s, r.ID)
	for _, mine := range []*connect.Record{r, read(t, s, r.ID)} {
		mine.Data.Set("token", value.Text("changed"))
		mine.Scope[0] = "changed"
		mine.Name = "changed"
		SameRecord(t, read(t, s, want.ID), want)
	}
}

func testValues(t *testing.T, s connect.Store) {
	for i, v := range Values() {
		r := newRecord(fmt.Sprint(i))
		r.Data = value.NewCollection(2)
		r.Data.Set("v", v)
		r.Data.Set("nested", value.Object("list", value.List(v, v)))
		insert(t, s, r)
		sameData(t, read(t, s, r.ID).Data, r.Data)
	}
	r := newRecord("undefined")
	r.Data = value.Object("a", value.Int(1), "gone", value.Undefined, "b", value.Null).Collection()
	got := read(t, s, insert(t, s, r).ID).Data
	if _, exists := got.Lookup("gone"); exists || got.Len() != 2 {
		t.Errorf("got %s, want the undefined member dropped", describe(got))
	}
}
