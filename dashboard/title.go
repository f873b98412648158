package dashboard

import "regexp"

var (
	titleLink    = regexp.MustCompile(`^\[(.*)\]\(![0-9]+\)`)
	titleMembers = regexp.MustCompile(" \\(`[^()]*`\\)$")
	titleEscape  = regexp.MustCompile(`\\([[:punct:]])`)
)

// TitleOf is the title of the update that an item's text names, which follows the
// marker in the line that updateLine writes. Of a text that is none of ours it is
// some of that.
func TitleOf(item string) string {
	title := titleMembers.ReplaceAllString(item, "")
	if m := titleLink.FindStringSubmatch(title); m != nil {
		title = m[1]
	}
	return titleEscape.ReplaceAllString(title, "$1")
}
