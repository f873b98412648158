package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func TestSecretIsNeverShown(t *testing.T) {
	s := NewSecret("hunter2")
	if s.Reveal() != "hunter2" || s.Empty() || !(Secret{}).Empty() {
		t.Error("a secret does not keep its text")
	}
	type holder struct {
		Public  Secret
		private Secret
	}
	h := holder{s, s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		for _, v := range []any{s, &s, h, &h, []Secret{s}, map[string]Secret{"k": s}, fmt.Errorf("x: %v", s)} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	fmt.Fprintln(&out, h.private, s.String(), s.GoString())
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("m", "secret", s, "holder", h, "list", []Secret{s})
	}
	_ = json.NewEncoder(&out).Encode(map[string]any{"a": s, "b": h, "c": map[string]Secret{"k": s}})
	dumped, _ := yaml.Dump(h)
	out.Write(dumped)
	for _, leak := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), "[104 117 110 116 101 114 50]"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("shown as %s in\n%s", leak, out.String())
		}
	}
	if !strings.Contains(out.String(), `"a":"[redacted]"`) {
		t.Errorf("no placeholder in\n%s", out.String())
	}
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func check(t *testing.T, name string, got Secret, err error, want, problem string) {
	t.Helper()
	switch {
	case problem == "" && (err != nil || got.Reveal() != want):
		t.Errorf("%s: %q, %v, want %q", name, got.Reveal(), err, want)
	case problem != "" && (err == nil || !strings.Contains(err.Error(), problem)):
		t.Errorf("%s: %v, want it to mention %q", name, err, problem)
	case err != nil && strings.Contains(err.Error(), "hunter2"):
		t.Errorf("%s: the error tells the secret: %v", name, err)
	}
}

func TestToken(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ name, file, variable, want, problem string }{
		{"environment", "", "hunter2", "hunter2", ""},
		{"environment first", file("other", "x"), "hunter2", "hunter2", ""},
		{"file", file("good", "hunter2\n"), "", "hunter2", ""},
		{"neither", "", "", "", "no GitLab token: set PINWHEEL_GITLAB_TOKEN or gitlab.token_file in pinwheel.yaml"},
		{"missing", filepath.Join(dir, "absent"), "", "", "absent cannot be read: no such file"},
		{"folder", dir, "", "", "cannot be read: is a directory"},
		{"empty", file("empty", " \n"), "", "", "empty is empty: put the secret there"},
		{"blank variable", "", " ", "", "the environment variable PINWHEEL_GITLAB_TOKEN is empty"},
		{"two lines", file("two", "hunter2\nhunter2"), "", "", "more than one word"},
		{"control", file("nul", "hunter2\x00"), "", "", "more than one word"},
	} {
		config := &Config{Path: "pinwheel.yaml", GitLab: GitLab{TokenFile: c.file}}
		got, err := config.Token(env(tokenVariable, c.variable))
		check(t, c.name, got, err, c.want, c.problem)
	}
}

func TestMergeToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, file, variable, want, problem string }{
		{"none", "", "", "", ""},
		{"environment first", path, "hunter2", "hunter2", ""},
		{"file", path, "", "hunter2", ""},
		{"missing", path + "-absent", "", "", "gitlab.merge_token_file: " + path + "-absent cannot be read: no such file"},
		{"blank variable", "", " ", "", "the environment variable PINWHEEL_GITLAB_MERGE_TOKEN is empty"},
		{"two words", "", "hunter2 hunter2", "", "more than one word"},
	} {
		config := &Config{Path: "pinwheel.yaml", GitLab: GitLab{MergeTokenFile: c.file}}
		got, err := config.MergeToken(env(mergeVariable, c.variable))
		check(t, c.name, got, err, c.want, c.problem)
		if apart := config.MergesApart(env(mergeVariable, c.variable)); apart != (c.file+c.variable != "") {
			t.Errorf("%s: merges apart: %t", c.name, apart)
		}
	}
}

func TestPassword(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pw")
	if err := errors.Join(os.WriteFile(path, []byte("hunter2\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, user, file, variable, want, problem string }{
		{"none needed", "", "", "", "", ""},
		{"environment", "u", "", "hunter2", "hunter2", ""},
		{"file", "u", path, "", "hunter2", ""},
		{"environment first", "u", path, "other", "other", ""},
		{"no user", "", "", "hunter2", "", "index my-index has a password and no username"},
		{"no password", "u", "", "", "", "set PINWHEEL_INDEX_MY_INDEX_PASSWORD or its password_file"},
	} {
		i := Index{Name: "my-index", Username: c.user, PasswordFile: c.file}
		got, err := i.Password(env("PINWHEEL_INDEX_MY_INDEX_PASSWORD", c.variable))
		check(t, c.name, got, err, c.want, c.problem)
	}
}
