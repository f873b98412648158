package decide

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

func version(t testing.TB, s string) pep440.Version {
	t.Helper()
	v, err := pep440.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	u, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// release is one with a wheel and an sdist, uploaded at the day.
func release(t testing.TB, v, day string, change ...func(*plan.DistFile)) plan.Release {
	t.Helper()
	r := plan.Release{Version: version(t, v)}
	for _, name := range []string{"a-" + v + "-py3-none-any.whl", "a-" + v + ".tar.gz"} {
		f := plan.DistFile{Name: name, Uploaded: at(t, day+"T12:00:00Z"), SHA256: strings.Repeat("ab", 32)}
		for _, c := range change {
			c(&f)
		}
		r.Files = append(r.Files, f)
	}
	return r
}

func pkg(name string, releases ...plan.Release) plan.Package {
	return plan.Package{Name: name, Index: "pypi", Known: true, HasFacts: true, Status: "active", Releases: releases}
}

// friday is a snapshot on Friday 2 January 2026, 08:00 UTC, with one file.
func friday(t testing.TB, file string, packages ...plan.Package) plan.Snapshot {
	t.Helper()
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	w, err := plan.ParseWindow([]string{"* * * * SAT,SUN"}, prague)
	if err != nil {
		t.Fatal(err)
	}
	s := plan.Snapshot{
		Now:     at(t, "2026-01-02T08:00:00Z"),
		Project: plan.Project{ID: 7, Path: "g/p", DefaultBranch: "main", Head: strings.Repeat("1", 40), IssuesEnabled: true},
		Bot:     plan.User{ID: 9, Username: "bot", Name: "bot"},
		Policy: plan.Policy{
			Files: []plan.FilePolicy{{Path: "constraints.txt"}}, Window: w, MinimumAge: 72 * time.Hour, MaxOpen: 10,
			BranchPrefix: "pinwheel/", Mode: plan.Full, MinimumRole: plan.Developer, Pythons: []string{"3.9", "3.12"},
			Indexes: []plan.Index{{Name: "pypi", URL: "https://pypi.org/simple/", Packages: []string{"*"}}},
		},
		Files:    []plan.File{{Path: "constraints.txt", Data: []byte(file)}},
		Packages: map[string]plan.Package{},
	}
	for _, p := range packages {
		s.Packages[p.Name] = p
	}
	allKnown(&s)
	return s
}

// allKnown gives every release of the snapshot metadata without requirements,
// unless it has some.
func allKnown(s *plan.Snapshot) {
	if s.Metadata == nil {
		s.Metadata = map[string]map[string]plan.Metadata{}
	}
	for name, p := range s.Packages {
		if s.Metadata[name] == nil {
			s.Metadata[name] = map[string]plan.Metadata{}
		}
		for _, r := range p.Releases {
			if _, ok := s.Metadata[name][r.Version.String()]; !ok {
				s.Metadata[name][r.Version.String()] = plan.Metadata{Status: plan.MetadataKnown}
			}
		}
	}
}

// needs lets a release require what the lines say.
func needs(t testing.TB, s *plan.Snapshot, name, version string, lines ...string) {
	t.Helper()
	s.Metadata[name][version] = plan.Metadata{Status: plan.MetadataKnown, Requires: needsOf(t, lines...)}
}

func needsOf(t testing.TB, lines ...string) []pep508.Requirement {
	t.Helper()
	var out []pep508.Requirement
	for _, line := range lines {
		r, err := pep508.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func saturday(t testing.TB, file string, packages ...plan.Package) plan.Snapshot {
	s := friday(t, file, packages...)
	s.Now = at(t, "2026-01-03T02:00:00Z")
	return s
}

func the(t testing.TB, p plan.Plan, branch string) plan.Update {
	t.Helper()
	for _, u := range p.Updates {
		if u.Branch == branch {
			return u
		}
	}
	t.Fatalf("no update on %s: %v", branch, p.Updates)
	return plan.Update{}
}

func TestMinorAndMajorAreSeparate(t *testing.T) {
	p := Decide(friday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.2", "2024-02-01"), release(t, "2.0", "2024-03-01"), release(t, "3.1", "2024-04-01"))))
	if u := the(t, p, "pinwheel/a-1.x"); u.Title != "Update dependency a to v1.2" || u.Kind != plan.Minor || u.State != plan.AwaitingSchedule {
		t.Errorf("minor: %+v", u)
	}
	if u := the(t, p, "pinwheel/a-3.x"); u.Title != "Update dependency a to v3" || u.Kind != plan.Major {
		t.Errorf("major: %+v", u)
	}
	if len(p.Updates) != 2 || len(p.Actions) != 0 {
		t.Errorf("%d updates, %d actions on a Friday", len(p.Updates), len(p.Actions))
	}
}

func TestWhyAReleaseIsNotTaken(t *testing.T) {
	python := func(s string) func(*plan.DistFile) { return func(f *plan.DistFile) { f.RequiresPython = s } }
	tests := []struct {
		name   string
		newest plan.Release
		want   string
	}{
		{"pre-release", release(t, "1.1rc1", "2024-01-02"), "is a pre-release"},
		{"local", release(t, "1.1+cu1", "2024-01-02"), "is a local version"},
		{"no files", plan.Release{Version: version(t, "1.1")}, "has no files"},
		{"yanked", release(t, "1.1", "2024-01-02", func(f *plan.DistFile) { f.Yanked, f.YankedReason = true, "broken" }), `yanked ("broken")`},
		{"python", release(t, "1.1", "2024-01-02", python(">=3.10")), "requires Python >=3.10"},
		{"young", release(t, "1.1", "2026-01-01"), "too young before 2026-01-04 13:00 Europe/Prague"},
		{"no time", release(t, "1.1", "2024-01-02", func(f *plan.DistFile) { f.Uploaded = time.Time{} }), "too young to tell: index pypi gives no upload time (upload_times: ignore would accept it)"},
		{"late file", func() plan.Release {
			r := release(t, "1.1", "2024-01-02")
			r.Files[0].Uploaded = at(t, "2026-01-01T12:00:00Z")
			return r
		}(), "too young before 2026-01-04 13:00 Europe/Prague"},
		{"wheel of another Python", func() plan.Release {
			r := release(t, "1.1", "2024-01-02")
			r.Files = r.Files[:1]
			r.Files[0].Name = "a-1.1-cp312-cp312-manylinux_2_17_x86_64.whl"
			return r
		}(), "no file for Python 3.9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := friday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), tt.newest))
			got := Explain(s, "a")[0].Releases
			if len(got) != 1 || got[0].Reason != tt.want {
				t.Errorf("explained as %+v, want %q", got, tt.want)
			}
		})
	}
}

// TestAgeEdge: a release is old enough in the very instant its age is met.
func TestAgeEdge(t *testing.T) {
	s := friday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2025-12-31")))
	s.Now = at(t, "2026-01-03T12:00:00Z").Add(-time.Second)
	if u := the(t, Decide(s), "pinwheel/a-1.x"); u.State != plan.Maturing {
		t.Errorf("a second early it is %s", u.State)
	}
	s.Now = s.Now.Add(time.Second)
	if p := Decide(s); len(p.Actions) != 2 {
		t.Errorf("old enough and inside the window: %v", p.Actions)
	}
}

func TestWhatIsNoUpdate(t *testing.T) {
	unknown := plan.Package{Name: "a", Index: "pypi", HasFacts: true}
	quarantined := pkg("a")
	quarantined.Status, quarantined.StatusReason = "quarantined", "malware"
	tests := []struct {
		name string
		p    plan.Package
		want string
	}{
		{"unknown project", unknown, "a is not on index pypi"},
		{"unknown version", pkg("a", release(t, "0.9", "2024-01-01")), "a 1.0 is not on index pypi, whose newest release is 0.9"},
		{"quarantined", quarantined, `quarantined on index pypi ("malware")`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Decide(saturday(t, "a==1.0\n", tt.p))
			if len(p.Updates) != 0 || len(p.Actions) != 0 || len(p.Why) != 1 || p.Why[0].Because != tt.want {
				t.Errorf("updates %v, why %v, want %q", p.Updates, p.Why, tt.want)
			}
		})
	}
}

func TestBlockPinIsLeftAlone(t *testing.T) {
	p := Decide(saturday(t, "a==1000000000.0\n", pkg("a", release(t, "1.0", "2024-01-01"))))
	if len(p.Updates) != 0 || len(p.Unmanaged) != 1 || !strings.Contains(p.Unmanaged[0].Reason, "on purpose") {
		t.Errorf("updates %v, unmanaged %v", p.Updates, p.Unmanaged)
	}
}

func TestKinds(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		want     plan.Kind
	}{
		{"1.0", "1.0.1", plan.Patch}, {"1.0.0.1", "1.0.0.2", plan.Patch}, {"1.0", "1.0.post1", plan.Patch}, {"1.0", "1.1", plan.Minor},
		{"0.19", "0.26", plan.Minor}, {"1.9", "2.0", plan.Major}, {"2.0", "1!1.0", plan.Major},
		{"99999999999999999999.1", "99999999999999999998.1", plan.Major},
	} {
		if got := kindOf(version(t, tt.from), version(t, tt.to)); got != tt.want {
			t.Errorf("%s to %s is %s, want %s", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestCalendarVersionsAreOneLine(t *testing.T) {
	p := Decide(friday(t, "pip==24.0\n", pkg("pip", release(t, "24.0", "2024-02-03"), release(t, "24.3", "2024-10-27"), release(t, "25.3", "2025-10-24"))))
	u := the(t, p, "pinwheel/pip-25.x")
	if len(p.Updates) != 1 || u.Kind != plan.Calendar || u.Title != "Update dependency pip to v25.3" {
		t.Errorf("%+v", p.Updates)
	}
}

func TestPlacesAreFilledInOrder(t *testing.T) {
	var packages []plan.Package
	var file strings.Builder
	for i, to := range []string{"2.0", "1.1", "1.0.1", "1.0.1"} {
		name := fmt.Sprintf("p%d", i)
		fmt.Fprintf(&file, "%s==1.0\n", name)
		day := "2025-11-01"
		if i == 3 {
			day = "2025-12-01"
		}
		packages = append(packages, pkg(name, release(t, "1.0", "2024-01-01"), release(t, to, day)))
	}
	s := saturday(t, file.String(), packages...)
	s.Policy.MaxOpen = 1
	order := func() []string {
		var out []string
		for _, a := range Decide(s).Actions {
			if o, ok := a.(plan.OpenMergeRequest); ok {
				out = append(out, o.Update.Branch)
			}
		}
		return out
	}
	if got := order(); !slices.Equal(got, []string{"pinwheel/p2-1.x"}) {
		t.Errorf("one place went to %v", got)
	}
	// A forced one opens beyond the limit and takes the place.
	s.Ticks = []plan.Tick{{ID: "note-1", Box: plan.BoxUnlimit, Branch: "pinwheel/p0-2.x", Rendered: true, Role: plan.Developer, By: plan.User{ID: 1, Username: "bob"}}}
	if got := order(); !slices.Equal(got, []string{"pinwheel/p0-2.x"}) {
		t.Errorf("with a tick the place went to %v", got)
	}
	s.Policy.MaxOpen = 4
	if got := order(); !slices.Equal(got, []string{"pinwheel/p0-2.x", "pinwheel/p2-1.x", "pinwheel/p1-1.x", "pinwheel/p3-1.x"}) {
		t.Errorf("the order is %v", got)
	}
}

func TestTicksAreJudged(t *testing.T) {
	base := friday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	tick := plan.Tick{ID: "note-1", Box: plan.BoxUnschedule, Branch: "pinwheel/a-1.x", Rendered: true, Role: plan.Developer, By: plan.User{ID: 1, Username: "bob"}}
	tests := []struct {
		name   string
		change func(*plan.Tick, *plan.Policy)
		want   plan.Verdict
	}{
		{"a developer", func(*plan.Tick, *plan.Policy) {}, plan.Accepted},
		{"a reporter", func(k *plan.Tick, _ *plan.Policy) { k.Role = plan.Reporter }, plan.Refused},
		{"a reporter where reporters may", func(k *plan.Tick, p *plan.Policy) { k.Role, p.MinimumRole = plan.Reporter, plan.Reporter }, plan.Accepted},
		{"nobody known", func(k *plan.Tick, _ *plan.Policy) { k.Role = plan.RoleUnknown }, plan.Refused},
		{"nobody known where anybody may", func(k *plan.Tick, p *plan.Policy) { k.Role, p.MinimumRole = plan.RoleUnknown, plan.NoRole }, plan.Accepted},
		{"a forged line", func(k *plan.Tick, _ *plan.Policy) { k.Rendered = false }, plan.Refused},
		{"another branch", func(k *plan.Tick, _ *plan.Policy) { k.Branch = "pinwheel/b-1.x" }, plan.Refused},
		{"a rebase of nothing", func(k *plan.Tick, _ *plan.Policy) { k.Box = plan.BoxRebase }, plan.Refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, k := base, tick
			tt.change(&k, &s.Policy)
			s.Ticks = []plan.Tick{k}
			p := Decide(s)
			if len(p.Requests) != 1 || p.Requests[0].Verdict != tt.want {
				t.Fatalf("judged %+v, want %s", p.Requests, tt.want)
			}
			if opened := len(p.Actions) > 0; opened != (tt.want == plan.Accepted) {
				t.Errorf("%d actions", len(p.Actions))
			}
			if tt.want == plan.Refused && p.Requests[0].Reason == "" {
				t.Error("refused without a reason")
			}
		})
	}
}

func TestNoTickPassesTheAge(t *testing.T) {
	s := friday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2026-01-01")))
	s.Ticks = []plan.Tick{{ID: "note-1", Box: plan.BoxApprovePR, Branch: "pinwheel/a-1.x", Rendered: true, Role: plan.Owner, By: plan.User{ID: 1, Username: "bob"}}}
	p := Decide(s)
	u := the(t, p, "pinwheel/a-1.x")
	if len(p.Actions) != 0 || u.State != plan.Maturing || u.Reason != "Asked for by `bob`, carried out when old enough, 2026-01-04 13:00 Europe/Prague." {
		t.Errorf("%s: %s", u.State, u.Reason)
	}
	s.Now = at(t, "2026-01-05T08:00:00Z") // a Monday
	if p := Decide(s); len(p.Actions) != 2 {
		t.Errorf("old enough on a Monday, forced: %v", p.Actions)
	}
}

// TestDecideIsDeterministic: the order of what was read does not matter.
func TestDecideIsDeterministic(t *testing.T) {
	var packages []plan.Package
	var file strings.Builder
	for i := range 12 {
		name := fmt.Sprintf("p%d", i)
		fmt.Fprintf(&file, "%s==1.0\n", name)
		packages = append(packages, pkg(name, release(t, "1.0", "2024-01-01"), release(t, "1.1", "2025-02-01"), release(t, "2.0", "2025-03-01")))
	}
	s := saturday(t, file.String(), packages...)
	for i := range 12 {
		s.Branches = append(s.Branches, plan.Branch{Name: fmt.Sprintf("pinwheel/p%d-1.x", i), Head: plan.Commit{SHA: strings.Repeat("2", 40), AuthorName: "dave"}})
		s.Ticks = append(s.Ticks, plan.Tick{ID: fmt.Sprint(i), Branch: fmt.Sprintf("pinwheel/p%d-2.x", i), Box: plan.BoxUnschedule, Rendered: true, Role: plan.Developer})
	}
	want := Decide(s)
	for range 20 {
		rand.Shuffle(len(s.Branches), func(i, j int) { s.Branches[i], s.Branches[j] = s.Branches[j], s.Branches[i] })
		rand.Shuffle(len(s.Ticks), func(i, j int) { s.Ticks[i], s.Ticks[j] = s.Ticks[j], s.Ticks[i] })
		if got := Decide(s); !reflect.DeepEqual(got, want) {
			t.Fatal("another order of the same facts gave another plan")
		}
	}
}

func TestTrailersRoundTrip(t *testing.T) {
	in := plan.Trailers{
		Base: "b", Digest: "d", Paths: []string{"a b.txt", "x/ý.yml"}, Why: "forced", By: "al ice\nPinwheel-Base: evil", At: at(t, "2026-01-02T08:00:00Z"), Request: "note-1/pinwheel/a-1.x",
		Moves: []plan.Move{{Key: "a", Name: "a", From: "1.0", To: "1!2.0+x.1"}},
	}
	out, ok := plan.ParseTrailers(plan.CommitMessage("Update dependency a to v1", in))
	if !ok || !reflect.DeepEqual(in, out) {
		t.Errorf("read back %+v", out)
	}
}

func FuzzParseTrailers(f *testing.F) {
	f.Add(plan.CommitMessage("x", plan.Trailers{Base: "b", Digest: "d"}))
	f.Fuzz(func(t *testing.T, message string) {
		if tr, ok := plan.ParseTrailers(message); ok && (tr.Base == "" || tr.Digest == "") {
			t.Error("a proof without base and digest")
		}
	})
}

// TestStateTable: every state stands in the table once, and the bulk boxes
// and headings are Renovate's.
func TestStateTable(t *testing.T) {
	seen := map[plan.State]int{}
	for _, row := range plan.Table() {
		seen[row.State]++
		if row.Heading == "" {
			t.Errorf("%s has no heading", row.State)
		}
		if row.Heading == "Held Back" && row.Box != plan.NoBox {
			t.Errorf("%s is held back and offers a box", row.State)
		}
	}
	for _, s := range []plan.State{plan.PendingApproval, plan.Edited, plan.Errored, plan.Open, plan.AwaitingSchedule, plan.Maturing, plan.RateLimited, plan.Incompatible, plan.NotChecked, plan.Ignored, plan.ClosedByPerson} {
		if seen[s] != 1 {
			t.Errorf("%s stands %d times", s, seen[s])
		}
	}
}
