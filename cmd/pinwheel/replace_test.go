package main

import (
	"errors"
	"os"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Whichever rename fails, every file holds what it held, and nothing lies beside them.
func TestReplaceFilesPutsAllOrNothing(t *testing.T) {
	w := newWorld(t)
	broken := errors.New("the disk is gone")
	for failing := range 3 {
		old := []string{w.write("a", "old a"), w.write("b", "old b"), w.path("c")}
		os.Remove(old[2])
		files := []plan.FileChange{
			{Path: old[0], Before: []byte("old a"), Content: []byte("new a")}, {Path: old[1], Before: []byte("old b"), Content: []byte("new b")},
			{Path: old[2], Create: true, Content: []byte("new c")},
		}
		var staged []staging
		for _, f := range files {
			s, err := stage(f.Path, f.Content)
			must(t, err)
			staged = append(staged, s)
		}
		n := 0
		err := putAll(files, staged, func(from, to string) error {
			if n++; n > failing {
				return broken
			}
			return os.Rename(from, to)
		})
		if !errors.Is(err, broken) {
			t.Errorf("rename %d: %v", failing, err)
		}
		if w.read("a") != "old a" || w.read("b") != "old b" {
			t.Errorf("rename %d: %q and %q", failing, w.read("a"), w.read("b"))
		}
		if _, err := os.Stat(old[2]); err == nil {
			t.Errorf("rename %d: the new file stayed", failing)
		}
		for _, s := range staged {
			os.Remove(s.temp)
		}
	}
}

func TestReplaceFilesLosesNobodysChange(t *testing.T) {
	w := newWorld(t)
	a, b := w.write("a", "old a"), w.write("b", "changed")
	err := replaceFiles([]plan.FileChange{{Path: a, Before: []byte("old a"), Content: []byte("new a")}, {Path: b, Before: []byte("old b"), Content: []byte("new b")}})
	if err == nil || w.read("a") != "old a" || w.read("b") != "changed" {
		t.Errorf("%v: %q and %q", err, w.read("a"), w.read("b"))
	}
}
