package constraints

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// vector is one case of constraints-lines.json: the bytes of a file and what
// pip 26.2.1 reads in it before it looks at the requirements themselves.
type vector struct {
	Content []byte `json:"content_b64"`
	Show    string
	Error   string
	Lines   []vectorLine
}

type vectorLine struct {
	Requirement string
	Editable    bool
	Where       string
	Hashes      map[string][]string
}

// purpose names the cases in which this reader differs from pip on purpose.
var purpose = map[string]string{
	"\\xff\\xfea\x00=\x00=\x001\x00.\x000\x00\n\x00": "UTF-16 is an error that asks for UTF-8",
	"-r self.txt\n":    "nested files are not followed, so neither is a cycle",
	"-r missing.txt\n": "nested files are not followed, so none is missing",
}

func TestVectors(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testenv.Shared(t), "data", "vectors", "constraints-lines.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 100 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	differs := 0
	for _, c := range file.Cases {
		if purpose[c.Show] != "" {
			differs++
			continue
		}
		got, refused := readAsPip(c.Content)
		if refused != (c.Error != "") {
			t.Errorf("%q: refused %v, pip says %q", c.Show, refused, c.Error)
		}
		if c.Error == "" && !reflect.DeepEqual(got, followed(c.Lines)) {
			t.Errorf("%q:\n got %+v\nwant %+v", c.Show, got, c.Lines)
		}
	}
	if differs != len(purpose) {
		t.Errorf("%d cases differ on purpose, %d are documented", differs, len(purpose))
	}
}

// followed leaves out what pip read from nested files.
func followed(lines []vectorLine) []vectorLine {
	var out []vectorLine
	for _, l := range lines {
		if !strings.HasSuffix(l.Where, "other.txt") {
			out = append(out, l)
		}
	}
	return out
}

// readAsPip runs the stages of Parse that come before the requirement is
// read. Variables are replaced as in the oracle's environment.
func readAsPip(data []byte) (lines []vectorLine, refused bool) {
	src, bad := decode("self.txt", data)
	if bad != nil {
		return nil, true
	}
	for _, l := range logicalLines(src.text) {
		text := strings.ReplaceAll(l.text, "${V}", "3.1")
		args, rest := splitOptions(text)
		words, why := splitWords(text[rest:], rest)
		if why != "" {
			return nil, true
		}
		opts, why := parseOptions(words, UseConstraints)
		if why != "" {
			return nil, true
		}
		v := vectorLine{Requirement: args, Where: "line " + strconv.Itoa(l.number) + " of self.txt"}
		for _, o := range opts {
			algorithm, digest, _ := strings.Cut(o.value, ":")
			switch {
			case o.name == "--hash" && args != "":
				if v.Hashes == nil {
					v.Hashes = map[string][]string{}
				}
				v.Hashes[algorithm] = append(v.Hashes[algorithm], digest)
			case o.name == "--editable" && args == "" && !v.Editable:
				v.Requirement, v.Editable = o.value, true
			}
		}
		if v.Requirement != "" {
			lines = append(lines, v)
		}
	}
	return lines, false
}

// realFiles returns the recorded constraints files.
func realFiles(t testing.TB) map[string][]byte {
	t.Helper()
	shared := testenv.Shared(t)
	files := map[string][]byte{}
	for _, pattern := range []string{"data/pypi/constraints/*.txt", "data/cki/*.txt"} {
		paths, err := filepath.Glob(filepath.Join(shared, pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, p := range paths {
			data, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(p)] = data
		}
	}
	return files
}

func TestRealFilesParse(t *testing.T) {
	for name, data := range realFiles(t) {
		f, err := Parse(name, data)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if len(f.Pins) == 0 {
			t.Errorf("%s: no pins", name)
		}
		for _, p := range f.Pins {
			if got := string(data[p.version.start:p.version.end]); got != p.Version.Raw() {
				t.Errorf("%s:%d: version %q stands where %q is", name, p.Line, p.Version.Raw(), got)
			}
		}
		t.Logf("%s: %d pins, %d unmanaged", name, len(f.Pins), len(f.Unmanaged))
		for _, u := range f.Unmanaged {
			t.Logf("   %d %s %q: %s", u.Line, u.Kind, u.Text, u.Reason)
		}
	}
}
