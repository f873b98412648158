package decide

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// aws is boto3 and botocore, which only move together, and urllib3 below 2.1
// for botocore's sake.
func aws(t *testing.T, file string) plan.Snapshot {
	t.Helper()
	s := friday(t, file,
		pkg("boto3", release(t, "1.34.0", "2024-01-01"), release(t, "1.35.0", "2024-06-01")),
		pkg("botocore", release(t, "1.34.0", "2024-01-01"), release(t, "1.35.0", "2024-06-01")),
		pkg("urllib3", release(t, "2.0.7", "2023-10-01"), release(t, "2.2.0", "2024-03-01")),
	)
	for _, v := range []string{"1.34.0", "1.35.0"} {
		minor := strings.TrimSuffix(v, ".0")
		needs(t, &s, "boto3", v, "botocore>="+v+",=="+minor+".*")
		needs(t, &s, "botocore", v, "urllib3<2.1")
	}
	return s
}

func moved(u plan.Update) []string {
	var out []string
	for _, m := range u.Moves {
		out = append(out, m.Key+" "+m.To)
	}
	return out
}

func TestLockStepMovesAsOne(t *testing.T) {
	p := Decide(aws(t, "boto3==1.34.0\nbotocore==1.34.0\nurllib3==2.0.7\n"))
	if len(p.Missing) != 0 {
		t.Fatalf("missing %v", p.Missing)
	}
	u := the(t, p, "pinwheel/boto3-1.x")
	if got := moved(u); !slices.Equal(got, []string{"boto3 1.35.0", "botocore 1.35.0"}) {
		t.Errorf("moves %v", got)
	}
	if u.Title != "Update dependency boto3 to v1.35.0" || !slices.Contains(u.Labels, "lock-step") || len(u.Together) == 0 {
		t.Errorf("%q, labels %v, together %v", u.Title, u.Labels, u.Together)
	}
	held := the(t, p, "pinwheel/urllib3-2.x")
	if held.State != plan.Incompatible || !strings.HasPrefix(held.Reason, "botocore 1.34.0 requires urllib3<2.1") {
		t.Errorf("urllib3: %s, %q", held.State, held.Reason)
	}
	if len(p.Updates) != 2 {
		t.Errorf("%d updates", len(p.Updates))
	}
	for _, w := range p.Why {
		t.Log(w)
	}
}

func TestHalfASetIsNotOffered(t *testing.T) {
	s := aws(t, "boto3==1.34.0\nbotocore==1.34.0\n")
	young := release(t, "1.35.0", "2026-01-01")
	young.Version = version(t, "1.35.0")
	b := s.Packages["botocore"]
	b.Releases[1] = young
	p := Decide(s)
	u := the(t, p, "pinwheel/boto3-1.x")
	if u.State != plan.Maturing || len(u.Moves) != 2 || len(p.Updates) != 1 {
		t.Errorf("%s %v: %s (%d updates)", u.State, moved(u), u.Reason, len(p.Updates))
	}
}

func TestMetadataThatIsMissingIsAskedFor(t *testing.T) {
	s := aws(t, "boto3==1.34.0\nbotocore==1.34.0\n")
	delete(s.Metadata, "botocore")
	s.Packages["botocore"].Releases[0].Files[0].Name = "botocore-1.34.0-py3-none-any.whl"
	p := Decide(s)
	want := plan.Need{Name: "botocore", Version: "1.34.0", Files: []string{"botocore-1.34.0-py3-none-any.whl"}}
	if len(p.Missing) == 0 || !reflect.DeepEqual(p.Missing[0], want) {
		t.Fatalf("missing %+v", p.Missing)
	}
	failed := plan.Metadata{Status: plan.MetadataFailed, Reason: "the index did not answer"}
	s.Metadata["botocore"] = map[string]plan.Metadata{"1.34.0": failed, "1.35.0": failed}
	p = Decide(s)
	for _, u := range p.Updates {
		if u.State != plan.NotChecked {
			t.Errorf("%s is %s", u.Branch, u.State)
		}
	}
	if len(p.Actions) > 0 {
		t.Errorf("%d actions", len(p.Actions))
	}
}

func TestRootsKeepTheFileWhole(t *testing.T) {
	s := saturday(t, "a==1.0\nold==1.0\nzebra==1.0\n",
		pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")),
		pkg("old", release(t, "1.0", "2024-01-01")), pkg("zebra", release(t, "1.0", "2024-01-01")),
		pkg("fresh", release(t, "3.0", "2024-01-01")))
	needs(t, &s, "a", "1.0", "old")
	needs(t, &s, "a", "1.1", "fresh>=3")
	s.Policy.Roots = []plan.RootPolicy{{Requirement: "a"}, {Requirement: "zebra"}}
	for _, r := range []string{"a", "zebra"} {
		q := needsOf(t, r)
		s.Roots = append(s.Roots, plan.Root{Name: r, Requires: q})
	}
	p := Decide(s)
	u := the(t, p, "pinwheel/a-1.x")
	if len(u.Lines) != 2 {
		t.Fatalf("lines %+v, along %+v, missing %+v", u.Lines, u.Along, p.Missing)
	}
	for _, a := range p.Actions {
		if c, ok := a.(plan.CommitBranch); ok {
			if got := string(c.Made().Files[0].Content); got != "a==1.1\nfresh==3.0\nzebra==1.0\n" {
				t.Errorf("file %q", got)
			}
			return
		}
	}
	t.Errorf("no commit among %d actions", len(p.Actions))
}

func TestAYankedPinGoesUpOrBack(t *testing.T) {
	yank := func(f *plan.DistFile) { f.Yanked, f.YankedReason = true, "broken" }
	s := friday(t, "a==1.1\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01", yank)))
	u := the(t, Decide(s), "pinwheel/a-1.x")
	if u.Kind != plan.Downgrade || moved(u)[0] != "a 1.0" || !slices.Contains(u.Labels, "yanked") {
		t.Errorf("%s %v %v", u.Kind, moved(u), u.Labels)
	}
	s = friday(t, "a==1.1\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01", yank), release(t, "1.2", "2024-03-01")))
	u = the(t, Decide(s), "pinwheel/a-1.x")
	if u.Kind != plan.Minor || moved(u)[0] != "a 1.2" || !slices.Contains(u.Labels, "yanked") {
		t.Errorf("%s %v %v", u.Kind, moved(u), u.Labels)
	}
}

func TestAnOpenOneThatClashesIsLoweredOrSaid(t *testing.T) {
	s := saturday(t, "a==1.0\nb==1.0\n",
		pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15"), release(t, "1.2", "2024-02-01")),
		pkg("b", release(t, "1.0", "2024-01-01"), release(t, "1.5", "2026-01-01")))
	play(&s, Decide(s).Actions)
	// Main moves to a b that refuses what is open.
	s.Files[0].Data = []byte("a==1.0\nb==1.5\n")
	s.Project.Head = strings.Repeat("2", 40)
	needs(t, &s, "b", "1.5", "a<1.2")
	s.Now = at(t, "2026-01-07T08:00:00Z") // a Wednesday
	p := Decide(s)
	u := the(t, p, "pinwheel/a-1.x")
	if moved(u)[0] != "a 1.1" || len(p.Actions) == 0 {
		t.Fatalf("%v %s: %s", moved(u), u.State, u.Reason)
	}
	play(&s, p.Actions)
	if again := Decide(s).Actions; len(again) > 0 {
		t.Errorf("a second decision acts: %v", again)
	}
	// And to one that refuses every newer one.
	s.Files[0].Data = []byte("a==1.0\nb==1.5\n# \n")
	s.Project.Head = strings.Repeat("3", 40)
	needs(t, &s, "b", "1.5", "a<1.1")
	p = Decide(s)
	u = the(t, p, "pinwheel/a-1.x")
	if u.State != plan.Incompatible || !strings.Contains(u.Reason, "b 1.5 requires a<1.1") {
		t.Errorf("%s: %s", u.State, u.Reason)
	}
	play(&s, p.Actions)
	if again := Decide(s).Actions; len(again) > 0 {
		t.Errorf("it acts again: %v", again)
	}
}

func TestWhatEndsAConflictGoesFirst(t *testing.T) {
	s := saturday(t, "a==1.0\nb==1.0\nc==1.0\n",
		pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-15")),
		pkg("b", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-03-01")),
		pkg("c", release(t, "1.0", "2024-01-01")))
	needs(t, &s, "c", "1.0", "b>=1.1")
	s.Policy.MaxOpen = 1
	p := Decide(s)
	u := the(t, p, "pinwheel/b-1.x")
	if !slices.Equal(u.Claims(u.Cures), []string{"c 1.0 requires b>=1.1; b is pinned at 1.0"}) {
		t.Errorf("cures %q", u.Cures)
	}
	if len(p.Actions) != 2 || p.Actions[0].On() != "pinwheel/b-1.x" {
		t.Errorf("actions %v", p.Actions)
	}
	if other := the(t, p, "pinwheel/a-1.x"); other.State != plan.RateLimited {
		t.Errorf("a is %s", other.State)
	}
}

func TestARequirementThatIsWrongCanBeIgnored(t *testing.T) {
	s := aws(t, "botocore==1.35.0\nurllib3==2.0.7\n")
	s.Policy.IgnoreEdges = []plan.IgnoreEdge{{From: "botocore", To: "urllib3", Versions: ">=1.35", Reason: "tried"}}
	p := Decide(s)
	if u := the(t, p, "pinwheel/urllib3-2.x"); u.State != plan.AwaitingSchedule {
		t.Errorf("%s: %s", u.State, u.Reason)
	}
	if !slices.Contains(p.Notes, "What botocore>=1.35 requires of urllib3 does not count (ignore_edges): tried") {
		t.Errorf("notes %q", p.Notes)
	}
	s.Policy.IgnoreEdges[0].Versions = "<1.35"
	if u := the(t, Decide(s), "pinwheel/urllib3-2.x"); u.State != plan.Incompatible {
		t.Errorf("another version's is ignored as well: %s", u.Reason)
	}
}

func TestUnverifiedIsOfferedOrHeld(t *testing.T) {
	s := friday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	s.Metadata["a"]["1.1"] = plan.Metadata{Status: plan.MetadataUnknown, Reason: "its source distribution computes them"}
	u := the(t, Decide(s), "pinwheel/a-1.x")
	if u.State != plan.AwaitingSchedule || !slices.Equal(u.Unverified, []string{"a"}) || !slices.Equal(u.Labels, []string{"unverified"}) {
		t.Errorf("%s %v %v", u.State, u.Unverified, u.Labels)
	}
	s.Policy.Unverified = plan.HoldUnverified
	u = the(t, Decide(s), "pinwheel/a-1.x")
	if u.State != plan.Incompatible || !strings.Contains(u.Reason, "its source distribution computes them") {
		t.Errorf("%s: %s", u.State, u.Reason)
	}
}

func TestExtrasCountWhenTheyAreUsed(t *testing.T) {
	s := friday(t, "jsonschema==4.0\nfqdn==1.0\n",
		pkg("jsonschema", release(t, "4.0", "2024-01-01"), release(t, "4.1", "2024-02-01")), pkg("fqdn", release(t, "1.0", "2024-01-01")))
	needs(t, &s, "jsonschema", "4.1", `fqdn>=2; extra == "format"`)
	if u := the(t, Decide(s), "pinwheel/jsonschema-4.x"); u.State != plan.AwaitingSchedule {
		t.Errorf("an unused extra holds: %s", u.Reason)
	}
	s.Policy.Extras = map[string][]string{"jsonschema": {"format"}}
	if u := the(t, Decide(s), "pinwheel/jsonschema-4.x"); u.State != plan.Incompatible {
		t.Errorf("a used extra does not hold: %s %s", u.State, u.Reason)
	}
}

func TestAYoungMemberLowersTheSet(t *testing.T) {
	s := friday(t, "boto3==1.0\nbotocore==1.0\n",
		pkg("boto3", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01"), release(t, "1.2", "2025-12-20")),
		pkg("botocore", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01"), release(t, "1.2", "2026-01-01")))
	for _, v := range []string{"1.0", "1.1", "1.2"} {
		needs(t, &s, "boto3", v, "botocore=="+v)
	}
	u := the(t, Decide(s), "pinwheel/boto3-1.x")
	if got := moved(u); u.State != plan.AwaitingSchedule || !slices.Equal(got, []string{"boto3 1.1", "botocore 1.1"}) {
		t.Errorf("%s %v: %s", u.State, got, u.Reason)
	}
	if len(u.NotTaken) != 1 || !strings.Contains(u.NotTaken[0].Reason, "boto3 1.2 requires botocore==1.2") {
		t.Errorf("not taken %+v", u.NotTaken)
	}
}
