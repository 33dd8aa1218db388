//go:build linux

package kill_test

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

// disk is a file system in memory that can be made full at any moment.
type disk struct {
	dir  string
	size int64
}

// mount makes a disk at a folder.
func mount(dir string, size int64) (*disk, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	d := &disk{dir, size}
	if err := syscall.Mount("cleat", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("mode=0755,size=%d", size)); err != nil {
		return nil, fmt.Errorf("mount a small disk: %w", err)
	}
	return d, nil
}

func (d *disk) unmount() { _ = syscall.Unmount(d.dir, syscall.MNT_DETACH) }

func (d *disk) used() (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Blocks-s.Bfree) * s.Bsize, nil
}

func (d *disk) resize(size int64) error {
	return syscall.Mount("cleat", d.dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d", size))
}

// squeeze makes the disk no larger than what is on it.
func (d *disk) squeeze() error {
	for {
		used, err := d.used()
		if err != nil {
			return err
		}
		if err = d.resize(max(used, 4096)); !errors.Is(err, syscall.EINVAL) { // more has been written meanwhile
			return err
		}
	}
}

// fill keeps the disk full, whatever is removed from it, until room is called.
func (d *disk) fill() (room func() error, err error) {
	if err := d.squeeze(); err != nil {
		return nil, err
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				_ = d.squeeze()
			}
		}
	}()
	return func() error {
		close(stop)
		<-stopped
		return d.resize(d.size)
	}, nil
}

// TestDisk: a full disk takes no byte more, and has room again afterwards.
func TestDisk(t *testing.T) {
	if why := os.Getenv(noMounts); why != "" {
		t.Skip(why)
	}
	d, err := mount(t.TempDir(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer d.unmount()
	write := func(name string) error { return os.WriteFile(d.dir+"/"+name, make([]byte, 8192), 0o600) }
	if err := write("a"); err != nil {
		t.Fatal(err)
	}
	room, err := d.fill()
	if err != nil {
		t.Fatal(err)
	}
	if err := write("b"); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("writing to a full disk: %v", err)
	}
	if err := room(); err != nil {
		t.Fatal(err)
	}
	if err := write("c"); err != nil {
		t.Errorf("writing when there is room again: %v", err)
	}
}
