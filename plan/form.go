package plan

import (
	"fmt"
	"regexp"
	"strings"
)

// TitleForm is what stands around a generated title, such as "chore(deps): ".
// The zero value is nothing.
type TitleForm struct {
	before, after string
	lower         bool // the title begins with a small letter
	majors        bool // a step to another year names the year alone, see Majors
}

// Majors is the form for titles as Renovate computes them: for it the year of a calendar
// version is its major, and the title of a major names that alone.
func (f TitleForm) Majors() TitleForm {
	f.majors = true
	return f
}

// OfMajors reports whether the form is one of Majors.
func (f TitleForm) OfMajors() bool { return f.majors }

var formText = regexp.MustCompile(`^[A-Za-z0-9 ()\[\]:._,!-]*$`)

// ParseTitleForm reads a form: one {title}, or {lower} for the same with a small
// first letter, in plain words that GitLab takes for nothing else.
func ParseTitleForm(text string) (TitleForm, error) {
	for _, place := range []string{"{title}", "{lower}"} {
		before, after, found := strings.Cut(text, place)
		if !found {
			continue
		}
		switch {
		case strings.Contains(after, "{"), !formText.MatchString(before + after), len(before)+len(after) > 60, strings.TrimSpace(text) != text:
			return TitleForm{}, fmt.Errorf("%q is not a form of titles: write %s once, and around it letters, digits and ()[]:._,!- in up to 60 characters", text, place)
		case PlainTitle(before+"x"+after) != before+"x"+after || linked.MatchString(before+after):
			return TitleForm{}, fmt.Errorf("%q means something else to GitLab at that place: write another word", text)
		}
		return TitleForm{before: before, after: after, lower: place == "{lower}"}, nil
	}
	return TitleForm{}, fmt.Errorf("%q lacks {title}, the generated title: write such as \"chore(deps): {title}\"", text)
}

// Apply puts the form around a title.
func (f TitleForm) Apply(title string) string {
	if f.lower && title != "" {
		title = strings.ToLower(title[:1]) + title[1:]
	}
	return f.before + title + f.after
}

// Strip takes the form away, if it is there.
func (f TitleForm) Strip(title string) string {
	if inner, ok := strings.CutPrefix(title, f.before); ok {
		if inner, ok := strings.CutSuffix(inner, f.after); ok {
			return inner
		}
	}
	return title
}
