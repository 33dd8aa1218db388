package bus

import (
	"fmt"
	"os"
	"path/filepath"
)

// LockName is the file in the folder of an embedded server that its process holds.
const LockName = "lock"

// Lock keeps every process from running the embedded server of a folder, which it makes,
// until unlock is called: to copy the folder, or to put one there. It fails when a process
// runs the server. Where the system has no such locks it does nothing.
func Lock(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if unlock, err = lockFile(filepath.Join(dir, LockName)); err != nil {
		return nil, fmt.Errorf("folder %s: %w", dir, err)
	}
	return unlock, nil
}
