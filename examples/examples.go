// Package examples holds the sample apps, so that the program carries them with it. Each
// folder is a complete app with a script or a test that proves it.
package examples

import (
	"embed"
	"io/fs"
)

//go:embed photos providers
var files embed.FS

// Photos returns the folder of the app photos: OAuth 1.0 against the service of
// `cleat demo`.
func Photos() fs.FS { return folder("photos") }

// Providers returns a folder with one app for each provider of the gallery, by its name:
// an OAuth 1.0 connection to it and a module for any request.
func Providers() fs.FS { return folder("providers") }

func folder(name string) fs.FS {
	dir, _ := fs.Sub(files, name) // fails only for a malformed name
	return dir
}
