package main

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/demo"
)

// told gets what a demo prints.
type told chan string

func (p told) Write(data []byte) (int, error) {
	p <- string(data)
	return len(data), nil
}

// On the GitLab that the demo serves the commands work with the configuration that it writes: a
// tick becomes a merge request, a person merges it, and Renovate's work is taken over.
func TestTheGitLabOfTheDemo(t *testing.T) {
	t.Parallel()
	testenv.Command(t, "git")
	ctx, end := context.WithCancel(t.Context())
	dir, out, ended := filepath.Join(t.TempDir(), "pins"), make(told, 1), make(chan error, 1)
	go func() { ended <- demo.ServeGitLab(ctx, out, dir, 0) }()
	var url string
	select {
	case text := <-out:
		_, url, _ = strings.Cut(text, "served at\n\n  ")
		url, _, _ = strings.Cut(url, "\n")
	case err := <-ended:
		t.Fatal(err)
	case <-time.After(time.Minute):
		t.Fatal("nothing is served")
	}
	ask := func(method, who, path, body string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, method, url+path, strings.NewReader(body))
		must(t, err)
		if who != "" {
			req.SetBasicAuth(who, "")
		}
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		defer resp.Body.Close()
		said, err := io.ReadAll(resp.Body)
		must(t, err)
		return string(said)
	}
	w := newWorld(t)
	pinwheel := func(args ...string) string {
		t.Helper()
		code, out, said := w.pinwheel(append(args, "--config", filepath.Join(dir, "pinwheel.yaml"), "--at", time.Now().UTC().Format(time.RFC3339Nano))...)
		w.want(code, exitDone, said)
		return out
	}
	has(t, pinwheel("plan"), "group/project: 45 pins", "group/renovated: 5 pins")
	pinwheel("run", "group/project")
	has(t, ask("GET", "", "/group/project/-/issues/1", ""), "45 pins", " - [ ] Update dependency boto3 to v1.4")
	if said := ask("POST", "erin", "/group/project/-/issues/1", "no such line"); !strings.HasPrefix(said, "no box") || strings.Count(said, "\n") > 1 {
		t.Errorf("a box that is not there: %s", said)
	}
	has(t, ask("POST", "nobody", "/group/project/-/issues/1", "jsonschema"), "name one of alice, bob, erin")
	has(t, ask("POST", "bob", "/group/project/-/issues/1", "jsonschema"), "bob ticked")
	pinwheel("run", "group/project")
	list := ask("GET", "", "/group/project", "")
	number, _, found := strings.Cut(list[strings.LastIndex(list, "\n!")+2:], " opened Update dependency jsonschema to v4.26.0")
	if !found {
		t.Fatalf("the tick was not carried out:\n%s", list)
	}
	has(t, ask("GET", "", "/group/project/-/merge_requests/"+number, ""), "`bob` asked for it", "+jsonschema==4.26.0")
	has(t, ask("POST", "", "/group/project/-/merge_requests/"+number+"/merge", ""), "!"+number+" is merged")

	has(t, pinwheel("adopt", "group/renovated"), "renovate-bot becomes pinwheel's", "is taken over with idna 3.6 -> 3.20", "json5-0.x")
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
