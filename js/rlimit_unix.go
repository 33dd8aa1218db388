//go:build unix

package js

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// limitResources sets the limits of the operating system. No file can be opened and no
// socket made with a limit of 0 descriptors; those that are open stay.
func limitResources(memory, seconds uint64) error {
	closeInherited()
	for _, limit := range []struct {
		name     string
		resource int
		most     uint64
	}{
		{"memory", unix.RLIMIT_DATA, memory},
		{"processor time", unix.RLIMIT_CPU, seconds},
		{"size of files", unix.RLIMIT_FSIZE, 0},
		{"core dumps", unix.RLIMIT_CORE, 0},
		{"files", unix.RLIMIT_NOFILE, 0},
	} {
		if err := setLimit(limit.resource, limit.most); err != nil {
			return fmt.Errorf("limit of %s: %w", limit.name, err)
		}
	}
	return nil
}

// closeInherited closes what the program itself was given by the one that started it, and
// the runtime's view of the processor quota. What has no type of file is the runtime's
// poller; where that is not Linux, it looks like a pipe.
func closeInherited() {
	for fd := 3; fd < 1024; fd++ {
		var s unix.Stat_t
		if unix.Fstat(fd, &s) != nil {
			continue
		}
		kind := uint32(s.Mode) & unix.S_IFMT
		if kind != 0 && (kind != unix.S_IFIFO || runtime.GOOS == "linux") {
			_ = unix.Close(fd) // nothing can be done about one that does not close
		}
	}
}
