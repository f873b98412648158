package sim

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// What may differ between two worlds that are the same: when something was
// done, the digests of commits that hold that, and whether there was a dashboard
// to link to.
var passing = regexp.MustCompile(`\b(digest|at)=\S+|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|on \w{3} \d{4}-\d\d-\d\d \d\d:\d\d|\[dashboard\]\(#\d+\)|\bdashboard\b` + "|\\bready=[0-9a-f]{8}|\\bat `[0-9a-f]{8}`")

var opMark = regexp.MustCompile(`<!-- op:[a-z]*`)

// projection is the world as people see it, without instants and hashes.
func (w *world) projection() string {
	var out strings.Builder
	main := w.project.Commits(w.project.DefaultBranch())
	for _, b := range w.project.Branches() {
		if b.Name == w.project.DefaultBranch() {
			continue
		}
		parent := "elsewhere"
		for n, c := range main {
			if slices.Contains(b.Commit.Parents, c.ID) {
				parent = fmt.Sprintf("main~%d", n)
			}
		}
		fmt.Fprintf(&out, "branch %s by %s on %s: %s\n", b.Name, b.Commit.AuthorName, parent, b.Commit.Title)
		files := w.project.Files(b.Name)
		for _, path := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(&out, "  %s\n%s", path, indent(files[path]))
		}
	}
	// The numbers say only what came first; a branch and a count name as well.
	names, of := map[string]string{}, map[string]int{}
	var all []string
	for _, m := range w.project.MRs() {
		of[m.SourceBranch]++
		names[fmt.Sprint("!", m.IID)] = fmt.Sprintf("!%s.%d", m.SourceBranch, of[m.SourceBranch])
	}
	named := func(text string) string {
		return mention.ReplaceAllStringFunc(text, func(ref string) string { return names[ref] })
	}
	for _, m := range w.project.MRs() {
		if m.State == "merged" {
			// Where a call failed in the run that merged it, the words from before that run stay.
			m.Description = readiness.ReplaceAllString(m.Description, "")
		}
		all = append(all, fmt.Sprintf("%s %s by %s, closed by %q, labels %v, conflict %v: %s\n%s%s", names[fmt.Sprint("!", m.IID)], m.State, m.Author,
			m.ClosedBy, m.Labels, m.HasConflicts, m.Title, indent(named(passing.ReplaceAllString(pipelines.ReplaceAllString(m.Description, "pipelines/N"), "~"))), marks(m.Notes)))
	}
	ran := append(w.project.Pipelines(), statuses(w.project)...)
	for i, text := range ran {
		ran[i] = ofMR.ReplaceAllStringFunc(text, func(ref string) string {
			return names["!"+ofMR.FindStringSubmatch(ref)[1]] + "/"
		})
	}
	for _, p := range w.gates {
		for _, text := range p.Pipelines() {
			ran = append(ran, p.Path()+" "+text)
		}
	}
	slices.Sort(ran)
	for _, text := range ran {
		all = append(all, "ran "+text+"\n")
	}
	slices.Sort(all)
	out.WriteString(strings.Join(all, ""))
	for _, i := range w.project.Issues() {
		fmt.Fprintf(&out, "%s by %s, closed by %q\n%s%s", i, i.Author, i.ClosedBy, indent(named(pipelines.ReplaceAllString(i.Description, "pipelines/N"))), marks(i.Notes))
	}
	return out.String()
}

// statuses are the commit statuses of a project as they stand.
func statuses(p *gitlabsim.Project) []string {
	var out []string
	for _, r := range p.Runs() {
		for _, j := range r.Jobs {
			if j.External && !j.Retried {
				out = append(out, fmt.Sprintf("%s status %s %s", r.Ref, j.Name, j.Status))
			}
		}
	}
	return out
}

// pipelines have other numbers where they began in another order.
var pipelines = regexp.MustCompile(`pipelines/\d+`)

var ofMR = regexp.MustCompile(`refs/merge-requests/(\d+)/`)

var mention = regexp.MustCompile(`!\d+`)

// marks lists our notes by what they are about.
func marks(notes []gitlabsim.Note) string {
	var out []string
	for _, n := range notes {
		if n.Author == bot && !n.System {
			out = append(out, "  note "+opMark.FindString(n.Body)+"\n")
		}
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ") + "\n"
}

// difference shows the lines of which only one text has them.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out strings.Builder
	for _, side := range []struct {
		sign    string
		of, not []string
	}{{"-", a, b}, {"+", b, a}} {
		for _, line := range side.of {
			if !slices.Contains(side.not, line) {
				fmt.Fprintf(&out, "%s%s\n", side.sign, line)
			}
		}
	}
	if out.Len() == 0 && want != got {
		return "the same lines in another order:\n" + got
	}
	return out.String()
}

// alike makes worlds the same in which a probe of a batch began a run later, or while
// nobody could tell when its releases came: its text keeps that, and so does the order
// of the proof.
func alike(projection string) string {
	projection = released.ReplaceAllString(projection, "| some day | [index]")
	return proof.ReplaceAllStringFunc(projection, func(list string) string {
		words := strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(" ,.", r) })
		slices.Sort(words)
		return strings.Join(words, " ")
	})
}

var (
	released = regexp.MustCompile(`\| (\d{4}-\d\d-\d\d|not told) \| \[index\]`)
	proof    = regexp.MustCompile(`Red with it: the pipelines of [^.]*(\.\d+[^.]*)*\.`)
)

// readiness is whether a merge request was ready when its text was written, in its mark
// and in words.
var readiness = regexp.MustCompile(` ready=\S*|(?m)^\*\*(Ready|Not ready|Not ready yet):?\*\*.*\n`)

// unran leaves out which pipelines ran: where a merge failed another one came first, and
// the first one was tested again on what that left.
func unran(projection string) string { return ranLine.ReplaceAllString(projection, "") }

var ranLine = regexp.MustCompile(`(?m)^ran .*\n`)
