package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestErrorsAreCollectedWithTheirLines(t *testing.T) {
	_, err := Parse("pinwheel.yaml", []byte(`gitlab: {url: "http://gitlab.example.com"}
stroe: a.db
projects:
  - path: g/p
    minimumReleaseAge: 3d
    window: "* * * * SAT,SUN"
  - path: G/P
    timezone: Mars/Olympus
    mode: full
    mode: off
    files: [{path: a.txt}, {path: a.txt}]
    labels:
`))
	want := `pinwheel.yaml:1: gitlab.url: http sends everything unencrypted: write https, or set allow_http: true beside it
pinwheel.yaml:2: stroe: unknown key, did you mean store?
pinwheel.yaml:5: projects[0].minimumReleaseAge: unknown key, did you mean minimum_release_age?
pinwheel.yaml:6: projects[0].timezone: a window needs a time zone: add timezone, such as Europe/Prague or UTC
pinwheel.yaml:7: projects[1].path: G/P is a project of this file already, at line 4: keep one of the two
pinwheel.yaml:8: projects[1].timezone: "Mars/Olympus" is not a time zone: write a name such as Europe/Prague or UTC
pinwheel.yaml:10: projects[1].mode: the key is there already, at line 9: keep one of the two
pinwheel.yaml:11: projects[1].files[1].path: a.txt is a file of this project already, at line 11: keep one of the two
pinwheel.yaml:12: projects[1].labels: the key has no value: give it one or remove the line`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	var first Error
	if !errors.As(err, &first) || first.Line != 1 || first.Key != "gitlab.url" {
		t.Errorf("the first error is %+v", first)
	}
}

func TestDefaultsWindowWithoutZoneIsSaidOnce(t *testing.T) {
	_, err := Parse("c", []byte("defaults: {window: \"* 1 * * *\"}\nprojects: [{path: g/a}, {path: g/b}, {path: g/c, timezone: UTC}]"))
	if err == nil || strings.Count(err.Error(), "\n") != 0 || !strings.Contains(err.Error(), "c:1: projects[0].timezone") {
		t.Errorf("%v", err)
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "absent.yaml"): "absent.yaml: the configuration cannot be read: no such file or directory; check the name",
		dir:                               "it is a folder",
		write("large", strings.Repeat("#", maxSize+1)): "larger than 1 MiB",
		write("empty", ""):                      "the file is empty; the smallest configuration is:\nprojects:",
		write("comment", "# nothing\n"):         "the file is empty",
		write("latin1", "# caf\xe9"):            "not UTF-8",
		write("scalar", "hello"):                "scalar:1: the file has no keys",
		write("dashes", "---\n"):                "the file has no keys",
		write("open", "a: [1\nb: 2"):            "open:2: this is not YAML: a bracket is not closed",
		write("tab", "gitlab:\n\turl: x"):       "tab:2: this is not YAML",
		write("anchor", "a: *x"):                "anchor:1: this is not YAML: an alias names an anchor",
		write("two", "projects: []\n---\nb: 2"): "two:2: a second document starts here",
		write("nul", "a: x\x00y"):               "nul: this is not YAML: a control character",
	} {
		_, err := Load(path)
		var all Errors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant it to mention %q", path, err, want)
		}
	}
	if c, err := Load(write("good", full)); err != nil || len(c.Projects) != 2 {
		t.Errorf("%v", err)
	}
}

func TestAliasesAreRead(t *testing.T) {
	c := parsed(t, "projects:\n  - {path: g/a, files: &f [{path: a.txt}]}\n  - {path: g/b, files: *f}")
	if c.Projects[1].Policy.Files[0].Path != "a.txt" {
		t.Errorf("%+v", c.Projects[1])
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	for _, s := range valid {
		f.Add([]byte(s))
	}
	for s := range invalid {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("c", data)
		var all Errors
		if (c == nil) == (err == nil) || err != nil && (!errors.As(err, &all) || len(all) == 0) {
			t.Errorf("%v and %v", c, err)
		}
		alone := bytes.Contains(data, []byte("software")) || bytes.Contains(data, []byte("discover")) // which need no projects
		if c != nil && (len(c.Projects) == 0 && !alone || len(c.Indexes) == 0) {
			t.Errorf("%+v lacks something", *c)
		}
	})
}
