package decide

import (
	"slices"
	"testing"
)

// TestAPinStaysWithinTheOtherLinesOfItsName: pip takes all lines of a name together, so a pin does not leave the
// range that another line asks for, and a pin outside of it cannot be installed.
func TestAPinStaysWithinTheOtherLinesOfItsName(t *testing.T) {
	for _, tt := range []struct {
		lines string
		want  []string // versions that are offered
		clash bool
	}{
		{"a==1.0\na<2\n", []string{"1.1"}, false},
		{"a<2\nA==1.0\n", []string{"1.1"}, false},
		{"a==1.0\na!=1.1\n", []string{"2.0"}, false},
		{"a==1.0\na==1.*\n", []string{"1.1"}, false},
		{"a==1.0\na==1.0,!=3\n", nil, false},
		{"a==1.0\na<2; python_version < \"3.0\"\n", []string{"1.1", "2.0"}, false},
		{"a==1.0\na<2; sys_platform == \"linux\"\n", []string{"1.1"}, false},
		{"a==1.0\na @ https://host.example/a-1.0-py3-none-any.whl\n", nil, false},
		{"a==1.0\na\n", []string{"1.1", "2.0"}, false},
		{"a==1.0\na>=1.1\n", []string{"1.1", "2.0"}, true},
		{"a==1.0\na>1.1,<2\n", nil, true},
	} {
		s := friday(t, tt.lines, pkg("a", release(t, "1.0", "2024-01-01"), release(t, "1.1", "2024-01-01"), release(t, "2.0", "2024-01-01")))
		var got []string
		for _, u := range Decide(s).Updates {
			got = append(got, u.Moves[0].To)
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: %v are offered, want %v", tt.lines, got, tt.want)
		}
		if v := Verify(s); (v.Conflicts() > 0) != tt.clash {
			t.Errorf("%q: verify finds %v", tt.lines, v.Findings)
		}
	}
}
