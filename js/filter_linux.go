//go:build linux && (amd64 || arm64)

package js

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hasFilter reports whether the kernel has what filterCalls needs.
func hasFilter() bool {
	action := uint32(retRefuse & 0xffff0000)
	_, _, failed := unix.RawSyscall(unix.SYS_SECCOMP, getActionAvail, 0, uintptr(unsafe.Pointer(&action)))
	return failed == 0
}

// filterCalls takes all system calls from the process but those of the Go runtime. A kernel
// that has no filters changes nothing.
func filterCalls() error {
	err := install(filter(os.Getpid()))
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return err
}

// allowed are the system calls of a process that computes: memory, threads and their
// signals, time, and the pipes that it has.
var allowed = []uint32{
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_CLOSE,
	unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_MINCORE, unix.SYS_BRK,
	unix.SYS_FUTEX, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_GETTID, unix.SYS_GETPID,
	unix.SYS_RSEQ, unix.SYS_SET_ROBUST_LIST, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY,
	unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_CTL, unix.SYS_GETRANDOM,
}

// Actions of a filter (seccomp(2)).
const (
	retAllow  = 0x7fff0000
	retRefuse = 0x00050000 | uint32(unix.EPERM)
	retAbsent = 0x00050000 | uint32(unix.ENOSYS)
	retKill   = 0x80000000

	setModeFilter  = 1 // SECCOMP_SET_MODE_FILTER
	getActionAvail = 2 // SECCOMP_GET_ACTION_AVAIL
	flagSync       = 1 // SECCOMP_FILTER_FLAG_TSYNC: all threads
)

// Offsets in struct seccomp_data; of an argument, the lower half.
const (
	atNumber = 0
	atArch   = 4
	atArgs   = 16
)

// filter returns the program that judges each system call. Memory is never executable,
// clone makes threads only, and signals go to the process itself.
func filter(pid int) []unix.SockFilter {
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	jump := func(test uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: k, Jt: yes, Jf: no}
	}
	end := func(action uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
	}
	p := []unix.SockFilter{load(atArch), jump(unix.BPF_JEQ, auditArch, 1, 0), end(retKill), load(atNumber)}
	for _, number := range allowed {
		p = append(p, jump(unix.BPF_JEQ, number, 0, 1), end(retAllow))
	}
	// judge allows a call when the bits of an argument are, or are not, among k.
	judge := func(number uint32, arg uint32, test uint16, k uint32, yes, no uint32) {
		p = append(p, jump(unix.BPF_JEQ, number, 0, 4), load(atArgs+8*arg), jump(test, k, 0, 1), end(yes), end(no))
	}
	judge(unix.SYS_MMAP, 2, unix.BPF_JSET, unix.PROT_EXEC, retRefuse, retAllow)
	judge(unix.SYS_MPROTECT, 2, unix.BPF_JSET, unix.PROT_EXEC, retRefuse, retAllow)
	judge(unix.SYS_CLONE, 0, unix.BPF_JSET, unix.CLONE_THREAD, retAllow, retRefuse)
	judge(unix.SYS_TGKILL, 0, unix.BPF_JEQ, uint32(pid), retAllow, retRefuse)
	// The C library, where it is linked, falls back to clone.
	p = append(p, jump(unix.BPF_JEQ, unix.SYS_CLONE3, 0, 1), end(retAbsent))
	return append(p, end(retRefuse))
}

// install puts the filter on every thread, for good.
func install(p []unix.SockFilter) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	program := &unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	_, _, failed := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, flagSync, uintptr(unsafe.Pointer(program)))
	runtime.KeepAlive(p)
	if failed != 0 {
		return fmt.Errorf("filter of system calls: %w", failed)
	}
	return nil
}
