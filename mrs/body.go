package mrs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// BodyView is what a description shows beyond its update. All of it comes from
// the configuration or never changes, so that a text changes with its plan only. Notes
// are no reason to write a text: they stand in one that is written anyway.
type BodyView struct {
	ProjectID  int64
	Files      []plan.FilePolicy // the project's constraints files with their twins
	Zone       *time.Location    // nil is UTC
	MinimumAge time.Duration
	RuledAges  bool // rules give some packages another age
	Closing    plan.Closing
	Refresh    plan.Refresh
	Pythons    []string
	Platforms  []string
	Roots      []string // names of what the project installs
	Dashboard  int64    // iid of the dashboard issue, 0 for none
	Home       string   // the project's address, on whose host no link of a stranger's leads
	// Notes are what repositories publish about the releases of steps.
	Notes map[plan.Step]plan.ReleaseNotes
}

// maxRows bounds the table of a description.
const maxRows = 200

// Body is the region of a description that is ours, with its marks, without a newline
// at its end. The same update and view give the same bytes. It holds instants and
// never how long ago something was.
func Body(u plan.Update, v BodyView) string {
	switch {
	case u.TestOf != nil:
		return testBody(u, v)
	case u.Reverts != 0:
		return revertBody(u, v)
	}
	note := u.Note
	if len(note.Moves) == 0 {
		note.Moves = u.Moves
	}
	var b strings.Builder
	b.WriteString(marker(v.ProjectID, u.Branch, note) + "\n")
	verdict(&b, u)
	if len(u.Moves) == 0 {
		b.WriteString(intro(u, v) + "\n")
	}
	table(&b, u.Moves, v.Home)
	linesChanged(&b, u)
	whatChanged(&b, u.Moves, v.Notes)
	gates(&b, u.Told())
	breaks(&b, u.Breaks)
	partTests(&b, u.Tests)
	reasons(&b, u, v)
	ties(&b, u)
	notTaken(&b, u)
	checked(&b, u, v)
	choices(&b, u, v)
	b.WriteString("\n - [ ] <!-- rebase-check -->If you want to rebase/retry this MR, check this box\n")
	b.WriteString(endMark)
	return b.String()
}

// intro says in one line what moves where.
func intro(u plan.Update, v BodyView) string {
	if u.Kind == plan.Twin || len(u.Moves) == 0 {
		return "Brings " + list(derivedFiles(v.Files)) + " in line with " + list(constraintsFiles(v.Files)) + ". No pin moves."
	}
	pins := "Moves one pin"
	if n := len(u.Moves); n > 1 {
		pins = fmt.Sprintf("Moves %d pins together", n)
		switch {
		case u.Group != "":
			pins = fmt.Sprintf("Moves %d pins, those of the group %s that are ready", n, text.Inline(u.Group, 100))
		case len(u.Together) > 0:
			pins = fmt.Sprintf("Moves %d pins that only install together", n)
		}
	}
	return pins + ", in " + list(touched(u.Moves, v.Files)) + "."
}

// touched lists the files of moves, each followed by its twin, in the
// configuration's order.
func touched(moves []plan.Move, files []plan.FilePolicy) []string {
	var out []string
	for _, f := range files {
		if !slices.ContainsFunc(moves, func(m plan.Move) bool { return m.File == f.Path }) {
			continue
		}
		out = append(out, f.Path)
		if f.Derived != nil {
			out = append(out, f.Derived.Path)
		}
	}
	if len(out) == 0 {
		for _, m := range moves {
			if !slices.Contains(out, m.File) {
				out = append(out, m.File)
			}
		}
	}
	return out
}

func constraintsFiles(files []plan.FilePolicy) (out []string) {
	for _, f := range files {
		if f.Derived != nil {
			out = append(out, f.Path)
		}
	}
	return out
}

func derivedFiles(files []plan.FilePolicy) (out []string) {
	for _, f := range files {
		if f.Derived != nil {
			out = append(out, f.Derived.Path)
		}
	}
	return out
}

// list joins names as code: one, two and three.
func list(names []string) string {
	code := make([]string, len(names))
	for i, n := range names {
		code[i] = text.Code(n)
	}
	switch n := len(code); n {
	case 0:
		return "the file"
	case 1:
		return code[0]
	default:
		return strings.Join(code[:n-1], ", ") + " and " + code[n-1]
	}
}

func table(b *strings.Builder, moves []plan.Move, home string) {
	if len(moves) == 0 {
		return
	}
	linked := slices.ContainsFunc(moves, func(m plan.Move) bool { return m.URL != "" || len(m.Links) > 0 })
	column := func(s string) string {
		if !linked {
			return "" // no column without a link in it
		}
		return " " + s + " |"
	}
	b.WriteString("\n| Package | Change | Kind | Released |" + column("Links") + "\n|---|---|---|---|" + strings.ReplaceAll(column("---"), " ", "") + "\n")
	for i, m := range moves {
		if i == maxRows {
			fmt.Fprintf(b, "| and %d more | | | |%s\n", len(moves)-maxRows, column(""))
			break
		}
		fmt.Fprintf(b, "| %s | %s → %s | %s | %s |%s\n", pinName(m), text.CodeCell(m.From), text.CodeCell(m.To), m.Kind, day(m.Released), column(links(m, home)))
	}
}

func pinName(m plan.Move) string {
	name := "**" + text.Cell(m.Name, 100) + "**"
	if m.Marker != "" {
		name += " where " + text.CodeCell(m.Marker)
	}
	return name
}

// links are what an index and a package say of a release.
func links(m plan.Move, home string) string {
	var out []string
	if m.URL != "" {
		out = append(out, text.Link("index", m.URL))
	}
	for _, l := range m.Links {
		out = append(out, text.Outside(l.Name, l.URL, home))
	}
	return strings.Join(out, " · ")
}

func day(t time.Time) string {
	if t.IsZero() {
		return "not told"
	}
	return t.UTC().Format("2006-01-02")
}

// why reads the reason from the note, so that it outlives the database.
func why(u plan.Update, v BodyView) string {
	at := ""
	if !u.Note.At.IsZero() {
		zone := v.Zone
		if zone == nil {
			zone = time.UTC
		}
		at = " on " + u.Note.At.In(zone).Format("Mon 2006-01-02 15:04") + " " + zone.String()
	}
	switch u.Note.Why {
	case plan.CauseForced:
		who := "a ticked box"
		if u.Note.By != "" {
			who = text.Code(u.Note.By)
		}
		return who + " asked for it; done" + at + "."
	case plan.CauseRepair:
		if len(u.Moves) > 0 {
			return "the branch conflicted with the default branch and was rebuilt at the same versions" + at + "."
		}
		return "the files on the default branch did not hold the same pins; found" + at + "."
	case plan.CauseCatchUp:
		return "no run got through in the window before; made up for" + at + " (`catch_up: true`)."
	case plan.CauseAdopted:
		return "another bot opened it before pinwheel took over, and put these versions there" + at + "."
	case plan.CauseClash:
		return "what it held did not fit the default branch any more, so it was rebuilt" + at + "."
	default:
		return "the window was open" + at + ". Nobody asked for it."
	}
}

// fold begins a part that is shown when somebody unfolds it. The blank line makes
// GitLab read Markdown below it.
func fold(b *strings.Builder, summary string) {
	b.WriteString("\n<details><summary>" + summary + "</summary>\n\n")
}

const unfold = "\n</details>\n"

func notTaken(b *strings.Builder, u plan.Update) {
	if len(u.NotTaken) == 0 {
		return
	}
	fold(b, "Not taken")
	for _, c := range u.NotTaken[:min(len(u.NotTaken), 3)] {
		released := ""
		if !c.Released.IsZero() {
			released = ", released " + day(c.Released)
		}
		fmt.Fprintf(b, " - %s%s: %s\n", text.Inline(strings.TrimSpace(u.Name+" "+c.Version), 100), released, text.Prose(c.Reason, 300))
	}
	b.WriteString(unfold)
}

// reasons writes why the merge request is there, which files it changes, and what it
// follows.
func reasons(b *strings.Builder, u plan.Update, v BodyView) {
	fold(b, "Why now")
	b.WriteString(capital(why(u, v)) + "\n")
	if len(u.Moves) > 0 {
		b.WriteString("\n" + intro(u, v) + "\n")
	}
	if u.Follows != 0 {
		fmt.Fprintf(b, "\nFollows [the one that was closed](!%d), which GitLab does not open again.\n", u.Follows)
	}
	b.WriteString(unfold)
}

// capital begins a sentence with a clause of ours; one that begins with code stays.
func capital(clause string) string {
	if clause == "" || clause[0] < 'a' || clause[0] > 'z' {
		return clause
	}
	return string(clause[0]-'a'+'A') + clause[1:]
}

// notChecked says what was not checked, above what was.
func notChecked(b *strings.Builder, u plan.Update, v BodyView) {
	if len(u.Moves) == 0 {
		b.WriteString("**Not checked:** what the pins do. None of them changes here.\n\n")
		return
	}
	b.WriteString("**Not checked:** ")
	if len(v.Pythons) == 0 {
		b.WriteString("Python versions (`python` is not set); ")
	}
	if len(v.Roots) == 0 {
		b.WriteString("what else is installed (`roots` is not set); ")
	}
	b.WriteString("what the code does: that is for the pipeline and you.\n\n")
}

// checked says what was checked.
func checked(b *strings.Builder, u plan.Update, v BodyView) {
	same := " - the constraints file and the file derived from it hold the same pins\n"
	fold(b, "What was checked, and what was not")
	notChecked(b, u, v)
	if len(u.Moves) == 0 {
		b.WriteString(same + unfold)
		return
	}
	b.WriteString("By reading the index and metadata; no package code was run:\n")
	b.WriteString(fit(v))
	b.WriteString(" - each version has files and none of them is yanked\n")
	if v.MinimumAge > 0 {
		or := ""
		if v.RuledAges {
			or = ", or as long as a rule of the configuration says"
		}
		fmt.Fprintf(b, " - each version had been out for at least %s%s\n", age(v.MinimumAge), or)
	}
	if len(v.Pythons) > 0 {
		fmt.Fprintf(b, " - each version admits Python %s, as its metadata says\n", text.Inline(strings.Join(v.Pythons, ", "), 100))
	}
	if len(derivedFiles(v.Files)) > 0 {
		b.WriteString(same)
	}
	b.WriteString(unfold)
}

// age writes a configured duration in its largest whole unit.
func age(d time.Duration) string {
	n, unit := int64(d/time.Minute), "minute"
	switch {
	case d%(24*time.Hour) == 0:
		n, unit = int64(d/(24*time.Hour)), "day"
	case d%time.Hour == 0:
		n, unit = int64(d/time.Hour), "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// choices says what happens after each thing that a person may do.
func choices(b *strings.Builder, u plan.Update, v BodyView) {
	dashboard := "dashboard"
	if v.Dashboard > 0 {
		dashboard = fmt.Sprintf("[dashboard](#%d)", v.Dashboard)
	}
	ticked := " until somebody ticks it on the " + dashboard
	undo := "what it moved is then not offered again" + ticked
	if len(u.Moves) == 0 {
		undo = "the repair is then not offered again until the files change"
	}
	fold(b, "If you ...")
	b.WriteString(" - **merge:** the branch goes away. To undo, revert the merge: " + undo + ".\n")
	b.WriteString(" - **close:** " + refused(u, v, ticked) + ".\n")
	if u.Group != "" && u.Parts > 1 {
		b.WriteString(" - **want it apart:** tick its box on the " + dashboard + ", and each of its updates gets a merge request of its own.\n")
	}
	b.WriteString(" - **push a commit:** pinwheel stops touching this branch and says so on the " + dashboard + ", where a box starts over and keeps your commits on a branch of their own.\n")
	b.WriteString(" - **do nothing:** it is rebuilt when it conflicts or no longer fits" + replaced(u, v) + ".\n")
	b.WriteString(unfold)
}

// refused says what closing refuses.
func refused(u plan.Update, v BodyView, ticked string) string {
	switch {
	case len(u.Moves) == 0:
		return "this repair is not offered again until the files change"
	case u.Group != "":
		return "these versions are not offered together again; a newer release of any of them is offered"
	case v.Closing == plan.RefusesPackage:
		return "no newer version of this package is offered again" + ticked
	case u.Kind == plan.Major:
		return "this major version is not offered again" + ticked
	case v.Closing == plan.RefusesLine:
		return "no newer version of this major line is offered again" + ticked
	}
	return "this version is not offered again; the next release is offered"
}

// replaced says when a newer release replaces a version that nobody merges.
func replaced(u plan.Update, v BodyView) string {
	switch {
	case len(u.Moves) == 0:
		return ""
	case v.Refresh == plan.RefreshNever:
		return ", and stays at these versions until somebody asks for newer ones"
	case v.Refresh == plan.RefreshAlways:
		return "; unless it is approved, a newer release replaces it here as soon as it is old enough"
	}
	return "; unless it is approved, a newer release may replace it here in a later window"
}
