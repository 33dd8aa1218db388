package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
)

// A copy that is made while others write holds everything of before, whole.
func TestBackup(t *testing.T) {
	t.Parallel()
	ctx, dir, copied := t.Context(), newHome(t, nil), t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	putSecrets(t, s)
	var (
		group sync.WaitGroup
		stop  = make(chan struct{})
	)
	group.Go(func() { writeRuns(t, s, 0, stop) })
	path := filepath.Join(copied, "cleat.db")
	err := s.Backup(ctx, path)
	close(stop)
	group.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is %v, error %v", info, err)
	}
	if err := s.Backup(ctx, path); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	writeFile(t, filepath.Join(copied, "keyset.json"), readFile(t, filepath.Join(dir, "keyset.json")))
	again := openStore(t, store.Options{Dir: copied})
	wantReadable(t, again)
	wantSecrets(t, "in the copy", again)
	runs, err := again.Runs(ctx, record.RunFilter{}, record.Page{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if _, err := again.Run(ctx, r.ID); err != nil {
			t.Error(err)
		}
	}
	if err := again.PutRuns(ctx, &record.Run{}); err != nil {
		t.Error(err)
	}
}

func TestBackupFails(t *testing.T) {
	t.Parallel()
	s := openStore(t, store.Options{Dir: t.TempDir()})
	path := filepath.Join(t.TempDir(), "none", "cleat.db")
	if err := s.Backup(t.Context(), path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("into no folder: %v", err)
	}
	if err := openPostgres(t, 1)[0].Backup(t.Context(), path); fmt.Sprint(err) != "back up the store: back up PostgreSQL with pg_dump" {
		t.Errorf("with PostgreSQL: %v", err)
	}
}
