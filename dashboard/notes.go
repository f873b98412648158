package dashboard

import (
	"regexp"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
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
	return m[2] != "incomplete", strings.TrimSpace(text.Unescaped(m[1])), true
}

// IsDescriptionChange reports whether a system note says that its author
// changed the description in a way GitLab has no better words for, or marked
// something in words that ParseNote does not know.
func IsDescriptionChange(body string) bool {
	body = strings.TrimSpace(body)
	return strings.HasPrefix(body, "changed the description") || strings.HasPrefix(body, "marked the ")
}
