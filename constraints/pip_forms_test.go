package constraints

import (
	"strings"
	"testing"
)

// TestFormsThatPipJudges holds Parse to what pip 26.2 does with forms that its
// documents leave open.
func TestFormsThatPipJudges(t *testing.T) {
	for _, line := range []string{
		"name[x] @ https://h/n.zip",
		"name [x,y]@https://h/n.zip ; python_version<'4'",
		"git+https://h/r.git#egg=name[x]",
		"git+https://h/r.git#egg=n==1.0",
		"https://h/r.zip#sha256=00&egg=n>=1",
		"https://h/r.zip#egg=-n",
		"https://h/r.zip#egg=n_",
		"file://../x",
		"git://h/P.git@ref#egg=P",
		"hg://h/P#egg=P",
		"ssh://h/P.git#egg=P",
		"a==1.0; python_version ~= 'fred'",
		"a==1.0; os_name ~= 'posix'",
		"a==1.0; sys_platform === 'linux'",
		"a==1.0; os_name=='x' and (python_version ~= '3' or implementation_name ~= 'x')",
		"a==1.0; 'x' == 'y'",
	} {
		if _, err := Parse("constraints.txt", []byte("b==1\n"+line+"\n")); err == nil || !strings.HasPrefix(err.Error(), "constraints.txt:2: ") {
			t.Errorf("%s: %v, want it refused with its line", line, err)
		}
	}
	for _, line := range []string{
		"name @ https://h/n.zip",
		"git+https://h/r.git#egg=name",
		"git+https://h/r.git@v1#egg=na.m-e_1&subdirectory=x",
		"git+ssh://h/P.git#egg=P",
		"https://h/r.zip#sha256=00&egg=n",
		"--no-require-hashes",
		"--no-req",
		"a==1.0; python_version ~= '3.9'",
		"a==1.0; python_version === '3.9'",
		"a==1.0; platform_release ~= '5.1'",
		"a==1.0; '3.9' ~= python_version",
		"a==1.0; extra == 'x'",
		"a==1.0; os_name < 'x' or platform_version in 'y'",
	} {
		if _, err := Parse("constraints.txt", []byte(line+"\n")); err != nil {
			t.Errorf("%s: %v, want it taken", line, err)
		}
	}
}

// What is wrong with a YAML file is said in our words, with the line.
func TestNotYAMLInPlainWords(t *testing.T) {
	for _, old := range []string{
		"k: [a\n", "k: 'a\n", "k: \"a\n", "a: b: c\n", "k:\n\t- a\n", "k: *x\n", "k: 1\n  z: 1\n", "- a\nk: 1\n", "k: {a: 1\nz: 1\n", "k: @a\n", "k: %a\n", "k: \"\\q\"\n",
		"%YAML 3.0\n---\nk: 1\n", "k: !<a\n", "k: | x\n  y\n", "k: &\n", "? a\nb\n", "k: `a`\n",
	} {
		_, err := Derive(parse(t, pins), []byte(old), with(FormatBlock, "k"))
		if err == nil {
			t.Errorf("%q is read", old)
			continue
		}
		if text := err.Error(); !strings.Contains(text, "it is not YAML: ") || !strings.HasPrefix(text, "pipeline/constraints.yml:") {
			t.Errorf("%q: %s, want the line and that it is not YAML", old, text)
		}
		for _, word := range []string{"did not find", "expected", "scanning", "scanner", "parser", "token", "yaml:", "found", "indicator", "context", "mapping values"} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%q: %v holds the library's word %q", old, err, word)
			}
		}
	}
}

// GitLab gives a symbolic link as a file that holds the path of its target.
func TestReadsAsLink(t *testing.T) {
	for text, want := range map[string]string{
		"constraints-py311.txt": "constraints-py311.txt", "pins/constraints": "pins/constraints", "constraints.txt\n": "", "boto3": "boto3", "boto3\n": "", "a.b==1": "", "x.in": "x.in",
		"a\nb.txt": "", "": "", "requirements.lock": "requirements.lock", "# c\nx.txt": "",
	} {
		if got, _ := LinkTarget([]byte(text)); got != want {
			t.Errorf("%q reads as a link to %q, want %q", text, got, want)
		}
	}
}
