package main

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

const pipelines = `image: registry.example.com/python:3.12-slim
variables: {PYTHON_OLD: "3.9"} # 3.5
tests:
  parallel:
    matrix:
      - PYTHON_VERSION: ["3.10", "3.11"]
      - PYTHON:
          - "3.13"
  script: [python3.8 -m pytest, echo 3.7]
`

// furnished is a world whose project has all that init looks for, and no configuration.
func furnished(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.project.SetCI(true)
	_, err := w.project.Push("maintainer", "main", "Furnish", map[string]string{
		"requirements/dev.txt":     "-e .\nboto3[crt]==1.34.0\n",
		"docs/notes.yml":           "boto3: yes\n",
		"pipeline/constraints.yml": "---\nvariables:\n  OTHER: x\n  PINS: |\n    boto3==1.34.0\n    urllib3==2.1.0\n    -c other.txt\n",
		".gitlab-ci.yml":           pipelines,
		"renovate.json":            "{}",
		"pyproject.toml":           "[project]\nname = \"a\"\nrequires-python = \">=3.12\"\n",
	})
	must(t, err)
	t.Chdir(t.TempDir())
	return w
}

func (w *world) indexAddress() string { return strings.Split(w.read("pinwheel.yaml"), "\"")[3] }

func TestInitByFlags(t *testing.T) {
	w := furnished(t)
	out := w.path("new.yaml")
	args := []string{"init", w.gitlab.BaseURL() + "/group/project/-/tree/main", "--index", w.indexAddress(), "--out", out, "--timezone", "Europe/Prague", "--at", friday}
	code, printed, said := w.pinwheel(append(args, "--propose")...)
	w.want(code, exitDone, said+printed)
	has(t, printed,
		"found    constraints.txt: 2 pins", "found    requirements/dev.txt: 1 pin", "found    pipeline/constraints.yml repeats them at variables.PINS, as block",
		"found    Python 3.9, 3.10, 3.11, 3.12, 3.13 in .gitlab-ci.yml", "found    renovate.json: pinwheel import --project group/project",
		"hint     group/project has pipelines: with --batch weekly", "written  "+out, "warning  token: of pinwheel-bot", "the token's user is a Developer",
		"2 pins, 1 current, 1 behind", "boto3    1.34.0  1.35.0", "proposed "+w.gitlab.BaseURL()+"/group/project/-/merge_requests/1 adds .gitlab/pinwheel.yaml",
		"next     keep the token in PINWHEEL_GITLAB_TOKEN, then pinwheel run --config "+out)
	keys := `files:
  - path: "constraints.txt"
    derived: {path: "pipeline/constraints.yml", format: block, key: ["variables", "PINS"]}
timezone: "Europe/Prague"
python: ["3.9", "3.10", "3.11", "3.12", "3.13"] # as .gitlab-ci.yml says
`
	has(t, w.read("new.yaml"), "  - path: \"group/project\"\n    "+strings.TrimSpace(strings.ReplaceAll(keys, "\n", "\n    "))+"\n", "  url: \""+w.gitlab.BaseURL()+"\"\n")
	if strings.Contains(w.read("new.yaml"), w.env["PINWHEEL_GITLAB_TOKEN"]) {
		t.Error("the token stands in the file")
	}
	mrs := w.project.MRs()
	if len(mrs) != 1 || mrs[0].SourceBranch != "pinwheel-onboarding" {
		t.Fatalf("%+v", mrs)
	}
	own, _ := w.project.File("pinwheel-onboarding", ".gitlab/pinwheel.yaml")
	if !strings.HasSuffix(own, keys) {
		t.Errorf("proposed:\n%s", own)
	}
	// What was written is taken as it is by every other command, and never overwritten.
	code, printed, said = w.pinwheel("validate", out)
	w.want(code, exitDone, said+printed)
	before := w.read("new.yaml")
	code, _, said = w.pinwheel(args...)
	w.want(code, exitUsage, said)
	has(t, said, "is there already")
	if w.read("new.yaml") != before {
		t.Error("the file was overwritten")
	}
}

// Without a terminal nothing is asked, and what is missing is named with its flag.
func TestInitNamesWhatIsMissing(t *testing.T) {
	w := furnished(t)
	bare := w.gitlab.AddProject("group/bare", "main", map[string]string{"README.md": "nothing", "requirements.txt": "a=1\n"})
	w.gitlab.AddMember(bare, "pinwheel-bot", gitlabsim.Developer)
	address := w.gitlab.BaseURL()
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no project":     {[]string{"init"}, exitUsage, "name the project: pinwheel init group/project"},
		"no address":     {[]string{"init", "group/project", "--gitlab", "gitlab"}, exitUsage, "--gitlab: "},
		"no index":       {[]string{"init", "group/project", "--gitlab", address, "--index", "ftp://x/"}, exitUsage, "--index: "},
		"no zone":        {[]string{"init", "group/project", "--gitlab", address, "--timezone", "Mars/Base"}, exitUsage, "--timezone: "},
		"no such":        {[]string{"init", "group/gone", "--gitlab", address}, exitStopped, "group/gone"},
		"no pins":        {[]string{"init", "group/bare", "--gitlab", address}, exitStopped, "no file of group/bare named constraints.txt or requirements.txt pins packages"},
		"no token file":  {[]string{"init", "group/project", "--gitlab", address, "--token-file", w.path("absent")}, exitUsage, "absent"},
		"too many words": {[]string{"init", "a/b", "c/d"}, exitUsage, "name one"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, said := w.pinwheel(append(tt.args, "--out", w.path("x.yaml"))...)
			w.want(code, tt.code, said+out)
			has(t, said, tt.says)
		})
	}
	delete(w.env, "PINWHEEL_GITLAB_TOKEN")
	code, _, said := w.pinwheel("init", "group/project", "--gitlab", address)
	w.want(code, exitUsage, said)
	has(t, said, "PINWHEEL_GITLAB_TOKEN")
}

// A right that is missing is said, the configuration is written all the same, and the exit
// code tells.
func TestInitChecksTheRights(t *testing.T) {
	w := furnished(t)
	w.gitlab.AddMember(w.project, "pinwheel-bot", gitlabsim.Reporter)
	token := w.write("token", w.env["PINWHEEL_GITLAB_TOKEN"]+"\n")
	delete(w.env, "PINWHEEL_GITLAB_TOKEN")
	code, out, said := w.pinwheel("init", "group/project", "--gitlab", w.gitlab.BaseURL(), "--index", w.indexAddress(), "--token-file", token, "--out", w.path("new.yaml"), "--pins", "requirements/dev.txt", "--batch", "all of it", "--at", friday)
	if code == exitDone {
		t.Errorf("a Reporter may do it all:\n%s%s", out, said)
	}
	has(t, out, "error    group/project: the token's user is less than a Developer")
	has(t, w.read("new.yaml"), "  - path: \"requirements/dev.txt\"\n", "batch: \"all of it\"", "token_file: \""+token+"\"")
}

func TestPythonsThatAProjectNames(t *testing.T) {
	for text, want := range map[string]string{
		pipelines:                         "3.9 3.10 3.11 3.12 3.13",
		"image: python:3\n":               "",
		"image: python:3.14\n":            "3.14",
		"image: {name: 'r/python:3.9'}\n": "3.9",
		"script: echo python:3.9x\n":      "",
		"PYTHONS: [\"3.9\",\"3.10\"]\n":   "3.9 3.10",
		"KEEP: 3.9\n":                     "",
	} {
		if got := strings.Join(pythonsOfCI(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{">=3.12": "3.12 3.13 3.14", "~=3.9, <3.11": "3.9 3.10", ">=3.9.2,<3.10": "3.9", "nonsense": "", "<3": ""} {
		if got := strings.Join(pythonsOfRequires(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
