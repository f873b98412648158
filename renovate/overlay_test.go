package renovate

import (
	"errors"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/config"
)

// A project that is run by a configuration has its keys with their lines, or every reason why it
// cannot be run so.
func TestLay(t *testing.T) {
	c, err := config.Parse("pinwheel.yaml", []byte("projects: [{path: the/project, files: [{path: images/pins.txt}], policy: renovate}]"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		file, text, want string // want is the error, or the first key's source
	}{
		"a key":              {"renovate.json", "{\n\"labels\": [\"a\"]}", "renovate.json:2"},
		"its own preset":     {"renovate.json", "{\n\n\"extends\": [\":label(a)\"]}", "renovate.json:3"},
		"in package.json":    {"package.json", "{\n\"renovate\": {\n\"labels\": [\"a\"]}}", "package.json:3"},
		"not JSON":           {"renovate.json", "{\n\"labels\" [\"a\"]}", "renovate.json:2: "},
		"no object":          {"renovate.json", "\n[]", "renovate.json:2: the configuration is a list"},
		"refused":            {"renovate.json", "{\n\"labels\": [\"a\"],\n\"hostRules\": [{\"matchHost\": \"x\"}]}", "renovate.json:3: hostRules: refused: "},
		"a preset elsewhere": {"renovate.json", "{\n\"extends\": [\"local>group/presets\"]}", "renovate.json:2: extends[0]: refused: local>group/presets stands elsewhere and was not read: write what it says into this file"},
	} {
		laid, err := Lay(c.Projects[0], Source{File: tt.file, Data: []byte(tt.text), Branch: "main"})
		var wrong config.Errors
		switch {
		case errors.As(err, &wrong):
			if !strings.HasPrefix(wrong[0].Error(), tt.want) || laid.Text != "" || len(laid.Keys) != 0 {
				t.Errorf("%s: Lay = %+v, %v; want the error %s alone", name, laid, err, tt.want)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			p := laid.Project.Policy
			if got := p.Sources["labels"].String(); got != tt.want || len(p.Labels) != 1 || p.Files[0].Path != "images/pins.txt" {
				t.Errorf("%s: labels %q from %s, want it from %s", name, p.Labels, got, tt.want)
			}
		}
	}
}
