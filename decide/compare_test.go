package decide

import (
	"fmt"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// linksFor is what a merge request shows beside the step from 1.0 to 1.1.
func linksFor(t *testing.T, index string, from, to []plan.Link) string {
	t.Helper()
	s := saturday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	s.Policy.Indexes[0].URL = index
	s.Metadata["a"]["1.0"] = plan.Metadata{Status: plan.MetadataKnown, Links: from}
	s.Metadata["a"]["1.1"] = plan.Metadata{Status: plan.MetadataKnown, Links: to}
	m := the(t, Decide(s), "pinwheel/a-1.x").Moves[0]
	out := []string{m.URL}
	for _, l := range m.Links {
		out = append(out, fmt.Sprintf("%s: %s", l.Name, l.URL))
	}
	return strings.Join(out, "\n")
}

const onPyPI = "https://pypi.org/project/a/1.1/\n"

// Links lead to the release on its index and, where the repository is known, to a
// comparison. A tag's spelling is known where the release's own addresses have it;
// a comparison by any other says that it is a guess.
func TestLinksOfAStep(t *testing.T) {
	const guess = "compare, if the tags are v1.0 and v1.1: "
	at := func(name, url string) []plan.Link { return []plan.Link{{Name: name, URL: url}} }
	for _, tt := range []struct {
		name     string
		from, to []plan.Link
		want     string
	}{
		{"nothing", nil, nil, "https://pypi.org/project/a/1.1/"},
		{"github", nil, at("repository", "https://github.com/o/r"), onPyPI + "repository: https://github.com/o/r\n" + guess + "https://github.com/o/r/compare/v1.0...v1.1\ntags: https://github.com/o/r/tags"},
		{"the home page is one", nil, at("home page", "http://www.github.com/o/r.git"), onPyPI + "home page: http://www.github.com/o/r.git\n" + guess + "https://github.com/o/r/compare/v1.0...v1.1\ntags: https://github.com/o/r/tags"},
		{"a tracker tells", nil, at("issues", "https://github.com/o/r/issues"), onPyPI + "repository: https://github.com/o/r\n" + guess + "https://github.com/o/r/compare/v1.0...v1.1\ntags: https://github.com/o/r/tags"},
		{"gitlab with groups", nil, at("repository", "https://gitlab.com/g/sub/r/-/tree/main"), onPyPI + "repository: https://gitlab.com/g/sub/r/-/tree/main\n" + guess + "https://gitlab.com/g/sub/r/-/compare/v1.0...v1.1\ntags: https://gitlab.com/g/sub/r/-/tags"},
		{"a gitlab of its own", nil, at("repository", "https://gitlab.gnome.example/g/r"), onPyPI + "repository: https://gitlab.gnome.example/g/r\n" + guess + "https://gitlab.gnome.example/g/r/-/compare/v1.0...v1.1\ntags: https://gitlab.gnome.example/g/r/-/tags"},
		{"bitbucket", nil, at("repository", "https://bitbucket.org/o/r/src/main/"), onPyPI + "repository: https://bitbucket.org/o/r/src/main/\n" + guess + "https://bitbucket.org/o/r/branches/compare/v1.1%0Dv1.0\ntags: https://bitbucket.org/o/r/downloads/?tab=tags"},
		{"codeberg", nil, at("repository", "https://codeberg.org/o/r"), onPyPI + "repository: https://codeberg.org/o/r\n" + guess + "https://codeberg.org/o/r/compare/v1.0...v1.1\ntags: https://codeberg.org/o/r/tags"},
		{"nobody knows that host", nil, at("repository", "https://git.example/o/r"), onPyPI + "repository: https://git.example/o/r"},
		{"no repository", nil, at("home page", "https://github.com/sponsors/o"), onPyPI + "home page: https://github.com/sponsors/o"},
		{"an owner alone", nil, at("home page", "https://github.com/o"), onPyPI + "home page: https://github.com/o"},
		{"dots", nil, at("repository", "https://github.com/o/.."), onPyPI + "repository: https://github.com/o/.."},
		{"both tags are known", at("download", "https://github.com/o/r/archive/1.0.tar.gz"), at("changelog", "https://github.com/o/r/blob/1.1/CHANGES.md"),
			onPyPI + "changelog: https://github.com/o/r/blob/1.1/CHANGES.md\nrepository: https://github.com/o/r\ncompare: https://github.com/o/r/compare/1.0...1.1"},
		{"one is known", nil, at("release notes", "https://github.com/o/r/releases/tag/rel-1.1"),
			onPyPI + "release notes: https://github.com/o/r/releases/tag/rel-1.1\nrepository: https://github.com/o/r\ncompare, if the tags are rel-1.0 and rel-1.1: https://github.com/o/r/compare/rel-1.0...rel-1.1\ntags: https://github.com/o/r/tags"},
		{"it moved", at("repository", "https://github.com/old/r/tree/1.0"), at("repository", "https://github.com/o/r"),
			onPyPI + "repository: https://github.com/o/r\n" + guess + "https://github.com/o/r/compare/v1.0...v1.1\ntags: https://github.com/o/r/tags"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := linksFor(t, "https://pypi.org/simple/", tt.from, tt.to); got != tt.want {
				t.Errorf("have\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// The page of an index that is reached without encryption is a link as well.
func TestTheReleaseIsLinkedOnEveryIndex(t *testing.T) {
	for index, want := range map[string]string{
		"http://127.0.0.1:8080/simple/": "http://127.0.0.1:8080/simple/a/", "https://index.example/simple/": "https://index.example/simple/a/",
		"https://test.pypi.org/simple/": "https://test.pypi.org/project/a/1.1/",
	} {
		if got := linksFor(t, index, nil, nil); got != want {
			t.Errorf("%s: have %s, want %s", index, got, want)
		}
	}
}
