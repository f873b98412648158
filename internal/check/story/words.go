package story

import (
	"fmt"
	"regexp"
	"strings"
)

// This file looks at the words of the pages and merge requests that a story
// leaves behind.

// riddles are words with a plainer one: a place is an open merge request, what
// is forced is asked for, what went in is merged. Marks, names of branches and
// code are not read.
var riddles = regexp.MustCompile(`(?i)\b(places?|forced?|went in)\b`)

var (
	comment = regexp.MustCompile(`(?s)<!--.*?-->`)
	folded  = regexp.MustCompile(`(?s)<details><summary>|</summary>.*?</details>`)
	address = regexp.MustCompile(`\]\([^()\s]*\)`)
	code    = regexp.MustCompile("``.+?``|`[^`\n]*`")
)

// words counts what is between blanks, marks of Markdown as well.
func words(text string) int { return len(strings.Fields(text)) }

// visible is what a description shows before anything is unfolded.
func visible(text string) string {
	return address.ReplaceAllString(folded.ReplaceAllString(comment.ReplaceAllString(text, ""), ""), "]")
}

// mostWords is what a merge request of one package shows at most.
const mostWords = 130

// unplain are the texts of ours with a riddle in them, and merge requests of one
// package that are long.
func (s *stage) unplain() []string {
	var out []string
	read := func(what, text string) {
		plain := code.ReplaceAllString(comment.ReplaceAllString(text, ""), "")
		for line := range strings.SplitSeq(plain, "\n") {
			if riddles.MatchString(line) {
				out = append(out, fmt.Sprintf("%s says %q", what, line))
			}
		}
	}
	for _, project := range s.config.Projects {
		p := s.gitlab.Project(project.Path)
		for _, i := range p.Issues() {
			if i.Author == bot {
				read("the dashboard", i.Description)
			}
		}
		for _, m := range p.MRs() {
			from, to := strings.Index(m.Description, "<!-- pinwheel:mr v="), strings.Index(m.Description, "<!-- pinwheel:mr end -->")
			if m.Author != bot || from < 0 || to < from {
				continue
			}
			text := m.Description[from:to]
			read(fmt.Sprintf("!%d", m.IID), text)
			if n := words(visible(text)); n > mostWords && strings.Count(text, "\n| **") == 1 {
				out = append(out, fmt.Sprintf("!%d is of one package and shows %d words, at most %d are to be read:\n%s", m.IID, n, mostWords, visible(text)))
			}
		}
	}
	return out
}
