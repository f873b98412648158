package pep440

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// vectors reads one file of recorded answers of the reference implementation.
func vectors[T any](tb testing.TB, name string) []T {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(testenv.Shared(tb), "data", "vectors", name))
	if err != nil {
		tb.Fatal(err)
	}
	var file struct{ Cases []T }
	if err := json.Unmarshal(data, &file); err != nil {
		tb.Fatalf("read %s: %v", name, err)
	}
	if len(file.Cases) == 0 {
		tb.Fatalf("%s holds no cases", name)
	}
	return file.Cases
}

// versionAnswer is what a test compares of one parsed version. Absent segments
// are nil.
type versionAnswer struct {
	In           string   `json:"in"`
	Valid        bool     `json:"valid"`
	Norm         string   `json:"norm"`
	Public       string   `json:"public"`
	Base         string   `json:"base"`
	Canonical    string   `json:"canonical"`
	Epoch        any      `json:"epoch"`
	Release      []string `json:"release"`
	Pre          []string `json:"pre"`
	Post         *string  `json:"post"`
	Dev          *string  `json:"dev"`
	Local        *string  `json:"local"`
	IsPrerelease bool     `json:"is_prerelease"`
}

func answer(in string) versionAnswer {
	v, err := Parse(in)
	if err != nil {
		return versionAnswer{In: in}
	}
	a := versionAnswer{
		In: in, Valid: true,
		Norm: v.String(), Public: v.Public(), Base: v.BaseVersion(), Canonical: v.Canonical(),
		Epoch: v.Epoch(), Release: v.Release(), IsPrerelease: v.IsPrerelease(),
	}
	if letter, num, ok := v.Pre(); ok {
		a.Pre = []string{letter, num}
	}
	if num, ok := v.Post(); ok {
		a.Post = &num
	}
	if num, ok := v.Dev(); ok {
		a.Dev = &num
	}
	if local := v.Local(); local != "" {
		a.Local = &local
	}
	return a
}

func TestVectorsVersions(t *testing.T) {
	for _, want := range vectors[versionAnswer](t, "versions.json") {
		if want.Valid {
			// The file writes small epochs as numbers, large ones as text.
			want.Epoch = textOf(want.Epoch)
		}
		got, wanted := asJSON(t, answer(want.In)), asJSON(t, want)
		if got != wanted {
			t.Errorf("Parse(%q)\n got %s\nwant %s", want.In, got, wanted)
		}
	}
}

func TestVectorsOrder(t *testing.T) {
	cases := vectors[[2]any](t, "order.json")
	versions := make([]Version, len(cases))
	for i, c := range cases {
		versions[i] = parse(t, c[1].(string))
	}
	for i, v := range versions {
		for j, w := range versions {
			want := sign(int(cases[i][0].(float64)) - int(cases[j][0].(float64)))
			if got := v.Compare(w); got != want {
				t.Fatalf("%q.Compare(%q) = %d, want %d", v.Raw(), w.Raw(), got, want)
			}
			if same := v.Canonical() == w.Canonical(); j == i+1 && same != (want == 0) {
				t.Errorf("canonical forms of %q and %q: same is %v, Compare is %d", v.Raw(), w.Raw(), same, want)
			}
		}
	}
}

func TestVectorsSpecifiers(t *testing.T) {
	for _, c := range vectors[[5]any](t, "specifiers.json") {
		text, version := c[0].(string), c[1].(string)
		set, err := ParseSpecifiers(text)
		if (err == nil) != (c[2] != nil) {
			t.Errorf("ParseSpecifiers(%q): error is %v, the reference answers %v", text, err, c[2])
		}
		if err != nil {
			continue
		}
		v := parse(t, version)
		got := []any{
			set.Contains(v),
			len(set.Filter([]Version{v}, RefusePrereleases)) == 1,
			len(set.Filter([]Version{v}, DefaultPrereleases)) == 1,
		}
		if !slices.Equal(got, c[2:5]) {
			t.Errorf("%q, %q: got %v, want %v", text, version, got, c[2:5])
		}
		if set.ContainsString(version) != set.Contains(v) {
			t.Errorf("%q, %q: ContainsString differs from Contains", text, version)
		}
	}
}

func TestVectorsFilter(t *testing.T) {
	for _, c := range vectors[[5]json.RawMessage](t, "filter.json") {
		var text string
		lists := make([][]string, 4)
		if err := json.Unmarshal(c[0], &text); err != nil {
			t.Fatal(err)
		}
		for i := range lists {
			if err := json.Unmarshal(c[i+1], &lists[i]); err != nil {
				t.Fatal(err)
			}
		}
		set := parseSpecifiers(t, text)
		var candidates []Version
		for _, s := range lists[0] {
			candidates = append(candidates, parse(t, s))
		}
		for i, mode := range []Prereleases{DefaultPrereleases, AllowPrereleases, RefusePrereleases} {
			var got []string
			for _, v := range set.Filter(candidates, mode) {
				got = append(got, v.Raw())
			}
			if !slices.Equal(got, lists[i+1]) {
				t.Errorf("%q, %s, of %q:\n got %q\nwant %q", text, mode, lists[0], got, lists[i+1])
			}
		}
	}
}

func textOf(epoch any) string {
	if n, ok := epoch.(float64); ok {
		b, _ := json.Marshal(n)
		return string(b)
	}
	return epoch.(string)
}

func asJSON(tb testing.TB, a versionAnswer) string {
	tb.Helper()
	b, err := json.Marshal(a)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func parse(tb testing.TB, s string) Version {
	tb.Helper()
	v, err := Parse(s)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func parseSpecifiers(tb testing.TB, s string) Specifiers {
	tb.Helper()
	set, err := ParseSpecifiers(s)
	if err != nil {
		tb.Fatal(err)
	}
	return set
}
