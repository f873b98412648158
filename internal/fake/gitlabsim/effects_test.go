package gitlabsim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// reaching leaves out what only shapes a page.
func reaching(all []gitlabsim.Effect) []string {
	var out []string
	for _, e := range all {
		switch e.Kind {
		case gitlabsim.Item, gitlabsim.Emphasis, gitlabsim.Heading, gitlabsim.Quote, gitlabsim.Row, gitlabsim.Rule, gitlabsim.Block:
		default:
			out = append(out, fmt.Sprintf("%s %s", e.Kind, e.What))
		}
	}
	slices.Sort(out)
	return out
}

func TestEffectsOfDescriptions(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string
	}{
		{"plain words, v1.2 of a_b_c at 10:30, C++ & co, 5 < 6", ""},
		{"a\n/close now\nb", "quick-action /close now"},
		{" /close", ""},
		{"```\n/close\n@all #1\n```", ""},
		{"```mermaid\ngraph\n```", "diagram mermaid"},
		{"ask @all and @a-b", "mention @a|mention @all"},
		{"`@all` ``a`@b``", ""},
		{"`@all", "mention @all"},
		{`\@all &#64;root`, "mention @all|mention @root"},
		{"see #1, g/p!2, &3 ~bug %\"a b\" $4 GL-5", "reference !2|reference #1|reference $4|reference %\"a b\"|reference &3|reference GL-5|reference ~bug"},
		{"Fixes #1", "closing Fixes #1|reference #1"},
		{"```\nCloses g/p#12\n```", "closing Closes g/p#12"},
		{"`closes ABC-1`", "closing closes ABC-1"},
		{"[a](javascript:b) ![i](http://x/y)", "image ![i]|link http://x/y|link javascript:b"},
		{"<img src=x> </details> <!-- m --> <https://x.y>", "autolink <https://x.y>|element </details>|element <img src=x>|hidden m"},
		{"www.x.org ssh://x", "autolink ssh://|autolink www."},
		{"$a+b$ costs 5 $", "math $a+b$"},
		{"$`x`$", "math $`x`$|math `x`"},
		{":tada: at 10:30:00 and :30:", "emoji  :30:|emoji :tada:"},
		{" - [ ] a\n> 1. [x] b", "task [ ] a|task [x] b"},
		{"a\u202eb", "invisible \u202e"},
		{"deadbee1", "commit deadbee1"},
		{`\*a\* \[b\](c) &lt;img>`, ""},
	} {
		if got := strings.Join(reaching(gitlabsim.EffectsOf(tt.text)), "|"); got != tt.want {
			t.Errorf("EffectsOf(%q)\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

func TestEffectsOfShape(t *testing.T) {
	for text, want := range map[string]gitlabsim.Effect{
		"# a":             {Kind: gitlabsim.Heading, What: "# a"},
		"a\n===":          {Kind: gitlabsim.Heading, What: "==="},
		"---":             {Kind: gitlabsim.Rule, What: "---"},
		"| a | b |":       {Kind: gitlabsim.Row, What: "2"},
		`| a\|b | c | d`:  {Kind: gitlabsim.Row, What: "3"},
		"[x]: http://y":   {Kind: gitlabsim.Block, What: "[x]: http://y"},
		"a *b*":           {Kind: gitlabsim.Emphasis, What: "*"},
		"[[_TOC_]]":       {Kind: gitlabsim.Block, What: "[[_TOC_]]"},
		"{+ a +}":         {Kind: gitlabsim.InlineDif, What: "{+ a +}"},
		"~~~x\n@all\n~~~": {Kind: gitlabsim.Block, What: "~~~x"},
	} {
		if got := gitlabsim.EffectsOf(text); !slices.Contains(got, want) {
			t.Errorf("EffectsOf(%q) = %v, which lacks %v", text, got, want)
		}
	}
}

func TestEffectsOfTitlesAndMessages(t *testing.T) {
	if got := reaching(gitlabsim.TitleEffects("Update GL-1 to v1!2, fixes #3 @x")); len(got) != 5 {
		t.Errorf("a title does %v", got)
	}
	if got := reaching(gitlabsim.MessageEffects("a [skip ci]\n\nCloses #1")); len(got) != 3 {
		t.Errorf("a message does %v", got)
	}
}

// What the server stores is obeyed, under the name of who sent it.
func TestServerRecordsEffects(t *testing.T) {
	s := gitlabsim.New(gitlabsim.Options{})
	s.AddUser("alice", "Alice", false)
	p := s.AddProject("g/p", "main", map[string]string{"a": "b"})
	s.AddMember(p, "alice", gitlabsim.Maintainer)
	iid, err := p.CreateIssue("alice", "about #9", "see !7\n/label ~x")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Comment("alice", iid, "@bob"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range s.Effects("alice") {
		got = append(got, fmt.Sprintf("%s %s %s %s", e.Item, e.Field, e.Kind, e.What))
	}
	want := []string{"#1 title reference #9", "#1 description quick-action /label ~x", "#1 description reference !7", "#1 description reference ~x", "#1 note mention @bob"}
	if !slices.Equal(got, want) {
		t.Errorf("effects\n got %q\nwant %q", got, want)
	}
	if len(s.Effects("bob")) != 0 {
		t.Error("bob did nothing")
	}
}

func FuzzEffects(f *testing.F) {
	for _, s := range []string{"a `b` | c", "<!-- x", "```\na", "| a \\| b |", "$`a`$", "- [x] <b>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, b := gitlabsim.EffectsOf(s), gitlabsim.EffectsOf(s)
		if !slices.Equal(a, b) {
			t.Errorf("two readings of %q", s)
		}
	})
}
