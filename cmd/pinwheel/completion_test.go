package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// Completion knows every command and its flags, and bash understands it.
func TestCompletion(t *testing.T) {
	w := newWorld(t)
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, out, complaints := w.pinwheel("completion", shell)
		w.want(code, exitDone, complaints)
		for _, c := range commands() {
			has(t, out, c.name)
		}
		has(t, out, "config", "textfile-metrics", "exit-codes")
	}
	bash := testenv.Command(t, "bash")
	_, out, _ := w.pinwheel("completion", "bash")
	ask := func(line string) string {
		t.Helper()
		words := strings.Split(line, " ")
		script := out + fmt.Sprintf("\nCOMP_WORDS=(%s); COMP_CWORD=%d; [ -n \"${COMP_WORDS[%d]}\" ] || COMP_WORDS[%d]=; _pinwheel; echo \"${COMPREPLY[@]}\"", line, len(words)-1, len(words)-1, len(words)-1)
		said, err := exec.CommandContext(t.Context(), bash, "-c", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return strings.TrimSpace(string(said))
	}
	for line, want := range map[string]string{
		"pinwheel ru": "run", "pinwheel serve --n": "--now", "pinwheel completion f": "fish", "pinwheel help exi": "exit-codes", "pinwheel health --wi": "--within",
	} {
		if got := ask(line); got != want {
			t.Errorf("%q is completed to %q", line, got)
		}
	}
}
