package pgtest_test

import (
	"database/sql"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/cleat-run/cleat/internal/pgtest"
)

func TestServer(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	pool, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec("create table a (n int)"); err != nil {
		t.Fatal(err)
	}
	for _, end := range []func() error{s.Kill, s.Stop} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		// The process of a connection sees a moment later that its server was killed.
		for deadline := time.Now().Add(10 * time.Second); pool.Ping() == nil; {
			if time.Now().After(deadline) {
				t.Fatal("it answers when it is gone")
			}
		}
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		if _, err := pool.Exec("insert into a values (1)"); err != nil {
			t.Error(err)
		}
	}
}

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	var p pgtest.Process
	t.Cleanup(func() { // behind the databases
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	seen := make(map[string]bool)
	for range 2 {
		address := p.Database(t)
		pool, err := sql.Open("pgx", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pool.Exec("create table a (n int)"); err != nil {
			t.Error(err)
		}
		seen[address] = true
		pool.Close()
	}
	if len(seen) != 2 {
		t.Errorf("the databases are %v", seen)
	}
}
