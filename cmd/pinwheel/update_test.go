package main

import (
	"strings"
	"testing"
)

const paired = `
alpha 1.0 2023-12-13 requires="beta==1.0"
alpha 2.0 2024-08-01 requires="beta==2.0"
beta 1.0 2023-12-13
beta 2.0 2024-08-01
stuck 1.0 2023-12-13 requires="lone<2"
lone 1.0 2023-12-13
lone 1.1 2024-08-01
lone 2.0 2024-08-01
young 1.0 2023-12-13
young 1.1 2026-01-01
`

func TestUpdateMovesPinsOnDisk(t *testing.T) {
	const before = "# known good\nalpha==1.0\nbeta==1.0\nlone==1.0   # an old friend\nstuck==1.0\nyoung==1.0\n"
	for name, tt := range map[string]struct {
		packages []string
		after    string
		says     []string
	}{
		"all":                             {nil, "# known good\nalpha==2.0\nbeta==2.0\nlone==1.1   # an old friend\nstuck==1.0\nyoung==1.0\n", []string{"moved", "maturing", "Then it joins the next update."}},
		"one alone":                       {[]string{"Lone"}, "# known good\nalpha==1.0\nbeta==1.0\nlone==1.1   # an old friend\nstuck==1.0\nyoung==1.0\n", nil},
		"one with what it needs":          {[]string{"alpha"}, "# known good\nalpha==2.0\nbeta==2.0\nlone==1.0   # an old friend\nstuck==1.0\nyoung==1.0\n", nil},
		"one that another one names":      {[]string{"beta"}, "# known good\nalpha==2.0\nbeta==2.0\nlone==1.0   # an old friend\nstuck==1.0\nyoung==1.0\n", nil},
		"one that is too young":           {[]string{"young"}, before, []string{"nothing to move", "maturing", "old enough on"}},
		"one that is at its newest":       {[]string{"stuck"}, before, []string{"nothing to move"}},
		"one that is too young and a pin": {[]string{"young", "lone"}, "# known good\nalpha==1.0\nbeta==1.0\nlone==1.1   # an old friend\nstuck==1.0\nyoung==1.0\n", []string{"maturing"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.index.Load(paired); err != nil {
				t.Fatal(err)
			}
			w.edit("timezone: Europe/Prague", "timezone: Europe/Prague, window: \"* * 1 1 *\", max_open_merge_requests: 1, rules: [{packages: [lone], approval: true, window: \"* * 2 2 *\"}]")
			if name == "all" {
				w.edit(", approval: true", "")
				w.edit("rules: [{packages: [lone], ", "rules: [{packages: [lone], labels: [a], ")
			}
			file := w.write("constraints.txt", before)
			twin := w.write("twin.yml", "variables:\n  PYTHON_CONSTRAINTS: |\n    "+strings.ReplaceAll(strings.TrimSuffix(before, "\n"), "\n", "\n    ")+"\n")
			args := append([]string{"update", "--file", file, "--derived", twin, "--at", friday}, tt.packages...)
			code, out, said := w.configured(args...)
			w.want(code, exitDone, said)
			if got := w.read("constraints.txt"); got != tt.after {
				t.Errorf("%swant\n%s\n%s", got, tt.after, out)
			}
			code, _, said = w.pinwheel("derive", "--check", file, twin)
			w.want(code, exitDone, said)
			has(t, out, tt.says...)
			code, out, said = w.configured(args...)
			w.want(code, exitDone, said)
			has(t, out, "nothing to move")
			if n := len(w.gitlab.Requests()); n != 0 {
				t.Errorf("%d requests to GitLab, want none", n)
			}
		})
	}
}

func TestUpdateNamesMistakes(t *testing.T) {
	w := newWorld(t)
	file := w.write("constraints.txt", pins)
	for want, args := range map[string][]string{
		"name it with --file":     {"update"},
		"pins no django":          {"update", "--file", file, "django"},
		"is not a package's name": {"update", "--file", file, "a b"},
		"absent.txt cannot be":    {"update", "--file", w.path("absent.txt")},
	} {
		code, _, said := w.configured(args...)
		w.want(code, exitUsage, said)
		has(t, said, want)
	}
	broken := w.write("broken.txt", "boto3==\n")
	code, _, said := w.configured("update", "--file", broken)
	w.want(code, exitStopped, said)
	if got := w.read("broken.txt"); got != "boto3==\n" {
		t.Errorf("a broken file was changed: %q", got)
	}
}
