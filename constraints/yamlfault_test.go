package constraints

import (
	"strings"
	"testing"
)

// TestYAMLFault: each fault has a line and a sentence of its own.
func TestYAMLFault(t *testing.T) {
	for data, want := range map[string]string{
		"a:\n  b: ]\n":    ":2: it is not YAML: a sign stands where a value is expected",
		"a: 1\n}\n":       ":2: it is not YAML: ",
		"a: - b\n":        ":1: it is not YAML: a dash begins a list where none can begin",
		"a: ? b\n":        ":1: it is not YAML: a ? begins a key where none can be",
		"a: |0\n  b\n":    ":1: it is not YAML: the number behind | or > is 0",
		"a: \"\\xzz\"\n":  ":1: it is not YAML: a backslash in double quotes",
		"a: 1\n... b\n":   ":2: it is not YAML: text follows ... in its line",
		"? a\nb: [\n- c]": ":3: it is not YAML: a sign stands where a value",
		"a: [b]#c\n":      ":1: it is not YAML: ",
	} {
		_, err := ReadDerived([]byte(data), block)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "a sign stands where none like it") {
			t.Errorf("%q: %v, want %q", data, err, want)
		}
	}
}
