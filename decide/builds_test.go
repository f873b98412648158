package decide

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// wheels is a release of a wheel for each of some tags.
func wheels(t testing.TB, v, day string, tags ...string) plan.Release {
	t.Helper()
	r := plan.Release{Version: version(t, v)}
	for _, tag := range tags {
		r.Files = append(r.Files, plan.DistFile{Name: "a-" + v + "-" + tag + ".whl", Uploaded: at(t, day+"T12:00:00Z"), SHA256: strings.Repeat("ab", 32)})
	}
	return r
}

// explained is what is said of one release of a, "taken" where nothing is.
func explained(t *testing.T, s plan.Snapshot, v string) string {
	t.Helper()
	for _, r := range Explain(s, "a")[0].Releases {
		if r.Version == v {
			if r.Reason == "" {
				return "taken"
			}
			return r.Reason
		}
	}
	return "not considered"
}

func TestEachEnvironmentNeedsSomeFile(t *testing.T) {
	const x86, arm = "cp312-cp312-manylinux_2_28_x86_64", "cp312-cp312-manylinux_2_28_aarch64"
	const old, oldArm = "cp39-cp39-manylinux_2_28_x86_64", "cp39-cp39-manylinux_2_28_aarch64"
	both := []string{"linux/x86_64", "linux/aarch64"}
	for _, tt := range []struct {
		name, line string
		pythons    []string
		tags       []string
		want       string
	}{
		{"a wheel for each", "a==1.0", []string{"3.12"}, []string{x86, arm}, "taken"},
		{"for each of four", "a==1.0", []string{"3.9", "3.12"}, []string{x86, arm, old, oldArm}, "taken"},
		{"one of four lacks", "a==1.0", []string{"3.9", "3.12"}, []string{x86, arm, oldArm}, "no file for Python 3.9 on x86_64"},
		{"one machine lacks", "a==1.0", []string{"3.12"}, []string{x86}, "no file for Python 3.12 on aarch64"},
		{"no machine has one", "a==1.0", []string{"3.12"}, []string{old}, "no file for Python 3.12"},
		{"the marker asks for one machine", `a==1.0; platform_machine == "x86_64"`, []string{"3.12"}, []string{x86}, "taken"},
		{"the marker asks for the other", `a==1.0; platform_machine == "aarch64"`, []string{"3.12"}, []string{x86}, "no file for Python 3.12 on aarch64"},
		{"one wheel for all", "a==1.0", []string{"3.9", "3.12"}, []string{"py3-none-any"}, "taken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := friday(t, tt.line+"\n", pkg("a", wheels(t, "1.0", "2024-01-01", x86, arm, old, oldArm), wheels(t, "1.1", "2024-02-01", tt.tags...)))
			s.Policy.Pythons, s.Policy.Platforms = tt.pythons, both
			if got := explained(t, s, "1.1"); got != tt.want {
				t.Errorf("1.1: %q, want %q", got, tt.want)
			}
			findings := Verify(s).Findings
			if len(findings) > 0 {
				t.Errorf("the pin has a file everywhere, and verify says %v", findings)
			}
		})
	}
}

// TestANameWithoutAPinFitsWhereItHasAFile: environments are judged one by one
// for names without a pin, too.
func TestANameWithoutAPinFitsWhereItHasAFile(t *testing.T) {
	b := pkg("b", wheels(t, "1.0", "2024-01-01", "cp312-cp312-linux_x86_64"))
	for i := range b.Releases[0].Files {
		b.Releases[0].Files[i].Name = strings.Replace(b.Releases[0].Files[i].Name, "a-", "b-", 1)
	}
	for marker, want := range map[string]plan.State{"": plan.Incompatible, `; platform_machine == "x86_64"`: plan.AwaitingSchedule} {
		s := friday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")), b)
		s.Policy.Pythons, s.Policy.Platforms = []string{"3.12"}, []string{"linux/x86_64", "linux/aarch64"}
		needs(t, &s, "a", "1.1", "b>=1"+marker)
		if u := the(t, Decide(s), "pinwheel/a-1.x"); u.State != want {
			t.Errorf("b%s: %s %s, want %s", marker, u.State, u.Reason, want)
		}
	}
}

func TestALocalVersionIsABuild(t *testing.T) {
	all := func(labels ...string) plan.Package {
		p := pkg("a")
		for _, v := range []string{"2.1.0", "2.2.0"} {
			for _, label := range labels {
				p.Releases = append(p.Releases, release(t, v+label, "2024-01-01"))
			}
		}
		return p
	}
	five := []string{"", "+cpu", "+cu118", "+cu121", "+rocm5.7"}
	for _, tt := range []struct {
		name, line string
		labels     []string
		want       string // where it goes, or ""
	}{
		{"the label stays", "a==2.1.0+cu118", five, "2.2.0+cu118"},
		{"in another spelling", "a==2.1.0+CU118", five, "2.2.0+cu118"},
		{"without a label none is taken", "a==2.1.0", five, "2.2.0"},
		{"by its text as well", "a===2.1.0+cu118", five, "2.2.0+cu118"},
		{"by its text, plain", "a===2.1.0", five, "2.2.0"},
		{"a label that ends", "a==2.1.0+cu117", []string{"", "+cu118"}, ""},
		{"plain is no way out", "a==2.1.0+cpu", []string{"", "+cu118"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := all(tt.labels...)
			if tt.want == "" {
				own := strings.TrimPrefix(tt.line, "a==")
				p.Releases = slices.Insert(p.Releases, len(p.Releases)/2, release(t, own, "2024-01-01"))
				slices.SortFunc(p.Releases, func(a, b plan.Release) int { return a.Version.Compare(b.Version) })
			}
			s := friday(t, tt.line+"\n", p)
			decided := Decide(s)
			if tt.want == "" {
				if len(decided.Updates) != 0 || len(decided.Why) != 1 || !strings.Contains(decided.Why[0].Because, "another build") || decided.Why[0].Newest != "2.2.0" {
					t.Errorf("updates %v, why %+v", decided.Updates, decided.Why)
				}
				return
			}
			u := the(t, decided, "pinwheel/a-2.x")
			if len(decided.Updates) != 1 || u.Moves[0].To != tt.want || u.Kind != plan.Minor {
				t.Errorf("%v %s, want %s", decided.Updates, u.Kind, tt.want)
			}
		})
	}
}

// TestAnAddedLineIsNoBuild: a line that is added names the plain release, where
// pip alone would take the label that sorts last.
func TestAnAddedLineIsNoBuild(t *testing.T) {
	s := friday(t, "a==1.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")),
		pkg("b", release(t, "1.0", "2024-01-01"), release(t, "1.0+cpu", "2024-01-01"), release(t, "1.0+cu118", "2024-01-01")))
	needs(t, &s, "a", "1.1", "b>=1")
	s.Roots = []plan.Root{{Name: "a", Requires: needsOf(t, "a")}}
	u := the(t, Decide(s), "pinwheel/a-1.x")
	if len(u.Lines) != 1 || u.Lines[0].Version != "1.0" {
		t.Errorf("lines %+v", u.Lines)
	}
}

// TestAPinWithoutALabelMeansABuild: where an index has nothing but builds, the pin
// means the last of them, and its facts are asked for under that version.
func TestAPinWithoutALabelMeansABuild(t *testing.T) {
	s := friday(t, "a==1.0\n", pkg("a", release(t, "1.0+cpu", "2024-01-01"), release(t, "1.0+cu118", "2024-01-01")))
	s.Metadata = nil
	v := Verify(s)
	if len(v.Missing) != 1 || v.Missing[0].Version != "1.0+cu118" || len(v.Findings) != 0 {
		t.Errorf("missing %+v, findings %v", v.Missing, v.Findings)
	}
	s.Metadata = map[string]map[string]plan.Metadata{"a": {"1.0+cu118": {Status: plan.MetadataKnown, Requires: needsOf(t, "b>=2")}}}
	s.Files[0].Data = append(s.Files[0].Data, "b==1.0\n"...)
	s.Packages["b"] = pkg("b", release(t, "1.0", "2024-01-01"))
	if v := Verify(s); v.Conflicts() != 1 || !strings.Contains(v.Findings[0].Text, "requires b>=2") {
		t.Errorf("findings %v", v.Findings)
	}
	// By its text a pin means what it says.
	s.Files[0].Data = []byte("a===1.0\n")
	if v := Verify(s); !slices.ContainsFunc(v.Findings, func(f plan.Finding) bool { return f.Kind == plan.FoundGone }) {
		t.Errorf("a===1.0: findings %v", v.Findings)
	}
}

func TestADevelopmentSnapshotIsForOneAlone(t *testing.T) {
	for _, tt := range []struct {
		pin  string
		all  []string
		want string // "" for none
	}{
		{"1.0.0b1", []string{"1.0.0b2.dev1"}, ""},
		{"1.0.0b1", []string{"1.0.0b2", "1.0.0b3.dev4"}, "1.0.0b2"},
		{"1.0.0b1", []string{"1.0.0rc1", "1.0.0", "1.1.dev1"}, "1.0.0"},
		{"1.0.0rc1", []string{"1.0.0.post1.dev1"}, ""},
		{"1.0.0a1", []string{"1.1.dev0"}, ""},
		{"1.0.0.dev1", []string{"1.0.0.dev2"}, "1.0.0.dev2"},
		{"1.0.0b1.dev1", []string{"1.0.0b2", "1.0.0b2.dev1"}, "1.0.0b2"},
	} {
		p := pkg("a", release(t, tt.pin, "2024-01-01"))
		for _, v := range tt.all {
			p.Releases = append(p.Releases, release(t, v, "2024-02-01"))
		}
		slices.SortFunc(p.Releases, func(a, b plan.Release) int { return a.Version.Compare(b.Version) })
		got := ""
		if u := Decide(friday(t, "a=="+tt.pin+"\n", p)).Updates; len(u) > 0 {
			got = u[0].Moves[0].To
		}
		if got != tt.want {
			t.Errorf("%s with %v goes to %q, want %q", tt.pin, tt.all, got, tt.want)
		}
	}
}

// TestAPinSpelledOtherwiseThanItsRelease: 1.0.0 and 1.0 are one version (PEP 440), so what is known
// of the release counts for the pin, however its file is named. By its text a pin means what it says.
func TestAPinSpelledOtherwiseThanItsRelease(t *testing.T) {
	for _, tt := range []struct {
		pin, release string
		kind         plan.FindingKind
	}{
		{"==1.0.0", "1.0", plan.FoundConflict},
		{"==1", "1.0.0", plan.FoundConflict},
		{"==1.0.0+CPU", "1.0+cpu", plan.FoundConflict},
		{"===1.0", "1.0", plan.FoundConflict},
		{"===1.0.0", "1.0", plan.FoundGone},
		{"===1", "1.0", plan.FoundGone},
	} {
		s := friday(t, "a"+tt.pin+"\nb==1.0\n", pkg("a", release(t, tt.release, "2024-01-01")), pkg("b", release(t, "1.0", "2024-01-01")))
		s.Metadata["a"] = map[string]plan.Metadata{tt.release: {Status: plan.MetadataKnown, Requires: needsOf(t, "b>=2")}}
		v := Verify(s)
		if len(v.Missing) != 0 || !slices.ContainsFunc(v.Findings, func(f plan.Finding) bool { return f.Kind == tt.kind }) {
			t.Errorf("a%s and release %s: findings %v, missing %v; want %s", tt.pin, tt.release, v.Findings, v.Missing, tt.kind)
		}
	}
	s := friday(t, "a==1.0.0\n", pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-02-01")))
	if d := Decide(s); len(d.Updates) != 1 || d.Updates[0].State == plan.NotChecked {
		t.Errorf("a==1.0.0 with 1.0 and 1.1: %+v", d.Updates)
	}
}
