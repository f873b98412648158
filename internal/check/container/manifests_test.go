package container

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// documents reads a YAML file of several documents.
func documents(t *testing.T, path string) []map[string]any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testenv.Root(t), path))
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var one map[string]any
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, one)
	}
}

// at walks down mappings and lists.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// The manifests run the image as the Dockerfile means it: its user, a root that
// cannot be written to, the two folders that can, the token from a secret.
func TestManifests(t *testing.T) {
	uid := int(read(t).uid)
	for file, down := range map[string][]any{
		"contrib/kubernetes/cronjob.yaml":    {"spec", "jobTemplate", "spec", "template", "spec"},
		"contrib/kubernetes/deployment.yaml": {"spec", "template", "spec"},
		"contrib/kubernetes/fleet.yaml":      {"spec", "template", "spec"},
	} {
		doc := documents(t, file)[0]
		pod := at(doc, down...)
		main := at(pod, "containers", 0)
		for _, c := range []struct {
			what string
			got  any
			want any
		}{
			{"user", at(pod, "securityContext", "runAsUser"), uid},
			{"root", at(main, "securityContext", "readOnlyRootFilesystem"), true},
			{"escalation", at(main, "securityContext", "allowPrivilegeEscalation"), false},
			{"capabilities", at(main, "securityContext", "capabilities", "drop", 0), "ALL"},
			{"token", at(main, "env", 0, "name"), "PINWHEEL_GITLAB_TOKEN"},
			{"secret", at(main, "env", 0, "valueFrom", "secretKeyRef", "name"), "pinwheel"},
			{"database", at(main, "volumeMounts", 0, "mountPath"), "/data"},
			{"scratch", at(main, "volumeMounts", 1, "mountPath"), "/tmp"},
		} {
			if file == "contrib/kubernetes/fleet.yaml" && (c.what == "database" || c.what == "scratch") {
				continue // it has no file
			}
			if c.got != c.want {
				t.Errorf("%s: %s is %v, want %v", file, c.what, c.got, c.want)
			}
		}
		if file == "contrib/kubernetes/cronjob.yaml" && at(doc, "spec", "concurrencyPolicy") != "Forbid" {
			t.Error("two jobs may run at a time")
		}
		if file == "contrib/kubernetes/deployment.yaml" && (at(doc, "spec", "strategy", "type") != "Recreate" || at(doc, "spec", "replicas") != 1) {
			t.Error("two daemons may run at a time")
		}
	}
}

// The project's own pipeline has a job for each step of .ci/run, but for the one
// that installs what the others need.
func TestThePipelineRunsEveryStep(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), filepath.Join(testenv.Root(t), ".ci", "run"), "-l").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for step := range strings.FieldsSeq(string(out)) {
		if step != "tools" {
			want = append(want, step)
		}
	}
	steps, _ := at(documents(t, ".gitlab-ci.yml")[0], "step", "parallel", "matrix", 0, "STEP").([]any)
	for _, step := range steps {
		got = append(got, fmt.Sprint(step))
	}
	if !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("jobs for %v, want %v", got, want)
	}
}

var input = regexp.MustCompile(`\$\[\[ inputs\.(\w+) \]\]`)

// The components name inputs that they declare, run one at a time, and their
// commands are ones that pinwheel has.
func TestComponents(t *testing.T) {
	testenv.Unraced(t, "the program that it starts is built without it")
	i := read(t)
	program := i.program(t)
	for _, file := range []string{"templates/run.yml", "templates/gate.yml", "templates/deploy.yml"} {
		docs := documents(t, file)
		if len(docs) != 2 {
			t.Fatalf("%s: %d documents", file, len(docs))
		}
		inputs, _ := at(docs[0], "spec", "inputs").(map[string]any)
		text, err := yaml.Dump(docs[1])
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range input.FindAllStringSubmatch(string(text), -1) {
			if _, ok := inputs[m[1]]; !ok {
				t.Errorf("%s: input %s is not declared", file, m[1])
			}
		}
		for name, job := range docs[1] {
			lines, _ := at(job, "script").([]any)
			for _, line := range lines {
				script(t, file+" "+name, program, inputs, line.(string))
			}
		}
	}
	if at(documents(t, "templates/run.yml")[1], "pinwheel", "resource_group") != "pinwheel" {
		t.Error("two scheduled pipelines may run at a time")
	}
	cached := fmt.Sprint(at(documents(t, "templates/run.yml")[1], "pinwheel", "cache", "paths"))
	if cached != "[$[[ inputs.database ]] $[[ inputs.database ]]-wal]" {
		t.Errorf("what a run wrote last stands beside the database, in its -wal, and is not cached: %s", cached)
	}
	for _, job := range []string{"constraints", "constraints:pip"} {
		rules := fmt.Sprint(at(documents(t, "templates/gate.yml")[1], job, "rules"))
		if !strings.Contains(rules, "if:$[[ inputs.rule ]]") {
			t.Errorf("a project with branch pipelines cannot say when %s runs: %s", job, rules)
		}
	}
}

// script tries a line of a job: derive --check as it is, of the others the
// command and its flags.
func script(t *testing.T, where, program string, inputs map[string]any, line string) {
	t.Helper()
	line = input.ReplaceAllStringFunc(line, func(s string) string {
		d, _ := at(inputs[input.FindStringSubmatch(s)[1]], "default").(string)
		return d
	})
	words := strings.Fields(line)
	if strings.HasPrefix(line, "python -m pip install --dry-run --constraint constraints.txt ") {
		return
	}
	if filepath.Base(words[0]) != "pinwheel" {
		t.Errorf("%s: what is %q?", where, line)
		return
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "pipeline"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "constraints.txt"), []byte("six==1.17.0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if slices.Contains(words, "--check") {
		if out, err := run(words[1:]...); err == nil {
			t.Errorf("%s: %q finds nothing wrong with no file: %s", where, line, out)
		}
		if out, err := run("derive", "constraints.txt", "pipeline/constraints.yml"); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if out, err := run(words[1:]...); err != nil {
			t.Errorf("%s: %q: %v\n%s", where, line, err, out)
		}
		return
	}
	manual, err := run("help", words[1])
	if err != nil {
		t.Errorf("%s: there is no command %s", where, words[1])
	}
	for _, w := range words[2:] {
		if strings.HasPrefix(w, "--") && !strings.Contains(manual, w) {
			t.Errorf("%s: %s has no flag %s", where, words[1], w)
		}
	}
}
