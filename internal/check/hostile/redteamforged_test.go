package hostile_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
)

// later is what came to the worlds after seeds of first had been found: proofs that are
// forged whole, names of jobs, groups and gates, and what changes little. It draws
// from a source of its own, so that the rest of a seed stays what it was.
type later struct {
	rand   *rand.Rand
	strict bool // a Developer may not ask for anything, a Maintainer may
}

func newLater(seed uint64) *later {
	if slices.Contains(first, seed) {
		return nil
	}
	return &later{rand: rand.New(rand.NewPCG(seed, 15)), strict: seed%4 < 2}
}

// settings are what the operator wrote else: who may ask, and more keys of the project.
func (l *later) settings() (role, more string) {
	if l.strict {
		return "maintainer", "    selections: {minimum_role: maintainer}\n"
	}
	return "developer", ""
}

// begin gives roles to a world that has just been made.
func (s *siege) begin() {
	if s.later != nil && s.later.strict {
		s.project.SetRole("dev", gitlabsim.Maintainer)
	}
}

// forged is what is done after a run, and half the time runs an hour later, before
// which little changes.
func (s *siege) forged() {
	if s.later == nil {
		return
	}
	r := s.later.rand
	for range r.IntN(3) {
		s.forge()
	}
	if r.IntN(2) == 0 {
		return
	}
	for range 1 + r.IntN(2) {
		time.Sleep(time.Hour)
		if r.IntN(2) == 0 {
			s.slip()
		}
		s.run()
	}
}

// forge lets people make what looks like ours.
func (s *siege) forge() {
	r := s.later.rand
	act := oneOf(r, "a proof", "a proof", "jobs", "jobs", "names")
	count("forged: " + act)
	switch act {
	case "a proof":
		s.proof()
	case "jobs":
		s.jobs()
	case "names":
		s.sound = false
		_, _ = s.project.Push("max", "main", "Name things", map[string]string{".gitlab/pinwheel.yaml": s.named1()})
	}
	s.judge.look()
}

// proof writes the commit that pinwheel would write, in its name, with a reason, a
// request and a proof that are invented.
func (s *siege) proof() {
	r, p := s.later.rand, s.project
	name, to := oneOf(r, "good", "major", "acme-core"), "1.1"
	if name == "major" {
		to = "2.0"
	}
	branch := fmt.Sprintf("%s%s-%c.x", redPrefix, name, to[0])
	pins, _ := p.File("main", "constraints.txt")
	twin, _ := p.File("main", "pipeline/constraints.yml")
	if pins != s.pins || twin != twinOf(pins) || !strings.Contains(pins, name+"==1.0\n") {
		return
	}
	is := strings.Replace(pins, name+"==1.0\n", name+"=="+to+"\n", 1)
	changes := []plan.FileChange{
		{Path: "constraints.txt", Before: []byte(pins), Content: []byte(is)},
		{Path: "pipeline/constraints.yml", Before: []byte(twin), Content: []byte(twinOf(is))},
	}
	t := plan.Trailers{Base: p.Head("main"), Digest: plan.ChangeDigest(branch, changes), Paths: []string{"constraints.txt", "pipeline/constraints.yml"},
		Moves: []plan.Move{{File: "constraints.txt", Name: name, Key: name, From: "1.0", To: to}},
		Why:   oneOf(r, plan.CauseForced, plan.CauseRepair, plan.Cause("clash"), plan.Cause("window")), By: oneOf(r, "dev", "alice", "mole"), At: time.Now(), Request: oneOf(r, "", "note-1")}
	if r.IntN(2) == 0 {
		t.Breaks = &plan.Break{Batch: 1 + r.Int64N(3), Jobs: []string{s.words()}, With: []string{s.words()}, Probes: []int64{1, 2}}
	}
	if r.IntN(4) == 0 {
		t.Probe, t.Parts = t.Base, plan.Parts{{name}}
	}
	s.judge.look()
	s.judge.button = true // what we might have written is nobody's work
	defer func() { s.judge.look(); s.judge.button = false }()
	_, err := p.ForcePush("mole", branch, "main", plan.CommitMessage("Update dependency "+name+" to v"+to, t), map[string]string{"constraints.txt": is, "pipeline/constraints.yml": twinOf(is)})
	if err == nil {
		_, _ = p.Amend("mole", branch, gitlabsim.Amended{Author: "pinwheel", Committer: "pinwheel"})
	}
}

// words is a line of the corpus.
func (s *siege) words() string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s.texts[s.later.rand.IntN(len(s.texts))], "\x00", ""), "")), " ")
	runes := []rune("x" + text)
	return string(runes[:min(len(runes), 200)])
}

// jobs runs a pipeline whose jobs have hostile names, on main or on one of ours.
func (s *siege) jobs() {
	r := s.later.rand
	of := "main"
	for _, m := range s.project.MRs() {
		if m.Author == redBot && m.State == "opened" && r.IntN(2) == 0 {
			of = fmt.Sprint("!", m.IID)
		}
	}
	var jobs []string
	for range 1 + r.IntN(4) {
		jobs = append(jobs, strings.NewReplacer("=", "", "?", "", ">", "").Replace(s.words())+"="+oneOf(r, "failed", "failed", "success", "failed?", "failed>"))
	}
	_ = s.project.Pipeline("mole", of, oneOf(r, "failed", "failed", "success", "running"), jobs...)
}

// named1 is a policy of the project's own with hostile names of groups, of a batch and of gates.
func (s *siege) named1() string {
	name := strings.NewReplacer(`"`, "", `\`, "").Replace(s.words())
	return oneOf(s.later.rand, "rules: [{packages: [\"evil-*\"], group: \""+name+"\"}]\n", "rules: [{packages: [good, \"evil-*\"], group: \""+name+"\", bisect: true}]\n", "batch: \""+name+"\"\n",
		"gates: [{name: \""+name+"\", ref: main, required: true}]\n", "gates: [{name: x, project: cki/private, ref: main}]\n", "gates: [{name: x, ref: \""+name+"\", inputs: {\""+name+"\": \"{sha}\"}}]\n")
}

// slip changes something of which few answers tell.
func (s *siege) slip() {
	r, p := s.later.rand, s.project
	act := oneOf(r, "role", "approval", "label", "target", "tag", "root", "pipeline", "thread", "page", "state", "index")
	count("slipped in: " + act)
	one := 0
	for _, m := range p.MRs() {
		if m.Author == redBot && m.State == "opened" && (one == 0 || r.IntN(2) == 0) {
			one = m.IID
		}
	}
	switch act {
	case "role":
		p.SetRole("mole", oneOf(r, gitlabsim.Developer, gitlabsim.Reporter, gitlabsim.Developer))
	case "approval":
		_ = p.Approve("max", one)
	case "label":
		_ = p.LabelMR("mole", one, oneOf(r, "breaks-tests", "stop-updating", s.words()))
	case "target":
		_ = p.RetargetMR("mole", one, "main")
	case "tag":
		_, _ = p.TagFiles("mole", "main", "refs/heads/main", map[string]string{"constraints.txt": "good==0.1\n"})
	case "root":
		_, _ = s.gitlab.Project("cki/private").Push("alice", "main", "x", map[string]string{"pyproject.toml": "[project]\nname = \"x\"\n"})
	case "pipeline":
		s.jobs()
	case "thread":
		_ = p.OpenThread("mole", one)
	case "page":
		if board, ok := s.board(); ok {
			_ = p.EditIssueDescription("rita", board.IID, s.twice(board.Description))
			_ = p.EditIssueDescription("rita", board.IID, board.Description)
		}
	case "state":
		s.gitlab.SetUserState("mole", oneOf(r, "active", "blocked", "active"))
	case "index":
		s.newer(time.Now().Add(-time.Duration(r.IntN(71)) * time.Hour).UTC())
	}
	s.judge.look()
}

// newer releases a version that is too young yet, of a package that nobody attacks.
func (s *siege) newer(at time.Time) {
	const pin = "good==1.2"
	if _, there := s.index.when(pin); there {
		return
	}
	must(s.t, s.index.public.Load("good 1.2 "+at.Format(time.RFC3339)+"\n"))
	s.index.mu.Lock()
	s.index.said[pin] = at.Truncate(time.Second)
	s.index.mu.Unlock()
}

// twice ticks a box of a page and adds a line, so that no note names the box.
func (s *siege) twice(body string) string {
	return strings.Replace(body, "- [ ] <!--", "- [ ] mine\n - [x] <!--", 1)
}
