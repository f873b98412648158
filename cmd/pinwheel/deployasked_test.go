package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/prepare"
)

// TestDeployAsksWhatPassed: a job that has to pass and did not keeps the commit out of
// production; one that may fail, or comes later, does not.
func TestDeployAsksWhatPassed(t *testing.T) {
	p := newProduction(t)
	before := p.head()
	sha := p.merge()
	project := p.gitlab.Project(deployPath)
	for jobs, says := range map[string]string{
		"test=failed":               "test (failed)",
		"test=running,lint=success": "test (running)",
		"test=pending":              "test (pending)",
		"a=canceled,b=success":      "a (canceled)",
		"trigger=failed>":           "trigger (failed)",
	} {
		must(t, project.Pipeline("maintainer", "main", "running", strings.Split(jobs, ",")...))
		code, _, complaints := p.job("main", nil)
		p.want(code, exitFailed, complaints)
		has(t, complaints, "jobs of this pipeline that have to pass did not", says)
		if p.head() != before {
			t.Fatalf("%s: production was moved", jobs)
		}
	}
	must(t, project.Pipeline("maintainer", "main", "running", "test=success", "lint=failed?", "publish=created", "extra=manual", "none=skipped"))
	code, _, complaints := p.job("main", nil)
	p.want(code, exitDone, complaints)
	if p.head() != sha {
		t.Error("production was not moved")
	}
}

// TestDeployOfAMergeRequest: its source commit is deployed, by hand alone, not the merged
// result that GitLab throws away.
func TestDeployOfAMergeRequest(t *testing.T) {
	p := newProduction(t)
	project := p.gitlab.Project(deployPath)
	sha, err := project.Push("maintainer", "feature", "Try it", map[string]string{"try": "1"})
	must(t, err)
	p.merge()
	iid, err := project.CreateMR("maintainer", "feature", "main", "Try it", "")
	must(t, err)
	must(t, project.Pipeline("maintainer", fmt.Sprintf("!%d/merge", iid), "running", "test=success"))
	ref := fmt.Sprintf("refs/merge-requests/%d/merge", iid)
	code, out, complaints := p.job(ref, map[string]string{"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": sha})
	p.want(code, exitUsage, complaints)
	has(t, out, "by hand alone")
	code, _, complaints = p.job(ref, map[string]string{"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": strings.Repeat("e", 40), "CI_JOB_MANUAL": "true"})
	p.want(code, exitUsage, complaints)
	has(t, complaints, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA is no commit of this pipeline")
	code, out, complaints = p.job(ref, map[string]string{"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": sha, "CI_JOB_MANUAL": "true"})
	p.want(code, exitDone, complaints)
	has(t, out, "done (merge-request)")
	if p.head() != sha {
		t.Errorf("production is at %s, want %s", p.head(), sha)
	}
}

// TestDeploySaysWhatIsMissing: a sentence with the next step, and nothing is moved.
func TestDeploySaysWhatIsMissing(t *testing.T) {
	p := newProduction(t)
	p.merge()
	token := p.env["PINWHEEL_DEPLOY_TOKEN"]
	for _, tt := range []struct {
		args, says string
		code       int
		spoil      func()
	}{
		{"deploy", "deploy runs in a job of GitLab CI", exitUsage, func() {}},
		{"rollback", "rollback needs a project, or --set, or --accept", exitUsage, func() {}},
		{"rollback cki/cki-lib --set 1", "one of the three", exitUsage, func() {}},
		{"rollback --set 1 --to abc", "--to is a commit of a project", exitUsage, func() {}},
		{"rollback --set x", `--set "x" is no set`, exitUsage, func() {}},
		{"rollback --set previous", "there is no set previous; the newest is 0", exitUsage, func() {}},
		{"rollback cki/cki-lib", "no set has another commit of cki/cki-lib in production: name one with --to", exitUsage, func() {}},
		{"rollback other/project", "other/project is no project of the set: it has cki/cki-lib, cki/cki-tools", exitUsage, func() {}},
		{"hold cki/cki-lib", "a hold needs a reason", exitUsage, func() {}},
		{"hold cki/cki-lib --reason x --until tomorrow", `--until "tomorrow" is no day: write it as 2026-01-31`, exitUsage, func() {}},
		{"hold cki/cki-lib --reason x --until 2020-01-01", "is over", exitUsage, func() {}},
		{"hold", "hold takes one project", exitUsage, func() {}},
		{"releases a b", "releases takes one project", exitUsage, func() {}},
		{"deploy now", `deploy takes no "now"`, exitUsage, func() {}},
		{"rollback cki/cki-lib --to main", `--to "main" is no commit`, exitUsage, func() {}},
		{"release cki/cki-lib", "PINWHEEL_DEPLOY_TOKEN", exitUsage, func() { p.env = map[string]string{"PINWHEEL_GITLAB_TOKEN": token} }},
	} {
		tt.spoil()
		code, _, complaints := p.configured(strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(complaints, tt.says) || strings.Count(strings.TrimSpace(complaints), "\n") != 0 {
			t.Errorf("pinwheel %s: %d, %s\nwant %d, %q", tt.args, code, complaints, tt.code, tt.says)
		}
	}
	// What only reads takes pinwheel's own token.
	code, _, complaints := p.configured("releases")
	p.want(code, exitDone, complaints)
	p.write("pinwheel.yaml", "gitlab: {url: http://127.0.0.1:1}\nprojects: [{path: g/p}]\n")
	code, _, complaints = p.configured("releases")
	p.want(code, exitUsage, complaints)
	has(t, complaints, "set software.deploy.sets.project")
}

// TestReleasesShowNoEscapes: titles of commits and reasons are strangers' text.
func TestReleasesShowNoEscapes(t *testing.T) {
	p := newProduction(t)
	project := p.gitlab.Project(deployPath)
	_, err := project.Push("maintainer", "production", "\x1b[2J\u202egnp https://user:secret@host/ "+strings.Repeat("long ", 100)+"\nbody", map[string]string{"a": "1"})
	must(t, err)
	code, _, complaints := p.configured("hold", deployPath, "--reason", "a\x1b[31m\nb")
	p.want(code, exitDone, complaints)
	for _, args := range [][]string{{"releases"}, {"releases", "--json"}} {
		code, out, complaints := p.configured(args...)
		p.want(code, exitDone, complaints)
		if strings.ContainsAny(out, "\x1b\u202e") || strings.Contains(out, "secret") || strings.Contains(out, `\u001b`) || strings.Contains(out, "body") {
			t.Errorf("%v: %q", args, out)
		}
		for line := range strings.Lines(out) {
			if len(line) > 1000 {
				t.Errorf("a line of %d bytes", len(line))
			}
		}
	}
}

// TestDeployWantsTheBuildsFirst: with build_first nothing is moved before the set is
// built for every image and kept by key.
func TestDeployWantsTheBuildsFirst(t *testing.T) {
	p := newProduction(t)
	shelf, dir := p.path("shelf"), p.path("software")
	p.write("pinwheel.yaml", p.read("pinwheel.yaml")+fmt.Sprintf("  images: [{name: python}, {name: builder}]\n  registry: {folder: %q}\n", shelf))
	before := p.head()
	sha := p.merge()
	deploy := func(code int, says string) {
		t.Helper()
		got, out, complaints := p.jobWith("--dir", dir)
		if got != code || !strings.Contains(out+complaints, says) {
			t.Errorf("exit code %d, %s%s; want %d, %q", got, out, complaints, code, says)
		}
		if code != exitDone && p.head() != before {
			t.Error("production was moved")
		}
	}
	deploy(exitUsage, "there is no software.lock.json")
	p.softwareOf(dir, shelf, map[string]string{deployPath: before, otherPath: p.gitlab.Project(otherPath).Head("production")}, "python", "builder")
	deploy(exitUsage, "the lock has cki/cki-lib at "+before[:12]+", and production would have it at "+sha[:12])
	p.softwareOf(dir, "", map[string]string{deployPath: sha, otherPath: p.gitlab.Project(otherPath).Head("production")}, "python", "builder")
	deploy(exitUsage, "of image python is not kept")
	p.softwareOf(dir, shelf, map[string]string{deployPath: sha, otherPath: p.gitlab.Project(otherPath).Head("production")}, "python", "builder")
	deploy(exitDone, "done (forward), set 1")
	code, out, complaints := p.configured("releases", "--sets", "--json")
	p.want(code, exitDone, complaints)
	var set setOut
	must(t, json.Unmarshal([]byte(out), &set))
	if len(set.Builds) != 2 || set.Builds[0].Image != "python" {
		t.Errorf("the set names the builds %+v", set.Builds)
	}
	// A build that a set names is not pruned, however old.
	p.env["PINWHEEL_GITLAB_TOKEN"] = p.env["PINWHEEL_DEPLOY_TOKEN"]
	code, out, complaints = p.configured("prepare", "prune", "--at", "2036-01-01T00:00:00Z")
	p.want(code, exitDone, complaints)
	for _, b := range set.Builds {
		if _, err := os.Stat(filepath.Join(shelf, b.Image, b.Key)); err != nil {
			t.Errorf("the build of %s that set 1 names was removed: %s", b.Image, out)
		}
	}
	if !strings.Contains(out, "removed") {
		t.Errorf("nothing was removed, so this shows nothing: %q", out)
	}
}

// softwareOf writes the folder that prepare's jobs leave of a set, without git and pip,
// and keeps its builds on a shelf, if one is named.
func (p *production) softwareOf(dir, shelf string, commits map[string]string, images ...string) {
	p.t.Helper()
	digest := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	must(p.t, os.RemoveAll(dir))
	must(p.t, os.MkdirAll(dir, 0o700))
	lock := prepare.Lock{Format: 1, Packages: []prepare.Package{}, Data: []prepare.Data{}, Constraints: prepare.NewConstraints("pins.txt", []byte("six==1\n"))}
	for _, path := range []string{deployPath, otherPath} {
		lock.Packages = append(lock.Packages, prepare.Package{Name: path[strings.Index(path, "/")+1:], Project: path, SHA: commits[path]})
	}
	must(p.t, os.WriteFile(filepath.Join(dir, prepare.LockName), lock.Encode(), 0o600))
	for _, image := range images {
		tarball := "tarball of " + image + lock.Digest()
		r := prepare.Record{Format: 1, Lock: lock.Digest(), Image: prepare.Image{Name: image, Reference: image}, Interpreter: prepare.Interpreter{Executable: "/usr/bin/python3", Version: "3.12.1"},
			Root: "/opt/pinwheel", Tarball: prepare.Tarball{Name: image + ".tar.gz", SHA256: digest(tarball), Size: int64(len(tarball))}, Installed: []prepare.Installed{}, Data: []string{}, Overridden: []string{}}
		target, err := json.Marshal(struct {
			Lock        string              `json:"lock"`
			Interpreter prepare.Interpreter `json:"interpreter"`
			Image       prepare.Image       `json:"image"`
			Root        string              `json:"root"`
			Compression string              `json:"compression"`
		}{r.Lock, r.Interpreter, r.Image, r.Root, "gzip"})
		must(p.t, err)
		r.Key = digest("pinwheel prepare 1\n" + string(target))
		record, err := json.Marshal(r)
		must(p.t, err)
		must(p.t, os.WriteFile(filepath.Join(dir, image+".json"), record, 0o600))
		must(p.t, os.WriteFile(filepath.Join(dir, image+".tar.gz"), []byte(tarball), 0o600))
		if shelf != "" {
			_, _, err := prepare.Push(p.t.Context(), prepare.InFolder(shelf), prepare.Pushing{Dir: dir, Image: image})
			must(p.t, err)
		}
	}
}
