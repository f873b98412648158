package hostile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/internal/check/hostile"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// quoting is a description that quotes release notes with a title.
func quoting(title, notes string) string {
	m := plan.Move{Name: "acme", Key: "acme", File: "constraints.txt", From: "1.0", To: "1.1", Kind: plan.Minor}
	n := plan.ReleaseNotes{State: plan.NotesRead, Notes: []plan.ReleaseNote{{Version: "1.1", Title: title, At: time.Unix(0, 0), Text: notes}, {Version: "1.0.1", Text: "word"}}}
	return mrs.Body(plan.Update{Branch: "pinwheel/acme-1.x", Kind: plan.Minor, Moves: []plan.Move{m}},
		mrs.BodyView{ProjectID: 7, Notes: map[plan.Step]plan.ReleaseNotes{m.Step(): n}})
}

// shown are the kinds of effects that notes may have: paragraphs, items and bold headings.
var shown = []gitlabsim.EffectKind{gitlabsim.Item, gitlabsim.Emphasis}

// quotes asserts that a description does what one with words in their place does, but for what notes may show.
func quotes(t interface {
	Helper()
	Errorf(string, ...any)
}, title, notes string) {
	t.Helper()
	rest := func(text string) []string {
		return shape(slices.DeleteFunc(gitlabsim.EffectsOf(text), func(e gitlabsim.Effect) bool { return slices.Contains(shown, e.Kind) }))
	}
	wild, tame := quoting(title, notes), quoting("word", "word")
	if got, want := rest(wild), rest(tame); !slices.Equal(got, want) {
		t.Errorf("notes %q with the title %q make a description do %q, and words %q", notes, title, got, want)
	}
	if kept := mrs.Replace(wild, tame); !slices.Equal(rest(kept), rest(tame)) {
		t.Errorf("the text that follows notes %q does %q", notes, rest(kept))
	}
}

// frames are the ways in which a text may stand in notes.
var frames = []string{"%", "# %", "- %\n  %", "> %", "```\n%\n```\n%", "a\n%\n%", "<!-- % -->%", "[%](%) ![%](%)", "`%` ``%``", "| % | % |\n|---|---|", "**%** _%_", "%\n===", "    %", "%\\", "<%>", "<details>\n\n%\n\n</details>\n%"}

func TestReleaseNotesOfTheCorpus(t *testing.T) {
	part := testenv.Sample(t, 15)
	for i, text := range hostile.Texts() {
		if !part.Has(i) {
			continue
		}
		for _, frame := range frames {
			quotes(t, text, strings.ReplaceAll(frame, "%", text))
		}
		if t.Failed() {
			break
		}
	}
}

func TestReleaseNotesOfMixedTexts(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine, and takes minutes")
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(pieces(), 1, 8).Draw(t, "texts")
		between := rapid.SampledFrom([]string{"", "\n", "\n\n", " ", "\n- ", "`", "\n```\n"}).Draw(t, "between")
		quotes(t, parts[0], strings.Join(parts, between))
	})
}
