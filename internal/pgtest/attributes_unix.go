//go:build unix && !linux

package pgtest

import "syscall"

// attributes are those of a server: who runs it, in a group of its own, which keeps an
// interrupt at the terminal for the test process.
func attributes(owner *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: owner, Setpgid: true}
}
