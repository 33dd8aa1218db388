package scaffold

import (
	"os"
	"path/filepath"

	"github.com/cleat-run/cleat/app"
)

// NewApp makes an app in the folder dir, which is made too when it does not exist: a
// manifest without components, and the files that belong to the app itself. It returns
// the paths that it made. An app that exists is an error of [io/fs.ErrExist].
func NewApp(dir, label string) ([]string, error) {
	var codes object
	var files []file
	for _, f := range []file{
		{"base", "general/base.iml.json", []byte(base)},
		{"common", "general/common.json", []byte("{}\n")},
		{"readme", "README.md", []byte("# " + label + "\n")},
		{"groups", "modules/groups.json", []byte("[]\n")},
	} {
		files, codes = append(files, f), append(codes, object{{f.key, f.path}}...)
	}
	var components object
	for _, kind := range app.Kinds() {
		components.add(string(kind), object{})
	}
	var manifest object
	manifest.add("fileVersion", 1)
	manifest.add("generalCodeFiles", codes)
	manifest.add("components", components)
	text := manifest.text(0)
	files = append(files, file{path: manifestName, content: []byte(text[:len(text)-2] + ",\n    \"origins\": []\n}\n")})
	if err := os.MkdirAll(filepath.Clean(dir), 0o777); err != nil {
		return nil, err
	}
	return write(dir, files)
}

// base is what a new app inherits: the parts that Make's review asks for.
const base = `{
	// Merged into every module and RPC.
	"baseUrl": "https://api.example.com/v1",
	"headers": {},
	"response": {
		"error": {
			"message": "[{{statusCode}}] {{ifempty(body.error.message, body.message)}}",
			"429": {
				"type": "RateLimitError",
				"message": "[{{statusCode}}] too many requests"
			}
		}
	},
	"log": {
		"sanitize": ["request.headers.authorization"]
	}
}
`
