package dashboard

import "regexp"

var (
	titleLink    = regexp.MustCompile(`^\[(.*)\]\(![0-9]+\)`)
	titleMembers = regexp.MustCompile(" \\(`[^()]*`\\)$")
	titleEscape  = regexp.MustCompile(`\\([[:punct:]])`)
)

// TitleOf is the title of the update in an item's text, which follows the marker in
// the line that updateLine writes. For a text that is not ours it is some part of it.
func TitleOf(item string) string {
	title := titleMembers.ReplaceAllString(item, "")
	if m := titleLink.FindStringSubmatch(title); m != nil {
		title = m[1]
	}
	return titleEscape.ReplaceAllString(title, "$1")
}
