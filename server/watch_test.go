package server_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestWatchApps: several nodes watch a folder each. What is new is uploaded once; a change
// counts, on whichever node; one that starts with an older copy does not bring it back.
func TestWatchApps(t *testing.T) {
	t.Parallel()
	n := ownNode(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	t.Cleanup(func() { stop(); watching.Wait() })
	watch := func(dir string) { watching.Go(func() { n.WatchApps(ctx, dir) }) }
	folder := func(readme string) string {
		t.Helper()
		dir := t.TempDir()
		app := filepath.Join(dir, "photos")
		if err := os.CopyFS(app, photosApp()); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(app, "README.md"), readme)
		return dir
	}
	state := func() (versions, active int) {
		records := n.Node.Records.OfTeam(1)
		a, err := records.AppNamed(t.Context(), "photos")
		if err != nil {
			return 0, 0
		}
		all, err := records.Versions(t.Context(), a.ID)
		if err != nil {
			t.Error(err)
		}
		return len(all), a.Active
	}
	wants := func(what string, versions, active int) {
		t.Helper()
		eventually(t, what, func() bool { v, a := state(); return v == versions && a == active })
	}
	first, second := folder("one"), folder("one")
	watch(first)
	watch(second)
	wants("two nodes upload the same once", 1, 1)
	write(t, filepath.Join(first, "photos", "README.md"), "two, and longer")
	wants("a change on one of them", 2, 2)
	logged := func(text string) int { return strings.Count(n.log.String(), text) }
	loaded := logged("an app is loaded")
	write(t, filepath.Join(second, "photos", "README.md"), "two, and longer")
	eventually(t, "the other follows", func() bool { return logged("an app is loaded") > loaded })
	wants("the same change is none", 2, 2)

	watch(folder("one")) // a node that starts with what was there before
	eventually(t, "it finds the app", func() bool { return logged("an app is there already") >= 1 })
	wants("an older copy is left alone", 2, 2)
	write(t, filepath.Join(first, "photos", "README.md"), "one")
	wants("a change back is a change", 3, 3)

	a, err := n.Node.Records.OfTeam(1).AppNamed(t.Context(), "photos")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Node.Records.OfTeam(1).Activate(t.Context(), a.ID, 2); err != nil {
		t.Fatal(err)
	}
	before := logged("an app is there already")
	watch(first) // the node starts again
	eventually(t, "it finds the app again", func() bool { return logged("an app is there already") > before })
	wants("what a person has activated stays", 3, 2)
}

// write puts a text into a file at once: a look in between must not see half of it.
func write(t *testing.T, path, text string) {
	t.Helper()
	whole := filepath.Join(t.TempDir(), "whole")
	if err := errors.Join(os.WriteFile(whole, []byte(text), 0o600), os.Rename(whole, path)); err != nil {
		t.Fatal(err)
	}
}
