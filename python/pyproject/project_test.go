package pyproject

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

const tomlText = `[build-system]
requires = ["setuptools>=61"]

[project]
name = "My.Tool"
version = "1.0" # no business of ours
requires-python = ">=3.9"
dependencies = [
  "requests>=2", # why
  'boto3 [crt] (>=1.34,<2) ; python_version >= "3.9"',
]
dynamic = ["version"]

[project.optional-dependencies]
web = ["flask>=3", "my_tool[async]; os_name == 'posix'"]
async = ["aiohttp; python_version < '3.13' or extra == 'x'"]
"All_of.it" = ["MY-tool[web,async]", "my.tool"]
broken = ["flask=3"]
loop = ["my-tool[pool]", "a"]
pool = ["my-tool[loop]", "b"]

[dependency-groups]
dev = ["pytest"]
[tool.poetry.dependencies]
python = "*"
`

const cfgText = `[metadata]
name = cki-tools
description = a: b

[options]
# comment
python_requires =
    >=3.9
install-requires =
    boto3>=1.34
    # not this
    ; nor this

    requests; python_version < '4'
packages = find:

[options.extras_require]
deploy: kubernetes ; pyyaml>=6
Dev.Tools =
    cki_tools[deploy]
    tox
far = file: requirements-far.txt

[flake8]
per-file-ignores =
    a: b
`

func parsed(t *testing.T, file, text string, extras ...string) Project {
	t.Helper()
	p, err := Parse(file, []byte(text), extras)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func requires(p Project) string {
	var out []string
	for _, r := range p.Requires {
		out = append(out, r.String())
	}
	return strings.Join(out, " | ")
}

func TestPyproject(t *testing.T) {
	const base = `requests>=2 | boto3[crt]<2,>=1.34; python_version >= "3.9"`
	for extras, want := range map[string]string{
		"":             base,
		"web":          base + ` | flask>=3 | aiohttp; os_name == "posix" and (python_version < "3.13" or extra == "x")`,
		"async":        base + ` | aiohttp; python_version < "3.13" or extra == "x"`,
		"ASYNC,web":    base + ` | aiohttp; python_version < "3.13" or extra == "x" | flask>=3`,
		"all-of-it":    base + ` | aiohttp; python_version < "3.13" or extra == "x" | flask>=3`,
		"loop":         base + ` | b | a`,
		"pool,loop":    base + ` | b | a`,
		"web,web,WEB_": "",
	} {
		p, err := Parse("a/pyproject.toml", []byte(tomlText), strings.FieldsFunc(extras, func(r rune) bool { return r == ',' }))
		if want == "" {
			if err == nil {
				t.Errorf("%s is accepted", extras)
			}
			continue
		}
		if err != nil || requires(p) != want {
			t.Errorf("%s: %v\n got %s\nwant %s", extras, err, requires(p), want)
		}
	}
	p := parsed(t, "pyproject.toml", tomlText)
	if p.Name != "My.Tool" || p.RequiresPython != ">=3.9" || !reflect.DeepEqual(p.Extras, []string{"all-of-it", "async", "broken", "loop", "pool", "web"}) {
		t.Errorf("%+v", p)
	}
	p = parsed(t, "pyproject.toml", "[project]\nname = 'a'\n")
	if p.Requires != nil || p.Extras != nil || p.RequiresPython != "" {
		t.Errorf("%+v", p)
	}
}

func TestSetupConfig(t *testing.T) {
	const base = `boto3>=1.34 | requests; python_version < "4"`
	for extras, want := range map[string]string{
		"":                 base,
		"deploy":           base + " | kubernetes | pyyaml>=6",
		"dev_tools":        base + " | kubernetes | pyyaml>=6 | tox",
		"Dev_Tools,deploy": base + " | kubernetes | pyyaml>=6 | tox",
	} {
		p := parsed(t, "setup.cfg", cfgText, strings.FieldsFunc(extras, func(r rune) bool { return r == ',' })...)
		if requires(p) != want {
			t.Errorf("%s:\n got %s\nwant %s", extras, requires(p), want)
		}
	}
	p := parsed(t, "lib/setup.cfg", strings.ReplaceAll(cfgText, "\n", "\r\n"))
	if p.Name != "cki-tools" || p.RequiresPython != ">=3.9" || !reflect.DeepEqual(p.Extras, []string{"deploy", "dev-tools", "far"}) {
		t.Errorf("%+v", p)
	}
	p = parsed(t, "setup.cfg", "[options]\ninstall_requires = a\n\n")
	if p.Name != "" || requires(p) != "a" {
		t.Errorf("%+v", p)
	}
	if p := parsed(t, "setup.cfg", "[options]\npackages = find:\n"); p.Requires != nil {
		t.Errorf("%+v", p)
	}
}

func TestErrors(t *testing.T) {
	const project = "[project]\nname = 'a'\n"
	many := project + "[project.optional-dependencies]\n"
	for i := range 26 {
		many += string(rune('a'+i)) + " = [" + "'a[" + string(rune('a'+(i+1)%26)) + "]; os_name == \"x\"', \"a[" + string(rune('a'+(i+1)%26)) + "]; os_name == 'y'\"," + "]\n"
	}
	for _, c := range []struct{ file, text, extras, want string }{
		{"pyproject.toml", tomlText, "broken", `pyproject.toml:18: "flask=3" is not a requirement; correct it as PEP 508 says, or list its requirements under roots instead`},
		{"pyproject.toml", tomlText, "dev", `pyproject.toml: the project has no extra "dev", only all-of-it, async, broken, loop, pool, web; correct extras under roots`},
		{"pyproject.toml", project, "dev", `pyproject.toml: the project has no extra "dev", and no others; correct extras under roots`},
		{"pyproject.toml", project + "dynamic = ['optional-dependencies']\n", "dev", "what its extra dev requires is computed by its build (dynamic); list its requirements under roots instead"},
		{"pyproject.toml", project + "dependencies = ['a[x]']\n", "", `pyproject.toml:3: the project has no extra "x", and no others; correct it there, or list`},
		{"pyproject.toml", "[tool.x]\na = 1\n[project]\nname='a'\n\ndynamic = [\"dependencies\", 'version']\n", "",
			"pyproject.toml:6: its dependencies are dynamic: only its build computes them; list its requirements under roots instead"},
		{"pyproject.toml", "[build-system]\n\n[tool.poetry]\nname = 'a'\n[tool.poetry.dependencies]\n", "",
			"pyproject.toml:3: its requirements are in [tool.poetry], which only Poetry reads; list its requirements under roots instead"},
		{"pyproject.toml", "[build-system]\n", "", "pyproject.toml: it has no [project] table; name its setup.cfg as the file, or list its requirements under roots instead"},
		{"pyproject.toml", "", "", "it has no [project] table"},
		{"pyproject.toml", "project = 1\n", "", "it has no [project] table"},
		{"pyproject.toml", "[project]\ndependencies = []\n", "", "pyproject.toml:1: its [project] table has no name"},
		{"pyproject.toml", "[project]\nname = 5\n", "", "pyproject.toml:2: name is not a text; correct it"},
		{"pyproject.toml", project + "dependencies = 'a'\n", "", "pyproject.toml:3: dependencies is not a list of texts"},
		{"pyproject.toml", project + "dependencies = [1]\n", "", "pyproject.toml:3: dependencies is not a list of texts"},
		{"pyproject.toml", project + "optional-dependencies = ['a']\n", "", "pyproject.toml:3: optional-dependencies is not a table"},
		{"pyproject.toml", project + "[project.optional-dependencies]\na-b = []\nA_b = []\n", "", "is not a table of different names of extras"},
		{"pyproject.toml", project + "[project.optional-dependencies]\na = 'b'\n", "", "pyproject.toml:4: a is not a list of texts"},
		{"pyproject.toml", project + "dependencies = [\n  'a',\n  \"b >\"]\n", "", `pyproject.toml:5: "b >" is not a requirement`},
		{"pyproject.toml", project + "dependencies = [\n", "", "pyproject.toml:3: it is not TOML: "},
		{"pyproject.toml", "[project\n", "", "pyproject.toml:1: it is not TOML"},
		{"pyproject.toml", "a = \"\xff\"\n", "", "it is not TOML"},
		{"pyproject.toml", strings.Repeat("#", MaxSize+1), "", "pyproject.toml: the file is larger than 1 MiB"},
		{"pyproject.toml", strings.Repeat("a=1\n", maxSigns+1), "", "the file holds too many keys"},
		{"pyproject.toml", "a = " + strings.Repeat("[", MaxSize/2), "", "it is not TOML"},
		{"pyproject.toml", many, "a", "its extras name each other too often; list its"},
		{"setup.py", "", "", "setup.py: it is neither a pyproject.toml nor a setup.cfg; list its requirements under roots instead"},
		{"setup.cfg", cfgText, "far", "setup.cfg:22: the extra far names another file (file:), which is not followed; list its requirements under roots instead"},
		{"setup.cfg", "[options]\ninstall_requires = file: requirements.txt\n", "", "setup.cfg:2: install_requires names another file"},
		{"setup.cfg", "[options]\ninstall_requires =\n  file: requirements.txt\n", "", "setup.cfg:2: install_requires names another file"},
		{"setup.cfg", "[flake8]\nx = 1\n", "", "setup.cfg: it has no [options] section, so its requirements stand in setup.py, which is not executed; list its"},
		{"setup.cfg", "[options]\ninstall_requires =\n  a\n  b # c\n", "", `setup.cfg:4: "b # c" is not a requirement`},
		{"setup.cfg", "[options]\ninstall_requires = a; python_version < '3'\n", "", `"python_version < '3'" is not a requirement`},
		{"setup.cfg", "[options]\na = 1\nA = 2\n", "", "setup.cfg:3: a is there twice; correct it"},
		{"setup.cfg", "[options]\n[options]\n", "", "setup.cfg:2: the section [options] is there twice"},
		{"setup.cfg", "a = 1\n[options]\n", "", "setup.cfg:1: the line stands before any section"},
		{"setup.cfg", "[options]\nwhat\n", "", `setup.cfg:2: "what" is neither a section nor an option`},
		{"setup.cfg", "[options]\n= 1\n", "", "is neither a section nor an option"},
		{"setup.cfg", "[options]\n[options.extras_require]\na-b = x\na_b = y\n", "", "is not the name of an extra, or there twice"},
		{"setup.cfg", "[options]\n\xff\n", "", "setup.cfg: it is not UTF-8"},
	} {
		p, err := Parse(c.file, []byte(c.text), strings.Fields(c.extras))
		var e *Error
		if err == nil || !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || !reflect.DeepEqual(p, Project{}) {
			t.Errorf("%.60q %s: %+v, %v, want %q", c.text, c.extras, p, err, c.want)
		}
	}
}

// FuzzParse holds Parse to errors of one line with a next step, and to names
// that its own reader takes.
func FuzzParse(f *testing.F) {
	f.Add(true, []byte(tomlText), "web")
	f.Add(false, []byte(cfgText), "dev-tools")
	f.Add(true, []byte("project.name = 'a'\nproject.optional-dependencies = {b = ['a[b]; os_name==\"x\"']}"), "b")
	f.Add(false, []byte("[options]\r  x\rinstall_requires=\x0c a\n\t\x1cb\n ;\n[options.extras_require]\n:b=c\n"), "")
	f.Fuzz(func(t *testing.T, isTOML bool, data []byte, extra string) {
		file := "setup.cfg"
		if isTOML {
			file = "pyproject.toml"
		}
		p, err := Parse(file, data, []string{extra})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Reason == "" || e.Next == "" || strings.ContainsAny(err.Error(), "\n\r") {
				t.Fatalf("%q", err)
			}
			return
		}
		for _, r := range p.Requires {
			if r.Name == "" {
				t.Fatalf("%+v", p)
			}
		}
	})
}
