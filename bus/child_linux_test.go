package bus_test

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends a child when the test binary ends, whatever ends it.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
