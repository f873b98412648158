package renovate

import (
	"fmt"
	"testing"
)

func TestPresetFiles(t *testing.T) {
	for name, want := range map[string]string{
		"local>group/presets":               "group/presets  [default.json default.json5 renovate.json] true",
		"local>group/sub/presets#v1":        "group/sub/presets v1 [default.json default.json5 renovate.json] true",
		"local>group/presets:python":        "group/presets  [python.json] true",
		"local>group/presets:python.json5":  "group/presets  [python.json5] true",
		"local>group/presets//a/b#main":     "group/presets main [a/b.json] true",
		"local>group/presets//../b":         "  [] false",
		"local>presets":                     "  [] false",
		"local>group/presets:python(3.9)":   "  [] false",
		"github>group/presets":              "  [] false",
		"group/presets":                     "  [] false",
		"config:recommended":                "  [] false",
		"https://example.com/renovate.json": "  [] false",
	} {
		project, ref, paths, ok := PresetFiles(name)
		if got := fmt.Sprint(project, " ", ref, " ", paths, " ", ok); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
