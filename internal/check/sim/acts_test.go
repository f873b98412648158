package sim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// people lets people act, each written as "ACT USER WHAT"; see act.
func (w *world) people(t *testing.T, acts ...string) {
	t.Helper()
	for _, text := range acts {
		if err := w.act(text); err != nil {
			t.Fatal(text, ": ", err)
		}
	}
}

// act is one thing that happens outside of pinwheel:
//
//	index STATEMENT                  see package pypisim
//	tick|untick USER PART            the dashboard's box whose line holds PART
//	rebase USER BRANCH               the box in the merge request from it
//	merge|close|reopen|revert USER BRANCH
//	approve|unapprove USER BRANCH
//	pipeline USER BRANCH STATUS [JOB=STATUS...]   of the newest merge request from it, or of main
//	push|force USER BRANCH           a commit of USER on top of it, or instead
//	pin USER NAME VERSION            in both files of main; unpin USER NAME
//	move USER BRANCH                 a commit on it that changes no pin
//	retarget USER BRANCH TARGET      a merge request from it goes into another branch
//	script USER STATEMENT; STATEMENT...   what the project's CI/CD does from now on
//	twin USER                        spoils the derived file of main
//	issue USER close|reopen|delete|empty|retitle|move
//	default USER NAME                renames the default branch
func (w *world) act(text string) error {
	words := strings.Fields(text)
	what, user, on := words[0], words[1], ""
	if len(words) > 2 {
		on = words[2]
	}
	defer func() { w.judge.look(text) }()
	p := w.project
	switch what {
	case "index":
		return w.release(strings.TrimPrefix(text, "index "))
	case "tick", "untick":
		return w.box(what == "tick", user, on)
	case "push", "force":
		return w.push(what == "force", user, prefix+on)
	case "pin":
		return w.edit(user, on, on+"=="+words[3]+"\n")
	case "unpin":
		return w.edit(user, on, "")
	case "twin":
		old, _ := p.File(p.DefaultBranch(), "pipeline/constraints.yml")
		_, err := p.Push(user, p.DefaultBranch(), "Tidy up", map[string]string{"pipeline/constraints.yml": strings.Replace(old, "==", "==0.", 1)})
		return err
	case "move":
		_, err := p.Push(user, on, "Note something", map[string]string{"NOTES": fmt.Sprint(len(w.gitlab.Events()), "\n")})
		return err
	case "script":
		return p.Script(strings.ReplaceAll(strings.TrimPrefix(text, "script "+user), ";", "\n"))
	case "default":
		p.RenameDefault(on)
		return nil
	case "issue":
		board, err := w.dashboard()
		if err != nil {
			return err
		}
		switch on {
		case "close":
			return p.CloseIssue(user, board.IID)
		case "reopen":
			return p.ReopenIssue(user, board.IID)
		case "delete":
			return p.DeleteIssue(user, board.IID)
		case "move":
			return p.MoveIssue(user, board.IID)
		case "retitle":
			return p.EditIssueTitle(user, board.IID, "What is pinned")
		}
		return p.EditIssueDescription(user, board.IID, "")
	}
	if what == "pipeline" && on == "main" {
		return p.Pipeline(user, p.DefaultBranch(), words[3], words[4:]...)
	}
	m, err := w.newest(prefix + on)
	if err != nil {
		return err
	}
	switch what {
	case "pipeline":
		return p.Pipeline(user, fmt.Sprint("!", m.IID), words[3], words[4:]...)
	case "retarget":
		return p.RetargetMR(user, m.IID, words[3])
	case "approve":
		return p.Approve(user, m.IID)
	case "unapprove":
		return p.Unapprove(user, m.IID)
	case "rebase":
		w.judge.rebuilds[m.SourceBranch] = true
		return p.TickMR(user, m.IID, "rebase-check")
	case "merge":
		return p.MergeMR(user, m.IID)
	case "close":
		return p.CloseMR(user, m.IID)
	case "reopen":
		return p.ReopenMR(user, m.IID)
	case "revert":
		_, err = p.Revert(user, m.IID)
		return err
	}
	return fmt.Errorf("nobody can do this")
}

var boxBranch = regexp.MustCompile(`<!-- \w+-branch=(\S+) -->`)

// box ticks or unticks and notes for the judge what was asked for.
func (w *world) box(done bool, user, part string) error {
	board, err := w.dashboard()
	if err != nil {
		return err
	}
	shown := w.project.Page(user, board.IID) // it may be an old page
	if done {
		err = w.project.Tick(user, board.IID, part)
	} else {
		err = w.project.Untick(user, board.IID, part)
	}
	if err != nil || user == "rita" {
		return err
	}
	if done && isSplit(part) {
		w.judge.asked[everyMember], w.judge.apart = true, 6
	}
	if now, ok := w.project.Issue(board.IID); ok && done {
		// Of an old page that changed one box GitLab tells that one alone.
		if branch := onlyTicked(board.Description, now.Description); branch != "" {
			w.judge.asked[branch] = true
		}
	}
	for line := range strings.Lines(shown) {
		m := boxBranch.FindStringSubmatch(line)
		if m != nil && (strings.Contains(line, part) || strings.HasPrefix(part, "create-all-")) {
			if !done && w.judge.running {
				w.judge.late = append(w.judge.late, m[1])
				continue
			}
			w.judge.asked[m[1]] = done
			w.judge.late = slices.DeleteFunc(w.judge.late, func(b string) bool { return b == m[1] })
		}
	}
	return nil
}

// onlyTicked is the branch of the one box whose state differs, if it is ticked now.
func onlyTicked(before, after string) string {
	was, found := map[string]string{}, []string{}
	for _, m := range anyBox.FindAllStringSubmatch(before, -1) {
		was[m[2]+m[3]] = m[1]
	}
	for _, m := range anyBox.FindAllStringSubmatch(after, -1) {
		if m[1] == "x" && was[m[2]+m[3]] != "x" {
			found = append(found, m[3])
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// dashboard is our open issue, or else the newest closed one.
func (w *world) dashboard() (gitlabsim.Issue, error) {
	var found gitlabsim.Issue
	for _, i := range w.project.Issues() {
		if w.inherits(i.Author) && (found.State != "opened") {
			found = i
		}
	}
	if found.IID == 0 {
		return found, fmt.Errorf("there is no dashboard")
	}
	return found, nil
}

// movedAway reports whether an issue lives on elsewhere.
func (w *world) movedAway(iid int) bool {
	i, ok := w.project.Issue(iid)
	return ok && i.Moved && i.State != "opened"
}

// newest is the newest merge request from a branch.
func (w *world) newest(branch string) (gitlabsim.MergeRequest, error) {
	all := w.project.MRs()
	for _, a := range slices.Backward(all) {
		if a.SourceBranch == branch {
			return a, nil
		}
	}
	return gitlabsim.MergeRequest{}, fmt.Errorf("there is no merge request from %s", branch)
}

func (w *world) push(force bool, user, branch string) error {
	if w.project.Head(branch) == "" {
		return fmt.Errorf("there is no branch %s", branch)
	}
	files := map[string]string{"README": fmt.Sprintf("%s was here %d times.\n", user, len(w.gitlab.Events()))}
	var err error
	if force {
		_, err = w.project.ForcePush(user, branch, w.project.DefaultBranch(), "Start over", files)
	} else {
		_, err = w.project.Push(user, branch, "Add a note", files)
	}
	return err
}

// edit replaces the line of a pin on main and writes both files.
func (w *world) edit(user, name, line string) error {
	old, _ := w.project.File(w.project.DefaultBranch(), "constraints.txt")
	re := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `==.*\n`)
	if !re.MatchString(old) {
		return fmt.Errorf("%s is not pinned", name)
	}
	text := re.ReplaceAllString(old, line)
	if text == old {
		return fmt.Errorf("%s is so already", name)
	}
	_, err := w.project.Push(user, w.project.DefaultBranch(), "Edit "+name, map[string]string{"constraints.txt": text, "pipeline/constraints.yml": derived(text)})
	return err
}
