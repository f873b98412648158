package pypisim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// GenerateRequiring makes the projects of Generate, and lets their releases
// require each other, the same for the same seed: about three requirements a
// release, of projects that come before, some of them under a marker or an
// extra. Releases of the same place in their projects' histories were made for
// each other: if every project stands at its i-th release, for whatever i, no
// requirement is violated. A bound above the next major is common, so a single
// step may break one; and of every fifty projects three are a family whose
// members require each other's release of the same place and no other.
//
// Their pages name files at /files/, where the server has their metadata.
func GenerateRequiring(n, docSize int, seed uint64) []Generated {
	all := Generate(n, docSize, seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for i := range all {
		var wants []want
		switch i % 50 {
		case 47, 48, 49:
			for j := i - i%50 + 47; j < min(i-i%50+50, n); j++ {
				if j != i {
					wants = append(wants, want{of: j, lockstep: true})
				}
			}
		default:
			for range min(i, random.IntN(7)) {
				wants = append(wants, want{
					of: random.IntN(i), back: 1 + random.IntN(30), capped: random.IntN(3) == 0,
					marker: [...]string{"", "", "", "", "", "", " ; python_version < '3.9'", " ; sys_platform == 'win32'", " ; extra == 'test'"}[random.IntN(9)],
				})
			}
		}
		all[i].Requires = requirements(all, all[i].Versions, wants)
		all[i].Body = all[i].page()
	}
	return all
}

// want is how a generated project requires another.
type want struct {
	of               int
	back             int // how many releases below its own the bound is
	capped, lockstep bool
	marker           string
}

// requirements writes the lines of every release of a project.
func requirements(all []Generated, versions []string, wants []want) [][]string {
	out := make([][]string, len(versions))
	for r := range versions {
		for _, w := range wants {
			of := all[w.of]
			at := min(r, len(of.Versions)-1)
			text := ">=" + of.Versions[max(0, at-w.back)]
			switch major, _, _ := strings.Cut(of.Versions[at], "."); {
			case w.lockstep:
				text = "==" + of.Versions[at]
			case w.capped:
				var number int
				_, _ = fmt.Sscan(major, &number) // Generate writes numbers
				text += fmt.Sprintf(",<%d", number+1)
			}
			out[r] = append(out[r], of.Name+text+w.marker)
		}
	}
	return out
}

// page writes the page again, with the digests of the metadata.
func (g *Generated) page() []byte {
	var page jsonPage
	_ = json.Unmarshal(g.Body, &page) // Generate wrote it
	for i := range page.Files {
		f := &page.Files[i] // a wheel and a source distribution for each version
		f.URL = "/files/" + g.Name + "/" + g.Versions[i/2] + "/" + f.Filename
		if i%2 == 0 {
			f.CoreMetadata = map[string]string{"sha256": digest(g.document(i / 2).text())}
		}
	}
	body, _ := json.Marshal(page)
	return body
}

// document is the metadata of the wheel of the i-th version.
func (g *Generated) document(i int) document {
	return document{name: g.Name, version: g.Versions[i], core: core{told: true, requires: g.Requires[i], extras: []string{"test"}}}
}

// documentOf finds the metadata of a wheel by its name.
func (g *Generated) documentOf(file string) (document, bool) {
	stem, ok := strings.CutSuffix(file, "-py3-none-any.whl")
	_, version, _ := strings.Cut(stem, "-")
	i := slices.Index(g.Versions, version)
	if !ok || i < 0 {
		return document{}, false
	}
	return g.document(i), true
}
