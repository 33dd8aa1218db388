//go:build unix

package js

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// limitResources sets the limits of the operating system. No file can be opened and no
// socket made with a limit of 0 descriptors; those that are open stay.
func limitResources(memory, seconds uint64) error {
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
