package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/app"
)

// BenchmarkLoadApp loads an app of 118 modules with seven files each from disk.
func BenchmarkLoadApp(b *testing.B) {
	for name, write := range map[string]func(*testing.B, string){"project": writeProject, "folder": writeFolder} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			write(b, dir)
			b.ReportAllocs()
			for b.Loop() {
				a, found, err := app.Load(dir)
				if err != nil || len(found) > 0 || len(a.Modules) != benchModules {
					b.Fatal(err, found)
				}
			}
		})
	}
}

const benchModules = 118

// benchSections are the files of a module, some 5 KiB in all.
var benchSections = map[string]string{
	"api": `{
    // reads one page
    "url": "/things/{{parameters.id}}", "method": "GET",
    "qs": {"fields": "{{join(parameters.fields, ',')}}", "page": "{{pagination.page}}"},
    "response": {"output": {"id": "{{body.id}}", "{{...}}": "{{omit(body, 'id')}}"}}
}`,
	"parameters": `[]`,
	"expect":     `[` + strings.Repeat(`{"name": "field", "label": "A field", "type": "text", "required": true, "help": "Some words of help."},`, 15) + `{}]`,
	"interface":  `[` + strings.Repeat(`{"name": "field", "label": "A field", "type": "collection", "spec": [{"name": "id", "type": "text"}]},`, 30) + `{}]`,
	"samples":    `{` + strings.Repeat(`"{{...}}": "x", `, 20) + `"id": 1}`,
	"scope":      `[]`,
}

func writeProject(b *testing.B, dir string) {
	var modules []string
	for i := range benchModules {
		id := fmt.Sprintf("getThing%d", i)
		var files []string
		for _, s := range app.Sections(app.ModuleKind) {
			if content, ok := benchSections[s.Name]; ok {
				name := fmt.Sprintf("modules/%s/%s.iml.json", id, s.Name)
				writeFile(b, filepath.Join(dir, filepath.FromSlash(name)), content)
				files = append(files, fmt.Sprintf("%q: %q", s.Key, name))
			}
		}
		modules = append(modules, fmt.Sprintf(`%q: {"label": "Get", "moduleType": "action", "connection": "key", "codeFiles": {%s}}`, id, strings.Join(files, ", ")))
	}
	writeFile(b, filepath.Join(dir, "key.json"), `{"url": "https://api.example.com/me"}`)
	writeFile(b, filepath.Join(dir, "makecomapp.json"), fmt.Sprintf(`{"fileVersion": 1,
"generalCodeFiles": {"base": null, "common": null, "readme": null, "groups": null},
"components": {"connection": {"key": {"label": "Key", "connectionType": "basic", "codeFiles": {"communication": "key.json"}}},
"webhook": {}, "module": {%s}, "rpc": {}, "function": {}, "endpoint": {}}, "origins": []}`, strings.Join(modules, ",\n")))
}

func writeFolder(b *testing.B, dir string) {
	for i := range benchModules {
		id := fmt.Sprintf("getThing%d", i)
		folder := filepath.Join(dir, "modules", id)
		writeFile(b, filepath.Join(folder, "metadata.json"), fmt.Sprintf(`{"name": %q, "label": "Get", "typeId": 4}`, id))
		for section, content := range benchSections {
			writeFile(b, filepath.Join(folder, section+".imljson"), content)
		}
	}
}

func writeFile(b *testing.B, name, content string) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		b.Fatal(err)
	}
}
