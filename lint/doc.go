// Package lint reports what is wrong with a definition before it runs. Each family of
// rules has a file; a finding carries the id of its rule, its place and a hint.
//
// The API of this package may change until v1.
package lint
