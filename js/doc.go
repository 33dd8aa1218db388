// Package js runs the custom functions of apps: JavaScript of strangers, in a child
// process that can do nothing but compute.
//
// # Use
//
// A [Library] is the functions of one app, a [Sandbox] the children that run them:
//
//	func main() {
//		js.ServeIfChild() // first of all: the children are this program started anew
//		…
//		s := js.New(js.Options{})
//		defer s.Close()
//		v, err := s.Call(ctx, lib, "total", []value.Value{items}, js.Context{})
//	}
//
// # What the code sees
//
// The language to ES2023, without modules, timers, files and network, and: iml with the
// built-in functions and those of the app, which are globals too; this.timezone and
// environment.timezone; debug and console; errorFactory; Buffer, atob, btoa, URL,
// URLSearchParams, TextEncoder, TextDecoder, structuredClone; Intl.DateTimeFormat,
// Intl.NumberFormat and toLocaleString in English with every time zone. Date has UTC as
// its own zone. localeCompare orders letters, accents and case, in that order.
//
// # Values
//
// Values cross the border by copy: a date is a Date, a buffer a Buffer, undefined stays
// undefined, and so do the elements and members that are. A BigInt becomes a number with
// all its digits. An integer that a double cannot hold counts as the double, but keeps its
// digits when it passes through untouched. A function, a symbol and a hole are undefined,
// an invalid date is null, a lone surrogate U+FFFD. An error that the code throws is an
// [*Error] with its place in the file of the app; one that errorFactory made is its cause.
//
// # Rings
//
// The engine is C that was turned into Go and is treated as unsafe memory, so that
// nothing rests on it alone:
//
//	engine        memory (64 MiB), time (10 s), depth of calls; global state that is new
//	              for each call; only bytecode that the same process compiled
//	process       empty environment, no files but three pipes; killed at the deadline,
//	              whatever the engine does; replaced after any limit, crash or 10,000 calls
//	every Unix    limits of data memory (where the system heeds it: Linux, FreeBSD),
//	              processor time, size of files; no further descriptor, hence no file can
//	              be opened and no socket be made
//	Linux         a filter of system calls (seccomp) that lets the process do no more than
//	              the Go runtime needs: no files, network, processes or signals to others
//	              (amd64, arm64). Elsewhere, and where the kernel has no filters, landlock
//	              if there is one: no path can be opened, made, changed, removed or
//	              executed and no TCP port reached (programs without cgo)
//	macOS, BSD    no more than every Unix: names of files can be removed and changed, and
//	              another program become, with the rights of the user
//	Windows       engine and process only
//
// A call that fails in any of these ways is an error of this call; the program and the
// other calls go on.
//
// The package may change.
package js
