package main

import (
	"os"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// Every mistake is one sentence, with the code that says who has to act, and
// nothing is half done.
func TestBadInput(t *testing.T) {
	tests := []struct {
		name  string
		setup func(t *testing.T, w *world)
		args  []string // CONFIG and FILE stand for the paths
		code  int
		says  []string
		lines int // on stderr, 1 if 0
	}{
		{name: "no command like it", args: []string{"rnu"}, code: exitUsage, says: []string{"did you mean pinwheel run?"}},
		{name: "no command at all like it", args: []string{"frobnicate"}, code: exitUsage, says: []string{"pinwheel help lists"}},
		{name: "unknown flag", args: []string{"run", "--frob"}, code: exitUsage, says: []string{"-frob", "pinwheel help run"}},
		{name: "a flag without its value", args: []string{"run", "--at"}, code: exitUsage, says: []string{"at"}},
		{name: "no time", args: []string{"run", "--config", "CONFIG", "--at", "saturday"}, code: exitUsage, says: []string{`--at "saturday" is not a time`}},
		{name: "no configuration", args: []string{"run", "--config", "FILE.absent"}, code: exitUsage, says: []string{"cannot be read: no such file"}},
		{name: "no default configuration", args: []string{"plan"}, code: exitUsage, says: []string{"--file constraints.txt"}},
		{
			name: "configuration is a folder", args: []string{"run", "--config", "CONFIG"}, code: exitUsage, says: []string{"it is a folder"},
			setup: func(t *testing.T, w *world) {
				must(t, os.Remove(w.path("pinwheel.yaml")))
				must(t, os.Mkdir(w.path("pinwheel.yaml"), 0o700))
			},
		},
		{
			name: "configuration is garbage", args: []string{"run", "--config", "CONFIG"}, code: exitUsage, says: []string{"pinwheel.yaml:"},
			setup: func(_ *testing.T, w *world) { w.write("pinwheel.yaml", "{{{") },
		},
		{name: "a project that is not in the configuration", args: []string{"run", "group/other", "--config", "CONFIG"}, code: exitUsage, says: []string{`no project "group/other"; it has group/project`}},
		{
			name: "a project that GitLab does not know", args: []string{"run", "--config", "CONFIG"}, code: exitStopped, says: []string{"there is no such project"},
			setup: func(_ *testing.T, w *world) { w.project.SetRole("pinwheel-bot", gitlabsim.NoAccess) },
		},
		{
			name: "no token", args: []string{"run", "--config", "CONFIG"}, code: exitUsage, says: []string{"no GitLab token: set PINWHEEL_GITLAB_TOKEN"},
			setup: func(_ *testing.T, w *world) { w.env = nil },
		},
		{
			name: "wrong token", args: []string{"run", "--config", "CONFIG"}, code: exitStopped, says: []string{"does not accept the token"},
			setup: func(_ *testing.T, w *world) { w.env["PINWHEEL_GITLAB_TOKEN"] = "glpat-wrong" },
		},
		{
			name: "wrong token, plan", args: []string{"plan", "--config", "CONFIG"}, code: exitStopped, says: []string{"does not accept the token"},
			setup: func(_ *testing.T, w *world) { w.env["PINWHEEL_GITLAB_TOKEN"] = "glpat-wrong" },
		},
		{
			name: "a token that may only read", args: []string{"run", "--config", "CONFIG"}, code: exitStopped, says: []string{"scope api", "/-/settings/access_tokens"},
			setup: func(_ *testing.T, w *world) {
				w.env["PINWHEEL_GITLAB_TOKEN"] = w.gitlab.Token("pinwheel-bot", "read_api")
			},
		},
		{
			name: "not a GitLab", args: []string{"run", "--config", "CONFIG"}, code: exitFailed, says: []string{"a page of HTML came", "gitlab.url"},
			setup: func(t *testing.T, w *world) { must(t, w.gitlab.Inject("* * html always")) },
		},
		{
			name: "another place", args: []string{"run", "--config", "CONFIG"}, code: exitFailed, says: []string{"which is not followed"},
			setup: func(t *testing.T, w *world) { must(t, w.gitlab.Inject("* * redirect always")) },
		},
		{
			name: "no constraints file", args: []string{"run", "--config", "CONFIG"}, code: exitStopped, says: []string{"constraints.txt"},
			setup: func(t *testing.T, w *world) {
				_, err := w.project.Push("maintainer", "main", "no pins", map[string]string{"constraints.txt": gitlabsim.Gone})
				must(t, err)
			},
		},
		{
			name: "an index of HTML", args: []string{"run", "--config", "CONFIG"}, code: exitFailed, says: []string{"index"},
			setup: func(t *testing.T, w *world) { must(t, w.index.Inject("* * html always")) },
		},
		{
			name: "an index of garbage", args: []string{"plan", "--config", "CONFIG"}, code: exitFailed, says: []string{"index"},
			setup: func(t *testing.T, w *world) { must(t, w.index.Inject("* * garbage always")) },
		},
		{
			name: "an index that sends us elsewhere", args: []string{"plan", "--file", "FILE", "--config", "CONFIG"}, code: exitFailed, says: []string{"index"},
			setup: func(t *testing.T, w *world) { must(t, w.index.Inject("* * redirect always")) },
		},
		{name: "a file that is absent", args: []string{"plan", "--file", "FILE.absent"}, code: exitUsage, says: []string{"cannot be read: no such file"}},
		{name: "a twin without a file", args: []string{"plan", "--derived", "FILE"}, code: exitUsage, says: []string{"--derived needs --file"}},
		{name: "two outputs", args: []string{"plan", "--json", "--dashboard"}, code: exitUsage, says: []string{"exclude each other"}},
		{name: "explain nothing", args: []string{"explain"}, code: exitUsage, says: []string{"pinwheel explain boto3"}},
		{name: "explain what is not pinned", args: []string{"explain", "flask", "--config", "CONFIG"}, code: exitUsage, says: []string{"no file pins flask"}},
		{name: "explain no name", args: []string{"explain", "a b"}, code: exitUsage, says: []string{"not the name of a package"}},
		{name: "derive what is absent", args: []string{"derive", "FILE.absent", "FILE.yml"}, code: exitUsage, says: []string{"cannot be read: no such file"}},
		{name: "derive into a folder that is absent", args: []string{"derive", "FILE", "FILE.absent/twin.yml"}, code: exitFailed, says: []string{"cannot be written"}},
		{name: "derive one file", args: []string{"derive", "FILE"}, code: exitUsage, says: []string{"pinwheel derive constraints.txt"}},
		{name: "derive another shape", args: []string{"derive", "FILE", "FILE.yml", "--format", "xml"}, code: exitUsage, says: []string{"block, list or map"}},
		{
			name: "derive from a malformed file", args: []string{"derive", "FILE", "FILE.yml"}, code: exitStopped, says: []string{"constraints.txt:1: "},
			setup: func(_ *testing.T, w *world) { w.write("constraints.txt", "boto3 = 1\n") },
		},
		{
			name: "derive into a file without the key", args: []string{"derive", "FILE", "FILE.yml"}, code: exitStopped, says: []string{"no key variables.PYTHON_CONSTRAINTS"},
			setup: func(_ *testing.T, w *world) { w.write("constraints.txt.yml", "other: 1\n") },
		},
		{
			name: "a store that is none", args: []string{"run", "--config", "CONFIG"}, code: exitUsage, says: []string{"pinwheel.db"},
			setup: func(_ *testing.T, w *world) { w.write("pinwheel.db", strings.Repeat("no database ", 1000)) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.write("constraints.txt", pins)
			if tt.setup != nil {
				tt.setup(t, w)
			}
			replace := strings.NewReplacer("CONFIG", w.path("pinwheel.yaml"), "FILE", w.path("constraints.txt"))
			var args []string
			for _, a := range tt.args {
				args = append(args, replace.Replace(a))
			}
			code, _, complaints := w.pinwheel(args...)
			w.want(code, tt.code, complaints)
			has(t, complaints, tt.says...)
			lines := 0
			for line := range strings.Lines(complaints) {
				if !strings.HasPrefix(line, `{"time"`) {
					lines++
				}
			}
			if lines != max(tt.lines, 1) {
				t.Errorf("%d lines on stderr:\n%s", lines, complaints)
			}
			if n := len(w.project.MRs()); n > 0 {
				t.Errorf("%d merge requests were opened", n)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
