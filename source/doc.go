// Package source says where a piece of text came from: its file, line, column and JSON
// pointer, and what is wrong there.
//
// A [File] is a named text that turns byte offsets into lines and columns. A
// [Diagnostic] is one finding about an author's text; [Diagnostics] is the list that a
// loader or compiler collects instead of stopping at the first one. As an error it is
// one line; [Diagnostic.String] shows its place, its code, the line with a caret, and a
// hint:
//
//	modules/list.iml.json:2:15: error FMT001: unexpected '}' where a member name is expected
//	    "url": "/x", }
//	                 ^
//	  hint: take the comma away
//
// Lines and columns count from 1; columns count characters (code points), not bytes.
// The package imports only the standard library.
package source
