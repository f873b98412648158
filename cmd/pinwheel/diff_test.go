package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// What plan --diff prints is a patch to git and to patch, whatever bytes the
// files hold.
func TestDiffIsAPatch(t *testing.T) {
	long := strings.Repeat("x==1\n", 30)
	cases := []struct{ name, path, from, to string }{
		{"plain", "c.txt", "a==1\nb==1\n", "a==1\nb==2\n"},
		{"no last line end", "c.txt", "a==1\nb==1", "a==1\nb==2"},
		{"no last line end, changed above", "c.txt", "a==1\nb==1", "a==2\nb==1"},
		{"a last line end comes", "c.txt", "a==1", "a==1\n"},
		{"a last line end goes", "c.txt", "a==1\nb==1\n", "a==1\nb==1"},
		{"CRLF", "c.txt", "a==1\r\nb==1\r\n", "a==1\r\nb==2\r\n"},
		{"CRLF, no last line end", "c.txt", "a==1\r\nb==1", "a==2\r\nb==1"},
		{"CR alone", "c.txt", "a==1\rb==1\n", "a==1\rb==2\n"},
		{"byte order mark", "c.txt", "\ufeffa==1\nb==1\n", "\ufeffa==2\nb==1\n"},
		{"tabs and blanks", "c.txt", "\ta==1\t # c \n b==1\n", "\ta==2\t # c \n b==1\n"},
		{"form feeds", "c.txt", "a==1\f\nb==1\v\n", "a==2\f\nb==1\v\n"},
		{"other line ends", "c.txt", "a==1\u2028b==1\u0085\n", "a==2\u2028b==1\u0085\n"},
		{"escapes", "c.txt", "# \x1b[31m\na==1\n", "# \x1b[31m\na==2\n"},
		{"latin-1", "c.txt", "# \xe9\na==1\n", "# \xe9\na==2\n"},
		{"lines that look like a patch", "c.txt", "--- a\n+++ b\n@@ -1 +1 @@\na==1\n", "--- a\n+++ b\n@@ -1 +1 @@\na==2\n"},
		{"long", "c.txt", "a==1\n" + long + "b==1\n", "a==2\n" + long + "b==2\n"},
		{"from nothing", "c.txt", "", "a==1\n"},
		{"to nothing", "c.txt", "a==1\n", ""},
		{"a path with blanks", "pin files/c d.txt", "a==1\n", "a==2\n"},
		{"a path of other letters", "für/c.txt", "a==1\n", "a==2\n"},
	}
	for _, c := range cases {
		for _, tool := range [][]string{{"git", "apply", "-p0", "-"}, {"patch", "-p0", "-s", "--binary"}} {
			if tool[0] == "patch" && c.name == "to nothing" {
				continue // patch removes what becomes empty
			}
			t.Run(c.name+" with "+tool[0], func(t *testing.T) {
				program := testenv.Command(t, tool[0])
				dir := t.TempDir()
				file := filepath.Join(dir, filepath.FromSlash(c.path))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(c.from), 0o600); err != nil {
					t.Fatal(err)
				}
				patch := unified(c.path, []byte(c.from), []byte(c.to), false)
				cmd := exec.CommandContext(t.Context(), program, tool[1:]...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "GIT_DIR="+filepath.Join(dir, "none"))
				cmd.Stdin = strings.NewReader("g/p: 1 pin\nPACKAGE  FROM\n\npinwheel/a-1.x\n" + patch)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s\n%s", err, out, patch)
				}
				if got, err := os.ReadFile(file); err != nil || string(got) != c.to {
					t.Errorf("the file holds %q (%v), want %q", got, err, c.to)
				}
			})
		}
	}
}

// A terminal is not for raw bytes.
func TestDiffOnATerminal(t *testing.T) {
	if got := unified("c.txt", []byte("# \x1b[31m\na==1\r\n"), []byte("# \x1b[31m\na==2\r\n"), true); strings.ContainsAny(got, "\x1b\r") {
		t.Errorf("control characters reach a terminal: %q", got)
	}
}

func TestUnified(t *testing.T) {
	tests := []struct{ from, to, want string }{
		{"a\n", "a\n", ""},
		{"", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"a\n", "", "@@ -1,1 +0,0 @@\n-a\n"},
		{"1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\n4\nx\n6\n7\n", "@@ -2,6 +2,6 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n"},
		{
			"a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\n8\nB\n",
			"@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-b\n+B\n",
		},
		{"a\n1\n2\n3\nb\n", "1\n2\n3\n\x1b[2J\n", "@@ -1,5 +1,4 @@\n-a\n 1\n 2\n 3\n-b\n+?[2J\n"},
	}
	for _, tt := range tests {
		want := tt.want
		if want != "" {
			want = "--- f\n+++ f\n" + want
		}
		if got := unified("f", []byte(tt.from), []byte(tt.to), true); got != want {
			t.Errorf("unified(%q, %q) =\n%s\nwant\n%s", tt.from, tt.to, got, want)
		}
	}
	if got, want := (&program{colour: true}).coloured("-a\n b\n"), "\x1b[31m-a\x1b[0m\n b\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
