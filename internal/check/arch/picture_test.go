package arch

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// The picture of the rooms in docs/design.md shows only what the table of imports says: each
// arrow is a direct import. What it lacks is logged. Tests, fakes and libraries are not in
// it.
func TestThePictureOfTheRoomsIsTrue(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", "design.md"))
	if err != nil {
		t.Fatal(err)
	}
	drawn := picture(t, string(data))
	made := among(imports(t))
	for _, from := range slices.Sorted(maps.Keys(drawn)) {
		for _, to := range drawn[from] {
			if !slices.Contains(made[from], to) {
				t.Errorf("the picture has an arrow from %s to %s, which is no import", from, to)
			}
		}
	}
	for _, from := range slices.Sorted(maps.Keys(made)) {
		for _, to := range made[from] {
			if !reaches(drawn, from, to) {
				t.Logf("%s imports %s, and no arrows of the picture lead there", from, to)
			}
		}
	}
}

// among are the imports of rooms of the product among each other.
func among(all map[string][]string) map[string][]string {
	out := map[string][]string{}
	for key, paths := range all {
		from := strings.TrimSuffix(key, "/publish.go")
		if strings.HasPrefix(from, "internal/") {
			continue
		}
		to := out[from]
		for _, path := range paths {
			room, ours := strings.CutPrefix(path, module)
			if ours && !strings.HasPrefix(room, "internal/") {
				to = append(to, room)
			}
		}
		out[from] = to
	}
	return out
}

// reaches reports whether arrows lead from a room to another.
func reaches(drawn map[string][]string, from, to string) bool {
	return slices.ContainsFunc(drawn[from], func(next string) bool { return next == to || reaches(drawn, next, to) })
}

var (
	box   = regexp.MustCompile(`^(\w+)\["([^"<]+)(?:<br>[^"]*)?"\]$`)
	arrow = regexp.MustCompile(`^(\w+) --> (\w+(?: & \w+)*)$`)
)

// picture reads the first flowchart of a page: the arrows of each box, by their labels.
func picture(t *testing.T, page string) map[string][]string {
	t.Helper()
	_, chart, ok := strings.Cut(page, "```mermaid\nflowchart TD\n")
	if !ok {
		t.Fatal("docs/design.md has no flowchart")
	}
	chart, _, _ = strings.Cut(chart, "```")
	named, out := map[string]string{}, map[string][]string{}
	for line := range strings.Lines(chart) {
		line = strings.TrimSpace(line)
		if m := box.FindStringSubmatch(line); m != nil {
			named[m[1]], out[m[2]] = m[2], nil
			continue
		}
		m := arrow.FindStringSubmatch(line)
		switch {
		case m != nil:
			for to := range strings.SplitSeq(m[2], " & ") {
				if named[m[1]] == "" || named[to] == "" {
					t.Fatalf("%q has a box without a name", line)
				}
				out[named[m[1]]] = append(out[named[m[1]]], named[to])
			}
		case line != "" && line != "end" && !strings.HasPrefix(line, "subgraph "):
			t.Fatalf("%q is neither a box nor an arrow", line)
		}
	}
	return out
}
