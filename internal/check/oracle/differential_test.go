package oracle

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// The seeds are fixed: a case that fails does so every time.
const seed = 20261123

// The numbers of generated cases, 20,000 in all, of which every fourth is the sample.
const (
	versionCases     = 3000
	pairCases        = 4000
	setCases         = 5000
	filterCases      = 1000
	markerCases      = 4000
	requirementCases = 3000
)

// tally counts what was compared and under which changed rules.
type tally struct {
	t       *testing.T
	cases   int
	answers int
	rules   map[rule]int
	wrong   int
}

func newTally(t *testing.T) *tally { return &tally{t: t, rules: map[rule]int{}} }

// want compares one answer, which our code gives as now and 21.3 as old.
func (c *tally) want(what string, got, old, now any, why rule) {
	c.answers++
	g, o, n := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", old), fmt.Sprintf("%+v", now)
	if o != n {
		c.rules[why]++
		if why == unchanged {
			c.fail("%s: no rule explains that 21.3 says %s and we say %s", what, o, n)
			return
		}
	}
	if g != o {
		c.fail("%s: packaging says %s, computed is %s (%s), ours %s", what, g, o, why, n)
	}
}

func (c *tally) fail(format string, args ...any) {
	c.wrong++
	if c.wrong <= 20 {
		c.t.Errorf(format, args...)
	}
}

func (c *tally) print() {
	var rules []string
	for _, r := range slices.Sorted(maps.Keys(c.rules)) {
		rules = append(rules, fmt.Sprintf("%s: %d", r, c.rules[r]))
	}
	c.t.Logf("seed %d: %d cases, %d answers compared, %d wrong; under a changed rule: %s", seed, c.cases, c.answers, c.wrong, strings.Join(rules, "; "))
}

// packaging starts the process, and makes sure that its rules are known here.
func packaging(t *testing.T) *Python {
	t.Helper()
	p, about := start(t)
	major, _, _ := strings.Cut(about.Packaging, ".")
	n, err := strconv.Atoi(major)
	testenv.Need(t, err == nil && n < 22, "a pip whose packaging is 21.3, not "+about.Packaging)
	return p
}

// answers asks about the cases that run, of which every test plays one in four and the step
// worlds the others, and yields each answer with the number of its case.
func answers[Case, Answer any](t *testing.T, ask func([]Case) ([]Answer, error), cases []Case) iter.Seq2[int, Answer] {
	t.Helper()
	part := testenv.Sample(t, 4)
	var numbers []int
	var chosen []Case
	for i, c := range cases {
		if part.Has(i) {
			numbers, chosen = append(numbers, i), append(chosen, c)
		}
	}
	got, err := ask(chosen)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(int, Answer) bool) {
		for j, i := range numbers {
			if !yield(i, got[j]) {
				return
			}
		}
	}
}

func TestVersions(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	p := packaging(t)
	m, c := newMaker(seed), newTally(t)
	defer c.print()
	var texts []string
	for len(texts) < versionCases {
		text := m.version()
		switch {
		case m.one(3):
			text = m.junk()
		case m.one(60):
			text = m.public() + "+" + m.of("ı", "ſ", "a.\u212a", "x\u0130")
		}
		texts = append(texts, text)
	}
	for i, got := range answers(t, p.Versions, texts) {
		c.cases++
		now := factsOf(texts[i])
		old, why := now, unchanged
		if folded := foldLetters(texts[i]); folded != texts[i] {
			why = ruleLetters
			if old = factsOf(folded); old.Valid {
				old.Local = strings.ToLower(localOf(texts[i]))
				old.Text = old.Public + "+" + old.Local
			}
		}
		c.want(fmt.Sprintf("%q", texts[i]), got, old, now, why)
	}
}

// foldLetters replaces the letters beyond ASCII that a pattern of 21.3 takes
// for ASCII ones, since it ignores case by the rules of Unicode.
func foldLetters(text string) string {
	return strings.NewReplacer("ı", "i", "İ", "i", "ſ", "s", "\u212a", "k").Replace(text)
}

// localOf is the local part of a text as 21.3 lowers it.
func localOf(text string) string {
	_, local, _ := strings.Cut(text, "+")
	return strings.NewReplacer("İ", "i\u0307", "\u212a", "k").Replace(local)
}

func factsOf(text string) VersionFacts {
	v, err := pep440.Parse(text)
	if err != nil {
		return VersionFacts{}
	}
	return VersionFacts{Valid: true, Text: v.String(), Public: v.Public(), Base: v.BaseVersion(), Local: v.Local(), Pre: v.IsPrerelease(), Post: v.IsPostrelease()}
}

func TestOrder(t *testing.T) {
	p := packaging(t)
	m, c := newMaker(seed+1), newTally(t)
	defer c.print()
	var pairs [][2]string
	for len(pairs) < pairCases {
		a, b := m.version(), m.version()
		if m.one(2) {
			b = m.near(a)
		}
		pairs = append(pairs, [2]string{a, b})
	}
	for i, got := range answers(t, p.Compare, pairs) {
		c.cases++
		var now any = "none"
		v, errA := pep440.Parse(pairs[i][0])
		w, errB := pep440.Parse(pairs[i][1])
		if errA == nil && errB == nil {
			now = v.Compare(w)
		}
		var have any = "none"
		if got != nil {
			have = *got
		}
		c.want(fmt.Sprintf("%q", pairs[i]), have, now, now, unchanged)
	}
}

func TestSpecifiers(t *testing.T) {
	testenv.Unraced(t, "it has no second goroutine")
	p := packaging(t)
	m, c := newMaker(seed+2), newTally(t)
	defer c.print()
	var cases []SetCase
	for len(cases) < setCases {
		q := SetCase{Set: m.set(), Versions: []string{}}
		for range 4 {
			q.Versions = append(q.Versions, m.near(q.Set))
		}
		cases = append(cases, q)
	}
	for i, got := range answers(t, p.Specifiers, cases) {
		c.cases++
		q := cases[i]
		ours, err := pep440.ParseSpecifiers(q.Set)
		clauses, ok := oldSet(q.Set)
		c.want(fmt.Sprintf("%q is a set", q.Set), got.Valid, ok, err == nil, takenBy(clauses))
		if !got.Valid || !ok {
			continue
		}
		for j, candidate := range q.Versions {
			what := fmt.Sprintf("%q in %q", candidate, q.Set)
			old, why := oldContains(clauses, candidate)
			now := old
			if err == nil {
				now = ours.ContainsString(candidate)
			}
			c.want(what, got.Contains[j], yes(old), yes(now), why)
			if gated := old && (!isPre(candidate) || slices.ContainsFunc(clauses, func(c oldClause) bool { return c.asks() })); gated != old {
				why, old = ruleGate, gated
			}
			c.want(what+" by default", got.Gated[j], yes(old), yes(now), why)
		}
	}
}

// takenBy is the rule under which a set was taken that is none now.
func takenBy(clauses []oldClause) rule {
	for _, c := range clauses {
		if c.rule != unchanged {
			return c.rule
		}
	}
	return unchanged
}

func oldContains(clauses []oldClause, candidate string) (holds bool, why rule) {
	holds = true
	for i := range clauses {
		ok, changed := clauses[i].oldMatch(candidate)
		holds = holds && ok
		if changed != unchanged {
			why = changed
		}
	}
	return holds, why
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func TestFilter(t *testing.T) {
	p := packaging(t)
	m, c := newMaker(seed+3), newTally(t)
	defer c.print()
	var cases []SetCase
	for len(cases) < filterCases {
		q := SetCase{Set: m.set(), Versions: []string{}}
		if clauses, ok := oldSet(q.Set); !ok || takenBy(clauses) != unchanged {
			q.Set = ">=" + m.public()
		}
		for range 1 + m.IntN(6) {
			v := m.near(q.Set)
			if _, err := pep440.Parse(v); err == nil {
				q.Versions = append(q.Versions, v)
			}
		}
		cases = append(cases, q)
	}
	for i, got := range answers(t, p.Filter, cases) {
		c.cases++
		q := cases[i]
		what := fmt.Sprintf("%q of %q", q.Set, q.Versions)
		ours, err := pep440.ParseSpecifiers(q.Set)
		if err != nil || !got.Valid {
			c.fail("%s: %v, %v", what, err, got)
			continue
		}
		var versions []pep440.Version
		for _, text := range q.Versions {
			v, _ := pep440.Parse(text)
			versions = append(versions, v)
		}
		for _, mode := range []struct {
			name string
			mode pep440.Prereleases
			got  []string
		}{{"default", pep440.DefaultPrereleases, got.Default}, {"allow", pep440.AllowPrereleases, got.Allow}, {"refuse", pep440.RefusePrereleases, got.Refuse}} {
			var now []string
			for _, v := range ours.Filter(versions, mode.mode) {
				now = append(now, v.Raw())
			}
			old, why := oldFilter(q, mode.mode)
			c.want(what+" "+mode.name, fmt.Sprintf("%q", mode.got), fmt.Sprintf("%q", old), fmt.Sprintf("%q", now), why)
		}
	}
}

// oldFilter keeps what every clause contains; only the empty set falls back to
// pre-releases where there is no final release.
func oldFilter(q SetCase, mode pep440.Prereleases) (kept []string, why rule) {
	clauses, _ := oldSet(q.Set)
	allow := mode == pep440.AllowPrereleases || mode == pep440.DefaultPrereleases && slices.ContainsFunc(clauses, func(c oldClause) bool { return c.asks() })
	var held []string
	why = ruleFilter
	for _, v := range q.Versions {
		holds, changed := oldContains(clauses, v)
		if changed != unchanged {
			why = changed
		}
		switch {
		case !holds:
		case allow || !isPre(v):
			kept = append(kept, v)
		default:
			held = append(held, v)
		}
	}
	if len(kept) == 0 && len(clauses) == 0 && mode == pep440.DefaultPrereleases {
		return held, why
	}
	return kept, why
}
