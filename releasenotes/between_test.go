package releasenotes

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
)

func TestVersionOfTag(t *testing.T) {
	s, ok := of(Repository{Path: "libs/python-boto3-x2"}, plan.Step{Key: "boto3-x2", From: "1", To: "2"})
	if !ok {
		t.Fatal("the step has no versions")
	}
	for tag, want := range map[string]string{
		"1.2": "1.2", "v1.2": "1.2", "V1.2rc1": "1.2rc1", "release/1.2": "1.2", "release-v1.2": "1.2", "rel_1.2": "1.2", "tags/1.2": "1.2", "r1.2": "1.2",
		"boto3-x2-1.2": "1.2", "Boto3_X2/v1.2": "1.2", "boto3.x2@1.2": "1.2", "boto3-x2==1.2": "1.2", "python-boto3-x2-1.2": "1.2", "release/boto3-x2/1.2": "1.2",
		"2024.1.post1": "2024.1.post1", "v1!2.0": "1!2.0",
		"": "", "v": "", "latest": "", "docs-1.2": "", "boto-1.2": "", "boto3-1.2": "", "x1.2": "", "1.2.x": "", "nightly-2024-01-02": "", "1.2-windows": "", strings.Repeat("1", 300): "",
	} {
		v, spelled, ok := s.version(tag)
		if spelled != want || ok != (want != "") {
			t.Errorf("version(%q) = %v, %q, %v, want %q", tag, v, spelled, ok, want)
		}
	}
}

func release(tag, text string) gitlab.Release { return gitlab.Release{Tag: tag, Name: tag, Text: text} }

// What is shown begins after the old version and ends with the new one, newest first by version.
func TestBetween(t *testing.T) {
	repo := Repository{Path: "g/a"}
	list := []gitlab.Release{
		release("v2.1", "newer"), release("v1.0.9", "a backport"), release("2.0", "new"), release("v2.0rc1", "a candidate"), release("other-1.9", "another package"),
		release("v1.10", "ten"), release("a-1.10", "ten again"), release("v1.9", " \n"), release("v1.2", "two"), release("v1.1", "old"), release("v1.0", "older"),
	}
	for _, tt := range []struct{ from, to, want string }{
		{"1.1", "2.0", "2.0=new 1.10=ten 1.2=two"},
		{"1.1", "1.1.5", ""},
		{"1.1", "2.0rc1", "2.0rc1=a candidate 1.10=ten 1.2=two"},
		{"1.2+local", "2.0+local", "2.0=new 1.10=ten"},
		{"2.0", "1.0", ""},
	} {
		s, ok := of(repo, plan.Step{Key: "a", From: tt.from, To: tt.to})
		if !ok {
			t.Fatalf("%s to %s is no step", tt.from, tt.to)
		}
		n := s.between(list)
		var have []string
		for _, one := range n.Notes {
			have = append(have, one.Version+"="+one.Text)
		}
		if got := strings.Join(have, " "); got != tt.want || n.State != plan.NotesRead || n.More != 0 {
			t.Errorf("%s to %s: %q, %s, %d more, want %q", tt.from, tt.to, got, n.State, n.More, tt.want)
		}
	}
	if _, ok := of(repo, plan.Step{Key: "a", From: "x", To: "1"}); ok {
		t.Error("a text that is no version makes a step")
	}
}

func TestBetweenIsBounded(t *testing.T) {
	var list []gitlab.Release
	for i := range 60 {
		list = append(list, gitlab.Release{Tag: fmt.Sprintf("v1.%d", i), Name: strings.Repeat("ä", 1000), Text: strings.Repeat("ö", 1<<19), At: time.Unix(0, 0)})
	}
	s, _ := of(Repository{Path: "g/a"}, plan.Step{Key: "a", From: "1.0", To: "1.50"})
	n := s.between(list)
	if len(n.Notes) != maxNotes || n.More != 45 || n.Notes[0].Version != "1.50" {
		t.Fatalf("%d notes, %d more, the first of %s", len(n.Notes), n.More, n.Notes[0].Version)
	}
	for _, one := range n.Notes {
		if len(one.Text) > maxText || len(one.Title) > maxTitle || !utf8.ValidString(one.Text+one.Title) || strings.ContainsRune(one.Text, utf8.RuneError) {
			t.Errorf("%s: %d bytes, a title of %d", one.Version, len(one.Text), len(one.Title))
		}
	}
}

func TestTitle(t *testing.T) {
	s, _ := of(Repository{Path: "g/a"}, plan.Step{Key: "a", From: "1.0", To: "2.0"})
	for name, want := range map[string]string{
		"v2.0": "", "2.0": "", "Release 2.0": "", "a 2.0": "", "": "", "v2.0: faster": "faster", "2.0 - faster": "faster", "Faster": "Faster", "v2.0.1": "", "v2.0x": "v2.0x",
	} {
		if got := s.title(gitlab.Release{Tag: "v2.0", Name: name}, "2.0"); got != want {
			t.Errorf("title(%q) = %q, want %q", name, got, want)
		}
	}
}
