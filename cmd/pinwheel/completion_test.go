package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// asProgram makes the test binary pinwheel itself.
const asProgram = "PINWHEEL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	testenv.Waiting()
	testenv.Roomy()
	result := m.Run()
	if left, _ := filepath.Glob("*.db*"); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "tests left a database beside the sources:", left)
		result = 1
	}
	os.Exit(result)
}

// Completion knows every command, its flags, the topics and the projects.
func TestCompletion(t *testing.T) {
	w := newWorld(t)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		code, out, complaints := w.pinwheel("completion", shell)
		w.want(code, exitDone, complaints)
		has(t, out, "pinwheel", "__complete")
	}
	code, _, complaints := w.pinwheel("completion", "tcsh")
	w.want(code, exitUsage, complaints)
	has(t, complaints, "bash, zsh, fish and powershell are known")
	code, _, complaints = w.pinwheel("completion")
	w.want(code, exitUsage, complaints)
	offers := func(args ...string) string {
		_, out, _ := w.pinwheel(append([]string{"__complete"}, args...)...)
		return "\n" + out
	}
	for _, name := range commandNames() {
		has(t, offers(""), "\n"+name+"\t")
		has(t, offers(name, "--"), "\n--help\t")
	}
	has(t, offers("serve", "--"), "\n--config\t", "\n--textfile-metrics\t")
	for _, topic := range topics() {
		has(t, offers("help", ""), "\n"+topic.name+"\t")
	}
	for _, name := range []string{"run", "plan", "verify", "doctor", "audit"} {
		has(t, offers(name, "--config", w.path("pinwheel.yaml"), "gr"), "\ngroup/project\n")
	}
}

// Bash understands the script, with the package bash-completion and without.
func TestCompletionInBash(t *testing.T) {
	w := newWorld(t)
	bash := testenv.Command(t, "bash")
	_, script, _ := w.pinwheel("completion", "bash")
	self, err := os.Executable()
	must(t, err)
	must(t, os.Symlink(self, w.path("pinwheel")))
	ask := func(line string) string {
		t.Helper()
		words := strings.Split(line, " ")
		for i, word := range words {
			words[i] = "'" + word + "'"
		}
		ask := exec.CommandContext(t.Context(), bash, "--norc", "-c", script+
			"\nCOMP_WORDS=("+strings.Join(words, " ")+"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); __start_pinwheel; echo \"${COMPREPLY[@]}\"")
		ask.Env = append(os.Environ(), asProgram+"=1", "PATH="+w.dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
		said, err := ask.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return strings.TrimSpace(string(said))
	}
	for line, want := range map[string]string{
		"pinwheel ru": "run", "pinwheel serve --n": "--now", "pinwheel completion f": "fish", "pinwheel help exi": "exit-codes", "pinwheel health --wi": "--within",
		"pinwheel run --config " + w.path("pinwheel.yaml") + " ": "group/project",
	} {
		if got := ask(line); got != want {
			t.Errorf("%q is completed to %q, want %q", line, got, want)
		}
	}
}
