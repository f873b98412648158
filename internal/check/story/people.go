package story

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// person is a command in which somebody acts on the project. It may run inside
// a request.
type person struct {
	args int // how many it takes; negative: at least
	do   func(s *stage, p *gitlabsim.Project, a []string) error
}

func people() map[string]person {
	onMR := func(f func(*gitlabsim.Project, string, int) error) person {
		return person{2, func(_ *stage, p *gitlabsim.Project, a []string) error {
			iid, err := number(a[1])
			if err != nil {
				return err
			}
			return f(p, a[0], iid)
		}}
	}
	onIssue := func(f func(*gitlabsim.Project, string, int) error) person {
		return person{1, func(_ *stage, p *gitlabsim.Project, a []string) error {
			i, err := dashboardOf(p)
			if err != nil {
				return err
			}
			return f(p, a[0], i.IID)
		}}
	}
	return map[string]person{
		"tick":   box((*gitlabsim.Project).Tick, (*gitlabsim.Project).TickMR),
		"untick": box((*gitlabsim.Project).Untick, (*gitlabsim.Project).UntickMR),
		"merge":  onMR((*gitlabsim.Project).MergeMR),
		"close":  onMR((*gitlabsim.Project).CloseMR),
		"reopen": onMR((*gitlabsim.Project).ReopenMR),
		"revert": onMR(func(p *gitlabsim.Project, user string, iid int) error {
			_, err := p.Revert(user, iid)
			return err
		}),
		"approve":   onMR((*gitlabsim.Project).Approve),
		"unapprove": onMR((*gitlabsim.Project).Unapprove),
		"thread":    onMR((*gitlabsim.Project).OpenThread),
		"resolve":   onMR((*gitlabsim.Project).ResolveThread),
		"hold-up": {-2, func(_ *stage, p *gitlabsim.Project, a []string) error {
			iid, err := number(a[1])
			if err != nil {
				return err
			}
			return p.BlockMR(a[0], iid, strings.Join(a[2:], ""))
		}},
		"pipeline": {-3, func(_ *stage, p *gitlabsim.Project, a []string) error {
			return p.Pipeline(a[0], a[1], a[2], a[3:]...)
		}},
		"by-hand": {-2, func(_ *stage, p *gitlabsim.Project, a []string) error { return p.RunByHand(a[0], a[1], a[2:]...) }},
		"title": {3, func(_ *stage, p *gitlabsim.Project, a []string) error {
			iid, err := number(a[1])
			if err != nil {
				return err
			}
			return p.EditMRTitle(a[0], iid, a[2])
		}},
		"label": {3, func(_ *stage, p *gitlabsim.Project, a []string) error {
			iid, err := number(a[1])
			if err != nil {
				return err
			}
			return p.LabelMR(a[0], iid, a[2])
		}},
		"unlabel": {3, func(_ *stage, p *gitlabsim.Project, a []string) error {
			iid, err := number(a[1])
			if err != nil {
				return err
			}
			return p.UnlabelMR(a[0], iid, a[2])
		}},
		"describe": {3, func(_ *stage, p *gitlabsim.Project, a []string) error {
			iid, err := number(a[1])
			if err != nil {
				return err
			}
			return p.EditMRDescription(a[0], iid, a[2])
		}},
		"describe-from": {3, func(s *stage, p *gitlabsim.Project, a []string) error {
			iid, err := number(a[1])
			if err != nil {
				return err
			}
			text, err := os.ReadFile(filepath.Join(s.dir, a[2]))
			if err != nil {
				return err
			}
			return p.EditMRDescription(a[0], iid, string(text))
		}},
		"page": {2, func(s *stage, p *gitlabsim.Project, a []string) error {
			i, err := dashboardOf(p)
			if err != nil {
				return err
			}
			text, err := os.ReadFile(filepath.Join(s.dir, a[1]))
			if err != nil {
				return err
			}
			return p.EditIssueDescription(a[0], i.IID, string(text))
		}},
		"say": onComment(3, func(p *gitlabsim.Project, user string, iid int, a []string) error {
			return p.CommentMR(user, iid, a[0])
		}),
		"reword": onComment(4, func(p *gitlabsim.Project, user string, iid int, a []string) error {
			return p.RewordMR(user, iid, a[0], a[1])
		}),
		"unsay": onComment(3, func(p *gitlabsim.Project, user string, iid int, a []string) error {
			return p.DeleteCommentMR(user, iid, a[0])
		}),
		"babble": onComment(4, babble),
		"react":  onComment(3, func(p *gitlabsim.Project, user string, iid int, a []string) error { return p.ReactMR(user, iid, a[0]) }),
		"propose": {3, func(_ *stage, p *gitlabsim.Project, a []string) error {
			_, err := p.CreateMR(a[0], a[1], p.DefaultBranch(), a[2], "")
			return err
		}},
		"change":          {-2, change},
		"move-production": {2, movesProduction},
		"from-fork":       onMR((*gitlabsim.Project).FromFork),
		"push":            {4, push},
		"replace":         {5, replace},
		"edit": {3, func(s *stage, p *gitlabsim.Project, a []string) error {
			return push(s, p, []string{a[0], p.DefaultBranch(), a[1], a[2]})
		}},
		"delete-branch": {2, func(_ *stage, p *gitlabsim.Project, a []string) error { return p.DeleteBranch(a[0], a[1]) }},
		"comment": {2, func(_ *stage, p *gitlabsim.Project, a []string) error {
			i, err := dashboardOf(p)
			if err != nil {
				return err
			}
			return p.Comment(a[0], i.IID, a[1])
		}},
		"new-issue": {3, func(s *stage, p *gitlabsim.Project, a []string) error {
			text, err := os.ReadFile(filepath.Join(s.dir, a[2]))
			if err != nil {
				return err
			}
			_, err = p.CreateIssue(a[0], a[1], string(text))
			return err
		}},
		"close-issue": onIssue((*gitlabsim.Project).CloseIssue),
		"reopen-issue": {-1, func(_ *stage, p *gitlabsim.Project, a []string) error {
			i, err := dashboardOf(p)
			if err == nil && len(a) > 1 {
				i.IID, err = number(a[1])
			}
			if err != nil {
				return err
			}
			return p.ReopenIssue(a[0], i.IID)
		}},
		"rename-issue": {2, func(_ *stage, p *gitlabsim.Project, a []string) error {
			i, err := dashboardOf(p)
			if err != nil {
				return err
			}
			return p.EditIssueTitle(a[0], i.IID, a[1])
		}},
		"move-issue": onIssue((*gitlabsim.Project).MoveIssue),
		"rename-default": {1, func(_ *stage, p *gitlabsim.Project, a []string) error {
			p.RenameDefault(a[0])
			return nil
		}},
		"empty-repository": {0, func(_ *stage, p *gitlabsim.Project, _ []string) error {
			p.Empty()
			return nil
		}},
		"switch-default": {1, func(_ *stage, p *gitlabsim.Project, a []string) error {
			p.SwitchDefault(a[0])
			return nil
		}},
		"rebase-button": onMR((*gitlabsim.Project).RebaseMR),
		"amend": {4, func(s *stage, p *gitlabsim.Project, a []string) error {
			text, err := os.ReadFile(filepath.Join(s.dir, a[3]))
			if err != nil {
				return err
			}
			_, err = p.Amend(a[0], a[1], gitlabsim.Amended{Committer: "pinwheel", Files: map[string]string{a[2]: string(text)}})
			return err
		}},
		"forge": {4, forge},
		"tag": {-2, func(s *stage, p *gitlabsim.Project, a []string) error {
			if len(a) == 2 {
				return p.Tag(a[0], a[1], p.DefaultBranch())
			}
			files := map[string]string{}
			for i := 2; i+1 < len(a); i += 2 {
				text, err := os.ReadFile(filepath.Join(s.dir, a[i+1]))
				if err != nil {
					return err
				}
				files[a[i]] = string(text)
			}
			_, err := p.TagFiles(a[0], a[1], "refs/heads/"+p.DefaultBranch(), files)
			return err
		}},
		"target": {3, func(_ *stage, p *gitlabsim.Project, a []string) error {
			iid, err := number(a[1])
			if err != nil {
				return err
			}
			return p.RetargetMR(a[0], iid, a[2])
		}},
		"open-page": onIssue((*gitlabsim.Project).OpenPage),
		"close-page": onIssue(func(p *gitlabsim.Project, user string, iid int) error {
			p.ClosePage(user, iid)
			return nil
		}),
		"mention-from-afar": onIssue((*gitlabsim.Project).MentionFromAfar),
		"move-item": {3, func(_ *stage, p *gitlabsim.Project, a []string) error {
			i, err := dashboardOf(p)
			if err != nil {
				return err
			}
			return p.MoveItem(a[0], i.IID, a[1], a[2])
		}},
		"delete-item":  onItem((*gitlabsim.Project).DeleteItem),
		"convert-item": onItem((*gitlabsim.Project).ConvertItem),
		"rewrite": {3, func(_ *stage, p *gitlabsim.Project, a []string) error {
			i, err := dashboardOf(p)
			if err != nil {
				return err
			}
			text := p.Page(a[0], i.IID)
			old := strings.ReplaceAll(a[1], `\n`, "\n")
			if !strings.Contains(text, old) {
				return fmt.Errorf("the page does not hold %q", a[1])
			}
			return p.EditIssueDescription(a[0], i.IID, strings.Replace(text, old, strings.ReplaceAll(a[2], `\n`, "\n"), 1))
		}},
		"flood": {3, func(_ *stage, p *gitlabsim.Project, a []string) error {
			i, err := dashboardOf(p)
			if err != nil {
				return err
			}
			n, err := number(a[1])
			for range n {
				if a[2] == "comments" {
					err = errors.Join(err, p.Comment(a[0], i.IID, "and again"))
					continue
				}
				now, _ := p.Issue(i.IID)
				err = errors.Join(err, p.EditIssueDescription(a[0], i.IID, now.Description+"\n\nand again"), p.EditIssueDescription(a[0], i.IID, now.Description))
			}
			return err
		}},
		"delete-issue": onIssue((*gitlabsim.Project).DeleteIssue),
		"empty-issue": onIssue(func(p *gitlabsim.Project, user string, iid int) error {
			return p.EditIssueDescription(user, iid, "")
		}),
		"role": {2, func(_ *stage, p *gitlabsim.Project, a []string) error {
			to := level(a[1])
			if to < 0 {
				return fmt.Errorf("no role %q", a[1])
			}
			p.SetRole(a[0], to)
			return nil
		}},
		"user-state": {2, func(s *stage, _ *gitlabsim.Project, a []string) error {
			s.gitlab.SetUserState(a[0], a[1])
			return nil
		}},
		"membership": {-2, func(_ *stage, p *gitlabsim.Project, a []string) error {
			if a[1] != "until" {
				p.SetMembership(a[0], a[1] == "awaiting", time.Time{})
				return nil
			}
			until, err := instant(a[2])
			p.SetMembership(a[0], false, until)
			return err
		}},
		"issues-enabled": {1, func(_ *stage, p *gitlabsim.Project, a []string) error {
			p.SetIssuesEnabled(a[0] == "on")
			return nil
		}},
	}
}

// act runs one command of people in a project.
func (s *stage) act(p *gitlabsim.Project, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("who does what?")
	}
	s.acted.Add(1)
	who, ok := people()[args[0]]
	args = args[1:]
	if !ok {
		return fmt.Errorf("this is nothing that people do")
	}
	if n := who.args; n >= 0 && len(args) != n || len(args) < -n {
		return fmt.Errorf("wants %d words, has %q", max(n, -n), args)
	}
	return who.do(s, p, args)
}

func box(issue, mr func(*gitlabsim.Project, string, int, string) error) person {
	return person{-2, func(_ *stage, p *gitlabsim.Project, a []string) error {
		if iid, ok := strings.CutPrefix(a[1], "!"); ok && len(a) == 3 {
			n, err := number(iid)
			if err != nil {
				return err
			}
			return mr(p, a[0], n, a[2])
		}
		i, err := dashboardOf(p)
		if err != nil {
			return err
		}
		return issue(p, a[0], i.IID, a[1])
	}}
}

// onItem is what the menu of one item of the dashboard offers.
func onItem(f func(*gitlabsim.Project, string, int, string) error) person {
	return person{2, func(_ *stage, p *gitlabsim.Project, a []string) error {
		i, err := dashboardOf(p)
		if err != nil {
			return err
		}
		return f(p, a[0], i.IID, a[1])
	}}
}

func push(s *stage, p *gitlabsim.Project, a []string) error {
	text, err := os.ReadFile(filepath.Join(s.dir, a[3]))
	if err != nil {
		return err
	}
	_, err = p.Push(a[0], a[1], "Change "+a[2]+" by hand", map[string]string{a[2]: string(text)})
	return err
}

func replace(_ *stage, p *gitlabsim.Project, a []string) error {
	text, ok := p.File(a[1], a[2])
	if !ok && p.Head(a[1]) == "" { // a branch that this makes
		text, ok = p.File(p.DefaultBranch(), a[2])
	}
	old := strings.ReplaceAll(a[3], `\n`, "\n")
	if !ok || !strings.Contains(text, old) {
		return fmt.Errorf("%s of %s does not hold %q", a[2], a[1], a[3])
	}
	_, err := p.Push(a[0], a[1], "Change "+a[2]+" by hand", map[string]string{a[2]: strings.ReplaceAll(text, old, strings.ReplaceAll(a[4], `\n`, "\n"))})
	return err
}

// dashboardOf is the newest issue of ours, an open one before a closed one; without any, the
// newest of another bot.
func dashboardOf(p *gitlabsim.Project) (gitlabsim.Issue, error) {
	var found gitlabsim.Issue
	for _, author := range []string{bot, nextBot, otherBot} {
		for _, i := range p.Issues() {
			if i.Author == author && (i.State == "opened" || found.State != "opened") {
				found = i
			}
		}
		if found.IID != 0 {
			break
		}
	}
	if found.IID == 0 {
		return found, fmt.Errorf("there is no dashboard in %s", p.Path())
	}
	return found, nil
}

func number(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimLeft(text, "!#"))
	if err != nil {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return n, nil
}
