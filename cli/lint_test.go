package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestLintInspectAndTestStopOnAnInterrupt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "makecomapp.json"), []byte(`{"components":{"function":{"f":{"codeFiles":{"code":"f.js","test":"t.js"}}}}}`), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"f.js": "function f() { return 1; }", "t.js": "it('f', () => assert.strictEqual(f(), 1));"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, run := range map[string]func(context.Context, *factory) error{
		"lint": func(ctx context.Context, f *factory) error {
			return runLint(ctx, &lintOptions{factory: f, app: dir, format: "text"})
		},
		"inspect": func(ctx context.Context, f *factory) error {
			return runInspect(ctx, &inspectOptions{factory: f, app: dir})
		},
		"test": func(ctx context.Context, f *factory) error { return runTest(ctx, &testOptions{factory: f, app: dir}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, interrupt := context.WithCancel(t.Context())
			interrupt()
			var out, errs bytes.Buffer
			err := run(ctx, &factory{std: Streams{Out: &out, Err: &errs}})
			if !errors.Is(err, context.Canceled) || out.Len() > 0 {
				t.Errorf("%v, and written is %q", err, out.String())
			}
		})
	}
}
