package decide

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// stands is how the pin of a stands, which must be the only one said of it.
func stands(t *testing.T, p plan.Plan) plan.PinStanding {
	t.Helper()
	var all []plan.PinStanding
	for _, s := range p.Standings {
		if strings.HasPrefix(s.Name, "a") {
			all = append(all, s)
		}
	}
	if len(all) != 1 {
		t.Fatalf("a stands in %d ways: %+v", len(all), p.Standings)
	}
	return all[0]
}

func TestEveryPinStandsInOneWay(t *testing.T) {
	gone := func(r plan.Release, reason string) plan.Release {
		for i := range r.Files {
			r.Files[i].Yanked, r.Files[i].YankedReason = true, reason
		}
		return r
	}
	one, two := release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")
	needing := release(t, "1.1", "2024-02-01", func(f *plan.DistFile) { f.RequiresPython = ">=3.13" })
	quarantined, failed, failedNewer := pkg("a"), pkg("a", one), pkg("a", one, two)
	quarantined.Status = "quarantined"
	failed.Failure, failedNewer.Failure = "index pypi failed", "index pypi failed"
	for _, tt := range []struct {
		name, line string
		p          plan.Package
		rule       *plan.Rule
		want       plan.Standing
		why        string
	}{
		{"nothing newer", "a==1.0", pkg("a", one), nil, plan.StandsCurrent, ""},
		{"a newer pre-release", "a==1.0", pkg("a", one, release(t, "1.1rc1", "2024-02-01")), nil, plan.StandsCurrent, ""},
		{"a newer one that was yanked", "a==1.0", pkg("a", one, gone(release(t, "1.1", "2024-02-01"), "bad")), nil, plan.StandsCurrent, ""},
		{"a newer one without files", "a==1.0", pkg("a", one, plan.Release{Version: version(t, "1.1")}), nil, plan.StandsCurrent, ""},
		{"builds of its own version", "a==1.0", pkg("a", one, release(t, "1.0+cpu", "2024-02-01")), nil, plan.StandsCurrent, ""},
		{"newer", "a==1.0", pkg("a", one, two), nil, plan.StandsBehind, ""},
		{"newer and young", "a==1.0", pkg("a", one, release(t, "1.1", "2026-01-01")), nil, plan.StandsBehind, ""},
		{"newer, for other Pythons", "a==1.0", pkg("a", one, needing), nil, plan.StandsHeld, "1.1: requires Python >=3.13"},
		{"newer, another build", "a==1.0+cpu", pkg("a", release(t, "1.0+cpu", "2024-01-01"), two), nil, plan.StandsHeld, "another build"},
		{"newer, ignored", "a==1.0", pkg("a", one, two), &plan.Rule{At: "f:1", Ignore: &plan.Ignore{Reason: "no"}}, plan.StandsHeld, "gnored by `f:1`"},
		{"newer, turned off", "a==1.0", pkg("a", one, two), &plan.Rule{At: "f:1", Enabled: plan.No}, plan.StandsUnmanaged, "turned off by `f:1`"},
		{"unknown and turned off", "a==1.0", plan.Package{Name: "a", HasFacts: true}, &plan.Rule{At: "f:1", Enabled: plan.No}, plan.StandsUnmanaged, "turned off by `f:1`"},
		{"no such project", "a==1.0", plan.Package{Name: "a", HasFacts: true}, nil, plan.StandsUnknown, "a is not on index pypi"},
		{"never read", "a==1.0", plan.Package{Name: "a", Failure: "index pypi failed"}, nil, plan.StandsUnread, "index pypi failed"},
		{"read before, nothing newer then", "a==1.0", failed, nil, plan.StandsUnread, "index pypi failed"},
		{"read before, newer then", "a==1.0", failedNewer, nil, plan.StandsBehind, ""},
		{"quarantined", "a==1.0", quarantined, nil, plan.StandsTakenBack, "quarantined"},
		{"yanked, and nowhere to go", "a==1.0", pkg("a", gone(release(t, "1.0", "2024-01-01"), "bad"), gone(release(t, "1.1", "2024-02-01"), "")), nil, plan.StandsTakenBack, `yanked ("bad")`},
		{"yanked, and newer", "a==1.0", pkg("a", gone(release(t, "1.0", "2024-01-01"), "bad"), two), nil, plan.StandsBehind, ""},
		{"yanked, and older", "a==1.1", pkg("a", one, gone(release(t, "1.1", "2024-02-01"), "")), nil, plan.StandsBehind, ""},
		{"deleted, the newest", "a==1.2", pkg("a", one, two), nil, plan.StandsTakenBack, "a 1.2 is not on index pypi, whose newest release is 1.1"},
		{"deleted, all", "a==1.2", pkg("a"), nil, plan.StandsTakenBack, "a 1.2 is not on index pypi"},
		{"deleted, and newer", "a==1.0", pkg("a", release(t, "0.9", "2024-01-01"), release(t, "1.0.post1", "2024-02-01")), nil, plan.StandsBehind, ""},
		{"a number too large", "a==1000000000.0.0", pkg("a", one), nil, plan.StandsBlocked, "blocks"},
		{"the same, unknown", "a==1000000000.0.0", plan.Package{Name: "a", HasFacts: true}, nil, plan.StandsBlocked, "blocks"},
		{"the same, unread", "a==1000000000", plan.Package{Name: "a", Failure: "index pypi failed"}, nil, plan.StandsBlocked, "blocks"},
		{"nines alone", "a==99999.0", pkg("a", one), nil, plan.StandsBlocked, "blocks"},
		{"an epoch too large", "a==99999!1.0", pkg("a", one), nil, plan.StandsBlocked, "blocks"},
		{"a day is no such number", "a==20260102", pkg("a", release(t, "20260101", "2026-01-01")), nil, plan.StandsTakenBack, "not on index"},
		{"nor is a minute", "a==202601021530", pkg("a", release(t, "202601011530", "2026-01-01")), nil, plan.StandsTakenBack, "not on index"},
		{"nor one near what there is", "a==1700000009", pkg("a", release(t, "1700000001", "2024-01-01")), nil, plan.StandsTakenBack, "not on index"},
		{"nor one that is there", "a==1000000000", pkg("a", release(t, "1000000000", "2024-01-01")), nil, plan.StandsCurrent, ""},
		{"a marker for no Python here", `a==1.0; python_version < "3"`, pkg("a", one), nil, plan.StandsUnmanaged, "marker"},
		{"a range", "a>=1.0", pkg("a", one), nil, plan.StandsUnmanaged, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := friday(t, tt.line+"\nz==1.0\n", tt.p, pkg("z", one))
			if tt.rule != nil {
				s.Policy.Rules = []plan.Rule{*tt.rule}
				pattern, err := plan.ParsePackagePattern("a")
				if err != nil {
					t.Fatal(err)
				}
				s.Policy.Rules[0].Packages = []plan.PackagePattern{pattern}
			}
			p := Decide(s)
			got := stands(t, p)
			if got.Standing != tt.want || !strings.Contains(got.Why, tt.why) || (tt.why == "" && tt.want != plan.StandsUnmanaged) != (got.Why == "") {
				t.Errorf("%s (%q), want %s (%q)", got.Standing, got.Why, tt.want, tt.why)
			}
			sum := 0
			for _, standing := range plan.Standings() {
				sum += p.Count(standing)
			}
			if sum != 2 || len(p.Current) != p.Count(plan.StandsCurrent) {
				t.Errorf("%d counted, %d current of %+v", sum, len(p.Current), p.Standings)
			}
			if code := Verify(s).Failed(); code != slices.Contains([]plan.Standing{plan.StandsUnknown, plan.StandsUnread, plan.StandsTakenBack}, tt.want) && !strings.HasPrefix(tt.name, "yanked") && !strings.HasPrefix(tt.name, "deleted") && !strings.HasPrefix(tt.name, "read before") && tt.rule == nil {
				t.Errorf("verify fails: %t", code)
			}
		})
	}
}

// TestANameThatItsIndexDoesNotKnow: one is a note, many are a problem, which
// names the index.
func TestANameThatItsIndexDoesNotKnow(t *testing.T) {
	for _, tt := range []struct {
		unknown, known int
		problem        bool
	}{
		{1, 9, false}, {4, 1, false}, {5, 20, true}, {5, 21, false}, {4, 0, true}, {1, 0, true}, {0, 3, false}, {30, 30, true},
	} {
		t.Run(fmt.Sprintf("%d of %d", tt.unknown, tt.unknown+tt.known), func(t *testing.T) {
			file := ""
			var all []plan.Package
			for i := range tt.unknown {
				file += fmt.Sprintf("u%d==1.0\n", i)
				all = append(all, plan.Package{Name: fmt.Sprintf("u%d", i), Index: "pypi", HasFacts: true})
			}
			for i := range tt.known {
				file += fmt.Sprintf("k%d==1.0\n", i)
				all = append(all, pkg(fmt.Sprintf("k%d", i), release(t, "1.0", "2024-01-01")))
			}
			p := Decide(friday(t, file, all...))
			var problem string
			for _, q := range p.Problems {
				if q.Stopping {
					t.Errorf("it stops: %s", q.Text)
				}
				problem += q.Text + "; " + q.Next
			}
			notes := strings.Join(p.Notes, "\n")
			switch said := strings.Contains(problem, "index pypi"); {
			case said != tt.problem:
				t.Errorf("problem %q, want one: %t", problem, tt.problem)
			case said && !strings.Contains(problem, "https://pypi.org/simple/"):
				t.Errorf("problem %q does not name the address", problem)
			case (tt.unknown > 0 && !said) != strings.Contains(notes, "u0"):
				t.Errorf("notes %q", notes)
			}
			if p.Count(plan.StandsUnknown) != tt.unknown || p.Count(plan.StandsCurrent) != tt.known {
				t.Errorf("%d unknown and %d current", p.Count(plan.StandsUnknown), p.Count(plan.StandsCurrent))
			}
		})
	}
}

// TestABlockPinBlocksWhatNewlyRequiresIt: pip finds no release for such a pin,
// whatever the requirement asks for.
func TestABlockPinBlocksWhatNewlyRequiresIt(t *testing.T) {
	for _, requirement := range []string{"uuid", "uuid>=1", "uuid<2", `uuid; python_version >= "3.12"`} {
		for _, known := range []bool{true, false} {
			uuid := plan.Package{Name: "uuid", Index: "pypi", HasFacts: true}
			if known {
				uuid = pkg("uuid", release(t, "1.30", "2024-01-01"))
			}
			s := friday(t, "a==1.0\nuuid==1000000000.0.0\n", uuid, pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
			needs(t, &s, "a", "1.1", requirement)
			u := the(t, Decide(s), "pinwheel/a-1.x")
			if u.State != plan.Incompatible || !strings.Contains(u.Reason, "a 1.1 requires uuid") || !strings.Contains(u.Reason, "blocks") {
				t.Errorf("%s: %s %s", requirement, u.State, u.Reason)
			}
			if v := Verify(s); v.Failed() {
				t.Errorf("nothing requires it yet: %v", v.Findings)
			}
			needs(t, &s, "a", "1.0", requirement)
			if v := Verify(s); v.Conflicts() == 0 || !strings.Contains(v.Findings[0].Text, "blocks") {
				t.Errorf("the pin requires it: %v", v.Findings)
			}
		}
	}
	s := friday(t, "a==1.0\nuuid==1000000000.0.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	needs(t, &s, "a", "1.1", "uuid")
	s.Policy.IgnoreEdges = []plan.IgnoreEdge{{From: "a", To: "uuid", Reason: "never imported"}}
	if u := the(t, Decide(s), "pinwheel/a-1.x"); u.State != plan.AwaitingSchedule {
		t.Errorf("ignored: %s %s", u.State, u.Reason)
	}
}

// TestALinkStopsTheProject: GitLab gives a symbolic link's target as its text.
func TestALinkStopsTheProject(t *testing.T) {
	for text, stops := range map[string]bool{
		"constraints-py311.txt": true, "../common/constraints.txt": true, "pins/base": true, "constraints": true, "a-1.0": true, ".pins": true, "./ä b.txt": true,
		"a==1.0": false, "a": true, "a\n": false, "": false, "# nothing": false, "a>=1.0": false, "constraints-py311.txt\n": false, "a==1.0\nb": false, "-r other.txt": false,
	} {
		p := Decide(friday(t, text, pkg("a", release(t, "1.0", "2024-01-01"))))
		stopped := slices.ContainsFunc(p.Problems, func(q plan.Problem) bool {
			return q.Stopping && q.File == "constraints.txt" && strings.Contains(q.Text, "symbolic link")
		})
		if stopped != stops {
			t.Errorf("%q stops: %t, problems %+v", text, stopped, p.Problems)
		}
	}
	s := friday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01")))
	s.Policy.Files[0].Derived = &plan.Derived{Path: "constraints.yml", Format: "block", Key: []string{"variables", "PINS"}}
	s.Files[0].Derived = &plan.DerivedFile{Path: "constraints.yml", Data: []byte("../ci/constraints.yml")}
	if p := Decide(s); len(p.Problems) != 1 || !p.Problems[0].Stopping || !strings.Contains(p.Problems[0].Text, "symbolic link") {
		t.Errorf("derived: %+v", p.Problems)
	}
}
