// Package scaffold makes new apps and new components of an app on disk: the files with
// what one would write first, and the entry in makecomapp.json, whose other bytes stay as
// they are. Nothing that exists is overwritten; the manifest changes last and at once, so
// that an interrupted call leaves at most files that nothing names.
//
// The package may change before v1 of the project.
package scaffold
