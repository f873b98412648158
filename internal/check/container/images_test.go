package container

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// checkout copies what .ci/images reads, and returns the folder.
func checkout(t *testing.T) string {
	t.Helper()
	root, dir := testenv.Root(t), t.TempDir()
	for _, path := range []string{"Dockerfile", ".gitlab-ci.yml", "templates", "contrib", ".ci"} {
		if out, err := exec.CommandContext(t.Context(), "cp", "-r", filepath.Join(root, path), dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return dir
}

// images runs .ci/images with a docker that says digest of every image.
func images(t *testing.T, dir, digest string, args ...string) (out string, ok bool) {
	t.Helper()
	bin := t.TempDir()
	script := "#!/bin/sh\n[ \"$1 $2 $3\" = 'buildx imagetools inspect' ] && echo '" + digest + "'\n"
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, ".ci", "images"), args...)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	text, err := cmd.CombinedOutput()
	return string(text), err == nil
}

var named = regexp.MustCompile(`(?m)^(?:FROM|[ \t]*(?:image|default):)[ \t]+([a-z0-9][\w./-]*:[\w.-]+)$`)

// .ci/images finds every image of a registry. None has a digest that nobody looked
// up: each is said to have none until a release writes what the registry says.
func TestImagesHaveDigestsOrAreSaidToHaveNone(t *testing.T) {
	dir := checkout(t)
	out, ok := images(t, dir, "")
	pinned := regexp.MustCompile(`: \S+@sha256:[0-9a-f]{64}\n`).FindAllString(out, -1)
	left := regexp.MustCompile(`: (\S+) has no digest: \.ci/images pin\n`).FindAllStringSubmatch(out, -1)
	if ok != (len(left) == 0) || len(pinned)+len(left) != strings.Count(out, "\n") || len(pinned)+len(left) < 3 {
		t.Errorf("it ends well: %v, and says\n%s", ok, out)
	}
	for _, file := range []string{"Dockerfile", ".gitlab-ci.yml", "templates/gate.yml", "templates/run.yml", "contrib/kubernetes/cronjob.yaml", "contrib/kubernetes/deployment.yaml"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(m[1], "registry.example.com/") && !slices.ContainsFunc(left, func(l []string) bool { return l[1] == m[1] }) {
				t.Errorf("%s names %s, which it does not list:\n%s", file, m[1], out)
			}
		}
	}
}

// A release writes the digests, once, and changes nothing else. What is no digest is
// written nowhere.
func TestAReleasePinsImages(t *testing.T) {
	dir := checkout(t)
	before, err := os.ReadFile(filepath.Join(dir, "templates", "gate.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if out, ok := images(t, dir, "unauthorized", "pin"); ok || !strings.Contains(out, "the registry gives no digest of golang:") {
		t.Errorf("without a digest it says\n%s", out)
	}
	digest := "sha256:" + strings.Repeat("0a", 32)
	for range 2 {
		if out, ok := images(t, dir, digest, "pin"); !ok || strings.Contains(out, "no digest") {
			t.Errorf("it says\n%s", out)
		}
		after, err := os.ReadFile(filepath.Join(dir, "templates", "gate.yml"))
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Replace(string(before), "python:3.12-slim", "python:3.12-slim@"+digest, 1); string(after) != want {
			t.Errorf("templates/gate.yml reads\n%s", after)
		}
	}
	if out, ok := images(t, dir, digest); !ok || strings.Count(out, digest) < 3 {
		t.Errorf("after that it says\n%s", out)
	}
}
