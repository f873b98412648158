package gitlabsim

import (
	"slices"
	"strings"
	"testing"
)

// A change of neighbouring lines conflicts, as with git; a line between saves it.
func TestMergeTexts(t *testing.T) {
	for _, test := range []struct{ base, ours, theirs, want string }{
		{"a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"},
		{"a\nb\nc\n", "A\nb\nc\n", "a\nB\nc\n", "conflict"},
		{"a\nb\nc\n", "A\nb\nc\n", "X\nb\nc\n", "conflict"},
		{"a\nb\nc\n", "A\nb\nc\n", "A\nb\nC\n", "A\nb\nC\n"},
		{"a\nb\nc\n", "A\nb\nc\n", "A\nb\nc\n", "A\nb\nc\n"},
		{"a\nb\nc\nd\n", "a\nc\nd\n", "a\nb\nc\nd\ne\n", "a\nc\nd\ne\n"},
		{"a\nb\n", "a\nx\nb\n", "a\ny\nb\n", "conflict"},
		{"a\nb\n", "a\nb", "z\na\nb\n", "z\na\nb"},
		{"", "a\n", "", "a\n"},
	} {
		for _, sides := range [][2]string{{test.ours, test.theirs}, {test.theirs, test.ours}} {
			got, ok := mergeTexts(test.base, sides[0], sides[1])
			if !ok {
				got = "conflict"
			}
			if got != test.want {
				t.Errorf("%q + %q over %q = %q, want %q", sides[0], sides[1], test.base, got, test.want)
			}
		}
	}
}

func TestMergeTrees(t *testing.T) {
	file := func(pairs ...string) tree {
		out := tree{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = newBlob(pairs[i+1], false)
		}
		return out
	}
	base := file("a", "1\n", "b", "1\n")
	for name, test := range map[string]struct {
		ours, theirs tree
		ok           bool
	}{
		"deleted and edited":    {file("b", "1\n"), file("a", "2\n", "b", "1\n"), false},
		"deleted and untouched": {file("b", "1\n"), file("a", "1\n", "b", "2\n"), true},
		"added twice":           {file("a", "1\n", "b", "1\n", "c", "x"), file("a", "1\n", "b", "1\n", "c", "y"), false},
		"added the same":        {file("a", "1\n", "b", "1\n", "c", "x"), file("a", "1\n", "b", "1\n", "c", "x"), true},
	} {
		if _, ok := mergeTrees(base, test.ours, test.theirs); ok != test.ok {
			t.Errorf("%s: %v", name, ok)
		}
		if _, ok := mergeTrees(base, test.theirs, test.ours); ok != test.ok {
			t.Errorf("%s, mirrored: %v", name, ok)
		}
	}
}

// The hunks turn one text into the other, in order, and leave equal lines alone.
func FuzzDiffLines(f *testing.F) {
	f.Add("a\nb\nc\n", "b\nc\nd\n")
	f.Add("", "x")
	f.Add("a\na\nb\na\n", "a\nb\nb\na\na")
	f.Fuzz(func(t *testing.T, was, is string) {
		a, b := linesOf(was), linesOf(is)
		if strings.Join(a, "") != was || len(a)*len(b) > 10000 {
			return
		}
		var out []string
		at, bt := 0, 0
		for _, h := range diffLines(a, b) {
			if h.aLo < at || h.bLo < bt || h.aLo-at != h.bLo-bt || h.aLo == h.aHi && h.bLo == h.bHi {
				t.Fatalf("bad hunk %v after %d, %d", h, at, bt)
			}
			out = append(append(out, a[at:h.aLo]...), b[h.bLo:h.bHi]...)
			at, bt = h.aHi, h.bHi
		}
		if out = append(out, a[at:]...); !slices.Equal(out, b) {
			t.Fatalf("%q", out)
		}
		if merged, ok := mergeTexts(was, is, was); !ok || merged != is {
			t.Fatalf("merge with nothing: %q, %v", merged, ok)
		}
	})
}

func TestUnified(t *testing.T) {
	want := "@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n"
	if got := unified("a\nb\nc\nd\ne\nf\n", "a\nB\nc\nd\ne\nf\n"); got != want {
		t.Errorf("%q", got)
	}
	want = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"
	if got := unified("a", "a\n"); got != want {
		t.Errorf("%q", got)
	}
}
