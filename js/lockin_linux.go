package js

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lockIn takes from the process what it does not need: memory, processor time, descriptors,
// and all system calls but those of the Go runtime; where there is no filter of system
// calls, at least files and ports. What the kernel does not have is left out.
func lockIn(memory, seconds uint64) error {
	if !hasFilter() {
		leaveFiles() // before the limits: it needs a descriptor
	}
	if err := limitResources(memory, seconds); err != nil {
		return err
	}
	return filterCalls()
}

// leaveFiles gives up every right to paths and ports, for all threads and for good, and
// reports whether the kernel has done so. It is what keeps the process from removing files
// and from becoming another program, for which no descriptor is needed. It takes a good
// half of a millisecond, and a program that is linked with the C library cannot do it.
func leaveFiles() bool {
	version, _, failed := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if failed != 0 {
		return false
	}
	rights := landlockRights(int(version))
	rules, _, failed := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rights)), unsafe.Sizeof(rights), 0)
	if failed != 0 {
		return false
	}
	defer unix.Close(int(rules))
	if _, _, failed := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); failed != 0 {
		return false
	}
	_, _, failed = syscall.AllThreadsSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0)
	return failed == 0
}

// landlockRights are all rights that a version of landlock(7) can take away.
func landlockRights(version int) unix.LandlockRulesetAttr {
	r := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1} // it, and all before it
	if version >= 2 {
		r.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		r.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		r.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 5 {
		r.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	return r
}
