package pep508

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestMarkerNormalForm(t *testing.T) {
	for in, want := range map[string]string{
		`os_name=='nt'`:                        `os_name == "nt"`,
		"\t( ( os.name ) )":                    "",
		` ((os.name  not   in 'nt')) `:         `os_name not in "nt"`,
		`'x'in sys.platform`:                   `"x" in sys_platform`,
		`python_implementation==""`:            `platform_python_implementation == ""`,
		`platform.python_implementation<="a"`:  `platform_python_implementation <= "a"`,
		`platform.version>'1'and'1'<os_name`:   `platform_version > "1" and "1" < os_name`,
		`extra=='A__B.c'`:                      `extra == "a-b-c"`,
		`'A__B' == extra or os_name == 'A__B'`: `"a-b" == extra or os_name == "A__B"`,
		`os_name=='"'`:                         `os_name == '"'`,
		`os_name=="'"`:                         `os_name == "'"`,
		`os_name=='\'`:                         "",
		`os_name=='\\\x27"'`:                   `os_name == "\\'\x22"`,
		`os_name=='\d\101\u00e4\U0001f600\n'`:  `os_name == "\\dAä😀\x0a"`,
		`os_name=="a" or(os_name=="b")`:        `os_name == "a" or os_name == "b"`,
		`(os_name=="a" or os_name=="b")and(((os_name=="c" and os_name=="d")))`: `(os_name == "a" or os_name == "b") and (os_name == "c" and os_name == "d")`,
		`((os_name=="a" or os_name=="b"))`:                                     `os_name == "a" or os_name == "b"`,
		`"x" == "y"`:                                                           `"x" == "y"`,
		`os_name == sys_platform`:                                              `os_name == sys_platform`,
	} {
		m, err := ParseMarker(in)
		if want == "" {
			if !errors.Is(err, ErrSyntax) {
				t.Errorf("ParseMarker(%q) = %s, %v, want ErrSyntax", in, m, err)
			}
			continue
		}
		if err != nil || m.String() != want || m.IsZero() {
			t.Errorf("ParseMarker(%q) = %s, %v, want %s", in, m, err, want)
		}
	}
}

func TestParseMarkerTellsTheColumn(t *testing.T) {
	for _, c := range []struct {
		in     string
		column int
	}{
		{"", 1},
		{" ", 2},
		{"os_nam == 'nt'", 1},
		{"os_name = 'nt'", 9},
		{"os_name == nt", 12},
		{"os_name == 'nt", 12},
		{"os_name == 'nt' and", 20},
		{"os_name == 'nt' nor", 17},
		{"os_name == 'nt' orx", 17},
		{"os_name notin 'nt'", 9},
		{"os_name not 'nt'", 13},
		{"os_name inx 'nt'", 9},
		{"'ä' == os_name)", 15},
		{"(os_name == 'nt'", 17},
		{"os_name == 'n\nt'", 14},
		{`os_name == "\x"`, 13},
		{`os_name == "\xg0"`, 13},
		{`os_name == "\ud800"`, 13},
		{`os_name == "\U00110000"`, 13},
		{`os_name == "\N{DIGIT ONE}"`, 13},
		{"os_name == 'nt'; x", 16},
		{"os_name >= 1", 12},
		{"platform.system == 'x'", 1},
		{strings.Repeat("(", 200), maxDepth + 1},
	} {
		m, err := ParseMarker(c.in)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Column != c.column || !m.IsZero() {
			t.Errorf("ParseMarker(%q) = %s, %v, want column %d", c.in, m, err, c.column)
		}
	}
}

func TestEval(t *testing.T) {
	env := environmentFor(t, "3.11", "linux/x86_64")
	for _, c := range []struct {
		marker string
		want   any // true, false or an error
	}{
		{`python_version >= "3.9"`, true},
		{`python_version < "3.9"`, false},
		{`python_version == "3.11.*"`, true},
		{`python_version ~= "3.9"`, true},
		{`"3.9" < python_version`, true},
		{`"3.12" <= python_version`, false},
		{`python_version in "3.10 3.11"`, true},
		{`python_version not in "3.10"`, true},
		{`python_version > "three"`, false},
		{`python_version != "three"`, true},
		{`python_version ~= "3"`, ErrComparison},
		{`python_full_version > "3.11.5"`, true},
		{`python_full_version < "3.12"`, true},
		{`implementation_version === "3.11.99"`, true},
		{`implementation_name == "cpython"`, true},
		{`implementation_name === "cpython"`, ErrComparison},
		{`platform_python_implementation != "PyPy"`, true},
		{`sys_platform == "linux" and platform_system == "Linux" and os_name == "posix"`, true},
		{`sys_platform <= "linux"`, true},
		{`sys_platform < "z"`, false},
		{`sys_platform > "a"`, false},
		{`"lin" in sys_platform`, true},
		{`platform_machine in "x86_64 aarch64"`, true},
		{`platform_machine == "X86_64"`, false},
		{`platform_release >= "5"`, ErrVariable},
		{`platform_version == ""`, ErrVariable},
		{`"a" in extras`, ErrVariable},
		{`"a" in dependency_groups`, ErrVariable},
		{`"a" == "a"`, ErrVariable},
		{`"posix" == "os_name"`, true},
		{`os_name == sys_platform`, false},
		{`extra == "test"`, false},
		{`extra != "test"`, true},
		{`extra == ""`, true},
		{`os_name == "nt" and sys_platform == "win32" or os_name == "posix"`, true},
		{`os_name == "nt" and (sys_platform == "win32" or os_name == "posix")`, false},
		{`os_name == "posix" or os_name === "posix"`, ErrComparison},
		{`os_name == "nt" and (platform_release == "1")`, ErrVariable},
	} {
		m := parseMarker(t, c.marker)
		holds, err := m.Eval(env)
		want, wantErr := c.want.(error)
		if wantErr && !errors.Is(err, want) || !wantErr && (err != nil || holds != c.want) {
			t.Errorf("%s: got %v, %v, want %v", m, holds, err, c.want)
		}
		if m.MayHold(env) != (c.want != false) {
			t.Errorf("%s: MayHold is %v", m, m.MayHold(env))
		}
	}
}

func TestEvalExtras(t *testing.T) {
	env := environmentFor(t, "3.11", "linux/x86_64")
	for marker, want := range map[string][3]bool{ // no extra, "Dev_Tools", both
		`extra == "dev.tools"`:                        {false, true, true},
		`"test" == extra`:                             {false, false, true},
		`extra != "dev-tools"`:                        {true, false, true},
		`extra == "test" and extra == "dev-tools"`:    {false, false, false},
		`extra == "test" or extra == "dev-tools"`:     {false, true, true},
		`extra == "dev-tools" and os_name == "nt"`:    {false, false, false},
		`extra in "test dev-tools" or extra == "dev"`: {true, true, true},
	} {
		m := parseMarker(t, marker)
		for i, extras := range [][]string{nil, {"Dev_Tools"}, {"Dev_Tools", "TEST"}} {
			if holds, err := m.Eval(env.WithExtras(extras...)); err != nil || holds != want[i] {
				t.Errorf("%s with %q: got %v, %v, want %v", m, extras, holds, err, want[i])
			}
		}
	}
	if env.Extras != nil {
		t.Error("WithExtras changed the environment it was called on")
	}
}

func TestMarkerExtras(t *testing.T) {
	for marker, want := range map[string][]string{
		`os_name == "x"`:   nil,
		`extra == "B_b"`:   {"b-b"},
		`extra == os_name`: nil,
		`("C" == extra or os_name == "x") and extra != "a" or extra == "c"`: {"a", "c"},
	} {
		if got := parseMarker(t, marker).Extras(); !slices.Equal(got, want) {
			t.Errorf("extras of %s: %q, want %q", marker, got, want)
		}
	}
}

func TestZeroMarker(t *testing.T) {
	var zero Marker
	holds, err := zero.Eval(Environment{})
	if !zero.IsZero() || zero.String() != "" || zero.Extras() != nil || !holds || err != nil || !zero.MayHold(Environment{Extras: []string{"x"}}) {
		t.Errorf("the zero Marker does not always hold: %v, %v", holds, err)
	}
}

func TestEnvironmentFor(t *testing.T) {
	env := environmentFor(t, "3.9.7", "linux/s390x")
	if env.PythonVersion != "3.9" || env.PythonFullVersion != "3.9.7" || env.ImplementationVersion != "3.9.7" || env.PlatformMachine != "s390x" {
		t.Errorf("got %+v", env)
	}
	for _, c := range [][2]string{
		{"3", "linux/x86_64"}, {"", "linux/x86_64"}, {"3.11.4.1", "linux/x86_64"}, {"3.x", "linux/x86_64"}, {"3.011", "linux/x86_64"},
		{"3.-1", "linux/x86_64"}, {"cp311", "linux/x86_64"}, {"3.11", ""}, {"3.11", "linux"}, {"3.11", "linux/"}, {"3.11", "windows/x86_64"}, {"3.11", "linux/x86/64"}, {"3.11", "linux/ä"},
	} {
		if env, err := EnvironmentFor(c[0], c[1]); err == nil {
			t.Errorf("EnvironmentFor(%q, %q) = %+v", c[0], c[1], env)
		}
	}
	checkout := Environment{PythonFullVersion: "3.14.0+"}
	if !parseMarker(t, `python_full_version == "3.14.0"`).MayHold(checkout) {
		t.Error("an interpreter built from a checkout has no version")
	}
}

func FuzzParseMarker(f *testing.F) {
	for _, s := range []string{
		`os_name == "nt"`, `(os_name=='a' or "b"!=sys.platform)and extra == 'C_d'`, `python_version not in '3.1'`, `"\x22\'" === python_implementation`,
	} {
		f.Add(s)
	}
	env, err := EnvironmentFor("3.11", "linux/x86_64")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMarker(s)
		if err != nil {
			return
		}
		again, err := ParseMarker(m.String())
		if err != nil || again.String() != m.String() {
			t.Fatalf("%q prints as %s, which parses to %s, %v", s, m, again, err)
		}
		for _, env := range []Environment{env, env.WithExtras("c-d")} {
			holds, err := m.Eval(env)
			sameHolds, sameErr := again.Eval(env)
			if holds != sameHolds || (err == nil) != (sameErr == nil) || m.MayHold(env) != (holds || err != nil) {
				t.Errorf("%q: %v, %v, but printed %v, %v", s, holds, err, sameHolds, sameErr)
			}
		}
	})
}
