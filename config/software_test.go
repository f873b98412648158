package config

import (
	"strings"
	"testing"
)

// TestInstallNamesData: software.install names data projects of the set, each by the
// last part of its path. Where data is a variable's alone, the lock says it.
func TestInstallNamesData(t *testing.T) {
	for software, want := range map[string]string{
		"data: [kpet-db]\n  install:\n    - kpet-db\n    - other\n":    ":5: software.install[1]: other is none of software.data: add it there, or remove it here",
		"install: [kpet]\n  data: [kpet-db, g/kpet@main]\n":            "",
		"data: [g/kpet-db@main]\n  install: [g/kpet-db]\n":             `:3: software.install[0]: "g/kpet-db" is not the last part of a project's path: write kpet-db`,
		"data: [kpet-db]\n  install: [kpet-db@main]\n":                 `:3: software.install[0]: "kpet-db@main" is not the last part of a project's path: write kpet-db`,
		"packages: [kpet-db]\n  data: [x]\n  install: [kpet-db]\n":     ":4: software.install[0]: kpet-db is none of software.data",
		"install: [kpet-db]\n  constraints: c.txt\n":                   "",
		"data: [g/x]\n  install: [G]\n":                                ":3: software.install[0]: G is none of software.data",
		"data: [kpet-db]\n  install: [kpet-db, kpet-db]\n":             ":3: software.install[1]: ",
		"data: [kpet-db]\n  install: ['../kpet-db']\n":                 ":3: software.install[0]: ",
		"data: [kpet-db]\n  install: []\n":                             ":3: software.install: ",
		"data: [kpet-db, b]\n  install: [kpet-db]\n  namespace: a/b\n": "",
	} {
		_, err := Parse("pinwheel.yaml", []byte("software:\n  "+software))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", software, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v\nwant %q", software, err, want)
		}
	}
}
