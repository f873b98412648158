package solve

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/python/metadata"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// aws are the facts of the recorded releases of 2026, pinned at what they are.
func aws(t *testing.T) *Facts {
	files, err := filepath.Glob(filepath.Join(testenv.Shared(t), "data", "pypi", "metadata-2026", "*.metadata"))
	if err != nil || len(files) == 0 {
		t.Fatal("no metadata", err)
	}
	f := &Facts{}
	for _, minor := range []string{"3.10", "3.12", "3.14"} {
		e, err := pep508.EnvironmentFor(minor, "linux/x86_64")
		if err != nil {
			t.Fatal(err)
		}
		f.Environments = append(f.Environments, e)
	}
	requires := map[string]*Metadata{}
	for _, file := range files {
		name, v, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".metadata"), "-")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := metadata.Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		key := pep508.NormalizeName(name)
		requires[key+" "+v] = &Metadata{Requires: m.Requires}
		f.Pins = append(f.Pins, Pin{Key: key, Version: version(t, v), Active: 7})
	}
	slices.SortFunc(f.Pins, func(a, b Pin) int { return strings.Compare(a.Key, b.Key) })
	f.Metadata = func(key string, v pep440.Version) (*Metadata, Knowledge) {
		if m, ok := requires[key+" "+v.String()]; ok {
			return m, Known
		}
		return &Metadata{}, Known
	}
	// What is not recorded has a release that nothing is known against.
	f.Releases = func(string) ([]pep440.Version, Knowledge) {
		return []pep440.Version{version(t, "9999"), version(t, "8.5"), version(t, "3.0.50"), version(t, "0.1")}, Known
	}
	return f
}

func TestTheAWSFamilyOf2026(t *testing.T) {
	f := aws(t)
	s := New(f)
	conflicts := s.Conflicts()
	t.Logf("%d pins, %d names without a pin", len(f.Pins), len(s.Unpinned()))
	if len(conflicts) != 0 {
		t.Errorf("these were installed together: %s", showEdges(conflicts))
	}

	// One of the family behind: both that hold it say so.
	at := slices.IndexFunc(f.Pins, func(p Pin) bool { return p.Key == "botocore" })
	newest := f.Pins[at].Version
	f.Pins[at].Version, f.Pins[at].Up = version(t, "1.43.10"), []Candidate{{Version: newest}}
	s = New(f)
	if got, want := showEdges(s.Conflicts()), "awscli 1.45.11 requires botocore==1.43.11, is 1.43.10; boto3 1.43.11 requires botocore<1.44.0,>=1.43.11, is 1.43.10"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r := s.Reach([]Goal{{Pin: at, To: f.Pins[at].Up}}, Options{})
	if r.Status != Solved || len(s.Removed(r.Moves)) != 2 {
		t.Errorf("%s cures %s", r.Status, showEdges(s.Removed(r.Moves)))
	}

	// Ahead of the family it is held by both.
	f.Pins[at].Version, f.Pins[at].Up = newest, []Candidate{{Version: version(t, "1.44.0")}}
	r = New(f).Reach([]Goal{{Pin: at, To: f.Pins[at].Up}}, Options{})
	if got, want := showEdges(r.Why), "awscli 1.45.11 requires botocore==1.43.11, is 1.44.0"; r.Status != Held || got != want {
		t.Errorf("%s: %s, want %s", r.Status, got, want)
	}
}
