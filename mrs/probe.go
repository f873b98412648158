package mrs

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file has the texts of a batch that is taken apart.

// noteMergeRequest writes a note, once. A merge request that is not open stays as it
// is.
// https://docs.gitlab.com/api/notes/#create-a-merge-request-note
func (e effect) noteMergeRequest(ctx context.Context, a plan.NoteMergeRequest, note string) (Outcome, error) {
	m, _, err := e.ownMergeRequest(ctx, a.IID, a.Branch)
	if err != nil || m.State != plan.Opened && a.Reply == nil {
		return Outcome{MR: &m}, err
	}
	wrote, err := e.noteOnce(ctx, a.IID, a.Op, note)
	return Outcome{Wrote: wrote, MR: &m}, err
}

// testBody is the description of a probe: what it is for, and what it holds.
func testBody(u plan.Update, v BodyView) string {
	note := u.Note
	if len(note.Moves) == 0 {
		note.Moves = u.Moves
	}
	var b strings.Builder
	b.WriteString(marker(v.ProjectID, u.Branch, note) + "\n")
	fmt.Fprintf(&b, "Tests %d of the %d updates of %s, which is red, to find those that break it. Nobody needs to review or merge this: it closes by itself.\n", u.TestOf.Parts, u.TestOf.All, text.Code(fmt.Sprintf("!%d", u.TestOf.MR)))
	table(&b, u.Moves, v.Home)
	b.WriteString(endMark)
	return b.String()
}

// breaks says that an update breaks tests, and which pipelines prove it.
func breaks(b *strings.Builder, k *plan.Break) {
	if k == nil {
		return
	}
	fmt.Fprintf(b, "\n**It breaks tests.** It was a part of !%d, which was red", k.Batch)
	if len(k.Jobs) > 0 {
		b.WriteString(", and fails in " + list(k.Jobs))
	}
	if len(k.With) > 0 {
		fmt.Fprintf(b, " together with %s, not without", list(k.With))
	}
	fmt.Fprintf(b, ". Red with it: the pipelines of %s.", mergeRequests(k.Probes))
	if k.Without != 0 {
		fmt.Fprintf(b, " Green without it: that of !%d.", k.Without)
	}
	b.WriteString("\n")
}

// mergeRequests lists references of merge requests.
func mergeRequests(iids []int64) string {
	out := make([]string, len(iids))
	for i, n := range iids {
		out[i] = fmt.Sprintf("!%d", n)
	}
	return and(out)
}

// ended is the note on a batch that was taken apart.
func ended(e *plan.BatchEnd) string {
	if e == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "This was red. %d pipelines took it apart: %d of its %d updates stay, green together in the pipeline of !%d.", e.Pipelines, e.Good, e.All, e.Green)
	for _, o := range e.Out {
		fmt.Fprintf(&b, "\n\n- %s %s tests", list(o.Names), verb(o.Names, "breaks", "break"))
		if len(o.Break.Jobs) > 0 {
			b.WriteString(" in " + list(o.Break.Jobs))
		}
		if len(o.Break.With) > 0 {
			fmt.Fprintf(&b, ", only together with %s", list(o.Break.With))
		}
		fmt.Fprintf(&b, ": red in %s.", mergeRequests(o.Break.Probes))
		if o.MR != 0 {
			fmt.Fprintf(&b, " It goes on in !%d.", o.MR)
		}
	}
	for _, w := range e.Waits {
		fmt.Fprintf(&b, "\n\n- %s cannot be tested: %s for %s.", list(w.Names), verb(w.Names, "it waits", "they wait"), list(w.For))
	}
	if len(e.Unclear) > 0 {
		fmt.Fprintf(&b, "\n\n- %s %s red every time, never in the same job, and %s left out.", list(e.Unclear), verb(e.Unclear, "was", "were"), verb(e.Unclear, "is", "are"))
	}
	if len(e.Out)+len(e.Unclear) == 0 {
		b.WriteString("\n\nNothing of it was red twice where it stood alone, so what failed did so by chance. Its commit is made anew, so that its pipeline runs again.")
	}
	return b.String()
}

func verb(names []string, one, many string) string {
	if len(names) == 1 {
		return one
	}
	return many
}

func and(names []string) string {
	n := len(names)
	if n < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
}
