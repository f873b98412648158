package pypisim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

const sample = `
# A small world; brackets are as in the documentation.
acme 1.0 2026-01-01T10:00Z py>=3.8
acme 1.1 2026-01-03 [py>=3.9] files=cp312-cp312-manylinux_2_17_x86_64,sdist made-up  # a comment
file acme 1.1 2026-01-05T00:00:00Z cp313-cp313-manylinux_2_17_x86_64
acme 0.9 2026-01-02T00:00Z yanked="never meant"
empty 1.0 2026-01-01 files=none
project shut status=quarantined reason="it phones home"
shut 1.0 2026-01-01
project plain no-upload-times no-hashes no-versions no-serials
plain 1.0 2026-01-01
yank acme 1.0 2026-01-06T00:00Z "too old"
remove acme 0.9 2026-01-07T00:00Z
status acme archived 2026-01-08T00:00Z "moved"
remove acme * 2026-01-09T00:00Z
-- recorded.json --
{"meta": {"api-version": "1.0"}, "files": []}
-- more.world --
late 1.0 2026-02-01
`

func summary(t *testing.T, page []byte) string {
	t.Helper()
	if page == nil {
		return "unknown"
	}
	var p jsonPage
	if err := json.Unmarshal(page, &p); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range p.Files {
		word := f.Filename
		if f.Python != nil {
			word += " py" + *f.Python
		}
		if f.Yanked != false {
			word += fmt.Sprintf(" yanked=%v", f.Yanked)
		}
		out = append(out, word)
	}
	status := ""
	if p.Status != nil {
		status = p.Status.Status + ":" + p.Status.Reason
	}
	return fmt.Sprintf("%v %s %s", p.Versions, status, strings.Join(out, " "))
}

func TestWorld(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	if err := s.Load(sample); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ at, name, want string }{
		{"2026-01-01T00:00Z", "acme", "unknown"},
		{"2026-01-01T10:00Z", "Acme", "[1.0] active: acme-1.0-py3-none-any.whl py>=3.8 acme-1.0.tar.gz py>=3.8"},
		{"2026-01-02T00:00Z", "acme", "[0.9 1.0] active: acme-0.9-py3-none-any.whl yanked=never meant acme-0.9.tar.gz yanked=never meant acme-1.0-py3-none-any.whl py>=3.8 acme-1.0.tar.gz py>=3.8"},
		{"2026-01-07T00:00Z", "acme", "[1.0 1.1] active: acme-1.0-py3-none-any.whl py>=3.8 yanked=too old acme-1.0.tar.gz py>=3.8 yanked=too old acme-1.1-cp312-cp312-manylinux_2_17_x86_64.whl py>=3.9 acme-1.1-cp313-cp313-manylinux_2_17_x86_64.whl acme-1.1.tar.gz py>=3.9"},
		{"2026-01-08T00:00Z", "acme", "[1.0 1.1] archived:moved acme-1.0-py3-none-any.whl py>=3.8 yanked=too old acme-1.0.tar.gz py>=3.8 yanked=too old acme-1.1-cp312-cp312-manylinux_2_17_x86_64.whl py>=3.9 acme-1.1-cp313-cp313-manylinux_2_17_x86_64.whl acme-1.1.tar.gz py>=3.9"},
		{"2026-01-09T00:00Z", "acme", "unknown"},
		{"2026-01-09T00:00Z", "empty", "[1.0] active: "},
		{"2026-01-09T00:00Z", "shut", "[] quarantined:it phones home "},
		{"2026-01-09T00:00Z", "plain", "[] active: plain-1.0-py3-none-any.whl plain-1.0.tar.gz"},
		{"2026-01-09T00:00Z", "recorded", "[]  "},
		{"2026-01-09T00:00Z", "late", "unknown"},
		{"2026-02-01T00:00Z", "late", "[1.0] active: late-1.0-py3-none-any.whl late-1.0.tar.gz"},
	} {
		at, err := parseTime(c.at)
		if err != nil {
			t.Fatal(err)
		}
		now = at
		if got := summary(t, s.Page(c.name)); got != c.want {
			t.Errorf("%s at %s:\nhave %s\nwant %s", c.name, c.at, got, c.want)
		}
	}
	plain := string(s.Page("plain"))
	for _, absent := range []string{"upload-time", "sha256", `"versions"`, "_last-serial"} {
		if strings.Contains(plain, absent) {
			t.Errorf("plain has %s", absent)
		}
	}
}

func TestMutators(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	steps := []struct {
		do   func()
		want string
	}{
		{func() { s.Release("Acme", "1.0") }, "[1.0] active: acme-1.0-py3-none-any.whl acme-1.0.tar.gz"},
		{func() { s.Yank("acme", "1.0", "") }, "[1.0] active: acme-1.0-py3-none-any.whl yanked=true acme-1.0.tar.gz yanked=true"},
		{func() { s.Quarantine("acme", "bad") }, "[] quarantined:bad "},
		{func() { s.SetStatus("acme", "active", "") }, "[1.0] active: acme-1.0-py3-none-any.whl yanked=true acme-1.0.tar.gz yanked=true"},
		{func() { s.Remove("acme", "1.0") }, "[] active: "},
		{func() { s.Remove("acme", "*") }, "unknown"},
		{func() { _ = s.Add("acme 2.0 2026-01-01") }, "unknown"}, // older than the removal
		{func() { s.Release("acme", "2.0") }, "[2.0] active: acme-2.0-py3-none-any.whl acme-2.0.tar.gz"},
	}
	for i, step := range steps {
		now = now.Add(time.Hour)
		step.do()
		if got := summary(t, s.Page("acme")); got != step.want {
			t.Errorf("step %d:\nhave %s\nwant %s", i, got, step.want)
		}
	}
}

func TestBadWorlds(t *testing.T) {
	for line, want := range map[string]string{
		"acme 1.0":                           "world:1: want NAME VERSION TIME",
		"acme 1.0 tomorrow":                  "is no time",
		"acme 1.0 2026-01-01 files":          `unknown word "files"`,
		"-acme 1.0 2026-01-01":               "is no project's name",
		`acme 1.0 2026-01-01 yanked="x`:      "a quotation mark is missing",
		"yank acme 1.0":                      "want yank NAME WHAT TIME",
		"file acme 1.0 2026-01-01":           "want file NAME VERSION TIME TAGS",
		"project":                            "want project NAME",
		"project acme colour=red":            "unknown word",
		"acme 1.0 2026-01-01 metadata=odd":   `unknown metadata switch "odd"`,
		"acme 1.0 2026-01-01 extra=-":        "is no extra's name",
		"\n\n-- a.world --\n\nacme 1.0 soon": "a.world:2: ",
	} {
		if err := New(Options{}).Load(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: have %v, want %s", line, err, want)
		}
	}
}

// What is accepted as a statement can be shown and served.
func FuzzAdd(f *testing.F) {
	for line := range strings.Lines(sample + filesWorld) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if len(line) > 1000 || strings.Contains(line, "huge") {
			return
		}
		s := New(Options{Files: true, Now: func() time.Time { return time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC) }})
		if s.Add(line) != nil {
			return
		}
		for _, name := range s.Names() {
			page := s.Page(name)
			if page != nil && !json.Valid(page) {
				t.Errorf("%q: %s", line, page)
			}
		}
	})
}
