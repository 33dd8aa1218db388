package bus_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// smallDisk mounts a file system of 32 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m"); err != nil {
		t.Skipf("a small file system cannot be mounted here, which needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all room of a disk but a little, and returns how to give it back.
func fill(t *testing.T, dir string, leave int64) (giveBack func()) {
	t.Helper()
	var fs syscall.Statfs_t
	must(t, syscall.Statfs(dir, &fs))
	path := filepath.Join(dir, "ballast")
	must(t, os.WriteFile(path, make([]byte, int64(fs.Bavail)*fs.Bsize-leave), 0o600))
	return func() { must(t, os.Remove(path)) }
}

// TestDiskAlmostFull: deliveries are refused before the disk is full, and taken again when
// there is room.
func TestDiskAlmostFull(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t)
	b := embedded(t, bus.Options{Dir: filepath.Join(dir, "bus"), MinFree: 8 << 20, MaxBytes: 64 << 20})
	must(t, b.PublishHook(t.Context(), delivery("h", "")))
	giveBack := fill(t, dir, 6<<20)
	eventually(t, 5*time.Second, "it refuses", func() bool {
		err := b.PublishHook(t.Context(), delivery("h", ""))
		var refusal *bus.Refusal
		return errors.Is(err, bus.ErrDisk) && errors.As(err, &refusal) && refusal.RetryAfter > 0
	})
	giveBack()
	eventually(t, 5*time.Second, "it takes them", func() bool { return b.PublishHook(t.Context(), delivery("h", "")) == nil })
}

// TestDiskFull: a disk that is really full loses nothing that was accepted. With room the
// bus works again by itself, and so does another process in its place.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t)
	o := bus.Options{Dir: filepath.Join(dir, "bus"), MinFree: 1, MaxBytes: 64 << 20, AckWait: time.Second}
	b := embedded(t, o)
	var sent []string
	full := func() {
		t.Helper()
		refused := 0
		for end := time.Now().Add(20 * time.Second); refused < 3; {
			d := delivery("h", strings.Repeat("x", 200<<10))
			err := b.PublishHook(t.Context(), d)
			var refusal *bus.Refusal
			switch {
			case err == nil:
				sent = append(sent, d.ID)
			case errors.As(err, &refusal) && refusal.RetryAfter > 0:
				refused++
			default:
				t.Fatal(err)
			}
			if time.Now().After(end) {
				t.Fatalf("%d accepted, %d refused", len(sent), refused)
			}
		}
	}
	giveBack := fill(t, dir, 2<<20)
	full()
	giveBack()
	eventually(t, 20*time.Second, "it works again by itself", func() bool {
		d := delivery("h", "")
		err := b.PublishHook(t.Context(), d)
		if err == nil {
			sent = append(sent, d.ID)
		}
		return err == nil
	})
	giveBack = fill(t, dir, 1<<20)
	full()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	b.Close(ctx) // its disk is full: it may complain
	giveBack()
	var done tally
	hooks(t, embedded(t, o), 12, func(_ context.Context, j *bus.Job) bus.Outcome { done.add(j.ID); return bus.Ack() })
	eventually(t, 20*time.Second, "nothing is lost", func() bool { return strings.HasPrefix(done.missing(sent), "0 ") })
	t.Logf("%d accepted, 0 lost", len(sent))
}
