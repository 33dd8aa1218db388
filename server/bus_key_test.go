package server_test

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/cleat-run/cleat/bus"
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
				err = i.Close()
			}
			if err != nil {
				t.Fatalf("begun without a key: %t, start %d: %v", begun, start, err)
			}
		}
		if check, err := os.ReadFile(filepath.Join(o.Dir, "key.check")); err != nil || (string(check) == "none") != begun {
			t.Errorf("begun without a key: %t, now its key is %q, %v", begun, check, err)
		}
	}
}
