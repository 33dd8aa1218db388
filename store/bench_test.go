package store_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// benchRecord returns a connection as OAuth 2.0 makes them: some 2 KB of tokens.
func benchRecord(name string) *connect.Record {
	return &connect.Record{Name: name, App: "trello", Type: "trello2", Kind: connect.OAuth2, UID: "5e8f8c",
		Metadata: connect.Metadata{Type: "email", Value: "ana@example.com"}, Scope: []string{"read", "write"},
		Data: value.Object("access_token", value.Text(strings.Repeat("a", 1500)), "refresh_token", value.Text(strings.Repeat("r", 400)),
			"expires", value.Date(1700000000000), "tags", value.List(value.Int(1), value.Int(2))).Collection()}
}

func BenchmarkInsertConnection(b *testing.B) {
	s := openStore(b, store.Options{Dir: b.TempDir()})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := s.InsertConnection(b.Context(), benchRecord(strconv.Itoa(i))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkConnection(b *testing.B) {
	s := openStore(b, store.Options{Dir: b.TempDir()})
	r := benchRecord("a")
	if err := s.InsertConnection(b.Context(), r); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Connection(b.Context(), r.ID); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdateConnection(b *testing.B) {
	s := openStore(b, store.Options{Dir: b.TempDir()})
	r := benchRecord("a")
	if err := s.InsertConnection(b.Context(), r); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.UpdateConnection(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkConnections1000(b *testing.B) {
	s := openStore(b, store.Options{Dir: b.TempDir()})
	for i := range 1000 {
		if err := s.InsertConnection(b.Context(), benchRecord(strconv.Itoa(i))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if all, err := s.Connections(b.Context()); err != nil || len(all) != 1000 {
			b.Fatal(len(all), err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	openStore(b, store.Options{Dir: dir})
	b.ReportAllocs()
	for b.Loop() {
		s, err := store.Open(b.Context(), store.Options{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRotateKeys1000(b *testing.B) {
	s := openStore(b, store.Options{Dir: b.TempDir(), Keyset: benchKeyset(b)})
	for i := range 1000 {
		if err := s.InsertConnection(b.Context(), benchRecord(strconv.Itoa(i))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.RotateKeys(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func benchKeyset(b *testing.B) []byte {
	b.Helper()
	text, err := store.NextKeyset(nil)
	if err != nil {
		b.Fatal(err)
	}
	return text
}
