package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// With --json a command prints objects, one a line, that say what its text says.
func TestJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit("projects:", "enforce: {keep: [labels]}\nprojects:")
	file := w.write("constraints.txt", pins)
	bad := w.write("bad.yaml", "projcts: []\nprojects:\n  - path: group/project\n    mode: half\n")
	own := w.write("own.yaml", "labels: [a]\nmode: dashboard\n")
	conflict := w.write("conflict.txt", "boto3==1.34.0\nboto3==1.35.0\n")
	config := w.path("pinwheel.yaml")
	for _, tt := range []struct {
		args string
		code int
		says []string // parts of the first line
	}{
		{"health --config " + config, exitFailed, []string{`"project":"group/project"`, `"healthy":false`, `"within_seconds":10800`}},
		{"run --config " + config, exitDone, []string{`"project":"group/project"`, `"status":"done"`, `"exit_code":0`, `"pins":2`, `"behind":1`, `"merge_requests_open":0`, `"changes":1`, `"problems":[]`}},
		{"health --config " + config, exitDone, []string{`"healthy":true`, `"last":"2026-01-02T09:00:00Z"`}},
		{"explain boto3 --config " + config + " --file " + file, exitDone, []string{`"package":"boto3"`, `"version":"1.34.0"`, `"settings":[{"key":"window"`, `"releases":[{"version":"1.36.0"`, `"taken":true`, `"pythons":[]`}},
		{"verify --config " + config + " --file " + file, exitDone, []string{`"pins":2`, `"conflicts":0`, `"findings":[`}},
		{"verify --file " + conflict, exitFailed, []string{`"conflicts":2`, `"stopped":false`, `"kind":"conflict"`, `"line":1`, `line 2 pins it to another version`}},
		{"doctor --config " + config, exitDone, []string{`"grade":"ok"`, `"subject":"database`, `"text":"is whole"`}},
		{"version", exitDone, []string{`"version":"1.2.3"`, `"go":"go`}},
		{"validate --config " + config, exitDone, []string{`"valid":true`, `"projects":1`, `"indexes":1`}},
		{"validate " + bad, exitUsage, []string{`"valid":false`, `"errors":[{"file":"` + bad + `","line":1,"key":"projcts","text":"unknown key, did you mean projects?"}`, `"line":4`}},
		{"validate --own " + own + " group/project --config " + config, exitDone, []string{`"sets":["labels","mode"]`, `"overrides":[{"line":1,"key":"labels","text":"leaves out dependencies","kept":true}]`}},
		{"validate --own " + bad, exitUsage, []string{`"valid":false`, `"key":"projects"`}},
	} {
		code, out, complaints := w.pinwheel(append(strings.Fields(tt.args), "--json")...)
		if code != tt.code {
			t.Errorf("pinwheel %s --json: exit code %d, want %d; stderr:\n%s", tt.args, code, tt.code, complaints)
		}
		for line := range strings.Lines(out) {
			var got map[string]any
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Errorf("pinwheel %s --json: %v in %s", tt.args, err, line)
			}
		}
		first, _, _ := strings.Cut(out, "\n")
		for _, part := range tt.says {
			if !strings.Contains(first, part) {
				t.Errorf("pinwheel %s --json: %s is missing in %s", tt.args, part, first)
			}
		}
	}
}

// A flag that several commands have is the same in each: its name, its kind of value
// and its text.
func TestSharedFlagsAreTheSame(t *testing.T) {
	has := map[string][]string{}
	text := map[string]string{}
	for _, c := range (&program{}).root().Commands() {
		for _, name := range []string{configFlag, atFlag, fileFlag, jsonFlag} {
			f := c.Flags().Lookup(name)
			if f == nil {
				continue
			}
			has[name] = append(has[name], c.Name())
			says := fmt.Sprint(f.Value.Type(), f.DefValue, f.Usage)
			if before, ok := text[name]; ok && before != says {
				t.Errorf("--%s of %s is %q, elsewhere %q", name, c.Name(), says, before)
			}
			text[name] = says
		}
	}
	for name, want := range map[string][]string{
		configFlag: {"adopt", "audit", "bot", "deploy", "doctor", "explain", "gates", "health", "history", "hold", "hooks", "import", "pause", "plan", "release", "releases", "resume", "rollback", "run", "serve", "store", "update", "validate", "verify"},
		atFlag:     {"adopt", "bot", "doctor", "explain", "gates", "health", "init", "pause", "plan", "run", "update", "verify"},
		fileFlag:   {"explain", "plan", "update", "verify"},
		jsonFlag:   {"adopt", "audit", "bot", "deploy", "doctor", "explain", "gates", "health", "history", "hold", "hooks", "import", "pause", "plan", "release", "releases", "resume", "rollback", "run", "validate", "verify", "version"},
	} {
		slices.Sort(has[name])
		if !slices.Equal(has[name], want) {
			t.Errorf("--%s is a flag of %v, want %v", name, has[name], want)
		}
	}
}
