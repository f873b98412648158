package mrs

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file says in a description what ties an update's pins together and what
// else it brings.

// maxClauses bounds the requirements that a description spells out.
const maxClauses = 8

// clauses joins third parties' clauses to one safe list.
func clauses(all []string) string {
	var out []string
	for i, c := range all {
		if i == maxClauses {
			out = append(out, fmt.Sprintf("and %d more", len(all)-i))
			break
		}
		out = append(out, text.Prose(c, 300))
	}
	return strings.Join(out, "; ")
}

// tiesShown is how many words about why an update's pins move together, and what it
// brings, are shown unfolded.
const tiesShown = 12

// ties writes the paragraphs between the table and the reason. If there is no room for
// all of them, it returns the others as a fold, whose title names the first one.
func ties(b *strings.Builder, u plan.Update) (beside string) {
	var heads []string
	var rest strings.Builder
	left := tiesShown
	paragraph := func(head string, all []string) {
		if len(all) == 0 {
			return
		}
		p := fmt.Sprintf("**%s:** %s.\n", head, clauses(all))
		if n := len(strings.Fields(p)); n <= left || len(u.Moves) > 1 {
			left -= n
			b.WriteString("\n" + p)
			return
		}
		heads = append(heads, head)
		rest.WriteString(p + "\n")
	}
	if u.Clash != "" {
		paragraph("Does not fit the default branch any more", []string{u.Clash})
	}
	paragraph("Why together", u.Claims(u.Together))
	paragraph("Leaves what was taken back", u.Yanked)
	paragraph("Requirements not known, so not checked", u.Unverified)
	paragraph("Ends a conflict of the default branch", u.Claims(u.Cures))
	paragraph("Leaves conflicts of the default branch that no newer pins end", u.Claims(u.Leaves))
	paragraph("Adds to the file", changed(u, u.Lines, false))
	paragraph("Removes from the file, as nothing that is installed needs it any more", changed(u, u.Lines, true))
	paragraph("Comes along without a pin", changed(u, u.Along, false))
	if len(heads) == 0 {
		return ""
	}
	var out strings.Builder
	if n := len(heads) - 1; n > 0 {
		heads[0] += fmt.Sprintf(", and %d more", n)
	}
	fold(&out, heads[0])
	out.WriteString(strings.TrimSuffix(rest.String(), "\n") + unfold)
	return out.String()
}

func changed(u plan.Update, lines []plan.LineChange, removed bool) []string {
	var out []string
	for _, l := range lines {
		if l.Removed != removed {
			continue
		}
		what := l.Name + " " + l.Version
		if u.True(l.By) {
			what += " (" + l.By.Text + ")"
		}
		out = append(out, what)
	}
	return out
}

// fit says on what the pins were checked against each other.
func fit(v BodyView) string {
	what := "it adds no conflict with another pin"
	if len(v.Roots) > 0 {
		what += " or with what is installed, " + text.Inline(strings.Join(v.Roots, ", "), 200) + ","
	}
	where := ""
	if len(v.Pythons) > 0 {
		where = " on Python " + text.Inline(strings.Join(v.Pythons, ", "), 100)
		if machines := machines(v.Platforms); machines != "" {
			where += ", " + text.Inline(machines, 100)
		}
	}
	return " - " + strings.TrimSuffix(what+where, ",") + ", by what each release says it requires\n"
}

// machines names the platforms without the system they share.
func machines(platforms []string) string {
	var out []string
	for _, p := range platforms {
		if _, machine, ok := strings.Cut(p, "/"); ok && !slices.Contains(out, machine) {
			out = append(out, machine)
		}
	}
	return strings.Join(out, ", ")
}
