package story

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/constraints"
)

// leftovers are what no story may end with.
func (s *stage) leftovers() []string {
	out := append([]string(nil), s.wrong...)
	for _, f := range s.gitlab.Failures() {
		out = append(out, "the simulated GitLab did not understand: "+f)
	}
	for _, b := range s.befores {
		out = append(out, fmt.Sprintf("nobody asked %s %s, so nobody acted before it", b.method, b.glob))
	}
	for _, o := range s.troubles {
		out = append(out, "a run nobody asked about was not done: "+o.String())
	}
	return append(append(out, s.outOfStep()...), s.unplain()...)
}

// outOfStep names the branches of ours on which constraints.txt and its
// derived file hold different pins, though our commit is their head.
func (s *stage) outOfStep() []string {
	var out []string
	for _, project := range s.config.Projects {
		p := s.gitlab.Project(project.Path)
		for _, b := range p.Branches() {
			if !strings.HasPrefix(b.Name, project.Policy.BranchPrefix) || b.Commit.AuthorName != "pinwheel" {
				continue
			}
			for _, f := range project.Policy.Files {
				if f.Derived == nil {
					continue
				}
				text, _ := p.File(b.Name, f.Path)
				twin, ok := p.File(b.Name, f.Derived.Path)
				if !ok || !touched(b.Commit.Files, f.Derived.Path) {
					continue
				}
				parsed, err := constraints.Read(f.Path, []byte(text), f.Use)
				if err == nil {
					d := constraints.Derivation{Path: f.Derived.Path, Format: constraints.Format(f.Derived.Format), Key: f.Derived.Key}
					ok, err = constraints.InSync(parsed, []byte(twin), d)
				}
				if err != nil || !ok {
					out = append(out, fmt.Sprintf("%s and %s disagree on %s (%v)", f.Path, f.Derived.Path, b.Name, err))
				}
			}
		}
	}
	return out
}

func touched(files []string, name string) bool {
	return slices.Contains(files, name)
}
