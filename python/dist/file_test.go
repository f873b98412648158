package dist

import (
	"errors"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/python/pep440"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in, kind, name, version, build string
	}{
		{"a-1.0-py3-none-any.whl", "wheel", "a", "1.0", ""},
		{"A_b.C-01.0rc.-py3-none-any.whl", "wheel", "a-b-c", "1.0rc0", ""},
		{"a-1.0+x_1-12b_c-py3-none-any.whl", "wheel", "a", "1.0+x.1", "12b_c"},
		{"a-1!2-0-cp311-cp311-linux_x86_64.whl", "wheel", "a", "1!2", "0"},
		{"a_-1-py3-none-any.whl", "wheel", "a-", "1", ""},
		{"a-1.0.tar.gz", "sdist", "a", "1.0", ""},
		{"A.b_C-1.0.zip", "sdist", "a-b-c", "1.0", ""},
		{"a-b-2.tar.gz", "sdist", "a-b", "2", ""},
		{"a-1.0.tgz", "sdist", "a", "1.0", ""},
		{"a-1.0.tar", "sdist", "a", "1.0", ""},
		{"a-1.0.tar.bz2", "sdist", "a", "1.0", ""},
		{"a-1.0.tbz", "sdist", "a", "1.0", ""},
		{"a-1.0.tar.xz", "sdist", "a", "1.0", ""},
		{"a-1.0.txz", "sdist", "a", "1.0", ""},
		{"a-1.0.tlz", "sdist", "a", "1.0", ""},
		{"a-1.0.tar.lz", "sdist", "a", "1.0", ""},
		{"a-1.0.tar.lzma", "sdist", "a", "1.0", ""},
		{"a-1.0-1.tar.gz", "sdist", "a-1-0", "1", ""},
		{"a--1.tar.gz", "sdist", "a-", "1", ""},
	} {
		f := mustParse(t, c.in)
		if string(f.Kind) != c.kind || f.Name() != c.name || f.Version.String() != c.version || f.Build() != c.build {
			t.Errorf("Parse(%q) = %s %q %q build %q", c.in, f.Kind, f.Name(), f.Version, f.Build())
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		"", ".whl", ".tar.gz", "a", "a-1.0", ".tgz", "a-1.0.tar.Z", "a-1.0.rar", "a-1.0.exe", "a-1.0-py2.7.egg", "a-1.0-1.noarch.rpm", "a-1.0.whl",
		"a.tar.gz", "-1.0.tar.gz", "a-.tar.gz", "a-x.tar.gz", "ä-1.0.tar.gz", "a b-1.0.tar.gz", "a-1.0.TAR.GZ", "a-1.0.tar.gz.metadata",
		"a-1.0-any.whl", "a-1.0-none-any.whl", "-1.0-py3-none-any.whl", "a--py3-none-any.whl", "a-x-py3-none-any.whl", "a__b-1.0-py3-none-any.whl",
		"a-1.0-x1-py3-none-any.whl", "a-1.0--py3-none-any.whl", "a-1.0-1-2-py3-none-any.whl", "a-1.0---.whl",
		"a-1.0-py3--any.whl", "a-1.0-py3-none-.whl", "a-1.0-.py3-none-any.whl", "a-1.0-py2..py3-none-any.whl", "a-1.0-py3.-none-any.whl",
	} {
		if f, err := Parse(in); !errors.Is(err, ErrName) || f != (File{}) {
			t.Errorf("Parse(%q) = %+v, %v, want ErrName", in, f, err)
		}
	}
	if _, err := Parse("pytz-2004d.tar.gz"); !errors.Is(err, pep440.ErrVersion) {
		t.Errorf("got %v, want an error that tells the version is to blame", err)
	}
}

func TestParseFor(t *testing.T) {
	for _, c := range []struct{ project, in, version string }{
		{"a", "a-1.0.tar.gz", "1.0"},
		{"a", "A-1.0-1.tar.gz", "1.0.post1"},
		{"A.B", "a_b-1.0-beta2.zip", "1.0b2"},
		{"a-b", "a-b-1.0-r3.zip", "1.0.post3"},
		{"a-2", "a-2-1.0.zip", "1.0"},
		{"a-", "a_--1.zip", "1"},
		{"a-b", "A_B-1.0-py3-none-any.whl", "1.0"},
		{"b", "a-1.0.tar.gz", ""},
		{"a-b", "a-1.0-py3-none-any.whl", ""},
		{"a", "a-b-1.0.tar.gz", ""},
		{"a", "a-1.0.egg", ""},
		{"a", "a-1.0.whl", ""},
		{"", "-1.0.zip", ""},
		{"a", "a.zip", ""},
	} {
		f, err := ParseFor(c.project, c.in)
		if (err == nil) != (c.version != "") || f.Version.String() != c.version || err != nil && !errors.Is(err, ErrName) {
			t.Errorf("ParseFor(%q, %q) = %q, %v, want %q", c.project, c.in, f.Version, err, c.version)
		}
	}
}

func TestTags(t *testing.T) {
	f := mustParse(t, "a-1-PY2.py3-None.abi3-any.linux_x86_64.whl")
	var got []string
	for _, tag := range f.Tags() {
		got = append(got, tag.String())
	}
	want := "py2-none-any py2-none-linux_x86_64 py2-abi3-any py2-abi3-linux_x86_64 " +
		"py3-none-any py3-none-linux_x86_64 py3-abi3-any py3-abi3-linux_x86_64"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if tags := mustParse(t, "a-1.zip").Tags(); tags != nil {
		t.Errorf("a source distribution has the tags %v", tags)
	}
}

func TestInstallable(t *testing.T) {
	const x86, arm = "linux/x86_64", "linux/aarch64"
	for _, c := range []struct {
		tags, python, platform string
		want                   bool
	}{
		{"py3-none-any", "3.11", x86, true},
		{"py2.py3-none-any", "3.11", arm, true},
		{"PY3-NONE-ANY", "3.11", x86, true},
		{"py2-none-any", "3.11", x86, false},
		{"py3-abi3-any", "3.11", x86, false},
		{"py311-none-any", "3.11", x86, true},
		{"py39-none-any", "3.11", x86, true},
		{"py312-none-any", "3.11", x86, false},
		{"py3-none-manylinux2014_x86_64", "3.11", x86, true},
		{"py3-none-manylinux2014_x86_64", "3.11", arm, false},
		{"cp311-none-any", "3.11", x86, true},
		{"cp310-none-any", "3.11", x86, false},
		{"cp311-cp311-any", "3.11", x86, false},

		{"cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", "3.11", x86, true},
		{"cp311-cp311-manylinux_2_17_x86_64", "3.11.4", x86, true},
		{"cp311-cp311-manylinux_2_17_x86_64", "3.10", x86, false},
		{"cp311-cp311-manylinux_2_17_x86_64", "3.12", x86, false},
		{"cp311-cp311-linux_x86_64", "3.11", x86, true},
		{"cp311-cp311-manylinux1_x86_64", "3.11", x86, true},
		{"cp311-cp311-manylinux2010_x86_64", "3.11", x86, true},
		{"cp311-cp311-manylinux_2_34_aarch64", "3.11", arm, true},
		{"cp311-cp311-manylinux2014_ppc64le", "3.11", "linux/ppc64le", true},
		{"cp311-cp311-manylinux2014_ppc64", "3.11", "linux/ppc64le", false},
		{"cp311-cp311-manylinux2014_s390x", "3.11", "linux/s390x", true},
		{"cp311-cp311-musllinux_1_2_x86_64", "3.11", x86, false},
		{"cp311-cp311-manylinux_3_0_x86_64", "3.11", x86, false},
		{"cp311-cp311-manylinux_2_x86_64", "3.11", x86, false},
		{"cp311-cp311-manylinux_2_x_x86_64", "3.11", x86, false},
		{"cp311-cp311-manylinux2014_i686", "3.11", x86, false},
		{"cp311-cp311-win_amd64", "3.11", x86, false},
		{"cp311-cp311-macosx_11_0_x86_64", "3.11", x86, false},
		{"cp313-cp313t-linux_x86_64", "3.13", x86, false},
		{"cp313-cp313d-linux_x86_64", "3.13", x86, false},
		{"cp311-cp310-linux_x86_64", "3.11", x86, false},
		{"pp311-pypy311_pp73-linux_x86_64", "3.11", x86, false},
		{"cp37-cp37m-linux_x86_64", "3.7", x86, true},
		{"cp37-cp37-linux_x86_64", "3.7", x86, false},
		{"cp38-cp38-linux_x86_64", "3.8", x86, true},
		{"cp38-cp38m-linux_x86_64", "3.8", x86, false},

		{"cp39-abi3-manylinux_2_28_x86_64", "3.11", x86, true},
		{"cp311-abi3-linux_x86_64", "3.11", x86, true},
		{"cp312-abi3-linux_x86_64", "3.11", x86, false},
		{"cp39.cp312-abi3-linux_x86_64", "3.11", x86, true},
		{"cp31-abi3-linux_x86_64", "3.11", x86, false},
		{"cp39-abi3t-linux_x86_64", "3.11", x86, false},
		{"cp39-cp39-linux_x86_64", "3.11", x86, false},
		{"cp27-abi3-linux_x86_64", "3.11", x86, false},
		{"cp3-none-any", "3.11", x86, false},
		{"cp3x-abi3-linux_x86_64", "3.11", x86, false},

		{"py3-none-any", "2.7", x86, false},
		{"py3-none-any", "3", x86, false},
		{"py3-none-any", "3.", x86, false},
		{"py3-none-any", "3.x", x86, false},
		{"py3-none-any", "", x86, false},
		{"py3-none-any", "3.11", "", false},
		{"py3-none-any", "3.11", "linux/", false},
		{"py3-none-any", "3.11", "macos/arm64", false},
	} {
		f := mustParse(t, "a-1-"+c.tags+".whl")
		if got := f.Installable(c.python, c.platform); got != c.want {
			t.Errorf("%s for %s on %s: %v, want %v", c.tags, c.python, c.platform, got, c.want)
		}
	}
	if !mustParse(t, "a-1.tar.gz").Installable("3.11", "linux/x86_64") {
		t.Error("a source distribution is installable everywhere")
	}
	if (File{}).Installable("3.11", "linux/x86_64") {
		t.Error("the zero File is installable")
	}
}

func TestNothingIsAllocated(t *testing.T) {
	f := mustParse(t, "numpy-2.2.6-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
	for what, do := range map[string]func(){
		"Parse of a wheel": func() { _, _ = Parse("numpy-2.2.6-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl") },
		"Parse of a sdist": func() { _, _ = ParseFor("numpy", "numpy-2.2.6.tar.gz") },
		"Installable":      func() { f.Installable("3.11", "linux/x86_64") },
	} {
		if n := testing.AllocsPerRun(100, do); n != 0 {
			t.Errorf("%s allocates %v times", what, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a-1.0.tar.gz", "a_--1.zip", "A_b-1.0+x-1a-py2.py3-none.abi3-any.linux_x86_64.whl", "a-1.0-b1.zip"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		file, err := Parse(name)
		if err != nil {
			if !errors.Is(err, ErrName) {
				t.Errorf("Parse(%q): %v", name, err)
			}
			return
		}
		again, err := ParseFor(file.Name(), name)
		if err != nil || again != file {
			t.Errorf("Parse(%q) = %+v, but for its own project %+v, %v", name, file, again, err)
		}
		file.Installable("3.11", "linux/x86_64")
		if file.Kind == Sdist {
			return
		}
		parts := []string{file.project, file.Version.Raw(), file.python, file.abi, file.platform}
		if file.build != "" {
			parts = append(parts[:2], append([]string{file.build}, parts[2:]...)...)
		}
		if printed := strings.Join(parts, "-") + ".whl"; printed != name {
			t.Errorf("%q is put together again as %q", name, printed)
		}
		if len(file.Tags()) == 0 {
			t.Errorf("%q has no tags", name)
		}
	})
}
