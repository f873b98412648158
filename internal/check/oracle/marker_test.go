package oracle

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

func outcome(holds bool, err error) string {
	switch {
	case errors.Is(err, pep508.ErrComparison):
		return undefinedComparison
	case errors.Is(err, pep508.ErrVariable):
		return undefinedName
	case err != nil:
		return err.Error()
	}
	return truth(holds)
}

// environmentOf is an environment by the names of its variables.
func environmentOf(env map[string]string) pep508.Environment {
	e := pep508.Environment{
		OSName: env["os_name"], SysPlatform: env["sys_platform"], PlatformMachine: env["platform_machine"],
		PlatformPythonImplementation: env["platform_python_implementation"], PlatformRelease: env["platform_release"],
		PlatformSystem: env["platform_system"], PlatformVersion: env["platform_version"], PythonVersion: env["python_version"],
		PythonFullVersion: env["python_full_version"], ImplementationName: env["implementation_name"], ImplementationVersion: env["implementation_version"],
	}
	if extra := env["extra"]; extra != "" {
		e.Extras = []string{extra}
	}
	return e
}

// environments are those of cases: Linux, Windows, macOS, another Python, a
// pre-release of one, and one built from a checkout.
func environments() []map[string]string {
	linux := map[string]string{
		"os_name": "posix", "sys_platform": "linux", "platform_machine": "x86_64", "platform_python_implementation": "CPython",
		"platform_release": "6.8.0-45-generic", "platform_system": "Linux", "platform_version": "#45-Ubuntu SMP",
		"python_version": "3.12", "python_full_version": "3.12.7", "implementation_name": "cpython", "implementation_version": "3.12.7", "extra": "",
	}
	with := func(changes map[string]string) map[string]string {
		env := maps.Clone(linux)
		maps.Copy(env, changes)
		return env
	}
	without := maps.Clone(linux)
	delete(without, "extra")
	return []map[string]string{
		linux, without,
		with(map[string]string{"os_name": "nt", "sys_platform": "win32", "platform_machine": "AMD64", "platform_release": "10", "platform_system": "Windows", "platform_version": "10.0.19045", "python_version": "3.9", "python_full_version": "3.9.13", "implementation_version": "3.9.13", "extra": "test"}),
		with(map[string]string{"sys_platform": "darwin", "platform_machine": "arm64", "platform_release": "24.1.0", "platform_system": "Darwin", "python_version": "3.13", "python_full_version": "3.13.0rc2", "implementation_version": "3.13.0rc2", "extra": "Test_All"}),
		with(map[string]string{"platform_python_implementation": "PyPy", "implementation_name": "pypy", "implementation_version": "7.3.17", "python_version": "3.10", "python_full_version": "3.10.14"}),
		with(map[string]string{"python_version": "3.14", "python_full_version": "3.14.0+", "implementation_version": "3.14.0a1", "platform_release": "5.15"}),
	}
}

func (m maker) literal(text string) operandText {
	quote := m.of("'", "'", `"`)
	if strings.Contains(text, quote) {
		quote = m.of(strings.Trim(`'"`, quote))
	}
	return operandText{text, quote}
}

// comparison is of a variable and mostly of a literal that fits it.
func (m maker) comparison() *node {
	ops := []string{"==", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "~=", "==="}
	n := &node{op: m.of(ops...)}
	var fits []string
	switch m.IntN(5) {
	case 0, 1:
		n.left.text = m.of("python_version", "python_version", "python_full_version", "implementation_version", "platform_release")
		fits = []string{"3", "3.9", "3.10", "3.12", "3.12.7", "3.13.0rc2", "3.13.0", "3.*", "3.1.*", "3.12.0.*", "3.8, 3.12", "2.7 3.9", "10", "6", "5.15", "7.3.17", "4!3", "3.14.0a1", "3.9.dev0", " 3.9 ", "x", "", "6.8.0-45-generic", "v3.12.*", "3.12.post1"}
	case 2:
		n.left.text = m.of("extra")
		fits = []string{"test", "Test", "test-all", "test_all", "Test.All", "", "3.9", "other"}
	default:
		n.left.text = m.of("os_name", "sys_platform", "platform_machine", "platform_system", "platform_version", "platform_python_implementation", "implementation_name", "os.name", "sys.platform", "platform.version", "platform.machine", "platform.python_implementation", "python_implementation")
		fits = []string{"posix", "nt", "linux", "linux2", "win32", "darwin", "x86_64", "arm64", "CPython", "PyPy", "cpython", "pypy", "Linux", "Windows", "10.0.19045", "10", "", "linux darwin", "#45-Ubuntu SMP", "l", "3.9", `C:\new`, `a\tb`, `\d`}
	}
	n.right = m.literal(m.of(fits...))
	switch m.IntN(14) {
	case 0, 1:
		n.left, n.right = n.right, n.left
	case 2:
		n.right = operandText{text: m.of("os_name", "python_version", "implementation_version", "sys_platform")}
	case 3:
		n.left = m.literal(m.of(fits...))
	}
	return n
}

func (m maker) tree(depth int) *node {
	if depth == 0 || m.one(3) {
		return m.comparison()
	}
	n := &node{join: m.of("and", "or")}
	for range 2 + m.IntN(2) {
		part := m.tree(depth - 1)
		if part.join == n.join {
			part = m.comparison()
		}
		n.parts = append(n.parts, part)
	}
	return n
}

func TestMarkers(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	p := packaging(t)
	m, c := newMaker(seed+4), newTally(t)
	defer c.print()
	var trees []*node
	var cases []MarkerCase
	var invalid []rule // why 21.3 refuses the marker
	for len(cases) < markerCases {
		tree := m.tree(m.IntN(3))
		text, why := tree.String(), unchanged
		switch {
		case m.one(40):
			text, why = text+" and 'x' in "+m.of("extras", "dependency_groups"), ruleNames
		case m.one(60):
			text, why = "(os_name not "+m.of(" ", "\t")+"in 'x') or "+text, ruleNotIn
		case m.one(40): //nolint:gocritic // it draws anew
			text, why = text+m.of(" and", " or", ")", " and (", " x", "'", " and os_name", " and os_nam == 'x'", " and os_name = 'x'", " xor os_name == 'x'"), ruleBroken
		}
		if m.one(3) {
			text = m.of("(", "( ", " (") + text + m.of(")", " )")
		}
		trees, cases, invalid = append(trees, tree), append(cases, MarkerCase{Marker: text, Environments: environments()}), append(invalid, why)
	}
	for i, got := range answers(t, p.Markers, cases) {
		c.cases++
		text := cases[i].Marker
		ours, err := pep508.ParseMarker(text)
		if why := invalid[i]; why != unchanged {
			c.want(fmt.Sprintf("%q is a marker", text), got.Valid, false, err == nil && why != ruleBroken, why)
			continue
		}
		c.want(fmt.Sprintf("%q is a marker", text), got.Valid, true, err == nil, unchanged)
		if err != nil || !got.Valid {
			continue
		}
		for j, env := range cases[i].Environments {
			old := trees[i].evalOld(env)
			holds, err := ours.Eval(environmentOf(env))
			c.want(fmt.Sprintf("%q with %v", text, env), got.Holds[j], old.value, outcome(holds, err), old.why)
		}
	}
}
