package demo

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// prompt gets what ServeSoftware prints, and gives the address once it is told.
type prompt chan string

func (p prompt) Write(data []byte) (int, error) {
	p <- string(data)
	return len(data), nil
}

// A reader finds the projects at their branches by git, the index, the configuration of
// a set, and a branch that moves when asked.
func TestTheSoftwareOfTheDemo(t *testing.T) {
	t.Parallel()
	git := testenv.Command(t, "git")
	ctx, end := context.WithCancel(t.Context())
	dir, out, ended := filepath.Join(t.TempDir(), "set"), make(prompt, 1), make(chan error, 1)
	go func() { ended <- ServeSoftware(ctx, out, dir, 0) }()
	var text string
	select {
	case text = <-out:
	case err := <-ended:
		t.Fatal(err)
	case <-time.After(time.Minute):
		t.Fatal("nothing is served")
	}
	_, url, _ := strings.Cut(text, "curl -X POST ")
	url, _, _ = strings.Cut(url, "/move")
	headOf := func(branch string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), git, "ls-remote", url+"/cki/cki-lib.git", "refs/heads/"+branch).Output()
		if err != nil || len(out) < 40 {
			t.Fatalf("git reads %q, %v", out, err)
		}
		return string(out[:40])
	}
	head := func() string { return headOf("production") }
	post := func(what string) string {
		t.Helper()
		resp, err := http.Post(url+what, "", nil) //nolint:noctx // of the demo's own server
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		said, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(said)
	}
	before := head()
	post("/move")
	if after := head(); after == before {
		t.Error("production of cki-lib did not move")
	}
	first := post("/merge")
	merged := headOf("main")
	if !strings.Contains(first, "CI_COMMIT_SHA="+merged+" ") {
		t.Errorf("the job of a merge is of another commit than %s: %s", merged, first)
	}
	post("/merge")
	if again := post("/again"); !strings.Contains(again, "CI_COMMIT_SHA="+merged+" ") {
		t.Errorf("the button starts %s", again)
	}
	for name, says := range map[string]string{"pinwheel.yaml": "packages: [cki-lib, cki-tools]", "production.yaml": "sets: {project: cki/deployments}", "constraints.txt": "six==1.16.0"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(data), says) {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	if err := ServeSoftware(t.Context(), out, dir, 0); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a folder with something in it: %v", err)
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
