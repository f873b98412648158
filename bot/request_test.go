package bot_test

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/bot"
)

// Five commands of a comment are read. One sentence answers all that follow.
func TestManyCommandsOfOneComment(t *testing.T) {
	t.Parallel()
	got := bot.Commands(strings.Repeat("@pin test\n", 7), "pin")
	if len(got) != 6 {
		t.Fatalf("seven commands give %d, not 5 and a sentence: %v", len(got), got)
	}
	for i, c := range got {
		if wrong := c.Mistake != ""; wrong != (i == 5) || c.Line != i {
			t.Errorf("command %d is %+v", i, c)
		}
	}
	if got := bot.Commands(strings.Repeat("@pin test\n", 5)+"thanks\n", "pin"); len(got) != 5 || got[4].Mistake != "" {
		t.Errorf("five commands give %v", got)
	}
}
