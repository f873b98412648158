package oracle

import (
	"maps"
	"slices"
	"strings"
)

// pinsText lists pins by name.
func pinsText(pins map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(pins)) {
		out = append(out, name+" "+pins[name])
	}
	return strings.Join(out, ", ")
}
