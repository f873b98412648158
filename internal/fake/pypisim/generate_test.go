package pypisim

import (
	"bytes"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// The pins of a generated world go together, and a step of one alone mostly
// does, but not always.
func TestGenerateRequiring(t *testing.T) {
	const n = 400
	all := GenerateRequiring(n, 20_000, 3)
	byName := map[string]*Generated{}
	behind, loose, families := 0, 0, map[int]int{}
	for i := range all {
		g := &all[i]
		byName[g.Name] = g
		if g.Loose {
			loose++
		} else if g.Pin < len(g.Versions)-1 {
			behind++
		}
		if g.Family > 0 {
			families[g.Family]++
		}
	}
	if len(all) != n+8 || loose != 8 || behind < n/10 || behind > n/5 || len(families) != 16 || families[1] != 2 || families[2] != 3 {
		t.Errorf("%d projects, %d without a pin, %d behind, families %v", len(all), loose, behind, families)
	}
	lines, hard, held := 0, 0, 0
	for i := range all {
		g := &all[i]
		for r := range g.Versions {
			for _, line := range g.Requires(r) {
				q, err := pep508.Parse(line)
				if err != nil {
					t.Fatal(err)
				}
				lines++
				of := byName[q.Key()]
				fits := q.Specifiers.Contains(versionOf(t, of.Versions[of.Pin]))
				switch {
				case r == g.Pin && !fits:
					t.Errorf("%s %s requires %s, which is pinned at %s", g.Name, g.Versions[r], line, of.Versions[of.Pin])
				case r == len(g.Versions)-1 && r != g.Pin && !fits:
					hard++
				case r == g.Pin && r == len(g.Versions)-1 && !q.Specifiers.Contains(versionOf(t, of.Versions[r])):
					held++
				}
			}
		}
	}
	if releases := len(all) * len(all[0].Versions); lines < 4*releases || lines > 6*releases || hard < 20 || held == 0 {
		t.Errorf("%d requirements of %d releases, %d need a second step, %d hold one back", lines, releases, hard, held)
	}
	if again := GenerateRequiring(n, 20_000, 3); !bytes.Equal(all[60].Body, again[60].Body) {
		t.Error("the same seed gives other pages")
	}
}

// The metadata of a generated world is served with the digest that the page
// tells.
func TestGeneratedMetadata(t *testing.T) {
	all := GenerateRequiring(50, 10_000, 3)
	s := New(Options{})
	s.AddGenerated(all)
	wheels := 0
	for name, f := range pageOf(t, s, "made-up-0041") {
		status, body := ask(t, s, f.URL+".metadata", nil)
		if !strings.HasSuffix(name, ".whl") {
			if status != 404 {
				t.Errorf("%s has metadata beside it: %d", name, status)
			}
			continue
		}
		wheels++
		sums, _ := f.CoreMetadata.(map[string]any)
		if status != 200 || sums["sha256"] != sumOf(body) || !strings.Contains(string(body), "\nRequires-Python: >=3.") || !strings.Contains(string(body), "\nRequires-Dist: made-up-0040==") {
			t.Fatalf("%s: %d %v %s", name, status, sums, body)
		}
	}
	if wheels != len(all[41].Versions) {
		t.Errorf("%d wheels of %d releases", wheels, len(all[41].Versions))
	}
}
