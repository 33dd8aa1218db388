//go:build !linux && !darwin && !freebsd

package bus

import "errors"

// diskRoom is not known on this system: a full disk is noticed when it is full.
func diskRoom(string) (free, size int64, err error) {
	return 0, 0, errors.ErrUnsupported
}

// lockFile locks nothing on this system.
func lockFile(string) (unlock func() error, err error) {
	return func() error { return nil }, nil
}
