package metadata

import (
	"reflect"
	"testing"
)

func TestLinks(t *testing.T) {
	m, err := Parse([]byte(`Metadata-Version: 2.1
Name: acme
Version: 1.0
Project-URL: What's New, https://acme.example/new
Project-URL: Changelog, https://acme.example/second
Project-URL: Source Code, https://git.example/acme?a=b
Project-URL: Release-Notes, javascript:alert(1)
Project-URL: Releasenotes, https://user:secret@acme.example/
Project-URL: releasenotes, //acme.example/x
Project-URL: Donate, https://acme.example/donate
Project-URL: no comma
Requires-Dist: six
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Link{{Changelog, "https://acme.example/new"}, {Repository, "https://git.example/acme?a=b"}}
	if !reflect.DeepEqual(m.Links, want) {
		t.Errorf("have %v", m.Links)
	}
	back, err := new(Decoder).Decode(m.Encode())
	if err != nil || !reflect.DeepEqual(back.Links, want) || len(back.Requires) != 1 {
		t.Errorf("stored: %v, %v", back.Links, err)
	}
	m.Links = nil
	old := m.Encode()
	old[0] = 1
	if back, err = new(Decoder).Decode(old[:len(old)-1]); err != nil || len(back.Links) != 0 {
		t.Errorf("version 1: %v, %v", back.Links, err)
	}
}

// The labels that projects use, and the field that was there before them.
func TestLinksOfEveryLabel(t *testing.T) {
	for line, want := range map[string]string{
		"Home-page: https://acme.example/":                   "home page",
		"Home-page: UNKNOWN":                                 "",
		"Download-URL: https://acme.example/1.0.tar.gz":      "download",
		"Project-URL: Homepage, https://acme.example/":       "home page",
		"Project-URL: Home, https://acme.example/":           "home page",
		"Project-URL: Repo, https://acme.example/":           "repository",
		"Project-URL: Code, https://acme.example/":           "repository",
		"Project-URL: GitLab, https://acme.example/":         "repository",
		"Project-URL: Source code (git), https://a.example/": "repository",
		"Project-URL: GitHub: repo, https://acme.example/":   "repository",
		"Project-URL: Change Log, https://acme.example/":     "changelog",
		"Project-URL: News, https://acme.example/":           "changelog",
		"Project-URL: Releases, https://acme.example/":       "release notes",
		"Project-URL: Bug Tracker, https://acme.example/":    "issues",
		"Project-URL: Issues, https://acme.example/":         "issues",
		"Project-URL: Funding, https://acme.example/":        "",
	} {
		m, err := Parse([]byte("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n" + line + "\n"))
		got := ""
		if len(m.Links) > 0 {
			got = m.Links[0].Name
		}
		if err != nil || got != want {
			t.Errorf("%s: have %q, want %q, %v", line, got, want, err)
		}
	}
}
