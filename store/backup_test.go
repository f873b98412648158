package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A copy that breaks off leaves nothing that looks like one, and nobody else may read it while it
// is written.
func TestABackupIsThereAsAWholeOrNotAtAll(t *testing.T) {
	s := opened(t, file(t))
	files := Files{Head: "1", ByPath: map[string]File{}}
	for i := range 64 {
		files.ByPath[fmt.Sprintf("%02d", i)] = File{Data: make([]byte, 1<<18)}
	}
	must(t, s.SaveFiles(t.Context(), "g/p", files))
	to := t.TempDir()
	path := filepath.Join(to, "copy.db")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error)
	go func() { ended <- s.Backup(ctx, path) }()
	var err error
	seen := map[string]os.FileMode{}
	for over := false; !over; {
		select {
		case err = <-ended:
			over = true
		default:
			list, listErr := os.ReadDir(to)
			must(t, listErr)
			for _, e := range list {
				if info, err := e.Info(); err == nil {
					seen[e.Name()] = info.Mode().Perm()
				}
				cancel()
			}
		}
	}
	if err == nil {
		t.Fatal("the copy was made before it could break off: make the database larger")
	}
	for name, mode := range seen {
		if name == "copy.db" || mode&0o077 != 0 {
			t.Errorf("while it was written there was %s with the mode %o", name, mode)
		}
	}
	if list, err := os.ReadDir(to); err != nil || len(list) > 0 {
		t.Errorf("after it broke off there is %v (%v)", list, err)
	}
	must(t, s.Backup(t.Context(), path))
	if err := s.Backup(t.Context(), path); err == nil {
		t.Error("a copy is written over")
	}
	if list, err := os.ReadDir(to); err != nil || len(list) != 1 {
		t.Errorf("beside the copy there is %v (%v)", list, err)
	}
	files, err = opened(t, path).Files(t.Context(), "g/p")
	must(t, err)
	if len(files.ByPath) != 64 || !slices.Equal(files.ByPath["00"].Data, make([]byte, 1<<18)) {
		t.Errorf("the copy has %d files", len(files.ByPath))
	}
}
