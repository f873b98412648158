package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const renovateJSON = `{
  // what the team agreed on
  "extends": ["config:recommended", "local>group/presets"],
  "schedule": ["every weekend"],
  "timezone": "Europe/Prague",
  "packageRules": [{"matchPackageNames": ["boto3", "botocore"], "groupName": "aws"}],
}
`

func TestImportReadsTheFileThatIsHere(t *testing.T) {
	w := newWorld(t)
	t.Chdir(w.dir)
	code, _, said := w.pinwheel("import")
	w.want(code, exitUsage, said)
	has(t, said, "there is no configuration of Renovate here")

	if err := os.MkdirAll(filepath.Join(w.dir, ".gitlab"), 0o750); err != nil {
		t.Fatal(err)
	}
	w.write(".gitlab/renovate.json5", renovateJSON)
	w.write("package.json", `{"name": "has no such key"}`)
	code, out, said := w.pinwheel("import")
	w.want(code, exitDone, said)
	has(t, out, "timezone: Europe/Prague\n", "window: \"* * * * SAT,SUN\"\n", "- {packages: [boto3, botocore], group: aws}\n")
	has(t, said, ".gitlab/renovate.json5:3", "--preset 'local>group/presets=FILE'", "1 key refused")

	code, _, said = w.pinwheel("import", "--check")
	w.want(code, exitFailed, said)
	code, out, said = w.pinwheel("import", "--check", "--preset", "local>group/presets="+w.write("presets.json", `{"labels": ["pins"]}`))
	w.want(code, exitDone, said)
	has(t, out, "labels: [pins]\n")

	own := w.write("own.yaml", out)
	code, _, said = w.pinwheel("validate", "--own", own)
	w.want(code, exitDone, said)
}

func TestImportPrintsJSON(t *testing.T) {
	w := newWorld(t)
	code, out, said := w.pinwheel("import", "--json", w.write("renovate.json", `{"labels": ["pins"], "osvVulnerabilityAlerts": true}`))
	w.want(code, exitDone, said)
	var got importOut
	if err := json.Unmarshal([]byte(out), &got); err != nil || said != "" {
		t.Fatalf("%v: %s%s", err, out, said)
	}
	if !strings.Contains(got.Own, "labels: [pins]\n") || got.Lines[0].Key != "labels" || got.Lines[0].Verdict != "kept" || got.Lines[1].Verdict != "refused" {
		t.Errorf("%+v", got)
	}
}

func TestImportNamesMistakes(t *testing.T) {
	w := newWorld(t)
	file := w.write("renovate.json", "{\n\"labels\": [\n")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"import", file}, "renovate.json:3: the text ends"},
		{[]string{"import", "absent.json"}, "absent.json cannot be read"},
		{[]string{"import", file, file}, "import reads one configuration"},
		{[]string{"import", "--project", "group/project", file}, "import reads one configuration"},
		{[]string{"import", "--preset", "local>a/b", file}, "write NAME=FILE"},
		{[]string{"import", "--preset", "local>a/b=absent.json", file}, "absent.json cannot be read"},
	} {
		code, _, said := w.pinwheel(tt.args...)
		w.want(code, exitUsage, said)
		has(t, said, tt.want)
	}
}

// With --project the file and the presets of the same GitLab are read there.
func TestImportReadsAProjectOnGitLab(t *testing.T) {
	w := newWorld(t)
	code, _, said := w.configured("import", "--project", "group/project")
	w.want(code, exitFailed, said)
	has(t, said, "group/project has no configuration of Renovate on main")

	if _, err := w.project.Push("maintainer", "main", "Renovate", map[string]string{"renovate.json": strings.Replace(renovateJSON, "group/presets", "group/project:python#main", 1), "python.json": `{labels: ["pins"]}`}); err != nil {
		t.Fatal(err)
	}
	code, out, said := w.configured("import", "--check", "--project", "group/project")
	w.want(code, exitDone, said)
	has(t, out, "labels: [pins]\n", "group: aws")
	has(t, said, "local>group/project:python#main:1")
}
