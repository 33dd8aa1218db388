// Package bench measures cleat beside other people's libraries, in one run and with the
// same work. It is a module of its own, so that nobody who uses cleat depends on them.
//
//	make bench
package bench
