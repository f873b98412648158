package prepare

import (
	"strings"
	"testing"
)

func TestParseEntries(t *testing.T) {
	d := Defaults{Namespace: "cki", Ref: "production"}
	got, err := ParseEntries("  cki-lib other/kpet@main\tgroup/sub/db@v1.0 ", d)
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{"cki-lib", "cki/cki-lib", "production"}, {"other/kpet@main", "other/kpet", "main"}, {"group/sub/db@v1.0", "group/sub/db", "v1.0"},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got[i], want[i])
		}
	}
	for text, says := range map[string]string{
		"-x": "is not the name of a project", "a/../b": "is not the name of a project", "a//b": "is not the name of a project", "a.git": "is not the name of a project",
		"a@": "names no branch", "a@-x": "names no branch", "a@b..c": "names no branch", "a@b~1": "names no branch", "x/cki-lib y/cki_lib": "are called the same",
	} {
		if _, err := ParseEntries(text, d); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
	if _, err := ParseEntries("cki-lib", Defaults{Ref: "production"}); err == nil || !strings.Contains(err.Error(), "set software.namespace") {
		t.Errorf("a name without a namespace: %v", err)
	}
}

func TestParseSource(t *testing.T) {
	s, err := ParseSource("git+https://gitlab.com/cki/cki-lib.git@feature/x#egg=cki-lib&subdirectory=python/lib", false)
	if want := (Source{"https://gitlab.com/cki/cki-lib.git", "feature/x", "python/lib", "cki-lib"}); err != nil || s != want {
		t.Errorf("got %v, %v, want %v", s, err, want)
	}
	if got := s.String(); got != "git+https://gitlab.com/cki/cki-lib.git@feature/x#subdirectory=python/lib" {
		t.Errorf("it is written as %s", got)
	}
	for text, says := range map[string]string{
		"git+https://me:secret@gitlab.com/a/b.git": "holds a user or a password", "git+ssh://git@gitlab.com/a/b.git": "holds a user",
		"git+ssh://gitlab.com/a/b.git": "is not read with git over https", "git+http://gitlab.com/a/b.git": "without encryption",
		"git+file:///etc": "is not read with git over https", "git+https://gitlab.com/": "does not name a repository", "git+https://gitlab.com/a/../b": "does not name a repository",
		"git+https://gitlab.com/a/b?x=y": "does not name a repository", "git+https://gitlab.com/a/b@--upload-pack=x": "names no branch",
		"git+https://gitlab.com/a/b@x#subdirectory=../..": "outside of the repository", "git+https://gitlab.com/a b": "does not name a repository",
	} {
		_, err := ParseSource(text, false)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: a password shows: %v", text, err)
		}
	}
}

func TestParseOverrides(t *testing.T) {
	allowed := []string{"gitlab.com/cki", "example.com"}
	got, err := ParseOverrides([]string{"PATH=/bin", "cki_lib_pip_url=git+https://gitlab.com/cki/sub/cki-lib@x", "kpet_pip_url=", "_pip_url=x", "A_PIP_URL=git+https://EXAMPLE.com/a/a.git"}, allowed, false)
	if err != nil || len(got) != 2 || got["cki_lib"].Source.Ref != "x" || got["a"].Variable != "A_PIP_URL" {
		t.Errorf("got %v, %v", got, err)
	}
	for value, says := range map[string]string{
		"x_pip_url=git+https://gitlab.com/ckix/a.git": "is not allowed", "x_pip_url=git+https://example.com.evil/a/a": "is not allowed", "x_pip_url=git+https://gitlab.com/cki": "is not allowed",
		"x_pip_url=https://gitlab.com/cki/a.git": "is not an override", "x_pip_url=git+https://u:p@gitlab.com/cki/a.git": "user or a password",
	} {
		if _, err := ParseOverrides([]string{value}, allowed, false); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", value, err, says)
		}
	}
}

func TestDataVariable(t *testing.T) {
	for name, want := range map[string]string{"kpet-db": "kpet_db_data_dir", "a.b-C": "a_b_c_data_dir", "3scale": "_3scale_data_dir"} {
		if got := DataVariable(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func FuzzParseSource(f *testing.F) {
	f.Add("git+https://gitlab.com/cki/cki-lib.git@main#subdirectory=a")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSource(text, true)
		if err != nil {
			return
		}
		again, err := ParseSource(s.String(), true)
		s.Egg = ""
		if err != nil || again != s {
			t.Errorf("%q is %v, and that reads as %v, %v", text, s, again, err)
		}
	})
}
