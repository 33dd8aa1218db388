package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/cleat-run/cleat/value"
)

// notYet lists the cases that this implementation does not support yet. A case is meant
// by its id or its group, which may hold * as in [path.Match]. An entry that means no
// case of testdata/vectors fails; a case that would pass is reported, so that its entry
// can go.
var notYet = []struct{ kind, pattern, reason string }{}

// format is a kind of vector file.
type format struct {
	kind  string
	is    func(file value.Value) bool
	cases func(file value.Value, text []byte) ([]vector, error)
}

var formats = []format{
	{"oauth1", isOAuth1, oauth1Cases},
	{"iml", isIML, imlCases},
	{"communication", isCommunication, communicationCases},
	{"connections", isConnections, connectionCases},
	{"parameters", isParameters, parameterCases},
}

// vector is one case. A nil run means that there is no runner for it.
type vector struct {
	id, group string
	run       func() error
}

var errNoRunner = errors.New("there is no runner for this case")

// attempt runs v; a panic is a failure of this one case.
func (v vector) attempt() (err error) {
	if v.run == nil {
		return errNoRunner
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return v.run()
}

var passed, failed, skipped atomic.Int64

func TestMain(m *testing.M) {
	code := m.Run()
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed.Load(), failed.Load(), skipped.Load())
	os.Exit(code)
}

func TestVectors(t *testing.T) {
	own, err := load("../../testdata/vectors")
	if err != nil {
		t.Fatal(err)
	}
	if len(own) < len(formats) {
		t.Fatalf("only %d of %d files in testdata/vectors", len(own), len(formats))
	}
	used := make([]bool, len(notYet))
	runAll(t, own, used)
	for i, entry := range notYet {
		if !used[i] {
			t.Errorf("no case is meant by %s/%s in the table notYet", entry.kind, entry.pattern)
		}
	}
	folder := os.Getenv("CLEAT_VECTORS")
	if folder == "" {
		return
	}
	more, err := load(folder)
	if err != nil {
		t.Fatal(err)
	}
	more = slices.DeleteFunc(more, func(f vectorFile) bool {
		return slices.ContainsFunc(own, func(o vectorFile) bool { return bytes.Equal(o.text, f.text) })
	})
	runAll(t, more, used)
}

// vectorFile is a file with its cases.
type vectorFile struct {
	name  string
	kind  string
	text  []byte
	cases []vector
}

// load reads all JSON files of a folder.
func load(folder string) ([]vectorFile, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no *.json in %s", folder)
	}
	var files []vectorFile
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := read(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		file.name = name
		files = append(files, file)
	}
	return files, nil
}

// read recognises the text of a vector file by its content.
func read(text []byte) (vectorFile, error) {
	content, err := value.ParseJSON(text)
	if err != nil {
		return vectorFile{}, err
	}
	for _, f := range formats {
		if f.is(content) {
			cases, err := f.cases(content, text)
			return vectorFile{kind: f.kind, text: text, cases: cases}, err
		}
	}
	return vectorFile{}, errors.New("this is no known form of vectors")
}

// runAll runs all cases of files, and marks the entries of notYet that mean one of them.
func runAll(t *testing.T, files []vectorFile, used []bool) {
	for _, file := range files {
		if len(file.cases) == 0 {
			t.Errorf("%s holds no cases", file.name)
		}
		for _, v := range file.cases {
			if entry := entryFor(file.kind, v); entry >= 0 {
				used[entry] = true
			}
		}
		t.Run(file.kind, func(t *testing.T) {
			for _, v := range file.cases {
				t.Run(v.id, func(t *testing.T) { runOne(t, v, entryFor(file.kind, v)) })
			}
		})
	}
}

func runOne(t *testing.T, v vector, entry int) {
	err := v.attempt()
	switch {
	case entry < 0 && err == nil:
		passed.Add(1)
	case entry < 0:
		failed.Add(1)
		t.Error(err)
	default:
		skipped.Add(1)
		if err == nil {
			t.Skipf("passes: its entry in the table notYet can go (%s)", notYet[entry].reason)
		}
		t.Skip(notYet[entry].reason)
	}
}

// entryFor returns the entry of notYet that means v, or -1.
func entryFor(kind string, v vector) int {
	for i, entry := range notYet {
		if entry.kind != kind {
			continue
		}
		for _, name := range []string{v.id, v.group} {
			if ok, _ := path.Match(entry.pattern, name); ok {
				return i
			}
		}
	}
	return -1
}

func TestFilesAreRecognisedByTheirContent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"format":"cleat.oauth1.vectors/1","keys":{},"vectors":[]}`:  "oauth1",
		`[{"id":"a","group":"g","expr":"{{a}}","scope":{},"want":1}]`: "iml",
		`[{"id":"a","group":"g","exprObject":{},"want":{}}]`:          "iml",
		`[{"id":"c","app":{},"exchanges":[],"expect":{}}]`:            "communication",
		`[{"id":"c","app":{},"exchangesGenerated":{},"expect":{}}]`:   "communication",
		`{"cases":[],"public_url":"https://cleat.example"}`:           "connections",
		`{"cases":[],"jsonSchema":[]}`:                                "parameters",
		`{"cases":[]}`:                                                "",
		`[]`:                                                          "",
		`[{"id":"a"}]`:                                                "",
		`"iml"`:                                                       "",
		`{`:                                                           "",
	} {
		file, err := read([]byte(text))
		if file.kind != want || (err == nil) != (want != "") {
			t.Errorf("%s is read as %q, %v; want %q", text, file.kind, err, want)
		}
	}
}

func TestAPanicFailsOneCase(t *testing.T) {
	t.Parallel()
	err := vector{run: func() error { panic("x") }}.attempt()
	if err == nil || err.Error()[:8] != "panic: x" {
		t.Errorf("got %v", err)
	}
	if err := (vector{}).attempt(); !errors.Is(err, errNoRunner) {
		t.Errorf("got %v", err)
	}
}

// each returns what read makes of every element of list, in order.
func each(list value.Value, read func(value.Value) vector) []vector {
	var cases []vector
	for _, item := range list.Array().Items() {
		cases = append(cases, read(item))
	}
	return cases
}

// has reports whether the members are there; the names of each text are alternatives.
func has(v value.Value, names ...[]string) bool {
	for _, alternatives := range names {
		if !slices.ContainsFunc(alternatives, func(name string) bool { return !v.Member(name).IsUndefined() }) {
			return false
		}
	}
	return v.Collection() != nil
}
