package server_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/server"
	"github.com/cleat-run/cleat/store"
)

// TestBusKey: the files of the bus have a key that outlives the process, and a bus that was
// begun without one goes on.
func TestBusKey(t *testing.T) {
	t.Parallel()
	for _, begun := range []bool{false, true} {
		home := t.TempDir()
		o := bus.Options{Dir: filepath.Join(home, "bus"), MinFree: 1}
		if begun {
			b, err := bus.Open(t.Context(), o)
			if err == nil {
				err = b.Close(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for start := range 2 {
			i, err := server.Open(t.Context(), server.Config{Store: store.Options{Dir: home}, Bus: o, PublicURL: &url.URL{Scheme: "http", Host: "cleat.example"}})
			if err == nil {
				d := &record.Delivery{ID: i.NewDelivery(), Hook: 1, Received: time.Now()}
				err = errors.Join(i.Queue.Publish(t.Context(), 1, d, []byte("{}"), []byte("a customer's body"), start == 1), i.Close())
			}
			if err != nil {
				t.Fatalf("begun without a key: %t, start %d: %v", begun, start, err)
			}
		}
		if check, err := os.ReadFile(filepath.Join(o.Dir, "key.check")); err != nil || (string(check) == "none") != begun {
			t.Errorf("begun without a key: %t, now its key is %q, %v", begun, check, err)
		}
		if found := holding(t, o.Dir, "a customer's body"); (len(found) > 0) != begun {
			t.Errorf("begun without a key: %t, in the clear in %q", begun, found)
		}
	}
}

// holding names the files of a folder that hold a text.
func holding(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
