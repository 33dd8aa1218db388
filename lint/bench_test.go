package lint_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/lint"
)

// large is an app of as many modules, each with one request of twenty expressions.
func large(modules int) fstest.MapFS {
	files := fstest.MapFS{}
	var manifest strings.Builder
	for i := range modules {
		id := fmt.Sprintf("getThing%d", i)
		var qs, form strings.Builder
		for j := range 19 {
			fmt.Fprintf(&qs, "%q: \"{{parameters.field%d}}\",\n", fmt.Sprintf("q%d", j), j)
			fmt.Fprintf(&form, "{\"name\": \"field%d\", \"type\": \"text\", \"label\": \"Field\"},\n", j)
		}
		files[id+".iml.json"] = file(fmt.Sprintf(`{"url": "/things/{{parameters.id}}", "qs": {%s}, "response": {"output": "{{body}}"}}`, qs.String()))
		files[id+".expect.json"] = file("[" + form.String() + `{"name": "id", "type": "text", "label": "Id"}]`)
		fmt.Fprintf(&manifest, `%q: {"label": "Get a thing", "moduleType": "action", "codeFiles": {"communication": %q, "mappableParams": %q}},`,
			id, id+".iml.json", id+".expect.json")
	}
	files["base.iml.json"] = file(`{"baseUrl": "https://api.example.com"}`)
	files["makecomapp.json"] = file(`{"generalCodeFiles": {"base": "base.iml.json"}, "components": {"module": {` + strings.TrimSuffix(manifest.String(), ",") + `}}}`)
	return files
}

// wide is an app of one request with as many query members, each an expression.
func wide(members int) fstest.MapFS {
	var qs strings.Builder
	for i := range members {
		fmt.Fprintf(&qs, "%q: \"{{parameters.field%d}}\",\n", fmt.Sprintf("q%d", i), i)
	}
	return fstest.MapFS{
		"get.iml.json":    file(`{"url": "https://api.example.com", "qs": {` + qs.String() + `"last": "x"}}`),
		"makecomapp.json": file(`{"components": {"module": {"get": {"label": "Get", "moduleType": "action", "codeFiles": {"communication": "get.iml.json"}}}}}`),
	}
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func BenchmarkLintLarge(b *testing.B) {
	for name, files := range map[string]fstest.MapFS{"modules=2000": large(2000), "members=100000": wide(100_000)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a, loaded, err := app.LoadFS(files, ".")
				if err != nil {
					b.Fatal(err)
				}
				if found := lint.App(a, loaded, lint.Options{}); len(found) == 0 {
					b.Fatal("no findings")
				}
			}
		})
	}
}
