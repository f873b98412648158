package dashboard

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Page is what Parse finds in a description. The zero value is an empty one.
type Page struct {
	Marker Marker
	Boxes  []Box // in the order of the text
	// Samples are the weeks that the page remembers, oldest first.
	Samples []plan.Sample
	// bare is the text as GitLab stores it, with every box unticked.
	bare string
}

// Marker is the hidden first line that makes an issue a dashboard of ours.
type Marker struct {
	Present bool
	Project int64 // 0 when the marker names none
}

// Box is one checkbox with a marker we know.
type Box struct {
	Type    plan.BoxType // the word before "-branch="; empty for a bulk box
	Branch  string       // or what plan.SplitKey makes of it; empty for a bulk box
	Bulk    string       // the marker of a bulk box, else empty
	Checked bool
	Text    string // what follows the marker, without outer white space
	Line    int    // from 0
}

// key names what a tick on the box asks for: the same update may offer another
// box for the same wish in another state.
func (b Box) key() string { return string(b.Type.Wish()) + " " + b.Branch + b.Bulk }

// maxBoxes bounds the work that a page can cause.
const maxBoxes = 2000

var (
	markerLine  = regexp.MustCompile(`^\s*<!--\s*pinwheel:dashboard\s([^>]*)-->`)
	anyBox      = regexp.MustCompile(`(?m)^([\s>]*(?:[-*+]|\d{1,9}[.)])\s+)\[[xX]\]`)
	headingLine = regexp.MustCompile(`^##\s+(.*\S)\s*$`)
	markerID    = regexp.MustCompile(`\bproject=(\d{1,18})\b`)
	// boxLine takes more than Render writes: any list mark, quoted or
	// indented, either case of x, spaces inside the comment.
	boxLine = regexp.MustCompile(`^[\s>]*(?:[-*+]|\d{1,9}[.)])\s+\[([ xX])\]\s+<!--\s*(?:([A-Za-z]+)-branch=(\S+?)|([a-z-]+))\s*-->(.*)$`)
)

// Parse reads a description. It accepts what people and Renovate make of one. A line
// that it does not understand is no box. Only the first 2000 boxes count.
func Parse(body string) Page {
	page := Page{bare: Normalise(body)}
	if strings.Contains(body, "[x]") || strings.Contains(body, "[X]") {
		page.bare = anyBox.ReplaceAllString(page.bare, "$1[ ]")
	}
	for n, line := range strings.Split(body, "\n") {
		if !strings.Contains(line, "<!--") {
			continue
		}
		if m := markerLine.FindStringSubmatch(line); m != nil && !page.Marker.Present {
			page.Marker.Present = true
			if id := markerID.FindStringSubmatch(m[1]); id != nil {
				page.Marker.Project, _ = strconv.ParseInt(id[1], 10, 64) // at most 18 digits
			}
			continue
		}
		if m := samplesLine.FindStringSubmatch(line); m != nil && len(page.Samples) == 0 {
			page.Samples = parseSamples(m[1])
			continue
		}
		m := boxLine.FindStringSubmatch(line)
		if m == nil || m[4] != "" && !knownBulk(m[4]) {
			continue
		}
		if len(page.Boxes) == maxBoxes {
			break
		}
		page.Boxes = append(page.Boxes, Box{Type: plan.BoxType(m[2]), Branch: branchKey(m[2], m[3]), Bulk: m[4],
			Checked: m[1] != " ", Text: strings.TrimSpace(m[5]), Line: n})
	}
	return page
}

// branchKey names what a box is for. The branch of a group has two boxes; the one that
// takes the group apart has a key of its own.
func branchKey(box, branch string) string {
	if plan.BoxType(box) == plan.BoxSplit && branch != "" {
		return plan.SplitKey(branch)
	}
	return branch
}

func knownBulk(marker string) bool {
	for _, row := range plan.Table() {
		if row.Bulk == marker {
			return true
		}
	}
	return false
}

// knownType reports whether a type word is one that we write.
func knownType(t plan.BoxType) bool {
	if t == plan.BoxSplit || t == plan.BoxRevert || t == plan.BoxUnhold {
		return true
	}
	for _, row := range plan.Table() {
		if row.Box == t && t != plan.NoBox {
			return true
		}
	}
	return false
}

// Normalise returns a text as GitLab stores it: without carriage returns, NUL
// and white space at its ends.
func Normalise(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", "", "\x00", "").Replace(s))
}

// Equal reports whether GitLab would store a and b alike.
func Equal(a, b string) bool { return Normalise(a) == Normalise(b) }

// KeepTicks returns rendered with every box ticked that is ticked in now and
// was not in before: what people asked for while a run was at work. Boxes are
// matched by branch and by what they ask for, whatever section they moved to, bulk
// boxes by marker. If rendered does not offer a box, its tick is not in the text, but
// the notes still show it. KeepTicks never takes a tick away.
func KeepTicks(rendered string, before, now Page) string {
	was := map[string]bool{}
	for _, b := range before.Boxes {
		was[b.key()] = was[b.key()] || b.Checked
	}
	keep := map[string]bool{}
	for _, b := range now.Boxes {
		if b.Checked && !was[b.key()] {
			keep[b.key()] = true
		}
	}
	if len(keep) == 0 {
		return rendered
	}
	lines := strings.Split(rendered, "\n")
	for _, b := range Parse(rendered).Boxes {
		if keep[b.key()] && !b.Checked {
			lines[b.Line] = strings.Replace(lines[b.Line], "[ ]", "[x]", 1)
		}
	}
	return strings.Join(lines, "\n")
}

// KeepUnticks returns rendered with every box unticked that was ticked in before
// and is not in now: what people took back while a run was at work. A box that
// is gone says nothing.
func KeepUnticks(rendered string, before, now Page) string {
	stands, checked := map[string]bool{}, map[string]bool{}
	for _, b := range now.Boxes {
		stands[b.key()], checked[b.key()] = true, checked[b.key()] || b.Checked
	}
	gone := map[string]bool{}
	for _, b := range before.Boxes {
		gone[b.key()] = gone[b.key()] || b.Checked && stands[b.key()] && !checked[b.key()]
	}
	lines := strings.Split(rendered, "\n")
	for _, b := range Parse(rendered).Boxes {
		if gone[b.key()] && b.Checked {
			lines[b.Line] = strings.Replace(lines[b.Line], "[x]", "[ ]", 1)
		}
	}
	return strings.Join(lines, "\n")
}

// Listed returns the boxes for which a tick on a bulk box stands: those that body
// shows in the section of the bulk box, of the type that this section offers. The heading of
// another bot's section may have another wording.
func Listed(body, bulk string) []Box {
	var row plan.Row
	for _, r := range plan.Table() {
		if r.Bulk == bulk && bulk != "" {
			row = r
		}
	}
	lines := strings.Split(body, "\n")
	head := func(line string) string {
		if m := headingLine.FindStringSubmatch(line); m != nil {
			return m[1]
		}
		return ""
	}
	from := slices.IndexFunc(lines, func(line string) bool {
		return row.Heading != "" && (head(line) == row.Heading || otherState(line) == row.State)
	})
	if from < 0 {
		return nil
	}
	to := slices.IndexFunc(lines[from+1:], func(line string) bool { return head(line) != "" })
	if to < 0 {
		to = len(lines) - from - 1
	}
	return slices.DeleteFunc(Parse(body).Boxes, func(b Box) bool {
		return b.Type != row.Box || b.Line <= from || b.Line > from+to
	})
}

// Shown tells in which state a body that we wrote shows each branch, as far as its box
// tells. The boxes of branches that are held back or have a merge request do not tell
// it. An empty body shows nothing.
func Shown(body string) map[string]plan.State {
	var out map[string]plan.State
	for _, b := range Parse(body).Boxes {
		if b.Branch == "" || b.Type == plan.BoxRebase {
			continue
		}
		for _, row := range plan.Table() {
			if row.Box == b.Type && row.Box != plan.NoBox {
				if out == nil {
					out = map[string]plan.State{}
				}
				if _, ok := out[b.Branch]; !ok { // the page before what is remembered below it
					out[b.Branch] = row.State
				}
				break
			}
		}
	}
	return out
}
