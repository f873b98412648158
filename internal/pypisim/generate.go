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
	Versions []string   // ascending; the last was uploaded before 2026
	Requires [][]string // what each version requires; nil where Generate made it
	Body     []byte     // its page
}

// Generate makes n projects whose pages have about docSize bytes, the same for
// the same seed. The size comes from files, 500 bytes each as on the public
// index, two a release, a release every nine days.
func Generate(n, docSize int, seed uint64) []Generated {
	random := rand.New(rand.NewPCG(seed, 0))
	pythons := []string{">=3.6", ">=3.7", ">=3.8", ">=3.9", ">=3.10"}
	out := make([]Generated, n)
	for i := range out {
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
			for _, tags := range []string{"py3-none-any", "sdist"} {
				f := s.file(e, tags)
				digest := f.Hashes["sha256"]
				f.URL = "https://files.example.invalid/packages/" + digest[:2] + "/" + digest[2:4] + "/" + digest[4:] + "/" + f.Filename
				if tags != "sdist" {
					f.CoreMetadata = map[string]string{"sha256": digest}
				}
				page.Files = append(page.Files, f)
			}
		}
		page.Versions = g.Versions
		g.Body, _ = json.Marshal(page) // a page of texts and numbers always encodes
		out[i] = g
	}
	return out
}

// AddGenerated adds generated projects.
func (s *Server) AddGenerated(all []Generated) {
	for i := range all {
		s.AddPage(all[i].Name, all[i].Body)
		if all[i].Requires != nil {
			s.mu.Lock()
			s.shelf(all[i].Name).generated = &all[i]
			s.mu.Unlock()
		}
	}
}
