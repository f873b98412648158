package plan

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A digest of a change holds wherever the change is made: other lines of the
// file may differ, those around it and the change itself may not.
func TestTheDigestOfAChange(t *testing.T) {
	of := func(from, to string) string {
		return ChangeDigest("b", []FileChange{{Path: "c", Before: []byte(from), Content: []byte(to)}})
	}
	want := of("a\nb\nc\nd\ne\n", "a\nb\nC\nd\ne\n")
	for name, test := range map[string]struct {
		from, to string
		same     bool
	}{
		"the same":               {"a\nb\nc\nd\ne\n", "a\nb\nC\nd\ne\n", true},
		"another line before":    {"x\ny\nb\nc\nd\ne\n", "x\ny\nb\nC\nd\ne\n", true},
		"fewer lines after":      {"a\nb\nc\nd\n", "a\nb\nC\nd\n", true},
		"another line changed":   {"a\nb\nc\nd\ne\n", "a\nb\nC\nd\nE\n", false},
		"at another place":       {"a\nb\nd\nc\ne\n", "a\nb\nd\nC\ne\n", false},
		"another neighbour":      {"a\nB\nc\nd\ne\n", "a\nB\nC\nd\ne\n", false},
		"nothing":                {"a\nb\nC\nd\ne\n", "a\nb\nC\nd\ne\n", false},
		"no newline at the end":  {"a\nb\nc\nd\ne\n", "a\nb\nC\nd\ne", false},
		"a blank at a line":      {"a\nb\nc\nd\ne\n", "a\nb\nC \nd\ne\n", false},
		"with a carriage return": {"a\nb\nc\nd\ne\n", "a\nb\nC\r\nd\ne\n", false},
		"lines changed about":    {"a\nb\nc\nd\ne\n", "a\nC\nb\nd\ne\n", false},
	} {
		if got := of(test.from, test.to) == want; got != test.same {
			t.Errorf("%s: the same digest %v, want %v", name, got, test.same)
		}
	}
	if a, b := of("", "x\n"), ChangeDigest("b", []FileChange{{Path: "c", Content: []byte("x\n"), Create: true}}); a == b {
		t.Error("an empty file and none have one digest")
	}
}

// Two changes of one base to different contents never have one digest. The
// base's lines differ, since the same neighbours twice do not tell the place.
func TestDigestsOfChangesDiffer(t *testing.T) {
	lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a\n", "b\n", "c\n", "d\n", "\n", "e"}), 0, 8)
	rapid.Check(t, func(t *rapid.T) {
		distinct := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a\n", "b\n", "c\n", "d\n", "f\n", "\n"}), rapid.ID[string])
		base, x, y := strings.Join(distinct.Draw(t, "base"), ""), strings.Join(lines.Draw(t, "x"), ""), strings.Join(lines.Draw(t, "y"), "")
		of := func(to string) string {
			return ChangeDigest("b", []FileChange{{Path: "c", Before: []byte(base), Content: []byte(to)}})
		}
		if same := of(x) == of(y); same != (x == y) {
			t.Fatalf("%q and %q on %q: one digest %v", x, y, base, same)
		}
	})
}
