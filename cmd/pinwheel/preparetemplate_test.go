package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// runner runs jobs as GitLab's does: each in a checkout of its own, with the artifacts
// of those that it needs, its lines one after the other until one fails.
type runner struct {
	t         *testing.T
	jobs      map[string]job
	files     map[string]string // of the project
	env       []string
	artifacts map[string]map[string]string // by job and image: the text of each file
}

// job is what the runner reads of a job.
type job struct {
	Stage     string   `yaml:"stage"`
	Needs     []string `yaml:"needs"`
	Script    []string `yaml:"script"`
	Artifacts struct {
		ExpireIn string   `yaml:"expire_in"`
		Paths    []string `yaml:"paths"`
	} `yaml:"artifacts"`
	Parallel struct {
		Matrix []map[string]string `yaml:"matrix"`
	} `yaml:"parallel"`
}

var input = regexp.MustCompile(`\$\[\[ inputs\.([a-z_]+) \]\]`)

// template reads the component with inputs, as GitLab puts them in: text as it is, and
// anything else as JSON.
func template(t *testing.T, inputs map[string]any) map[string]job {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testenv.Root(t), "templates", "prepare.yml"))
	must(t, err)
	header, body, found := strings.Cut(string(data), "\n---\n")
	if !found {
		t.Fatal("the component has no header")
	}
	var spec struct {
		Spec struct {
			Inputs map[string]struct {
				Default any    `yaml:"default"`
				Type    string `yaml:"type"`
			} `yaml:"inputs"`
		} `yaml:"spec"`
	}
	must(t, yaml.Unmarshal([]byte(header), &spec))
	for name := range inputs {
		if _, ok := spec.Spec.Inputs[name]; !ok {
			t.Errorf("the component has no input %s", name)
		}
	}
	body = input.ReplaceAllStringFunc(body, func(s string) string {
		name := input.FindStringSubmatch(s)[1]
		declared, ok := spec.Spec.Inputs[name]
		value, given := inputs[name]
		if !given {
			value = declared.Default
		}
		if !ok || value == nil {
			t.Errorf("the component uses the input %s, which is not declared or has no value", name)
		}
		if text, ok := value.(string); ok {
			return text
		}
		out, err := json.Marshal(value)
		must(t, err)
		return string(out)
	})
	var jobs map[string]job
	must(t, yaml.Unmarshal([]byte(body), &jobs))
	return jobs
}

// checkout is a folder of a job with what it needs.
func (r *runner) checkout(needs ...string) string {
	r.t.Helper()
	dir := r.t.TempDir()
	write := func(files map[string]string) {
		for path, text := range files {
			must(r.t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o750))
			must(r.t, os.WriteFile(filepath.Join(dir, path), []byte(text), 0o700))
		}
	}
	write(r.files)
	for _, name := range needs {
		if r.artifacts[name] == nil {
			r.t.Fatalf("the artifacts of %s have expired: GitLab does not start a job that needs them", name)
		}
		write(r.artifacts[name])
	}
	return dir
}

// run runs a job, of a matrix for one image, and keeps its artifacts.
func (r *runner) run(name string, variables map[string]string) string {
	r.t.Helper()
	j, ok := r.jobs[name]
	if !ok {
		r.t.Fatalf("the component has no job %s", name)
	}
	dir := r.checkout(j.Needs...)
	env := r.env
	for k, v := range variables {
		env = append(env, k+"="+v)
	}
	out := r.shell(dir, strings.Join(j.Script, "\n"), env)
	kept := map[string]string{}
	for _, pattern := range j.Artifacts.Paths {
		pattern = strings.ReplaceAll(pattern, "$NAME", variables["NAME"])
		fits, err := filepath.Glob(filepath.Join(dir, pattern))
		must(r.t, err)
		if len(fits) == 0 {
			r.t.Errorf("%s leaves no %s", name, pattern)
		}
		for _, fit := range fits {
			must(r.t, filepath.WalkDir(fit, func(at string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := os.ReadFile(at)
				relative, _ := filepath.Rel(dir, at)
				kept[relative] = string(data)
				return err
			}))
		}
	}
	r.artifacts[strings.TrimSuffix(name+" "+variables["NAME"], " ")] = kept
	return out
}

func (r *runner) shell(dir, script string, env []string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "sh", "-ec", script)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// TestTheTemplateRuns runs the scripts of the component as a runner would: the lock,
// the builds, and jobs that use them, also after production moved and artifacts expired.
func TestTheTemplateRuns(t *testing.T) {
	testenv.InStep(t, 4, "prepare")
	p := newPipeline(t)
	bin := t.TempDir()
	self, err := os.Executable()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(bin, "pinwheel"), []byte(fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", asProgram, self)), 0o700))
	r := &runner{
		t: t, files: map[string]string{"pinwheel.yaml": p.read("pinwheel.yaml"), "pins.txt": p.read("pins.txt")}, artifacts: map[string]map[string]string{},
		env: []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "CI_PIPELINE_ID=4711", "CI_PROJECT_NAMESPACE=cki", "CI_SERVER_URL=" + p.url, "PINWHEEL_GITLAB_TOKEN=" + p.env["PINWHEEL_GITLAB_TOKEN"]},
	}
	r.jobs = template(t, map[string]any{"image": "registry.example.com/pinwheel:1", "keep": true, "images": []map[string]string{{"NAME": "python", "IMAGE": "a"}, {"NAME": "builder", "IMAGE": "b"}}})
	matrix := r.jobs["software:build"].Parallel.Matrix
	if len(matrix) != 2 || matrix[1]["NAME"] != "builder" || r.jobs["software:lock"].Artifacts.ExpireIn != "1 week" {
		t.Fatalf("the jobs are %+v", r.jobs)
	}
	has(t, r.run("software:lock", nil), "2 packages, 1 data project")
	p.pushLib(sourceOf("cki-lib", "9.9"))
	has(t, r.run("software:build", matrix[1]), "builder: built", "is kept")
	const use = `. software/use.sh; python -c 'import cki_lib, six; print(cki_lib.VERSION, six.__name__)'; cat "$kpet_db_data_dir/trees.yaml"`
	const want = "1.0 six\nrhel: 1\n"
	uses := func() {
		t.Helper()
		must(t, os.RemoveAll(p.opt))
		dir := r.checkout("software:build builder")
		if out := r.shell(dir, use, r.env); out != want {
			t.Errorf("a job prints %q, want %q", out, want)
		}
		if _, err := os.Stat(filepath.Join(dir, "software", "python.tar.gz")); err == nil {
			t.Error("a job gets the build of another image")
		}
	}
	uses()
	// All artifacts have expired: the retried jobs have the set of their pipeline.
	clear(r.artifacts)
	has(t, r.run("software:lock", nil), "the lock of 4711 is kept, so it is made again as it was")
	has(t, r.run("software:build", matrix[1]), "builder: fetched", "was kept already")
	uses()
	// The next pipeline has what production is now.
	clear(r.artifacts)
	r.env = append(r.env, "CI_PIPELINE_ID=4712")
	has(t, r.run("software:lock", nil), p.sha("cki/cki-lib")[:12])
}

// TestTheTemplateKeepsEveryTarball: the artifacts of a build have its tarball, however it
// is compressed, and not that of another image.
func TestTheTemplateKeepsEveryTarball(t *testing.T) {
	t.Parallel()
	j := template(t, map[string]any{"image": "registry.example.com/pinwheel:1", "images": []map[string]string{{"NAME": "python", "IMAGE": "a"}}})["software:build"]
	for file, want := range map[string]bool{"software/python.tar.gz": true, "software/python.tar.zst": true, "software/python.json": true, "software/use.sh": true, "software/builder.tar.gz": false, "software/mirror": false} {
		kept := slices.ContainsFunc(j.Artifacts.Paths, func(p string) bool {
			ok, err := path.Match(strings.ReplaceAll(p, "$NAME", "python"), file)
			must(t, err)
			return ok
		})
		if kept != want {
			t.Errorf("%s is an artifact: %v, want %v", file, kept, want)
		}
	}
}

// sha is the commit of a project's branch production.
func (p *pipeline) sha(path string) string {
	p.t.Helper()
	sha, err := p.git.SHA(path, "production")
	must(p.t, err)
	return sha
}
