package story

import (
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// This file is what people do with comments on merge requests, and with the messages of commits.

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

// forge makes the head of a branch anew with its author and other words in its message.
func forge(_ *stage, p *gitlabsim.Project, a []string) error {
	message := p.Commits(a[1])[0].Message
	if !strings.Contains(message, a[2]) {
		return fmt.Errorf("the message of %s does not hold %q", a[1], a[2])
	}
	_, err := p.Amend(a[0], a[1], gitlabsim.Amended{Committer: "pinwheel", Message: strings.ReplaceAll(message, a[2], a[3])})
	return err
}
