package engine_test

import (
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
)

var large = flag.Bool("large", false, "let the large answer be 1 GB instead of 256 MB")

// shelfOf keeps answers in a folder and looks at each piece that is written.
type shelfOf struct {
	dir   string
	piece func(written int64) error
}

type shelved struct {
	*os.File
	piece   func(written int64) error
	written int64
}

func (s shelfOf) Create(name string) (engine.File, error) {
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	return &shelved{File: f, piece: s.piece}, err
}

func (s *shelved) Write(p []byte) (int, error) {
	if s.piece != nil {
		if err := s.piece(s.written); err != nil {
			return 0, err
		}
	}
	s.written += int64(len(p))
	return s.File.Write(p)
}

func (s *shelved) Remove() error { s.File.Close(); return os.Remove(s.File.Name()) }

const getFile = `{"url": "{{parameters.url}}", "response": {"type": "binary", "output": {"data": "{{body}}"}}}`

// megabytes serves n megabytes, with further headers.
func megabytes(n int, header ...string) http.HandlerFunc {
	block := []byte(strings.Repeat("0123456789abcdef", 1<<16))
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		for range n {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
}

// TestLargeAnswersGoToAFile looks at the heap while an answer comes in.
func TestLargeAnswersGoToAFile(t *testing.T) {
	size := 256
	if *large {
		size = 1024
	}
	server := serve(t, megabytes(size))
	start, most, next := heap(), uint64(0), int64(0)
	files := shelfOf{t.TempDir(), func(written int64) error {
		if written >= next {
			most, next = max(most, heap()), next+16<<20
		}
		return nil
	}}
	v, err := result(t, local(engine.Options{Files: files}).Start(compile(t, engine.Action, getFile), at(server.URL+"/films/boat.mp4")))
	if err != nil {
		t.Fatal(err)
	}
	v = v.Member("data")
	name := filepath.Join(files.dir, "boat.mp4")
	if got := v.Member("file").ToText(); got != name {
		t.Errorf("file %q, want %q", got, name)
	}
	if info, err := os.Stat(name); err != nil || info.Size() != int64(size)<<20 || v.Member("size").ToNumber() != float64(info.Size()) {
		t.Errorf("%v, %v: the bundle says %s", info, err, v.AppendJSON(nil))
	}
	if got := v.Member("contentType").ToText(); got != "video/mp4" {
		t.Errorf("contentType %q", got)
	}
	t.Logf("heap before %d kB, at most %d kB during %d MB", start>>10, most>>10, size)
	if most > start+12<<20 {
		t.Errorf("the heap grew from %d to %d bytes", start, most)
	}
}

// TestWhatGoesToAFile: the bytes of small answers, of errors and of other types stay in
// memory; what is kept is whole.
func TestWhatGoesToAFile(t *testing.T) {
	t.Parallel()
	const invalid = `{"url": "{{parameters.url}}", "response": {"type": "binary", "valid": "{{body.size > 9000000}}"}}`
	full := errors.New("no space left on device")
	refuses := func(written int64) error {
		if written > 5<<20 {
			return full
		}
		return nil
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		api     string
		piece   func(int64) error
		kind    string // of the error; "" for none
		message string
		files   string // left in the folder
	}{
		{"small", megabytes(4), getFile, nil, "", "", ""},
		{"large", megabytes(5), getFile, nil, "", "", "answer"},
		{"named by the service", megabytes(5, "Content-Disposition", `attachment; filename="../../etc/.boat at sea.mp4"`), getFile, nil, "", "", "boat_at_sea.mp4"},
		{"named in another alphabet", megabytes(5, "Content-Disposition", `attachment; filename*=UTF-8''lo%C4%8F.mp4`), getFile, nil, "", "", "loď.mp4"},
		{"named after a secret", megabytes(5, "Content-Disposition", `attachment; filename="very-secret.mp4"`), getFile, nil, "", "", "_redacted_.mp4"},
		{"compressed", bomb, getFile, nil, engine.MaxFileSizeExceededError, "the answer is larger than 8 MiB", ""},
		{"larger than the limit", megabytes(9), getFile, nil, engine.MaxFileSizeExceededError, "the answer is larger than 8 MiB", ""},
		{"a success that is not valid", megabytes(5), invalid, nil, engine.RuntimeError, "Response marked as invalid.", ""},
		{"of another type", megabytes(5), getURL, nil, engine.DataError, "the answer is larger than 4 MiB", ""},
		{"broken off", raw("HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n" + strings.Repeat("x", 5<<20)), getFile, nil,
			engine.ConnectionError, "GET URL: the connection was closed before the answer was complete", ""},
		{"a full disk", megabytes(6), getFile, refuses, engine.RuntimeError, "GET URL: the answer cannot be written to a file: no space left on device", ""},
		{"an error", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			io.WriteString(w, strings.Repeat("x", 5<<20))
		}, getFile, nil, engine.ConnectionError, "[502] Bad Gateway", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, test.handler)
			files := shelfOf{t.TempDir(), test.piece}
			in := at(server.URL)
			in.Secrets = []string{"very-secret"}
			v, err := result(t, local(engine.Options{Files: files, MaxStored: 8 << 20, MaxBody: 4 << 20}).Start(compile(t, engine.Endpoint, test.api), in))
			if test.kind == "" && err != nil || test.kind != "" && err == nil {
				t.Fatalf("%s, error %v", v.Kind(), err)
			}
			if err != nil {
				wantError(t, err, test.kind, strings.ReplaceAll(test.message, "URL", server.URL))
			}
			if left := filesIn(t, files.dir); left != test.files {
				t.Errorf("files %q, want %q", left, test.files)
			}
		})
	}
}

// TestACancelledAnswerLeavesNoFile ends the run while the answer comes in.
func TestACancelledAnswerLeavesNoFile(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	files := shelfOf{t.TempDir(), func(written int64) error {
		if written > 5<<20 {
			cancel()
		}
		return nil
	}}
	server := serve(t, endless)
	_, err := local(engine.Options{Files: files}).Start(compile(t, engine.Action, getFile), at(server.URL)).Value(ctx)
	if e := failure(t, err); e == nil || e.Type != engine.ExecutionInterruptedError {
		t.Errorf("the error is %v", err)
	}
	if left := filesIn(t, files.dir); left != "" {
		t.Errorf("files %q are left", left)
	}
}

// TestALargeAnswerWithoutFilesNamesTheFlag: without files the limit of memory stays.
func TestALargeAnswerWithoutFilesNamesTheFlag(t *testing.T) {
	t.Parallel()
	server := serve(t, megabytes(3))
	_, err := result(t, local(engine.Options{MaxFile: 2 << 20}).Start(compile(t, engine.Action, getFile), at(server.URL)))
	wantError(t, err, engine.MaxFileSizeExceededError, "the answer is larger than 2 MiB")
	if err != nil && err.Hint != "more is not held in memory; --files DIR writes it to a file as it comes" {
		t.Errorf("hint %q", err.Hint)
	}
}

func filesIn(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return strings.Join(all, " ")
}
