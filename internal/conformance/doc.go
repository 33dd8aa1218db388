// Package conformance runs the neutral vectors of testdata/vectors against this
// implementation, one subtest for each case, named by kind and id: iml/op-arith-003.
// The folder named in CLEAT_VECTORS may hold further files; a file is recognised by its
// content, not by its name.
//
// The tests end with one line that counts:
//
//	1072 passed, 0 failed, 3 skipped
//
// Skipped is only what stands in the table notYet, with its reason.
package conformance
