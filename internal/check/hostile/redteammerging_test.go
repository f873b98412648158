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

// This file has the worlds in which pinwheel merges: who is hostile there goes for what
// merging rests on, which is heads, targets, pipelines, gates, statuses, labels and threads.

const redGate = "cki/gate"

// merging is what such a world has. It draws from a source of its own.
type merging struct {
	rand    *rand.Rand
	gate    *gitlabsim.Project // nil without gates
	batch   bool
	midst   []int // before which calls of the next run people act
	onto    map[string]int
	merged  string // what the merge gave that was judged last
	blamed  map[int]bool
	anyKind bool // a policy of the project's own let pinwheel merge steps of any kind
	last    int  // runs until all is merged
	loose   bool // one let it merge what is tested on an older head
}

// newMerging is nil for worlds in which pinwheel merges nothing.
func newMerging(seed uint64) *merging {
	if newLater(seed) == nil || seed%4 != 3 && seed%8 != 5 {
		return nil
	}
	return &merging{rand: rand.New(rand.NewPCG(seed, 16)), batch: seed/8%2 == 1, onto: map[string]int{}, blamed: map[int]bool{}}
}

// settings are what the operator wrote of it.
func (m *merging) settings(seed uint64) string {
	text := "    merge: {kinds: [patch, minor, calendar]}\n"
	if m.batch {
		text += "    batch: weekend\n"
	}
	if seed/16%2 == 1 {
		text += "    gates: [{name: it, project: " + redGate + ", ref: main, inputs: {sha: \"{sha}\"}, baseline: true, required: true, timeout: 2h}]\n"
	}
	return text
}

// startMerging gives the project of such a world CI/CD, and makes that of its gate.
func (s *siege) startMerging() {
	m := s.merging
	if m == nil {
		return
	}
	guilty := oneOf(m.rand, "", " fails when new:good", " fails when new:evil-a", " fails when new:pair-a", " flaky 10%")
	must(s.t, s.project.Script("on merge-request\nseen 20s\ntakes 20m\njob lint\njob test"+guilty+"\n"))
	s.project.Set(gitlabsim.Settings{MergeMethod: "ff"})
	s.project.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
	if !strings.Contains(s.settings, "gates:") {
		return
	}
	m.gate = s.gitlab.AddProject(redGate, "main", map[string]string{"README.md": "tests\n"})
	for name, level := range map[string]int{redBot: gitlabsim.Developer, "mole": gitlabsim.Developer, "alice": gitlabsim.Owner} {
		m.gate.SetRole(name, level)
	}
	m.gate.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
	must(s.t, m.gate.Script("inputs sha operation_id\nname it {operation_id}\ntakes 30m\njob unit"+oneOf(m.rand, "", " fails when good==1.1", " flaky 10%", " fails when major==2*")+"\n"))
}

// contested is what is done to merge requests between runs that follow soon, since what is
// merged is tested in between.
func (s *siege) contested() {
	m := s.merging
	if m == nil {
		return
	}
	for range 2 + m.rand.IntN(3) {
		for range m.rand.IntN(3) {
			s.contest()
		}
		m.midst = nil
		for range m.rand.IntN(3) {
			m.midst = append(m.midst, 1+m.rand.IntN(40))
		}
		time.Sleep(time.Duration(20+m.rand.IntN(60)) * time.Minute)
		s.run()
	}
	m.midst = nil
}

// inMidst lets people act in the instant before a call of a run.
func (s *siege) inMidst() {
	if s.merging == nil || s.calm {
		return
	}
	for i := range s.merging.midst {
		if s.merging.midst[i]--; s.merging.midst[i] == 0 {
			s.contest()
		}
	}
}

var contests = strings.Fields("push amend lie lie swap retarget back approve status status extrastatus again again retry rungate rungate draft undraft thread resolve label unlabel move move merge policy")

// contest lets somebody do something to an open merge request of ours. What GitLab refuses
// does not happen.
func (s *siege) contest() {
	m, p := s.merging, s.project
	act := oneOf(m.rand, contests...)
	var open []gitlabsim.MergeRequest
	for _, one := range p.MRs() {
		if one.State == "opened" && strings.HasPrefix(one.SourceBranch, redPrefix) {
			open = append(open, one)
		}
	}
	if len(open) == 0 {
		return
	}
	count("contested: " + act)
	one := open[m.rand.IntN(len(open))]
	switch act {
	case "push":
		_, _ = p.Push("mole", one.SourceBranch, "Add a test", map[string]string{"evil.py": "x\n"})
	case "amend":
		_, _ = p.Amend("mole", one.SourceBranch, gitlabsim.Amended{Author: "pinwheel", Committer: "pinwheel", Files: map[string]string{"evil.py": "x\n"}})
	case "lie", "swap":
		s.lie(one, act == "swap")
	case "retarget":
		if p.Head("release") == "" {
			_ = p.CreateBranch("alice", "release", "main")
		}
		_ = p.RetargetMR("mole", one.IID, "release")
	case "back":
		_ = p.RetargetMR("mole", one.IID, "main")
	case "approve":
		_ = p.Approve("max", one.IID)
	case "status", "extrastatus":
		_ = p.Status("mole", one.IID, oneOf(m.rand, "pinwheel/it", "test", "lint", s.words1()), oneOf(m.rand, "success", "success", "failed", "pending"), act == "status")
	case "again":
		_ = p.RunAgain("mole", one.IID)
	case "retry":
		_ = p.RetryJobs("mole", fmt.Sprintf("refs/merge-requests/%d/head", one.IID))
	case "rungate":
		s.rungate(one)
	case "draft":
		_ = p.EditMRTitle("mole", one.IID, "Draft: "+one.Title)
	case "undraft":
		_ = p.EditMRTitle("mole", one.IID, strings.ReplaceAll(strings.ReplaceAll(one.Title, "[Draft] ", ""), "Draft: ", ""))
	case "thread":
		_ = p.OpenThread("mole", one.IID)
	case "resolve":
		_ = p.ResolveThread("mole", one.IID)
	case "label":
		_ = p.LabelMR("mole", one.IID, oneOf(m.rand, "stop-updating", "breaks-tests"))
	case "unlabel":
		_ = p.UnlabelMR("mole", one.IID, oneOf(m.rand, "stop-updating", "breaks-tests"))
	case "move":
		_, _ = p.Push("max", "main", "Note something", map[string]string{"NOTES": fmt.Sprint(len(s.gitlab.Events()), "\n")})
	case "merge": // of what is as it should be, by somebody who may
		if c := p.Commits(one.Head); len(c) > 0 && c[0].AuthorName == "pinwheel" && s.sound {
			s.judge.look()
			_ = p.MergeMR("alice", one.IID)
		}
	case "policy":
		s.ownMerging()
	}
	s.judge.look()
}

// ownMerging is a policy of the project's own that wants more to be merged.
func (s *siege) ownMerging() {
	m := s.merging
	text := oneOf(m.rand, "merge: {kinds: [patch, minor, major, calendar]}\n", "merge: {kinds: [minor], stale: accept}\n", "gates: []\n", "gates: [{name: it, ref: main}]\n", "batch: weekend\n", "rules: [{merge: true}]\n",
		"merge: {kinds: [minor], after: 1d}\n", "rules: [{packages: [major], merge: true, approval: false}]\n", "rules: [{packages: [good, \"evil-*\"], group: some, bisect: true}]\n")
	m.anyKind = m.anyKind || strings.Contains(text, "merge: true") || strings.Contains(text, "major")
	m.loose = m.loose || strings.Contains(text, "stale")
	s.sound = false
	_, _ = s.project.Push("max", "main", "Merge more", map[string]string{".gitlab/pinwheel.yaml": text})
}

// lie writes a commit in our name whose digest is right and whose trailers, or whose pins,
// are not what pinwheel would write.
func (s *siege) lie(one gitlabsim.MergeRequest, swap bool) {
	m, p := s.merging, s.project
	head := p.Commits(p.Head(one.SourceBranch))
	if len(head) == 0 || len(head[0].Parents) != 1 {
		return
	}
	t, ok := plan.ParseTrailers(head[0].Message)
	if !ok {
		return
	}
	base := head[0].Parents[0]
	pins, _ := p.File(base, "constraints.txt")
	twin, _ := p.File(base, "pipeline/constraints.yml")
	name := oneOf(m.rand, "good", "anchor", "evil-b", "pair-a")
	is := strings.Replace(pins, name+"==1.0\n", name+"=="+oneOf(m.rand, "0.1", "1.1", "9.9")+"\n", 1)
	if is == pins || twin != twinOf(pins) {
		return
	}
	changes := []plan.FileChange{{Path: "constraints.txt", Before: []byte(pins), Content: []byte(is)}, {Path: "pipeline/constraints.yml", Before: []byte(twin), Content: []byte(twinOf(is))}}
	t.Digest, t.Paths = plan.ChangeDigest(one.SourceBranch, changes), []string{"constraints.txt", "pipeline/constraints.yml"}
	if swap {
		t.Base = p.Head("main")
		t.By, t.Why, t.Request = "alice", plan.CauseForced, "note-1"
	}
	s.judge.look()
	s.judge.button = true // a commit in our name is nobody's work
	_, err := p.ForcePush("mole", one.SourceBranch, base, plan.CommitMessage("Update it", t), map[string]string{"constraints.txt": is, "pipeline/constraints.yml": twinOf(is)})
	if err == nil {
		_, _ = p.Amend("mole", one.SourceBranch, gitlabsim.Amended{Author: "pinwheel", Committer: "pinwheel"})
	}
	s.judge.look()
	s.judge.button = false
}

// rungate starts a pipeline where the gate runs that looks like pinwheel's and tests
// something else, or the same.
func (s *siege) rungate(one gitlabsim.MergeRequest) {
	m := s.merging
	if m.gate == nil {
		return
	}
	inputs := map[string]any{"sha": oneOf(m.rand, s.project.Head("main"), one.Head), "operation_id": "pinwheel-0123456789abcdef"}
	for _, r := range m.gate.Runs() {
		if op := r.Inputs["operation_id"]; op != nil && m.rand.IntN(2) == 0 {
			inputs["operation_id"] = op
		}
	}
	_ = m.gate.StartPipeline("mole", "main", inputs)
}

// words1 is a line of the corpus, drawn from the source of merging.
func (s *siege) words1() string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s.texts[s.merging.rand.IntN(len(s.texts))], "\x00", ""), "")), " ")
	runes := []rune("x" + text)
	return string(runes[:min(len(runes), 100)])
}

// tookOver is what merges changed of the pins: the project has them from then on.
func (s *siege) tookOver(before, after string) {
	was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
	for _, line := range is {
		name, _, pin := strings.Cut(line, "==")
		if !pin || slices.Contains(was, line) {
			continue
		}
		for old := range strings.SplitSeq(s.pins, "\n") {
			if strings.HasPrefix(old, name+"==") {
				s.pins = strings.Replace(s.pins, old+"\n", line+"\n", 1)
			}
		}
	}
}
