package decide

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

const (
	onX86 = "cp312-cp312-manylinux_2_28_x86_64"
	onArm = "cp312-cp312-manylinux_2_28_aarch64"
)

// differing is a package of two releases, the second of which has a wheel for
// each machine that says something of its own.
func differing(t testing.TB) plan.Package {
	p := pkg("a", wheels(t, "1.0", "2024-01-01", onX86, onArm), wheels(t, "1.1", "2024-02-01", onX86, onArm))
	p.Releases[1].Files[0].Says, p.Releases[1].Files[1].Says = 1, 2
	return p
}

// onBoth lets a snapshot be for Python 3.12 on both machines.
func onBoth(s *plan.Snapshot) {
	s.Policy.Pythons, s.Policy.Platforms = []string{"3.12"}, []string{"linux/x86_64", "linux/aarch64"}
}

func wheelSaying(t testing.TB, tag string, lines ...string) plan.Metadata {
	return plan.Metadata{Status: plan.MetadataKnown, From: "a-1.1-" + tag + ".whl", Requires: needsOf(t, lines...)}
}

func TestEachEnvironmentIsAskedWhatItsWheelRequires(t *testing.T) {
	for _, tt := range []struct {
		name     string
		x86, arm []string
		acl      string
		want     plan.State
	}{
		{"the other wheel refuses the pin", nil, []string{"acl>=25"}, "acl==24", plan.Incompatible},
		{"the first wheel does", []string{"acl>=25"}, nil, "acl==24", plan.Incompatible},
		{"both are met", []string{"acl>=20"}, []string{"acl>=24"}, "acl==24", plan.AwaitingSchedule},
		{"the pin is for the machine that asks for nothing", nil, []string{"acl>=25"}, `acl==24; platform_machine == "x86_64"`, plan.Incompatible},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := friday(t, "a==1.0\n"+tt.acl+"\n", differing(t), pkg("acl", release(t, "24", "2024-01-01")))
			onBoth(&s)
			m := wheelSaying(t, onX86, tt.x86...)
			m.More = []plan.Metadata{wheelSaying(t, onArm, tt.arm...)}
			s.Metadata["a"]["1.1"] = m
			u := the(t, Decide(s), "pinwheel/a-1.x")
			if u.State != tt.want || tt.want == plan.Incompatible && !strings.Contains(u.Reason, "a 1.1 requires acl>=25") {
				t.Errorf("%s: %s", u.State, u.Reason)
			}
			// Where one machine alone counts, its wheel alone does.
			s.Policy.Platforms = []string{"linux/x86_64"}
			want := plan.AwaitingSchedule
			if len(tt.x86) > 0 && tt.x86[0] == "acl>=25" {
				want = plan.Incompatible
			}
			if u := the(t, Decide(s), "pinwheel/a-1.x"); u.State != want {
				t.Errorf("for x86_64 alone %s: %s", u.State, u.Reason)
			}
		})
	}
}

// TestWhatIsAskedOfWheelsThatDiffer: one file for each thing that is said, where
// some environment would take it, and none for what is known.
func TestWhatIsAskedOfWheelsThatDiffer(t *testing.T) {
	asked := func(p plan.Plan) (out []string) {
		for _, n := range p.Missing {
			if n.Version == "1.1" {
				out = append(out, strings.Join(n.Files, " "))
			}
		}
		slices.Sort(out)
		return out
	}
	x86, arm := "a-1.1-"+onX86+".whl", "a-1.1-"+onArm+".whl"
	s := friday(t, "a==1.0\n", differing(t))
	delete(s.Metadata["a"], "1.1")
	onBoth(&s)
	if got := asked(Decide(s)); !slices.Equal(got, []string{arm, x86}) {
		t.Errorf("nothing is known, asked for %q", got)
	}
	s.Metadata["a"]["1.1"] = wheelSaying(t, onX86)
	if got := asked(Decide(s)); !slices.Equal(got, []string{arm}) {
		t.Errorf("one is known, asked for %q", got)
	}
	s.Policy.Platforms = []string{"linux/x86_64"}
	if got := asked(Decide(s)); len(got) != 0 {
		t.Errorf("one machine counts, asked for %q", got)
	}
	s.Policy.Platforms = []string{"linux/aarch64"}
	if got := asked(Decide(s)); !slices.Equal(got, []string{arm}) {
		t.Errorf("the other machine counts, asked for %q", got)
	}
	onBoth(&s)
	s.Packages["a"].Releases[1].Files[0].Says, s.Packages["a"].Releases[1].Files[1].Says = 0, 0
	if got := asked(Decide(s)); len(got) != 0 {
		t.Errorf("they say the same, asked for %q", got)
	}
}

// TestAWheelThatCannotBeRead: what one environment would install is not known,
// or refused, so the release is for none.
func TestAWheelThatCannotBeRead(t *testing.T) {
	for status, want := range map[plan.MetadataStatus]plan.State{plan.MetadataFailed: plan.NotChecked, plan.MetadataRefused: plan.Incompatible} {
		s := friday(t, "a==1.0\n", differing(t))
		onBoth(&s)
		m := wheelSaying(t, onX86)
		m.More = []plan.Metadata{{Status: status, Reason: "why", From: "a-1.1-" + onArm + ".whl"}}
		s.Metadata["a"]["1.1"] = m
		if u := the(t, Decide(s), "pinwheel/a-1.x"); u.State != want {
			t.Errorf("%s: %s %s, want %s", status, u.State, u.Reason, want)
		}
	}
}
