package pgtest

import "syscall"

// attributes are those of a server: who runs it, and that it ends when the test process
// dies. Its own group keeps an interrupt at the terminal for the test process.
func attributes(owner *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: owner, Pdeathsig: syscall.SIGQUIT, Setpgid: true}
}
