package pypisim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

// Generated is a made-up project of a generated world.
type Generated struct {
	Name     string
	Versions []string // ascending; the last was uploaded before 2026
	Body     []byte   // its page

	// What follows is of GenerateRequiring alone.

	Pin    int  // the place in Versions where a file pins it
	Loose  bool // no file pins it
	Family int  // a number from 1 on; 0 is a project that goes alone

	requiring bool
	wants     []want
	pythons   []string // what each version says of Python
}

// Generate makes n projects whose pages have about docSize bytes, the same for
// the same seed. The size comes from files, 500 bytes each as on the public
// index, two a release, a release every nine days. Their files can not be had.
func Generate(n, docSize int, seed uint64) []Generated {
	random := rand.New(rand.NewPCG(seed, 0))
	out := make([]Generated, n)
	for i := range out {
		var page jsonPage
		out[i], page = generate(i, docSize, random)
		out[i].write(page)
	}
	return out
}

// generate makes the i-th project and its page.
func generate(i, docSize int, random *rand.Rand) (Generated, jsonPage) {
	pythons := []string{">=3.6", ">=3.7", ">=3.8", ">=3.9", ">=3.10"}
	releases := max(1, (docSize-150)/1015)
	g := Generated{Name: fmt.Sprintf("made-up-%04d", i)}
	s := shelf{name: g.Name}
	page := jsonPage{Name: g.Name, Meta: jsonMeta{Version: "1.4", Serial: 30_000_000 + int64(i)}, Status: &jsonStatus{Status: "active"}}
	at := time.Date(2025, 12, 31, 12, 0, 0, 0, time.UTC).Add(-time.Duration(releases) * 9 * 24 * time.Hour)
	major, minor, patch := 1, 0, 0
	for r := range releases {
		at = at.Add(9*24*time.Hour - time.Duration(random.IntN(3600))*time.Second)
		switch random.IntN(12) {
		case 0:
			major, minor, patch = major+1, 0, 0
		case 1, 2, 3:
			minor, patch = minor+1, 0
		default:
			patch++
		}
		e := event{version: fmt.Sprintf("%d.%d.%d", major, minor, patch), at: at, python: pythons[r*len(pythons)/releases]}
		g.Versions = append(g.Versions, e.version)
		g.pythons = append(g.pythons, e.python)
		for _, tags := range []string{"py3-none-any", sdist} {
			f := s.file(e, tags)
			digest := f.Hashes["sha256"]
			f.URL = "https://files.example.invalid/packages/" + digest[:2] + "/" + digest[2:4] + "/" + digest[4:] + "/" + f.Filename
			if tags != sdist {
				f.CoreMetadata = map[string]string{"sha256": digest}
			}
			page.Files = append(page.Files, f)
		}
	}
	page.Versions = g.Versions
	return g, page
}

func (g *Generated) write(page jsonPage) {
	g.Body, _ = json.Marshal(page) // a page of texts and numbers always encodes
}

// AddGenerated adds generated projects.
func (s *Server) AddGenerated(all []Generated) {
	for i := range all {
		s.AddPage(all[i].Name, all[i].Body)
		if all[i].requiring {
			s.mu.Lock()
			s.shelf(all[i].Name).generated = &all[i]
			s.mu.Unlock()
		}
	}
}
