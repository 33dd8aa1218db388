package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// maxInput is the most that is read of a file or of standard input.
const maxInput = 32 << 20

// read returns the content of a file; - is standard input.
func (f *factory) read(name string) ([]byte, error) {
	in := f.std.In
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, unreadable(name, err)
		}
		defer file.Close()
		in = file
	}
	content, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	if len(content) > maxInput {
		return nil, unreadable(name, fmt.Errorf("longer than %d MiB", maxInput>>20))
	}
	return content, nil
}

// unreadable names the file once and the cause in plain words.
func unreadable(name string, err error) error {
	var where *fs.PathError
	if errors.As(err, &where) {
		err = where.Err
	}
	return fmt.Errorf("%s: %w", fileName(name), err)
}

// fileName is what messages call a file.
func fileName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

// readObject reads a JSON object, comments allowed; a mistake has its place in the file,
// but shows nothing of it: what a person hands over may be secret.
func (f *factory) readObject(name string) (*value.Collection, error) {
	content, err := f.read(name)
	if err != nil {
		return nil, err
	}
	file := source.NewFile(fileName(name), content)
	file.Conceal()
	doc, found := jsonc.Parse(file)
	if err := found.Err(); err != nil {
		return nil, err
	}
	if !doc.Root.Is(jsonc.Object) {
		return nil, doc.Diagnose(doc.Root, source.Diagnostic{Message: "a JSON object is expected", Hint: "write names and values in braces"})
	}
	return doc.Root.Value().Collection(), nil
}

// trimLineEnd takes one line end away.
func trimLineEnd(text string) string {
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
}
