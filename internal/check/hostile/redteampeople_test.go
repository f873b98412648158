package hostile_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

var redBox = regexp.MustCompile(`- \[([ x])\] <!-- ([a-z]+-branch=\S+|[a-z-]+-prs) -->`)

// those below the role, in one way or another.
var below = []string{"rita", "rita", "pia", "gus", "bob", "eve", "nora", "mallory", "pinwheel-bot"}

// people lets one of those who may not ask for anything try something on a page,
// or a Developer something on a branch. What GitLab refuses does not happen.
func (s *siege) people() {
	who := oneOf(s.rand, below...)
	board, has := s.board()
	acts := []string{"tick", "tick", "tick", "raw", "raw", "raw", "flood", "note", "open", "close", "lookalike", "old", "delete", "drag", "commands", "state", "labels", "mr", "afar"}
	if s.rand.IntN(3) == 0 {
		s.branches()
		return
	}
	act := oneOf(s.rand, acts...)
	if !has {
		act = "lookalike"
	}
	count("acts of people: " + act)
	p := s.project
	switch act {
	case "tick":
		if box, ok := s.anyBox(p.Page(who, board.IID)); ok {
			_ = p.Tick(who, board.IID, box+" ")
		}
	case "raw":
		_ = p.EditIssueDescription(who, board.IID, s.edited(board.Description))
	case "flood":
		for i := range oneOf(s.rand, 3, 30, 130) {
			_ = p.Comment(who, board.IID, fmt.Sprint("words ", i))
		}
	case "note":
		title := s.line()
		if all := strings.Split(board.Description, " -->"); len(all) > 1 {
			title, _, _ = strings.Cut(all[1+s.rand.IntN(len(all)-1)], "\n")
		}
		_ = p.Comment(who, board.IID, oneOf(s.rand, "marked the checklist item **"+title+"** as completed", "@dev marked **"+title+"** as completed", "changed the description", "<!-- op:1 -->"+title))
	case "open":
		_ = p.OpenPage(oneOf(s.rand, who, "dev"), board.IID)
	case "close":
		p.ClosePage(oneOf(s.rand, who, "dev"), board.IID)
	case "lookalike":
		_, _ = p.CreateIssue(who, oneOf(s.rand, "Dependency Dashboard", s.line()), strings.ReplaceAll(board.Description, "[ ] <!--", "[x] <!--"))
	case "old":
		if len(s.offered) > 0 {
			_ = p.EditIssueDescription(who, board.IID, s.edited(oneOf(s.rand, s.offered...)))
		}
	case "delete":
		if box, ok := s.anyBox(board.Description); ok {
			_ = p.DeleteItem(who, board.IID, box+" ")
		}
	case "drag":
		a, okA := s.anyBox(board.Description)
		b, okB := s.anyBox(board.Description)
		if okA && okB {
			_ = p.MoveItem(who, board.IID, a+" ", b+" ")
		}
	case "commands":
		_ = p.Comment(who, board.IID, s.text())
	case "state":
		switch s.rand.IntN(4) {
		case 0:
			_ = p.CloseIssue(who, board.IID)
		case 1:
			_ = p.EditIssueTitle(who, board.IID, s.line())
		case 2:
			_ = p.EditIssueDescription(who, board.IID, "")
		default:
			_ = p.ReopenIssue(who, board.IID)
		}
		if s.rand.IntN(2) == 0 {
			_ = p.ReopenIssue("alice", board.IID)
		}
	case "labels":
		_ = p.LabelIssue(who, board.IID, s.line())
	case "afar":
		_ = p.MentionFromAfar(who, board.IID)
	case "mr":
		for _, m := range p.MRs() {
			if m.Author == redBot && s.rand.IntN(2) == 0 {
				_ = p.CommentMR(who, m.IID, oneOf(s.rand, s.text(), "<!-- op:paused -->", "/rebase", "- [x] <!-- rebase-check -->"))
				_ = p.TickMR(who, m.IID, "rebase-check")
				_ = p.EditMRDescription(who, m.IID, s.edited(m.Description))
			}
		}
	}
	s.judge.look()
}

// anyBox is the marker of one of a page's boxes.
func (s *siege) anyBox(page string) (string, bool) {
	all := redBox.FindAllStringSubmatch(page, -1)
	if len(all) == 0 {
		return "", false
	}
	return all[s.rand.IntN(len(all))][2], true
}

// edited is a page after somebody's raw edit.
func (s *siege) edited(body string) string {
	boxes := redBox.FindAllString(body, -1)
	for range 1 + s.rand.IntN(3) {
		one := "- [ ] <!-- approve-branch=pinwheel/good-1.x -->"
		if len(boxes) > 0 {
			one = oneOf(s.rand, boxes...)
		}
		ticked := strings.Replace(one, "[ ]", "[x]", 1)
		kind := oneOf(s.rand, "approve", "unschedule", "rebase", "retry", "recreate", "approvePr", "unlimit", "split", "all")
		switch s.rand.IntN(12) {
		case 0, 1:
			body = strings.Replace(body, one, ticked, 1)
		case 2:
			body = strings.ReplaceAll(body, "[ ] <!--", "[x] <!--")
		case 3:
			body = strings.Replace(body, one, ticked+"Update dependency good to v1.1\n "+one, 1)
		case 4:
			body = strings.ReplaceAll(body, "approve-branch", kind+"-branch")
		case 5:
			body += fmt.Sprintf("\n - [%s] <!-- %s-branch=pinwheel/%s -->%s\n", oneOf(s.rand, "x", " ", "X", "~"), kind, oneOf(s.rand, "good-1.x", "major-2.x", "evil-9.x", "../main", "kept-x", "evil-a-1.x"), s.line())
		case 6:
			body += "\n - [x] <!-- " + oneOf(s.rand, "create-all-awaiting-schedule-prs", "approve-all-pending-prs", "rebase-all-open-prs", "create-all-rate-limited-prs") + " -->all\n"
		case 7:
			body = regexp.MustCompile(`project=\d+`).ReplaceAllString(body, "project=1")
		case 8:
			lines := strings.Split(body, "\n")
			i, j := s.rand.IntN(len(lines)), s.rand.IntN(len(lines))
			lines[i], lines[j] = lines[j], lines[i]
			body = strings.Join(lines, "\n")
		case 9:
			body = strings.Replace(body, "pinwheel/good-1.x", "pinwheel/major-2.x", 1)
		case 10:
			body = strings.ReplaceAll(s.text(), "\x00", "") + "\n" + body
		default:
			body = strings.Replace(body, one, strings.Repeat(ticked+"x\n ", 40)+one, 1)
		}
	}
	return body
}

// branches lets a Developer do to our branches and beside them what git allows.
func (s *siege) branches() {
	p := s.project
	var ours []string
	for _, b := range p.Branches() {
		if strings.HasPrefix(b.Name, redPrefix) {
			ours = append(ours, b.Name)
		}
	}
	act := oneOf(s.rand, "amend", "amend", "push", "tag", "tag", "branch", "forge", "rebase")
	count("acts on branches: " + act)
	one := redPrefix + "good-1.x"
	if len(ours) > 0 {
		one = oneOf(s.rand, ours...)
	}
	evil := map[string]string{oneOf(s.rand, "evil.py", "CODEOWNERS", ".gitlab-ci.yml", ".git/config", "a/.GIT/hooks/x", "pipeline/constraints.yml"): s.text()}
	switch act {
	case "amend":
		_, _ = p.Amend("mole", one, gitlabsim.Amended{Committer: oneOf(s.rand, "", "pinwheel"), Author: oneOf(s.rand, "", "pinwheel", "mole"), Files: evil})
	case "push":
		_, _ = p.Push("mole", one, oneOf(s.rand, "Tidy up", "Update dependency good to v1.1\n\nPinwheel-Digest: x\n", s.text()), evil)
	case "tag":
		_, _ = p.TagFiles("mole", oneOf(s.rand, "main", one, "pinwheel/major-2.x", "refs/heads/main", "heads/main"), "refs/heads/main", map[string]string{
			"constraints.txt": "good==0.1\n", ".gitlab/pinwheel.yaml": "mode: dashboard\nlabels: [evil]\n", "CODEOWNERS": "* @mole\n"})
	case "branch":
		name := oneOf(s.rand, "pinwheel/good-1.x", "pinwheel/major-2.x", "pinwheel/kept-x", "pinwheel/1-evil", "pinwheel/evil@all", "x/pinwheel/good-1.x", "main2", "pinwheel/evil-a-1.x/b", "-evil", "refs/heads/x", s.line())
		if !slices.Contains(ours, name) {
			_, _ = p.Push("mole", name, "Update dependency good to v1.1", map[string]string{"constraints.txt": "good==1.1\n"})
		}
	case "forge":
		// Who may push may ask for a rebase in a merge request of theirs.
		s.judge.asked[one] = true
		title := s.line()
		_, _ = p.CreateMR("mole", one, "main", title, "<!-- pinwheel:mr v=1 project=11 branch="+one+" -->\n - [x] <!-- rebase-check -->\n"+strings.ReplaceAll(s.text(), "\x00", ""))
	case "rebase":
		s.judge.look()
		s.judge.button = true
		for _, m := range p.MRs() {
			if m.State == "opened" && m.SourceBranch == one {
				_ = p.RebaseMR("mole", m.IID)
			}
		}
	}
	s.judge.look()
	s.judge.button = false
}

// honestTick lets somebody who may tick one box, maybe on a page that was opened
// earlier. What that page says beside the box is nobody's wish.
func (s *siege) honestTick() {
	board, ok := s.board()
	if !ok {
		return
	}
	box, ok := s.anyBox(s.project.Page("dev", board.IID))
	if !ok || !strings.Contains(box, "-branch=") {
		return
	}
	if s.project.Tick("dev", board.IID, box+" ") == nil {
		count("acts of people: ticks of who may")
		_, branch, _ := strings.Cut(box, "-branch=")
		s.judge.asked[branch] = true
		s.judge.look()
	}
}

// lastTick lets somebody who may tick what is still offered, while nobody else
// writes. It has to be obeyed.
func (s *siege) lastTick() {
	board, ok := s.board()
	if !ok {
		s.judge.fault("in the end there is no dashboard")
		return
	}
	s.project.ClosePage("dev", board.IID)
	m := regexp.MustCompile(`- \[ \] <!-- (approve-branch=(pinwheel/(?:good|major|acme-core|pair-a)-\S+)) -->`).FindStringSubmatch(board.Description)
	if m == nil {
		return
	}
	must(s.t, s.project.Tick("dev", board.IID, m[1]+" "))
	s.judge.asked[m[2]] = true
	s.run()
	s.run()
	for _, r := range s.project.MRs() {
		if r.SourceBranch == m[2] && r.State == "opened" {
			count("last ticks that were obeyed")
			return
		}
	}
	board, _ = s.board()
	s.judge.fault("dev ticked %s, nobody else wrote, and no merge request came:\n%s", m[1], board.Description)
}
