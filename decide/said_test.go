package decide

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file holds what reasons and findings say against the world that they are about.

var pinnedAtText = regexp.MustCompile(`([A-Za-z0-9._-]+) is pinned at ([^\s,;")]*[^\s,;").])`)

// falsePins are the clauses of some value's texts that say a pin stands where no
// file has it, and how many clauses there are.
func falsePins(t testing.TB, s *plan.Snapshot, said ...any) (untrue []string, all int) {
	t.Helper()
	text, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	files, _ := parseFiles(s)
	for _, m := range pinnedAtText.FindAllStringSubmatch(string(text), -1) {
		all++
		if !slices.ContainsFunc(files, func(f plan.ParsedFile) bool {
			return slices.ContainsFunc(f.Parsed.Slots(m[1]), func(i int) bool { return f.Parsed.Pins[i].Version.String() == m[2] })
		}) {
			untrue = append(untrue, m[0])
		}
	}
	return untrue, all
}

// cloud is three pins that go together, the first of them as the rules say.
func cloud(t *testing.T, rules ...plan.Rule) plan.Snapshot {
	t.Helper()
	s := friday(t, "boto3==1.34.39\nbotocore==1.34.39\nurllib3==2.0.7\n", versions(t, "boto3", "1.34.39", "1.35.0"),
		versions(t, "botocore", "1.34.39", "1.35.0"), versions(t, "urllib3", "2.0.7", "2.2.1"))
	for i := range rules {
		rules[i].At = "c.yaml:1"
	}
	s.Policy.Rules = rules
	needs(t, &s, "boto3", "1.34.39", "botocore>=1.34.39,<1.35.0")
	needs(t, &s, "boto3", "1.35.0", "botocore>=1.35.0,<1.36.0")
	needs(t, &s, "botocore", "1.34.39", "urllib3>=1.25.4,<2.1")
	needs(t, &s, "botocore", "1.35.0", "urllib3>=1.25.4,!=2.2.0,<3")
	return s
}

// A reason says where a pin stands, and not where the search tried to take it.
func TestAReasonMovesNoPin(t *testing.T) {
	s := cloud(t, plan.Rule{Packages: patterns(t, "boto3"), Ignore: &plan.Ignore{Reason: "held by the cloud team"}})
	p := Decide(s)
	u := the(t, p, "pinwheel/urllib3-2.x")
	want := "botocore 1.34.39 requires urllib3<2.1,>=1.25.4; boto3 1.34.39 requires botocore<1.35.0,>=1.34.39, which botocore 1.35.0 does not meet, and boto3 1.35.0 is ignored by "
	if !strings.HasPrefix(u.Reason, want) {
		t.Errorf("urllib3 2.2.1:\n%s\nwant\n%s...", u.Reason, want)
	}
	if untrue, _ := falsePins(t, &s, p, Explain(s, "urllib3")); len(untrue) > 0 {
		t.Errorf("said of no file: %q", untrue)
	}
}

// What a branch holds is no pin before it is merged.
func TestAClashOfABranchMovesNoPin(t *testing.T) {
	s := friday(t, "a==1.0\nb==1.0\n", versions(t, "a", "1.0", "1.1"), versions(t, "b", "1.0"))
	s.Now = at(t, "2026-01-03T02:00:00Z")
	play(&s, Decide(s).Actions)
	needs(t, &s, "b", "1.0", "a<1.1")
	p := Decide(s)
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if want := `b 1.0 requires a\u003c1.1, which a 1.1 does not meet`; !strings.Contains(string(text), want) {
		t.Errorf("%s does not stand in %s", want, text)
	}
	if untrue, _ := falsePins(t, &s, p); len(untrue) > 0 {
		t.Errorf("said of no file: %q", untrue)
	}
}

// A finding names each environment in which it holds, and none where it holds in all.
func TestAFindingNamesEachEnvironment(t *testing.T) {
	for _, c := range []struct {
		marker    string
		platforms []string
		want      string
	}{
		{"", nil, "a 1.0 requires b<2; b is pinned at 3.0"},
		{"", []string{"linux/x86_64", "linux/aarch64"}, "a 1.0 requires b<2; b is pinned at 3.0"},
		{"; python_version < '3.12'", nil, "a 1.0 requires b<2 on Python 3.9 and 3.11; b is pinned at 3.0"},
		{"; python_version >= '3.12'", nil, "a 1.0 requires b<2 on Python 3.12; b is pinned at 3.0"},
		{"; platform_machine == 'aarch64'", []string{"linux/x86_64", "linux/aarch64"}, "a 1.0 requires b<2 on aarch64; b is pinned at 3.0"},
		{"; python_version < '3.12'", []string{"linux/x86_64", "linux/aarch64"}, "a 1.0 requires b<2 on Python 3.9 and 3.11; b is pinned at 3.0"},
		{
			"; python_version < '3.11' and platform_machine == 'aarch64'", []string{"linux/x86_64", "linux/aarch64"},
			"a 1.0 requires b<2 on Python 3.9, aarch64; b is pinned at 3.0",
		},
		{
			"; python_version < '3.11' or platform_machine == 'aarch64'", []string{"linux/x86_64", "linux/aarch64"},
			"a 1.0 requires b<2 on Python 3.9, x86_64 and Python 3.9, 3.11 and 3.12, aarch64; b is pinned at 3.0",
		},
	} {
		s := friday(t, "a==1.0\nb==3.0\n", versions(t, "a", "1.0"), versions(t, "b", "3.0"))
		s.Policy.Pythons, s.Policy.Platforms = []string{"3.9", "3.11", "3.12"}, c.platforms
		needs(t, &s, "a", "1.0", "b<2"+c.marker)
		if v := Verify(s); len(v.Findings) != 1 || v.Findings[0].Text != c.want {
			t.Errorf("%q on %v: %+v, want %q", c.marker, c.platforms, v.Findings, c.want)
		}
	}
}

// A name that can be had nowhere is one finding, which says why.
func TestARootThatCannotBeHadIsOneFinding(t *testing.T) {
	for _, c := range []struct{ root, want string }{
		{"flask", "the roots ask for flask, which is not on index pypi"},
		{"flask>=2", "the roots ask for flask>=2, which is not on index pypi"},
		{"requests>=99", "the roots ask for requests>=99, but the newest release is 2.32.3"},
		{"requests==99.1", "the roots ask for requests==99.1, but the newest release is 2.32.3"},
		{"requests<1", "the roots ask for requests<1, which no release of requests fulfils"},
		{"requests==2.31.5", "the roots ask for requests==2.31.5, which no release of requests fulfils"},
	} {
		s := friday(t, "a==1.0\n", versions(t, "a", "1.0"), versions(t, "requests", "2.31.0", "2.32.3"),
			plan.Package{Name: "flask", Index: "pypi", HasFacts: true})
		roots(t, &s, c.root)
		if v := Verify(s); len(v.Findings) != 1 || v.Findings[0].Text != c.want || v.Findings[0].Kind != plan.FoundConflict {
			t.Errorf("%s: %+v, want %q alone", c.root, v.Findings, c.want)
		}
	}
}

// The page gives one reason why a package is held back, in its line and in the table
// below, and explain gives the same.
func TestOneReasonForWhatIsHeldBack(t *testing.T) {
	young := friday(t, "a==1.0\nr==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "2.0", "2026-01-01")), versions(t, "r", "1.0"))
	needs(t, &young, "r", "1.0", "a<2")
	blind := friday(t, "a==1.0\nr==1.0\n", versions(t, "a", "1.0", "1.1", "2.0"), versions(t, "r", "1.0"))
	blind.Roots = []plan.Root{{Name: "x.txt", Failure: "it does not answer"}}
	unread := friday(t, "a==1.0\nr==1.0\n", versions(t, "a", "1.0", "2.0"), versions(t, "r", "1.0"))
	unread.Metadata["a"]["2.0"] = plan.Metadata{Status: plan.MetadataFailed}
	for name, s := range map[string]plan.Snapshot{"too young as well": young, "a root is unread": blind, "its metadata is unread": unread} {
		p := Decide(s)
		held := 0
		for _, u := range p.Updates {
			if u.State != plan.Incompatible && u.State != plan.NotChecked || len(u.Moves) == 0 {
				continue
			}
			held++
			to := u.Moves0().To
			for _, w := range p.Why {
				if w.Name == u.Name && !strings.Contains(w.Because, to+": "+u.Why.Clause()) && !strings.Contains(w.Because, to+" to ") && !strings.Contains(w.Because, to+" and ") {
					t.Errorf("%s: %s %s is held back because %q, and the table says %q", name, u.Name, to, u.Reason, w.Because)
				}
			}
			for _, e := range Explain(s, u.Moves0().Key) {
				for _, c := range e.Releases {
					if c.Version == to && c.Reason != u.Why.Clause() {
						t.Errorf("%s: %s %s is held back because %q, and explain says %q", name, u.Name, to, u.Reason, c.Reason)
					}
				}
			}
		}
		if held == 0 {
			t.Errorf("%s: nothing is held back: %v", name, p.Updates)
		}
	}
}
