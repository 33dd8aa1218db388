// Package app loads app definitions: what an app consists of, where each piece of it
// stands, and how the pieces refer to each other. It neither evaluates nor sends.
//
// # Layouts
//
//	project   a folder with makecomapp.json; the manifest says where each file is
//	export    a ZIP as Make exports it, versions 1 and 2
//	folder    the same tree unpacked: a metadata.json beside the code of each component
//
// [Load] takes the path of any of them, or of any file inside; [LoadFS] and [LoadZIP] read
// a file system and a ZIP in memory. A manifest inside a ZIP is a project.
//
// # Findings
//
// Loading never stops at the first mistake. Everything wrong with a manifest, an id, a
// reference or a file becomes a [source.Diagnostic] with its place, and the rest is
// loaded. Only what cannot be read at all is an error, and that error is such a
// diagnostic too: no such path, a manifest that is no JSON, a hostile archive.
//
// # Limits
//
// At most [MaxEntries] files of [MaxFile] bytes and [MaxTotal] bytes in all are read, counted
// while they are unpacked. Nothing outside the app's folder is read, whether by a path
// with "..", an absolute path or a link; a readme is the one exception.
//
// The package may change before v1 of the project.
package app
