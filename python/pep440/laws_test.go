package pep440

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// spelling draws a version in one of its many spellings. Numbers are few, so
// that versions meet.
var spelling = rapid.Custom(func(t *rapid.T) string {
	number := rapid.SampledFrom([]string{"0", "1", "2", "10", "01", "00", "9223372036854775808"})
	one := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
	maybe := func(what string, part func() string) string {
		if rapid.Bool().Draw(t, what) {
			return part()
		}
		return ""
	}
	sep := func() string { return one("separator", "", ".", "-", "_") }
	var b strings.Builder
	b.WriteString(one("v", "", "", "v", "V"))
	b.WriteString(maybe("epoch", func() string { return number.Draw(t, "epoch") + "!" }))
	b.WriteString(strings.Join(rapid.SliceOfN(number, 1, 4).Draw(t, "release"), "."))
	b.WriteString(maybe("pre", func() string {
		return sep() + one("letter", "a", "b", "c", "rc", "Alpha", "beta", "pre", "preview") + maybe("n", func() string { return sep() + number.Draw(t, "n") })
	}))
	b.WriteString(maybe("post", func() string {
		return sep() + one("letter", "post", "r", "REV") + maybe("n", func() string { return sep() + number.Draw(t, "n") })
	}))
	b.WriteString(maybe("dev", func() string {
		return sep() + "dev" + maybe("n", func() string { return sep() + number.Draw(t, "n") })
	}))
	b.WriteString(maybe("local", func() string {
		label := rapid.SampledFrom([]string{"0", "1", "01", "10", "a", "A", "b1", "abc"})
		return "+" + strings.Join(rapid.SliceOfN(label, 1, 3).Draw(t, "local"), one("separator", ".", "-", "_"))
	}))
	return b.String()
})

// model is the order of PEP 440 written down a second time, slowly: a version
// as a list of numbers and texts, of which the first difference decides.
func model(v Version) []any {
	key := []any{integer(v.Epoch())}
	release := v.Release()
	for len(release) > 0 && release[len(release)-1] == "0" {
		release = release[:len(release)-1]
	}
	for _, n := range release {
		key = append(key, integer(n))
	}
	// Below every number, so that a release ends before a longer one.
	key = append(key, integer("-1"))

	letter, pre, isPre := v.Pre()
	post, isPost := v.Post()
	dev, isDev := v.Dev()
	switch {
	case isPre:
		key = append(key, integer(map[string]string{"a": "1", "b": "2", "rc": "3"}[letter]), integer(pre))
	case isDev && !isPost:
		key = append(key, integer("0"))
	default:
		key = append(key, integer("4"))
	}
	if isPost {
		key = append(key, integer(post))
	} else {
		key = append(key, integer("-1"))
	}
	if isDev {
		key = append(key, integer("0"), integer(dev))
	} else {
		key = append(key, integer("1"))
	}
	if local := v.Local(); local != "" {
		for part := range strings.SplitSeq(local, ".") {
			if n, ok := new(big.Int).SetString(part, 10); ok {
				key = append(key, n)
			} else {
				key = append(key, part)
			}
		}
	}
	return key
}

func integer(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

func compareModels(a, b []any) int {
	return slices.CompareFunc(a, b, func(x, y any) int {
		m, xIsNumber := x.(*big.Int)
		n, yIsNumber := y.(*big.Int)
		switch {
		case xIsNumber && yIsNumber:
			return m.Cmp(n)
		case xIsNumber:
			return 1
		case yIsNumber:
			return -1
		}
		return strings.Compare(x.(string), y.(string))
	})
}

func TestCompareAgreesWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, err := Parse(spelling.Draw(t, "v"))
		if err != nil {
			t.Fatal(err)
		}
		w, err := Parse(spelling.Draw(t, "w"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := v.Compare(w), compareModels(model(v), model(w)); got != want {
			t.Fatalf("%q.Compare(%q) = %d, want %d", v.Raw(), w.Raw(), got, want)
		}
		if v.Equal(w) != (v.Canonical() == w.Canonical()) {
			t.Fatalf("%q and %q: Equal differs from equal canonical forms", v.Raw(), w.Raw())
		}
	})
}

func TestOperatorsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound, err := Parse(spelling.Draw(t, "bound"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := Parse(spelling.Draw(t, "v"))
		if err != nil {
			t.Fatal(err)
		}
		public := bound.Public()
		is := func(set string) bool {
			s, err := ParseSpecifiers(set)
			if err != nil {
				t.Fatal(err)
			}
			return s.Contains(v)
		}
		prefix := "==" + bound.BaseVersion() + ".*"
		parent := bound.BaseVersion()
		if i := strings.LastIndexByte(parent, '.'); i >= 0 {
			if is("~="+public) != is(">="+public+",=="+parent[:i]+".*") {
				t.Fatalf("~=%s of %q is not what PEP 440 says it stands for", public, v.Raw())
			}
		}
		for what, broken := range map[string]bool{
			"== and != exclude each other":   is("=="+bound.Raw()) == is("!="+bound.Raw()),
			"the same with a prefix":         is(prefix) == is("!"+prefix[1:]),
			"== of the public part, >= <=":   is("=="+public) != is(">="+public+",<="+public),
			"< implies <=":                   is("<"+public) && !is("<="+public),
			"> implies >=":                   is(">"+public) && !is(">="+public),
			"< and >= exclude each other":    is("<"+public) && is(">="+public),
			"> and <= exclude each other":    is(">"+public) && is("<="+public),
			"a version matches itself by ==": !parsed(t, "=="+v.Raw()).Contains(v),
			"and by ===":                     !parsed(t, "==="+v.Raw()).Contains(v),
		} {
			if broken {
				t.Errorf("bound %q, version %q: broken: %s", bound.Raw(), v.Raw(), what)
			}
		}
	})
}

func parsed(t *rapid.T, set string) Specifiers {
	s, err := ParseSpecifiers(set)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func FuzzParse(f *testing.F) {
	for _, s := range append(slices.Concat(ladder...), "v1-a.2_r3-DEV_4+A_b", " 1.0\u00a0", "1_dev.", "2r-", "1.0+", "x") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Parse(s)
		if err != nil {
			return
		}
		for what, text := range map[string]string{"String": v.String(), "Canonical": v.Canonical()} {
			w, err := Parse(text)
			if err != nil || !w.Equal(v) || text != map[string]string{"String": w.String(), "Canonical": w.Canonical()}[what] {
				t.Errorf("%q: %s gives %q, which parses to %q, %v", s, what, text, w, err)
			}
		}
		if want := v.Public(); v.Local() != "" && v.String() != want+"+"+v.Local() || v.Local() == "" && v.String() != want {
			t.Errorf("%q: %q is not %q and %q", s, v, want, v.Local())
		}
		if !strings.HasPrefix(v.Public(), v.BaseVersion()) {
			t.Errorf("%q: %q does not begin with %q", s, v.Public(), v.BaseVersion())
		}
	})
}

func FuzzCompare(f *testing.F) {
	f.Add("1.0", "1", "1.0.post1")
	f.Add("1a1", "1.dev1", "1+a.1")
	f.Add("1+a", "1+1", "1+a1")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		var vs []Version
		for _, s := range []string{a, b, c} {
			v, err := Parse(s)
			if err != nil {
				return
			}
			vs = append(vs, v)
			if v.Compare(v) != 0 { //nolint:gocritic // this law is about a version and itself
				t.Errorf("%q is not itself", s)
			}
		}
		for _, v := range vs {
			for _, w := range vs {
				if v.Compare(w) != -w.Compare(v) {
					t.Errorf("%q and %q compare both ways alike", v.Raw(), w.Raw())
				}
				if v.Compare(w) != compareModels(model(v), model(w)) {
					t.Errorf("%q and %q compare otherwise than the model says", v.Raw(), w.Raw())
				}
				for _, x := range vs {
					if v.Compare(w) <= 0 && w.Compare(x) <= 0 && v.Compare(x) > 0 {
						t.Errorf("%q <= %q <= %q, but not the outer two", v.Raw(), w.Raw(), x.Raw())
					}
				}
			}
		}
	})
}

func FuzzParseSpecifiers(f *testing.F) {
	f.Add(" >=1.0 , <2 ", "1.5")
	f.Add("==1.*,!=1.2+x,===wat", "1.2+X")
	f.Add("~=1.4rc2.post1,>1!0,<=2", "1.4")
	f.Fuzz(func(t *testing.T, text, version string) {
		set, err := ParseSpecifiers(text)
		if err != nil {
			return
		}
		again, err := ParseSpecifiers(set.String())
		if err != nil || again.String() != set.String() {
			t.Fatalf("%q prints as %q, which parses to %q, %v", text, set, again, err)
		}
		if set.ContainsString(version) != again.ContainsString(version) {
			t.Errorf("%q matches %q otherwise after printing", text, version)
		}
		v, err := Parse(version)
		if err != nil {
			return
		}
		all := true
		for _, c := range set.Clauses() {
			all = all && c.Contains(v)
		}
		if got := set.Contains(v); got != all || got != set.ContainsString(version) {
			t.Errorf("%q of %q: %v, clause by clause %v", text, version, got, all)
		}
		if kept := set.Filter([]Version{v}, AllowPrereleases); (len(kept) == 1) != all {
			t.Errorf("%q keeps %d of %q", text, len(kept), version)
		}
	})
}
