package config

import (
	"fmt"
	"strings"
	"testing"
)

// Each limit has a least and a most. What is beyond is refused with its line, and a
// project's own file says nothing of limits.
func TestLimitsHaveEdges(t *testing.T) {
	for key, edge := range map[string][2]int{
		"page_mib": {1, 256}, "page_entries": {1000, 1000000}, "page_memory_mib": {1, 256}, "pages_memory_mib": {8, 1024}, "file_mib": {1, 256},
		"names_without_pin": {10, 100000}, "releases": {100, 1000000}, "releases_of_a_package": {10, 100000},
		"packages_mib": {1, 4096}, "requirements_mib": {1, 4096},
	} {
		text := func(n int) string {
			return fmt.Sprintf("limits:\n  %s: %d\nprojects:\n  - path: g/p\n", key, n)
		}
		for _, n := range edge {
			if _, err := Parse("pinwheel.yaml", []byte(text(n))); err != nil {
				t.Errorf("%s: %d is refused: %v", key, n, err)
			}
		}
		for _, n := range []int{edge[0] - 1, edge[1] + 1} {
			want := fmt.Sprintf(`pinwheel.yaml:2: limits.%s: "%d" is not a whole number from %d to %d: write one of these`, key, n, edge[0], edge[1])
			if _, err := Parse("pinwheel.yaml", []byte(text(n))); err == nil || err.Error() != want {
				t.Errorf("%s: %d: %v\nwant %s", key, n, err, want)
			}
		}
	}
	p := parsed(t, operators).Projects[0]
	for _, text := range []string{"limits: {releases: 1000}", "limits: {}"} {
		if _, _, err := p.Own([]byte(text)); err == nil || !strings.Contains(err.Error(), "1: limits: this key stands only in the operator's pinwheel.yaml: remove it") {
			t.Errorf("a project's own file may say %s: %v", text, err)
		}
	}
}
