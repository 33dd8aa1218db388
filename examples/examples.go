// Package examples holds the sample apps, so that the program carries them with it. Each
// folder is a complete app with a script that proves it.
package examples

import (
	"embed"
	"io/fs"
)

//go:embed photos
var files embed.FS

// Photos returns the folder of the app photos: OAuth 1.0 against the service of
// `cleat demo`.
func Photos() fs.FS {
	dir, _ := fs.Sub(files, "photos") // fails only for a malformed name
	return dir
}
