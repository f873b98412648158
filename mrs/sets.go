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

// linesShown is how many words about lines that an update of one package adds and
// removes are shown unfolded.
const linesShown = 40

// linesChanged writes which lines an update adds and removes, below its steps. It folds
// them in an update of one package that has much to say of them.
func linesChanged(b *strings.Builder, u plan.Update) {
	var out strings.Builder
	paragraph(&out, "Adds to the file", changed(u, u.Lines, false))
	paragraph(&out, "Removes from the file, as nothing that is installed needs it any more", changed(u, u.Lines, true))
	switch text := out.String(); {
	case text == "":
	case len(u.Moves) == 1 && len(strings.Fields(text)) > linesShown:
		fold(b, "Lines added and removed")
		b.WriteString(strings.TrimPrefix(text, "\n") + unfold)
	default:
		b.WriteString(text)
	}
}

// ties writes what ties an update's pins together and what else it brings, as a fold
// whose title names the first of it.
func ties(b *strings.Builder, u plan.Update) {
	var out strings.Builder
	var heads []string
	for _, p := range []struct {
		head string
		all  []string
	}{
		{"Why together", u.Claims(u.Together)},
		{"Leaves what was taken back", u.Yanked},
		{"Requirements not known, so not checked", u.Unverified},
		{"Ends a conflict of the default branch", u.Claims(u.Cures)},
		{"Leaves conflicts of the default branch that no newer pins end", u.Claims(u.Leaves)},
		{"Comes along without a pin", changed(u, u.Along, false)},
	} {
		if len(p.all) > 0 {
			heads = append(heads, p.head)
			paragraph(&out, p.head, p.all)
		}
	}
	if len(heads) == 0 {
		return
	}
	if n := len(heads) - 1; n > 0 {
		heads[0] += fmt.Sprintf(", and %d more", n)
	}
	fold(b, heads[0])
	b.WriteString(strings.TrimPrefix(out.String(), "\n") + unfold)
}

// paragraph writes clauses under a head, nothing without any.
func paragraph(b *strings.Builder, head string, all []string) {
	if len(all) > 0 {
		fmt.Fprintf(b, "\n**%s:** %s.\n", head, clauses(all))
	}
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
