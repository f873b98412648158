package hostile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/internal/check/hostile"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

// meant are the kinds of effects that our own texts have. A block and a diagram
// are the one chart; that there is no other is for the comparison to see.
var meant = []gitlabsim.EffectKind{gitlabsim.Link, gitlabsim.Element, gitlabsim.Hidden, gitlabsim.Task,
	gitlabsim.Heading, gitlabsim.Item, gitlabsim.Row, gitlabsim.Emphasis, gitlabsim.Block, gitlabsim.Diagram}

// shape lists what a text does, for comparing: what only repeats words is left
// out.
func shape(effects []gitlabsim.Effect) []string {
	var out []string
	for _, e := range effects {
		what := e.What
		if e.Kind == gitlabsim.Task || e.Kind == gitlabsim.Hidden && strings.HasPrefix(what, "pinwheel:mr v=1") {
			what = ""
		}
		out = append(out, string(e.Kind)+" "+what)
	}
	slices.Sort(out)
	return out
}

// same asserts that two renderings of one plan, with hostile texts and with
// words in their place, do the same, and nothing but what we mean.
func same(t interface {
	Helper()
	Errorf(string, ...any)
}, wild, tame string) {
	t.Helper()
	did := gitlabsim.EffectsOf(wild)
	for _, e := range did {
		if !slices.Contains(meant, e.Kind) {
			t.Errorf("the page does %s %q", e.Kind, e.What)
		}
	}
	got, want := shape(did), shape(gitlabsim.EffectsOf(tame))
	for _, e := range got {
		if i := slices.Index(want, e); i >= 0 {
			want = slices.Delete(want, i, i+1)
		} else {
			t.Errorf("the page does %q, which it does not with words", e)
		}
	}
	for _, e := range want {
		t.Errorf("the page does not do %q, which it does with words", e)
	}
	if a, b := strings.Count(wild, "\n"), strings.Count(tame, "\n"); a != b {
		t.Errorf("the page has %d lines, with words %d", a, b)
	}
}

var view = dashboard.View{ProjectID: 7, MaxBytes: 8 << 20, StatusURL: "https://status.example/", HelpURL: "https://help.example/", MinimumRole: plan.Developer}

func renderBoth(pick func() func() string) (wild, tame string, boxes int) {
	f := newFiller(pick())
	p := f.plan()
	wild = dashboard.Render(p, view)
	f.pick, f.tame = pick(), true
	return wild, dashboard.Render(f.plan(), view), len(dashboard.Parse(wild).Boxes)
}

// body is a description of an update with hostile texts, in a view with such.
func body(f *filler, kind plan.Kind) string {
	u := f.update(plan.Open)
	u.Kind = kind
	if kind == plan.Twin {
		u.Moves = nil
	}
	for i := range u.Moves {
		u.Moves[i].URL = []string{"", "https://pypi.org/project/x/1/", "https://pypi.org/project/y/2/"}[i%3]
	}
	u.Note.Why = []plan.Cause{"forced", "repair", "clash", "window", u.Note.Why}[len(f.word)%5]
	return mrs.Body(u, mrs.BodyView{ProjectID: 7, Dashboard: 3, MinimumAge: 72 * time.Hour, Pythons: []string{f.text()}, Platforms: []string{"linux/" + f.text()},
		Roots: []string{f.text(), f.text()}, Files: []plan.FilePolicy{{Path: f.text(), Derived: &plan.Derived{Path: f.text()}}}})
}

func bodyBoth(pick func() func() string, kind plan.Kind) (wild, tame string) {
	f := newFiller(pick())
	wild = body(f, kind)
	f.pick, f.tame = pick(), true
	f.word = map[string]string{}
	return wild, body(f, kind)
}

// rotate walks through the corpus from a place of it.
func rotate(from, step int) func() func() string {
	texts := hostile.Texts()
	return func() func() string {
		i := from
		return func() string { i += step; return texts[i%len(texts)] }
	}
}

// Every text of the corpus comes to every field of a page: each start puts
// another one there.
func TestPagesOfTheCorpus(t *testing.T) {
	part := testenv.Sample(t, 15)
	for from := range hostile.Texts() {
		if !part.Has(from) {
			continue
		}
		wild, tame, boxes := renderBoth(rotate(from, 1))
		t.Run(fmt.Sprint(from), func(t *testing.T) {
			same(t, wild, tame)
			if want := len(dashboard.Parse(tame).Boxes); boxes != want {
				t.Errorf("%d boxes are read back, want %d", boxes, want)
			}
		})
		for _, kind := range []plan.Kind{plan.Minor, plan.Twin} {
			wild, tame := bodyBoth(rotate(from, 1), kind)
			t.Run(fmt.Sprint(from, kind), func(t *testing.T) { same(t, wild, tame) })
		}
		if t.Failed() {
			break
		}
	}
}

func TestPagesOfMixedTexts(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine, and takes minutes")
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(pieces(), 5, 40).Draw(t, "texts")
		pick := func() func() string {
			i := 0
			return func() string { i++; return texts[i%len(texts)] }
		}
		wild, tame, _ := renderBoth(pick)
		same(t, wild, tame)
		wild, tame = bodyBoth(pick, plan.Major)
		same(t, wild, tame)
	})
}

// A person's branch under our prefix, with any name that git allows, is no way
// into a marker.
func TestBranchesOfPeople(t *testing.T) {
	for _, branch := range []string{"pinwheel/--@all", "pinwheel/a--#1-1.x", "pinwheel/a-->b", "pinwheel/<!--", "pinwheel/!1", "pinwheel/@all-1.x", "pinwheel/a%b", "pinwheel/\u202ea", "pinwheel/`a"} {
		p := newFiller(func() string { return "x" }).plan()
		for i := range p.Updates {
			p.Updates[i].Branch = branch
		}
		p.Holds, p.Inherit = nil, "" // boxes that name no branch of a person
		for _, e := range gitlabsim.EffectsOf(dashboard.Render(p, view)) {
			if !slices.Contains(meant, e.Kind) || e.Kind == gitlabsim.Hidden && strings.Contains(branch, "--") && strings.Contains(e.What, "branch=") {
				t.Errorf("with branch %q the page does %s %q", branch, e.Kind, e.What)
			}
		}
		u := p.Updates[0]
		for _, e := range gitlabsim.EffectsOf(mrs.Body(u, mrs.BodyView{ProjectID: 7})) {
			if !slices.Contains(meant, e.Kind) {
				t.Errorf("with branch %q the description does %s %q", branch, e.Kind, e.What)
			}
		}
	}
}

// A page that is cut short is as harmless, and whole: no fold stays open.
func TestShortPages(t *testing.T) {
	n, part := len(hostile.Texts()), testenv.Sample(t, 1)
	for from := 0; from < n; from += 7 {
		if !part.Has(from / 7) {
			continue
		}
		f := newFiller(rotate(from, 3)())
		v := view
		v.MaxBytes = 2000 + 800*(from%40)
		page := dashboard.Render(f.plan(), v)
		opened := 0
		for _, e := range gitlabsim.EffectsOf(page) {
			if !slices.Contains(meant, e.Kind) {
				t.Errorf("the page does %s %q", e.Kind, e.What)
			}
			opened += map[string]int{"<details>": 1, "</details>": -1}[e.What]
		}
		if opened != 0 {
			t.Errorf("%d folds stay open", opened)
		}
	}
}
