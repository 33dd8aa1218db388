package docs

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the pages anew")

func TestPagesAreFresh(t *testing.T) {
	t.Parallel()
	openAPI, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]string{"../../docs/iml.md": IML(), "../../docs/openapi.json": openAPI} {
		if *update {
			if err := os.WriteFile(name, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		stored, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if string(stored) != page {
			t.Errorf("%s is stale; go test ./internal/docs -update writes it anew", name)
		}
	}
}
