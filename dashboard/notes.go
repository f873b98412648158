package dashboard

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"gitlab.com/cki-project/pinwheel/plan"
)

// Note is one note of the issue, as far as ticks need it.
type Note struct {
	ID     int64
	System bool // GitLab wrote it about what Author did
	Author plan.User
	At     time.Time
	Body   string
}

// checklistNote is the system note of one changed box.
// https://docs.gitlab.com/user/markdown/#task-lists
var checklistNote = regexp.MustCompile(`(?s)^marked the (?:checklist item|task) \*\*(.*)\*\* as (complete|completed|incomplete)$`)

// ParseNote reads the system note that GitLab leaves when a box changes. item
// is the box's line without backslashes; a comment in it keeps its inner text.
// ok is false for every other note.
func ParseNote(body string) (checked bool, item string, ok bool) {
	m := checklistNote.FindStringSubmatch(strings.TrimSpace(body))
	if m == nil {
		return false, "", false
	}
	return m[2] != "incomplete", strings.TrimSpace(unescape(m[1])), true
}

// IsDescriptionChange reports whether a system note says that its author
// changed the description in a way GitLab has no better words for.
func IsDescriptionChange(body string) bool {
	return strings.HasPrefix(strings.TrimSpace(body), "changed the description")
}

// unescape takes away the backslash before any character; a last one stays.
func unescape(s string) string {
	var out strings.Builder
	escaped := false
	for _, r := range s {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		escaped = false
		out.WriteRune(r)
	}
	if escaped {
		out.WriteByte('\\')
	}
	return out.String()
}

// subject is what a checklist note is about.
type subject struct {
	box    plan.BoxType
	branch string
	bulk   string
	text   string // what follows the marker, or all of it
}

var (
	noteBranch = regexp.MustCompile(`^\s*(?:<!--)?\s*([A-Za-z]+)-branch=(\S+)`)
	noteBulk   = regexp.MustCompile(`^\s*(?:<!--)?\s*([a-z]+(?:-[a-z]+)+)`)
)

// parseSubject reads an item as ParseNote returns it. Without a marker only
// text is set.
func parseSubject(item string) subject {
	if m := noteBranch.FindStringSubmatch(item); m != nil {
		return subject{box: plan.BoxType(m[1]), branch: branchKey(m[1], m[2]), text: afterMarker(item[len(m[0]):])}
	}
	if m := noteBulk.FindStringSubmatch(item); m != nil && knownBulk(m[1]) {
		return subject{bulk: m[1], text: afterMarker(item[len(m[0]):])}
	}
	return subject{text: item}
}

func afterMarker(s string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s), "-->"))
}

// key is that of the box the subject names, empty when it names none.
func (s subject) key() string { return s.branch + s.bulk }

// resolve finds, for a subject whose marker is none of boxes', the one box it
// must mean: branch and title run together, should GitLab drop the space after
// the comment; or, without a marker, a title that only one branch has.
func (s subject) resolve(boxes []Box) subject {
	means := func(b Box) bool {
		if s.branch == "" {
			return same(s.text, b.Text)
		}
		rest, ok := strings.CutPrefix(s.branch, b.Branch)
		return ok && b.Branch != "" && same(rest+s.text, b.Text)
	}
	if s.bulk != "" || slices.ContainsFunc(boxes, func(b Box) bool { return s.key() != "" && s.key() == b.key() }) {
		return s
	}
	var found Box
	for _, b := range boxes {
		if !means(b) {
			continue
		}
		if found.key() != "" && found.key() != b.key() {
			return s // it may be either
		}
		found = b
	}
	if found.key() == "" {
		return s
	}
	return subject{box: found.Type, branch: found.Branch, bulk: found.Bulk, text: found.Text}
}

// same compares two readings of an item's text by letters and digits: escapes
// and marks are what GitLab and editors change.
func same(a, b string) bool { return squash(a) == squash(b) && squash(a) != "" }

func squash(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' {
			return r
		}
		return -1
	}, s)
}
