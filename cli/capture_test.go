package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

var fenced = regexp.MustCompile("(?s)```json\n(.*?)```\n")

func TestThePageAboutTestsIsRight(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := fenced.FindAllStringSubmatch(string(page), -1)
	if len(blocks) == 0 {
		t.Fatal("the page shows no test")
	}
	for _, block := range blocks {
		doc, found := jsonc.Parse(source.NewFile("block", []byte(block[1])))
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := captureOf(doc.Root); err != nil {
			t.Errorf("%s\n%v", block[1], err)
		}
	}
	for _, key := range captureKeys {
		if !strings.Contains(string(page), "\n| `"+key+"` |") {
			t.Errorf("the page does not explain %s", key)
		}
	}
	for word := range kindWords {
		if !strings.Contains(strings.ToLower(string(page)), "`"+word+":`") {
			t.Errorf("the page does not name %s", word)
		}
	}
}

func TestReadCaptureTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	const known = `"Module: listBooks", "RPC: shelves", "Connection: key", "Webhook: events" or "Endpoint: findBook"`
	for text, want := range map[string]string{
		`{"test": "a"}`:                                             `"a" names no component: begin it as in ` + known,
		`{"test": "Modul: a"}`:                                      `"Modul: a" names no component: begin it as in ` + known,
		`{"test": "Module: "}`:                                      `"Module: " names no component: begin it as in ` + known,
		`{"test": "Module: a"}`:                                     `output is missing: say what has to come out, or with which error it ends`,
		`{"test": "Module: a", "data": []}`:                         `data is no object`,
		`{"test": "Module: a", "outputs": []}`:                      `unknown member "outputs": did you mean output?`,
		`{"test": "Module: a", "x": 1}`:                             `unknown member "x": a test has test, parameters, communications, output, data, common, metadata, environment, options, recording`,
		`{"test": "Module: a", "output": [], "communications": {}}`: `communications is no array`,
		`{"test": "Module: a", "output": [], "communications": [], "recording": "x"}`:     `communications and recording exclude each other`,
		`{"test": "Module: a", "output": [], "communications": [{"req": {}, "res": {}}]}`: `communications[0]: an exchange is {"req": {"url": …}, "res": {…}}`,
	} {
		v, err := value.ParseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readCapture(v.Collection()); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}
