package decide

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file tells what is offered where the pins of the default branch do not
// go together as they are.

// versions makes releases of a package, a month apart.
func versions(t testing.TB, name string, all ...string) plan.Package {
	var out []plan.Release
	for i, v := range all {
		out = append(out, release(t, v, "2024-0"+string(rune('1'+i))+"-01"))
	}
	return pkg(name, out...)
}

// allMoves are the moves of each update that may open, joined, sorted.
func allMoves(p plan.Plan) []string {
	var out []string
	for _, u := range p.Updates {
		if u.State == plan.AwaitingSchedule {
			out = append(out, strings.Join(moved(u), ", "))
		}
	}
	slices.Sort(out)
	return out
}

func TestABrokenPairExcusesNoLaterBreak(t *testing.T) {
	s := friday(t, "aa==1.0\nbb==3.0\n", versions(t, "aa", "1.0", "2.0"), versions(t, "bb", "3.0", "4.0", "4.1"))
	s.Policy.Pythons = []string{"3.11"}
	needs(t, &s, "aa", "1.0", "bb<2")
	needs(t, &s, "aa", "2.0", "bb==4.0")
	p := Decide(s)
	if got := allMoves(p); !slices.Equal(got, []string{"aa 2.0, bb 4.0"}) {
		t.Fatalf("offered %q", got)
	}
	u := the(t, p, "pinwheel/aa-2.x")
	if !slices.Equal(u.Claims(u.Cures), []string{"aa 1.0 requires bb<2; bb is pinned at 3.0"}) {
		t.Errorf("cures %q", u.Cures)
	}
}

func TestABrokenPinOfTheCloudSetIsNoExcuse(t *testing.T) {
	for pinned, want := range map[string]string{
		"0.11.3": "boto3 1.41.1, botocore 1.41.1, s3transfer 0.16.3",
		"0.11.4": "boto3 1.41.1, botocore 1.41.1, s3transfer 0.16.3",
	} {
		new310 := func(f *plan.DistFile) { f.RequiresPython = ">=3.10" }
		s := friday(t, "boto3==1.37.3\nbotocore==1.37.3\ns3transfer=="+pinned+"\n",
			versions(t, "boto3", "1.37.3", "1.41.1", "1.41.2"), versions(t, "botocore", "1.37.3", "1.41.1", "1.41.2"),
			pkg("s3transfer", release(t, "0.11.3", "2024-01-01"), release(t, "0.11.4", "2024-01-02"), release(t, "0.16.3", "2024-02-01"),
				release(t, "0.17.0", "2024-03-01", new310)))
		needs(t, &s, "boto3", "1.37.3", "botocore==1.37.3", "s3transfer>=0.11.4,<0.12")
		needs(t, &s, "boto3", "1.41.1", "botocore==1.41.1", "s3transfer<0.17,>=0.16.2")
		needs(t, &s, "boto3", "1.41.2", "botocore==1.41.2", "s3transfer<0.18,>=0.17.0")
		if got := allMoves(Decide(s)); !slices.Equal(got, []string{want}) {
			t.Errorf("s3transfer %s: offered %q, want %q", pinned, got, want)
		}
	}
}

// With roots a file is judged with the lines that come along: what a new
// release asks of a pair that is broken already holds there as well.
func TestAnAddedLineMeetsNoBrokenPair(t *testing.T) {
	s := friday(t, "aa==1.0\nbb==3.0\n", versions(t, "aa", "1.0", "1.1"), versions(t, "bb", "3.0"), versions(t, "cc", "1.0", "2.0"))
	needs(t, &s, "aa", "1.0", "bb<2")
	needs(t, &s, "aa", "1.1", "bb<2.5", "cc")
	roots(t, &s, "aa", "bb")
	if u := the(t, Decide(s), "pinwheel/aa-1.x"); u.State != plan.Incompatible || !strings.Contains(u.Reason, "aa 1.1 requires bb<2.5") {
		t.Errorf("%s %q: %v", u.State, u.Reason, moved(u))
	}
}

// The newest of k asks for the extra again; the one before does not, and ends
// what the pins violate on its account.
func TestEndingAConflictIsAGoalOfItsOwn(t *testing.T) {
	s := friday(t, "a==1.0\nb==3.0\nk==1.0\n", versions(t, "a", "1.0"), versions(t, "b", "3.0"), versions(t, "k", "1.0", "1.1", "1.2"))
	needs(t, &s, "a", "1.0", "b<2; extra == 'x'")
	needs(t, &s, "k", "1.0", "a[x]")
	needs(t, &s, "k", "1.1", "a")
	needs(t, &s, "k", "1.2", "a[x]")
	p := Decide(s)
	if got := allMoves(p); !slices.Equal(got, []string{"k 1.1"}) {
		t.Fatalf("offered %q", got)
	}
	if u := the(t, p, "pinwheel/k-1.x"); len(u.Cures) != 1 {
		t.Errorf("cures %q", u.Cures)
	}
}

// One conflict can be ended, the other cannot: what is offered says what stays.
func TestTheLeastBrokenStateSaysWhatStays(t *testing.T) {
	s := friday(t, "a==1.0\nb==3.0\nc==3.0\n", versions(t, "a", "1.0"), versions(t, "b", "3.0", "3.1"), versions(t, "c", "3.0"))
	needs(t, &s, "a", "1.0", "b!=3.0", "c<2")
	p := Decide(s)
	if got := allMoves(p); !slices.Equal(got, []string{"b 3.1"}) {
		t.Fatalf("offered %q", got)
	}
	u := the(t, p, "pinwheel/b-3.x")
	if got := u.Claims(u.Leaves); !slices.Equal(got, []string{"a 1.0 requires c<2; c is pinned at 3.0"}) {
		t.Errorf("leaves %q", got)
	}
	if !slices.Equal(u.Claims(u.Cures), []string{"a 1.0 requires b!=3.0; b is pinned at 3.0"}) {
		t.Errorf("cures %q", u.Cures)
	}
}
