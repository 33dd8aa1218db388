//go:build linux

package kill_test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/cleat-run/cleat/cli"
	"github.com/cleat-run/cleat/js"
)

const (
	// role is what a child of the test process is: the suite itself, nats or node.
	role = "CLEAT_KILL_ROLE"
	// noMounts says why the suite cannot mount small disks; it is empty where it can.
	noMounts = "CLEAT_KILL_NO_MOUNTS"
)

func TestMain(m *testing.M) {
	js.ServeIfChild()
	switch os.Getenv(role) {
	case "nats":
		serveNATS()
	case "node":
		os.Exit(cli.Main(os.Args[1:], cli.System()))
	case "suite":
		os.Exit(m.Run())
	}
	code, err := apart()
	if err != nil { // the system does not allow it
		os.Setenv(noMounts, err.Error())
		code = m.Run()
	}
	os.Exit(code)
}

// apart runs the tests in a process with mounts of its own, which are gone with it however
// it ends. Who is not root gets the right to mount in a user namespace and stays who it is,
// for PostgreSQL does not run as root.
func apart() (code int, err error) {
	c := exec.Command(os.Args[0], os.Args[1:]...)
	c.Env = append(os.Environ(), role+"=suite")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Unshareflags: syscall.CLONE_NEWNS}
	if uid, gid := os.Geteuid(), os.Getegid(); uid != 0 {
		const sysAdmin = 21 // CAP_SYS_ADMIN
		c.SysProcAttr.Cloneflags, c.SysProcAttr.AmbientCaps = syscall.CLONE_NEWUSER, []uintptr{sysAdmin}
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	}
	if err := c.Start(); err != nil {
		return 0, fmt.Errorf("no namespace of its own: %w", err)
	}
	if err := c.Wait(); err != nil && c.ProcessState.ExitCode() < 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1, nil
	}
	return c.ProcessState.ExitCode(), nil
}
