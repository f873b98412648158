package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder makes a folder of its own in the world's, with a configuration for its index.
func (w *world) folder(t *testing.T, name, config string) string {
	t.Helper()
	dir := filepath.Join(w.dir, name)
	must(t, os.MkdirAll(filepath.Join(dir, "ci"), 0o700))
	must(t, os.MkdirAll(filepath.Join(dir, ".gitlab"), 0o700))
	head := strings.Join(strings.Split(w.read("pinwheel.yaml"), "\n")[:2], "\n") + "\n"
	w.write(filepath.Join(name, "constraints.txt"), pins)
	w.write(filepath.Join(name, "ci", "pins.yml"), "x:\n  pins:\n    - boto3==1.34.0\n    - urllib3==2.1.0\n    - -c other.txt\n")
	if strings.HasPrefix(config, "own:") {
		w.write(filepath.Join(name, config[4:strings.Index(config, "\n")]), config[strings.Index(config, "\n")+1:])
		w.env["PIP_INDEX_URL"] = strings.Split(head, "\"")[3]
		return dir
	}
	w.write(filepath.Join(name, "pinwheel.yaml"), strings.Replace(config, "INDEX\n", head, 1))
	return dir
}

const derived = "files: [{path: constraints.txt, derived: {path: ci/pins.yml, format: list, key: [x, pins]}}]"

// Without --config the configuration beside the file counts: its index, its Pythons, and
// the YAML that it says is derived.
func TestTheConfigurationBesideAFileCounts(t *testing.T) {
	for name, tt := range map[string]struct {
		config, says string
		older        bool // the rule of that project counts
	}{
		"operator":         {"INDEX\nprojects: [{path: g/p, " + derived + "}]\n", "the settings are those of ", false},
		"of two the one":   {"INDEX\nprojects:\n- {path: g/q, files: [{path: q.txt}]}\n- {path: g/p, rules: [{packages: [boto3], allowed: <1.35}], " + derived + "}\n", "pinwheel.yaml", true},
		"the project's":    {"own:.gitlab/pinwheel.yaml\n" + derived + "\n", ".gitlab/pinwheel.yaml", false},
		"above, a project": {"own:.gitlab/pinwheel.yaml\nfiles: [{path: ci/constraints.txt, derived: {path: ci/pins.yml, format: list, key: [x, pins]}}]\n", ".gitlab/pinwheel.yaml", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			dir := w.folder(t, "checkout", tt.config)
			file := filepath.Join(dir, "constraints.txt")
			if strings.HasPrefix(name, "above") {
				must(t, os.Mkdir(filepath.Join(dir, ".git"), 0o700))
				file = filepath.Join(dir, "ci", "constraints.txt")
				must(t, os.Rename(filepath.Join(dir, "constraints.txt"), file))
			}
			want := "1.35.0"
			if tt.older {
				want = "1.34.1"
			}
			code, out, said := w.pinwheel("plan", "--file", file, "--at", saturday)
			w.want(code, exitDone, said)
			has(t, said, tt.says)
			has(t, out, want)
			code, _, said = w.pinwheel("verify", "--file", file, "--at", saturday)
			w.want(code, exitDone, said)
			has(t, said, tt.says)
			code, out, said = w.pinwheel("update", "--file", file, "--at", saturday)
			w.want(code, exitDone, said)
			has(t, out, file+" written", filepath.Join(dir, "ci", "pins.yml")+" written")
			for _, f := range []string{file, filepath.Join(dir, "ci", "pins.yml")} {
				data, err := os.ReadFile(f)
				must(t, err)
				has(t, string(data), "boto3=="+want)
			}
		})
	}
}

// A rule for files holds for a file on disk by its path in the repository, wherever the command is
// called and however the file is named.
func TestRulesForFilesHoldOnDisk(t *testing.T) {
	rules := "rules: [{packages: [boto3], files: [FILES], allowed: <1.35}]"
	for name, tt := range map[string]struct {
		config, files string
		checkout      bool
		want          string
	}{
		"an entry":               {"INDEX\nprojects: [{path: g/p, " + derived + ", RULES}]\n", "constraints.txt", false, "1.34.1"},
		"another file":           {"INDEX\nprojects: [{path: g/p, " + derived + ", RULES}]\n", "other/*.txt", false, "1.35.0"},
		"the project's own":      {"own:.gitlab/pinwheel.yaml\nRULES\n", "constraints.txt", false, "1.34.1"},
		"in a checkout":          {"own:.gitlab/pinwheel.yaml\nRULES\n", "ci/*.txt", true, "1.34.1"},
		"in a checkout, another": {"own:.gitlab/pinwheel.yaml\nRULES\n", "constraints.txt", true, "1.35.0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			dir := w.folder(t, "checkout", strings.Replace(tt.config, "RULES", strings.Replace(rules, "FILES", tt.files, 1), 1))
			file := filepath.Join(dir, "constraints.txt")
			if tt.checkout {
				must(t, os.Mkdir(filepath.Join(dir, ".git"), 0o700))
				file = filepath.Join(dir, "ci", "constraints.txt")
				must(t, os.Rename(filepath.Join(dir, "constraints.txt"), file))
			}
			code, out, said := w.pinwheel("plan", "--file", file, "--at", saturday)
			w.want(code, exitDone, said)
			has(t, out, tt.want)
			code, _, said = w.pinwheel("update", "--file", file, "--at", saturday)
			w.want(code, exitDone, said)
			data, err := os.ReadFile(file)
			must(t, err)
			has(t, string(data), "boto3=="+tt.want)
		})
	}
}

// A configuration that nobody named gets no password and no token, and is not read beside
// flags; a mistake in it is told.
func TestTheConfigurationBesideAFileIsNotTrusted(t *testing.T) {
	w := newWorld(t)
	w.env["PINWHEEL_INDEX_THEIRS_PASSWORD"] = "s3cret-of-mine"
	for name, tt := range map[string]struct {
		config string
		args   []string
		code   int
		says   string
	}{
		"a password":      {"indexes: [{name: theirs, url: http://127.0.0.1:1/simple/, username: me}]\nprojects: [{path: g/p}]\n", nil, exitUsage, "index theirs needs a password, which only a configuration that you name gets: add --config "},
		"a password file": {"index: {url: http://127.0.0.1:1/simple/, username: me, password_file: /etc/passwd}\nprojects: [{path: g/p}]\n", nil, exitUsage, "needs a password"},
		"a mistake":       {"INDEX\nprojects: [{path: g/p, pyhton: ['3.9']}]\n", nil, exitUsage, "pinwheel.yaml:3: "},
		"flags":           {"{{{", []string{"--index", "http://127.0.0.1:1/simple/"}, exitFailed, "is not read, since flags stand in for a configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := w.folder(t, strings.ReplaceAll(name, " ", "-"), tt.config)
			code, out, said := w.pinwheel(append([]string{"plan", "--file", filepath.Join(dir, "constraints.txt"), "--at", saturday}, tt.args...)...)
			w.want(code, tt.code, out+said)
			has(t, said, tt.says)
		})
	}
}

// A folder whose derived file cannot be written keeps both files.
func TestUpdateWritesAllOrNothing(t *testing.T) {
	w := newWorld(t)
	dir := w.folder(t, "checkout", "INDEX\nprojects: [{path: g/p, files: [{path: constraints.txt, derived: {path: gone/away/pins.yml}}]}]\n")
	code, out, said := w.pinwheel("update", "--file", filepath.Join(dir, "constraints.txt"), "--at", saturday)
	if code == exitDone {
		t.Errorf("it wrote into a folder that is not there: %s%s", out, said)
	}
	has(t, said, "pins.yml cannot be written", "no such folder")
	if got := w.read("checkout/constraints.txt"); got != pins {
		t.Errorf("the constraints file was written all the same: %s", got)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".pinwheel-*"))
	if must(t, err); len(left) > 0 {
		t.Errorf("left behind: %s", left)
	}
}
