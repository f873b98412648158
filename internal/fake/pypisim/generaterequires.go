package pypisim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// GenerateRequiring makes n projects as Generate does, and n/50 more that
// nothing pins, and lets their releases require each other, the same for the
// same seed. A release has about five requirements of projects that come
// before, some of them under a marker or an extra.
//
// Pin is where a file stands that holds together: no release at its pin
// requires what another pin is not. A tenth of the pins is behind, by up to
// half of the history. A few newer releases of these want newer ones of others,
// so some steps need a second one; an upper bound of a pin that is new already
// holds one in eight of them back. Of every fifty projects two are a pair whose
// releases require each other's of the same place and no other, and three are a
// train: the first wants one release of the second, and both want the minor
// that the third had then. Of every fourth train the second is one release
// ahead of what the first takes. A few releases require a project without a
// pin, some of them only after their pin.
//
// Their pages name files at /files/, where the server has the metadata of each
// wheel, made when it is asked for; its digest is on the page.
func GenerateRequiring(n, docSize int, seed uint64) []Generated {
	random := rand.New(rand.NewPCG(seed, 0))
	all := make([]Generated, n+n/50)
	pages := make([]jsonPage, len(all))
	for i := range all {
		all[i], pages[i] = generate(i, docSize, random)
		all[i].requiring = true
	}
	random = rand.New(rand.NewPCG(seed, 1))
	for i := range all {
		all[i].stand(all, i, n, random)
	}
	for i := range all {
		all[i].want(all, i, n, random)
		all[i].serve(pages[i])
	}
	return all
}

// Of every fifty projects these are a pair and a train.
const (
	pairAt, pairEnd   = 40, 42
	trainAt, trainEnd = 44, 47
)

// oneIn is how rare a requirement is that may make a step need another one.
// It is such that most steps can be made alone, as on the public index.
const oneIn = 40

// stand finds where the project is pinned, and its family.
func (g *Generated) stand(all []Generated, i, n int, random *rand.Rand) {
	last, block := len(g.Versions)-1, i/50
	g.Pin = last
	switch at := i % 50; {
	case i >= n:
		g.Loose = true
	case at >= pairAt && at < pairEnd && i-at+pairEnd <= n:
		g.Family = 2*block + 1
		switch {
		case at == pairAt && block%2 == 1:
			g.Pin = last - behind(last, random)
		case at == pairAt+1:
			g.Pin = all[i-1].Pin
		}
	case at >= trainAt && at < trainEnd && i-at+trainEnd <= n:
		g.Family = 2*block + 2
		switch {
		case at == trainAt && block%2 == 0:
			g.Pin = last - behind(last, random)
		case at == trainAt+1:
			g.Pin = all[i-1].Pin - ahead(block)
		case at == trainAt+2:
			g.Pin = all[i-2].Pin
		}
	case at%10 == 0:
		g.Pin = last - behind(last, random)
	}
	g.Pin = max(0, g.Pin)
}

func behind(last int, random *rand.Rand) int { return min(last, 1+random.IntN(1+last/2)) }

// ahead is by how many releases a train's second is ahead of its first.
func ahead(block int) int {
	if block%4 == 2 {
		return 1
	}
	return 0
}

// want is how a generated project requires another.
type want struct {
	of     *Generated
	bound  bound
	from   int // the first release that requires it
	back   int // how many places below its own the lower bound is
	later  int // as back, for releases above the pin
	marker string
}

type bound string

const (
	open    bound = ">="
	capped  bound = "next major" // and below the major that came after
	holding bound = "held"       // and below the major after the one of the pin
	exact   bound = "=="
	minor   bound = "next minor" // and below the minor that came after
)

// want decides what the project requires.
func (g *Generated) want(all []Generated, i, n int, random *rand.Rand) {
	if g.Family > 0 {
		g.wantFamily(all, i, n)
	}
	for range min(i, 3+random.IntN(5)) {
		g.wants = append(g.wants, g.ordinary(&all[random.IntN(min(i, n))], random))
	}
	if i%10 == 3 && i/10%8 == 5 && i < n {
		g.wants = append(g.wants, want{of: &all[i-3], bound: holding})
	}
	if loose := len(all) - n; loose > 0 && i < n && (i%10 == 7 || i%60 == 10) {
		w := want{of: &all[n+random.IntN(loose)], bound: open, back: 10, later: 10}
		if i%60 == 10 {
			w.from = g.Pin + 1
		}
		g.wants = append(g.wants, w)
	}
}

// wantFamily adds what ties the project to its family. Places are counted from
// where the pins stand, which go together.
func (g *Generated) wantFamily(all []Generated, i, n int) {
	for j := i - i%50; j < min(i-i%50+50, n); j++ {
		of := &all[j]
		w := want{of: of, bound: minor, back: g.Pin - of.Pin, later: g.Pin - of.Pin}
		pair := i%50 < pairEnd
		switch {
		case of.Family != g.Family || j == i, j < i && !pair:
			continue // the members of a train want those behind them
		case pair, i%50 == trainAt && j == i+1:
			w.bound = exact
		}
		g.wants = append(g.wants, w)
	}
}

// ordinary is a requirement of a project that has no part in a family.
func (g *Generated) ordinary(of *Generated, random *rand.Rand) want {
	w := want{of: of, bound: open, back: max(0, g.Pin-of.Pin) + random.IntN(30)}
	w.later = w.back
	if random.IntN(oneIn) == 0 {
		w.later = random.IntN(5)
	}
	if random.IntN(oneIn) == 0 {
		w.bound = capped
	}
	w.marker = [...]string{"", "", "", "", "", "", " ; python_version < '3.9'", " ; sys_platform == 'win32'", " ; extra == 'test'"}[random.IntN(9)]
	return w
}

// line writes a requirement of the r-th release.
func (w want) line(g *Generated, r int) string {
	versions := w.of.Versions
	back := w.back
	if r > g.Pin {
		back = w.later
	}
	low := max(0, min(r-back, len(versions)-1))
	text := w.of.Name
	switch w.bound {
	case open:
		text += ">=" + versions[low]
	case capped:
		text += ">=" + versions[low] + ",<" + after(versions[max(r, w.of.Pin)], 0)
	case holding:
		text += "<" + after(versions[w.of.Pin], 0)
	case exact:
		text += "==" + versions[low]
	case minor:
		text += ">=" + versions[low] + ",<" + after(versions[low], 1)
	}
	return text + w.marker
}

// after is the version with which the part after v's begins: 0 is the major, 1
// the minor.
func after(v string, part int) string {
	parts := strings.Split(v, ".")
	number := 0
	_, _ = fmt.Sscan(parts[part], &number) // generate writes numbers
	parts[part] = fmt.Sprint(number + 1)
	return strings.Join(parts[:part+1], ".")
}

// Requires are the lines of the r-th release, nil for a project of Generate.
func (g *Generated) Requires(r int) []string {
	var out []string
	for _, w := range g.wants {
		if r >= w.from {
			out = append(out, w.line(g, r))
		}
	}
	return out
}

// serve writes the page with the addresses of files that are there, and with
// the digests of their metadata.
func (g *Generated) serve(page jsonPage) {
	for i := range page.Files {
		f := &page.Files[i] // a wheel and a source distribution for each version
		f.URL = "/files/" + g.Name + "/" + g.Versions[i/2] + "/" + f.Filename
		if i%2 == 0 {
			f.CoreMetadata = map[string]string{"sha256": digest(g.metadata(i / 2))}
		}
	}
	g.write(page)
}

// metadata writes the metadata of the wheel of the r-th version.
func (g *Generated) metadata(r int) []byte {
	d := document{
		name: g.Name, version: g.Versions[r], python: g.pythons[r],
		core: core{told: true, requires: g.Requires(r), extras: []string{"test"}},
	}
	return append(d.text(), description...)
}

// description is of the length that a readme often has.
var description = "\n" + strings.Repeat("A line of a description, of which most projects have some hundred.\n", 60)

// metadataOf finds the metadata of a wheel by its name.
func (g *Generated) metadataOf(file string) ([]byte, bool) {
	stem, ok := strings.CutSuffix(file, "-py3-none-any.whl")
	_, version, _ := strings.Cut(stem, "-")
	r := slices.Index(g.Versions, version)
	if !ok || r < 0 {
		return nil, false
	}
	return g.metadata(r), true
}
