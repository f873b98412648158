package mrs

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file writes what changed: what repositories publish about the releases of a step, and of which packages
// nothing tells it.

// Bounds of release notes in a description, in bytes.
const (
	maxNote  = 1_500  // of one release
	maxNotes = 24_000 // of all
)

// The notes of a step stand between two hidden lines, so that they are found again where
// they cannot be read.
const (
	notesMark = "<!-- pinwheel:notes "
	notesEnd  = "<!-- pinwheel:notes end -->"
)

// unreadNotes stands there if nothing could be read.
func unreadNotes(name string) string {
	return "The release notes of " + text.Code(name) + " could not be read when this was written."
}

// telling are the names of links that say what changed.
var telling = []string{"changelog", "release notes"}

// packages are those of which one sentence is said.
type packages []string

func (n *packages) add(name string) {
	if !slices.Contains(*n, name) {
		*n = append(*n, name)
	}
}

// list is the first of them as code.
func (n packages) list() string {
	if len(n) > mostNames {
		return list(n[:mostNames]) + " and others"
	}
	return list(n)
}

// whatChanged writes what repositories publish about the releases of the moves. For the others it says that there is
// nothing, and of which packages no link tells what changed either.
func whatChanged(b *strings.Builder, moves []plan.Move, notes map[plan.Step]plan.ReleaseNotes) {
	if len(moves) == 0 {
		return
	}
	var parts, says []string
	var unquoted, without, silent packages
	quoted, done := 0, map[plan.Step]bool{}
	for _, m := range moves {
		if done[m.Step()] {
			continue
		}
		done[m.Step()] = true
		n := notes[m.Step()]
		block := notesOf(m, n)
		switch {
		case block != "" && quoted+len(block) <= maxNotes:
			parts, quoted = append(parts, block), quoted+len(block)
			continue
		case n.State == plan.NotesRead && block == "":
			without.add(m.Name)
		default:
			unquoted.add(m.Name)
		}
		if !tells(m) {
			silent.add(m.Name)
		}
	}
	switch {
	case len(unquoted) == 0:
	case quoted == 0 && len(without) == 0:
		says = append(says, "Release notes are not quoted here: the links of the table lead to them.")
	default:
		says = append(says, "Release notes of "+unquoted.list()+" are not quoted here: the links of the table lead to them.")
	}
	switch len(without) {
	case 0:
	case 1:
		says = append(says, "The repository of "+without.list()+" publishes no notes for these releases.")
	default:
		says = append(says, "The repositories of "+without.list()+" publish no notes for these releases.")
	}
	if len(silent) > 0 {
		says = append(says, "No changelog and no release notes are named by "+silent.list()+".")
	}
	if len(says) > 0 {
		parts = append(parts, strings.Join(says, "\n"))
	}
	fold(b, "What changed")
	b.WriteString(strings.Join(parts, "\n\n") + "\n" + unfold)
}

// tells reports whether a link of the release says what changed.
func tells(m plan.Move) bool {
	return slices.ContainsFunc(m.Links, func(l plan.Link) bool {
		return slices.ContainsFunc(telling, func(name string) bool { return strings.HasPrefix(strings.ToLower(l.Name), name) })
	})
}

// notesOf are the notes of one step between their marks, "" if there are none. Every line between the marks is one that
// [text.Quoted] recognises.
func notesOf(m plan.Move, n plan.ReleaseNotes) string {
	var parts []string
	for _, one := range n.Notes {
		body, cut := text.Quote(one.Text, maxNote)
		if body == "" && !cut {
			continue
		}
		parts = append(parts, noteHead(one))
		if body != "" {
			parts = append(parts, body)
		}
		if cut {
			parts = append(parts, "The rest of it is left out here.")
		}
	}
	switch {
	case n.State == plan.NotesUnread:
		parts = []string{unreadNotes(m.Name)}
	case len(parts) == 0:
		return ""
	default:
		parts = slices.Insert(parts, 0, "What those who publish "+text.Code(m.Name)+" say of it, newest first, as plain text:")
		if n.More > 0 {
			parts = append(parts, fmt.Sprintf("Notes of older releases are left out here: %d.", n.More))
		}
	}
	return notesBegin(m.Step()) + "\n" + strings.Join(parts, "\n\n") + "\n" + notesEnd
}

// notesBegin is the first hidden line.
func notesBegin(s plan.Step) string {
	return notesMark + escape(s.Key) + ":" + escape(s.From) + ":" + escape(s.To) + " -->"
}

// noteHead is the heading of a release.
func noteHead(n plan.ReleaseNote) string {
	head := text.Plain(n.Version, 60)
	if !n.At.IsZero() {
		head += " of " + day(n.At)
	}
	if n.Title != "" {
		head += ": " + text.Plain(n.Title, 100)
	}
	quoted, _ := text.Quote("# "+head, 4*len(head)+100)
	return quoted
}

// keepNotes puts the notes of an earlier text into those places of a region where nothing could be read. A person
// may have written what is there, so it stays only if it could be ours.
func keepNotes(old, region string) string {
	var out strings.Builder
	for {
		before, begin, content, rest, ok := cutNotes(region)
		if !ok {
			return out.String() + region
		}
		out.WriteString(before)
		if strings.HasPrefix(content, "The release notes of ") && strings.HasSuffix(content, " could not be read when this was written.") {
			if kept, ok := keptNotes(old, begin); ok {
				content = kept
			}
		}
		out.WriteString(begin + "\n" + content + "\n" + notesEnd)
		region = rest
	}
}

// keptNotes are the notes below a hidden line of an earlier text.
func keptNotes(old, begin string) (string, bool) {
	_, after, found := strings.Cut(old, begin+"\n")
	content, _, ended := strings.Cut(after, "\n"+notesEnd)
	return content, found && ended && len(content) <= maxNotes && text.Quoted(content)
}

// cutNotes finds the first notes of a region.
func cutNotes(region string) (before, begin, content, rest string, ok bool) {
	at := strings.Index(region, notesMark)
	if at < 0 {
		return "", "", "", "", false
	}
	begin, after, found := strings.Cut(region[at:], "\n")
	content, rest, ended := strings.Cut(after, "\n"+notesEnd)
	return region[:at], begin, content, rest, found && ended
}
