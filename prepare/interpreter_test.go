package prepare

import (
	"strings"
	"testing"
)

// The next step of an error about the interpreter is a key that there is.
func TestAMissingInterpreterNamesItsKey(t *testing.T) {
	t.Parallel()
	const key = "software.images[].python"
	for _, python := range []string{"no-such-python", "/dev/null"} {
		if _, err := AskInterpreter(t.Context(), python); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("AskInterpreter(%q) = %v, want an error that names %s", python, err, key)
		}
	}
	if _, err := readInterpreter([]byte("hello")); err == nil || !strings.Contains(err.Error(), key) {
		t.Errorf("an answer of no Python: %v, want an error that names %s", err, key)
	}
}
