package story

import (
	"strings"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// This file is what people do with comments on merge requests.

// onComment is a command on a merge request whose last arguments are texts, in which \n is the
// end of a line.
func onComment(args int, do func(p *gitlabsim.Project, user string, iid int, texts []string) error) person {
	return person{args, func(_ *stage, p *gitlabsim.Project, a []string) error {
		iid, err := number(a[1])
		if err != nil {
			return err
		}
		var texts []string
		for _, text := range a[2:] {
			texts = append(texts, strings.ReplaceAll(text, `\n`, "\n"))
		}
		return do(p, a[0], iid, texts)
	}}
}

// babble writes the same comment as often as the first text says.
func babble(p *gitlabsim.Project, user string, iid int, texts []string) error {
	times, err := number(texts[0])
	for ; err == nil && times > 0; times-- {
		err = p.CommentMR(user, iid, texts[1])
	}
	return err
}
