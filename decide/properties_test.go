package decide

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/plan"
)

// TestProperties: whatever people and the index did, carrying a plan out
// leaves nothing to do; no version is younger than its age; outside the
// window nothing opens or moves without a tick; names in are names out.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := arbitrary(t, rt)
		for pass := 0; ; pass++ {
			p := Decide(s)
			if len(p.Actions) == 0 {
				break
			}
			if pass == 5 {
				rt.Fatalf("still acting after %d passes: %v", pass, p.Actions)
			}
			check(rt, s, p)
			play(&s, p.Actions)
		}
		s.Ticks = nil
		if p := Decide(s); len(p.Actions) != 0 {
			rt.Fatalf("the second run acts: %v", p.Actions)
		}
	})
}

func check(rt *rapid.T, s plan.Snapshot, p plan.Plan) {
	inside := s.Policy.Window.Inside(s.Now)
	for _, a := range p.Actions {
		c, ok := a.(plan.CommitBranch)
		c = c.Made()
		if !ok {
			continue
		}
		tr, _ := plan.ParseTrailers(c.Message)
		asked := slices.ContainsFunc(s.Ticks, func(k plan.Tick) bool {
			return (k.Branch == c.Branch || k.ID == tr.Request) && k.Role >= plan.Developer
		})
		if !inside && !asked && tr.Why != "clash" && c.MR == 0 {
			rt.Fatalf("commit outside the window that nobody asked for: %s", c.Message)
		}
		for _, m := range tr.Moves {
			for _, r := range s.Packages[m.Key].Releases {
				if r.Version.String() == m.To && earliest(r.Files).Add(s.Policy.MinimumAge).After(s.Now) {
					rt.Fatalf("%s %s is too young", m.Key, m.To)
				}
			}
		}
		after, err := constraints.Parse(c.Files[0].Path, c.Files[0].Content)
		if err != nil {
			rt.Fatalf("the file we made cannot be read: %v", err)
		}
		before, err := constraints.Parse(s.Files[0].Path, s.Files[0].Data)
		for edge := range violations(s, after) {
			if !violations(s, before)[edge] {
				rt.Fatalf("%s adds the violated edge %s:\n%s\n%+v\n%s\nmain:\n%s", c.Branch, edge, c.Files[0].Content, c, c.Message, s.Files[0].Data)
			}
		}
		if err != nil || !slices.Equal(before.Keys(), after.Keys()) {
			rt.Fatalf("names %v became %v", before.Keys(), after.Keys())
		}
	}
}

// merge carries what a branch of ours holds over to main, as git would.
func merge(s *plan.Snapshot, branch string) {
	for _, b := range s.Branches {
		tr, ok := plan.ParseTrailers(b.Head.Message)
		if b.Name != branch || !ok {
			continue
		}
		text := string(s.Files[0].Data)
		for _, m := range tr.Moves {
			text = strings.Replace(text, m.Key+"=="+m.From+"\n", m.Key+"=="+m.To+"\n", 1)
		}
		s.Files[0].Data = []byte(text)
		s.Project.Head = plan.ContentDigest(branch, s.Project.Head, nil)[:40]
	}
}

// violations names the requirements between pins that do not hold.
func violations(s plan.Snapshot, f *constraints.File) map[string]bool {
	out := map[string]bool{}
	for _, a := range f.Pins {
		for _, r := range s.Metadata[a.Key][a.Version.String()].Requires {
			for _, b := range f.Pins {
				if b.Key == r.Key() && !r.Specifiers.Contains(b.Version) {
					out[fmt.Sprintf("%s %s requires %s, and %s is %s", a.Key, a.Version, r, b.Key, b.Version)] = true
				}
			}
		}
	}
	return out
}

// arbitrary is a small world in which people already did things.
func arbitrary(t testing.TB, rt *rapid.T) plan.Snapshot {
	var file strings.Builder
	var packages []plan.Package
	names := rapid.IntRange(1, 5).Draw(rt, "names")
	for i := range names {
		name := fmt.Sprintf("p%d", i)
		fmt.Fprintf(&file, "%s==1.0\n", name)
		list := []plan.Release{release(t, "1.0", "2024-01-01")}
		for _, v := range []string{"1.0.1", "1.2", "2.0", "3.1"} {
			if rapid.Bool().Draw(rt, "has "+v) {
				day := rapid.SampledFrom([]string{"2024-02-01", "2025-11-01", "2026-01-01", "2026-01-02"}).Draw(rt, "day")
				yanked := rapid.IntRange(0, 5).Draw(rt, "yanked") == 0
				list = append(list, release(t, v, day, func(f *plan.DistFile) { f.Yanked = yanked }))
			}
		}
		packages = append(packages, pkg(name, list...))
	}
	s := friday(t, file.String(), packages...)
	for i := range names {
		for _, r := range packages[i].Releases {
			if other := rapid.IntRange(0, 2*names).Draw(rt, "requires"); other < names && other != i {
				spec := rapid.SampledFrom([]string{">=1.2", "<2", ">=2", "==1.0.1", "<1.2", ">=1"}).Draw(rt, "what")
				needs(t, &s, packages[i].Name, r.Version.String(), fmt.Sprintf("p%d%s", other, spec))
			}
		}
	}
	s.Policy.MaxOpen = rapid.IntRange(0, 4).Draw(rt, "places")
	s.Now = at(t, "2026-01-03T02:00:00Z")
	play(&s, Decide(s).Actions)
	for i := range s.MergeRequests {
		mr := &s.MergeRequests[i]
		mr.Unchecked = rapid.Bool().Draw(rt, "GitLab has not looked for conflicts")
		switch rapid.IntRange(0, 4).Draw(rt, "what people did") {
		case 0:
			mr.State, mr.ClosedBy = plan.Closed, plan.User{ID: 4, Username: "alice"}
		case 1:
			mr.State, mr.MergedBy, mr.MergedAt = plan.Merged, plan.User{ID: 4, Username: "alice"}, s.Now
			merge(&s, mr.Branch)
		case 2:
			mr.HasConflicts = true
		case 3:
			mr.Title = "something of my own"
		}
	}
	s.Now = rapid.SampledFrom([]time.Time{at(t, "2026-01-03T03:00:00Z"), at(t, "2026-01-06T03:00:00Z"), at(t, "2026-01-10T03:00:00Z")}).Draw(rt, "now")
	for i := range names {
		if rapid.IntRange(0, 3).Draw(rt, "ticked") == 0 {
			major := rapid.IntRange(1, 3).Draw(rt, "major")
			box := rapid.SampledFrom([]plan.BoxType{plan.BoxUnschedule, plan.BoxRebase, plan.BoxRecreate, plan.BoxApprovePR}).Draw(rt, "box")
			role := rapid.SampledFrom([]plan.Role{plan.Reporter, plan.Developer, plan.RoleUnknown}).Draw(rt, "role")
			s.Ticks = append(s.Ticks, plan.Tick{ID: fmt.Sprintf("note-%d", i), Box: box, Branch: fmt.Sprintf("pinwheel/p%d-%d.x", i, major), Rendered: true, Role: role})
		}
	}
	return s
}
