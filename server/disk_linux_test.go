package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cleat-run/cleat/server"
)

// smallDisk is a file system of its own, in memory.
type smallDisk struct{ dir string }

func newSmallDisk(t *testing.T, size int) *smallDisk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may mount a small disk")
	}
	d := &smallDisk{t.TempDir()}
	if err := syscall.Mount("cleat", d.dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *smallDisk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill leaves so much room and no more.
func (d *smallDisk) fill(t *testing.T, leave int64) {
	t.Helper()
	f, err := os.Create(d.ballast())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	if end, err := f.Seek(0, io.SeekEnd); err != nil || f.Truncate(max(0, end-leave)) != nil {
		t.Fatal(err)
	}
}

func (d *smallDisk) empty(t *testing.T) {
	t.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestDiskOfTheQueue: nearly full means that deliveries are refused before one is lost. The
// rest works, and with room all does again.
func TestDiskOfTheQueue(t *testing.T) {
	t.Parallel()
	disk := newSmallDisk(t, 64<<20)
	n := ownNode(t, func(c *server.Config) {
		c.Bus.Dir, c.Bus.MinFree = filepath.Join(disk.dir, "bus"), 16<<20
	})
	p := newPressed(t, n, newGated().ServeHTTP)
	path, source := p.hook(t, "x", "")
	figures := func(want string) bool { return bytes.Contains(p.get(t, "/metrics").body, []byte("\n"+want+"\n")) }
	p.visitor().post(t, path, map[string]any{"n": 0}).is(t, http.StatusOK)
	taken := 1
	for range 2 {
		disk.fill(t, 8<<20)
		eventually(t, "deliveries are refused", func() bool {
			got := p.visitor().post(t, path, map[string]any{"n": taken})
			if got.status == http.StatusOK {
				taken++
				return false
			}
			got.later(t, http.StatusServiceUnavailable, "unavailable")
			return true
		})
		ready := p.get(t, "/readyz").is(t, http.StatusServiceUnavailable)
		if string(ready.body) != "not ready: bus\n" || ready.header.Get("Retry-After") == "" {
			t.Errorf("/readyz: %v %s", ready.header, ready.body)
		}
		if !figures("cleat_bus_disk_full 1") {
			t.Error("the figures do not tell")
		}
		p.post(t, "/v1/triggers", map[string]any{"name": fmt.Sprint(taken), "app": "pressed", "module": "watch", "every": "24h"}).is(t, http.StatusCreated)
		disk.empty(t)
		eventually(t, "it is ready again", func() bool { return p.get(t, "/readyz").status == http.StatusOK })
		p.visitor().post(t, path, map[string]any{"n": taken}).is(t, http.StatusOK)
		if taken++; !figures("cleat_bus_disk_full 0") {
			t.Error("the figures do not tell that there is room")
		}
	}
	eventually(t, "all that was taken is done", func() bool { return p.events(t, source) == taken })
}

// TestDiskOfTheRecords: while nothing can be stored changes are refused and leave nothing,
// what is there is shown, and deliveries are taken. With room they are worked on.
func TestDiskOfTheRecords(t *testing.T) {
	t.Parallel()
	disk := newSmallDisk(t, 48<<20)
	n := ownNode(t, func(c *server.Config) {
		c.Store.Dir, c.Bus.AckWait = filepath.Join(disk.dir, "records"), 2e9
	})
	p := newPressed(t, n, newGated().ServeHTTP)
	path, source := p.hook(t, "x", "")
	taken := 0
	send := func(count int) {
		for range count {
			p.visitor().post(t, path, map[string]any{"text": strings.Repeat("x", 50<<10)}).is(t, http.StatusOK)
			taken++
		}
	}
	send(5)
	eventually(t, "it works", func() bool { return p.events(t, source) == taken })

	made := 0
	create := func(name string, n int) *answer {
		return p.post(t, "/v1/triggers", map[string]any{"name": name, "app": "pressed", "module": "watch", "every": "24h", "parameters": map[string]any{"x": strings.Repeat("x", n)}})
	}
	create("large", 500<<10).problem(t, http.StatusRequestEntityTooLarge, "too_large")
	disk.fill(t, 0)
	send(40)
	for i := 0; ; i++ { // the log of SQLite has some room left
		got := create(fmt.Sprint(i), 60<<10)
		if got.status != http.StatusCreated || i == 100 {
			got.later(t, http.StatusServiceUnavailable, "storage_full")
			break
		}
		made++
	}
	if all := listed[struct{}](t, p.get(t, "/v1/triggers?limit=500")); len(all) != made {
		t.Errorf("%d triggers of %d", len(all), made)
	}
	p.get(t, "/readyz").is(t, http.StatusOK) // it takes deliveries, and shows what is there
	send(5)

	disk.empty(t)
	eventually(t, "changes are stored again", func() bool { return create("again", 60<<10).status == http.StatusCreated })
	eventually(t, "all that was taken is done", func() bool { return p.events(t, source) == taken })
	if dead := listed[struct{}](t, p.get(t, "/v1/hooks/"+source+"/deliveries?state=dead")); len(dead) != 0 {
		t.Errorf("%d are given up", len(dead))
	}
}
