package hostile_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
)

// The judge of the red team sees each of what must never happen.
func TestTheRedTeamsJudgeSees(t *testing.T) {
	ask := func(address, header, value string) func(s *siege) {
		return func(s *siege) {
			r, err := http.NewRequest(http.MethodGet, address, http.NoBody)
			must(s.t, err)
			r.Header.Set(header, value)
			s.judge.request(r)
		}
	}
	push := func(branch string, change func(pins string) string) func(s *siege) {
		return func(s *siege) {
			pins := change(s.pins)
			_, err := s.project.Push(redBot, branch, "x", map[string]string{"constraints.txt": pins, "pipeline/constraints.yml": twinOf(pins)})
			must(s.t, err)
		}
	}
	swap := func(old, with string) func(string) string {
		return func(pins string) string { return strings.Replace(pins, old, with, 1) }
	}
	for want, c := range map[string]struct {
		seed uint64 // an even one opens nothing without a tick
		do   func(s *siege)
	}{
		"asked https://127.0.0.1/":                {1, ask("https://127.0.0.1/x", "Accept", "x")},
		"asked http://index.example/":             {1, ask("http://index.example/x", "Accept", "x")},
		"Authorization went to":                   {1, ask("https://files.example/x", "Authorization", "x")},
		"inner.example:444":                       {1, ask("https://inner.example:444/x", "Authorization", "x")},
		"the public index was asked":              {1, ask("https://index.example/simple/acme-core/", "Accept", "x")},
		"a page was asked of https://files.e":     {1, ask("https://files.example/simple/good/", "Accept", "x")},
		"nobody who may asked for it":             {2, push("pinwheel/good-1.x", swap("good==1.0", "good==1.1"))},
		"pinwheel/major-2.x was written":          {1, push("pinwheel/major-2.x", swap("major==1.0", "major==2.0"))},
		"outside of the prefix":                   {1, push("good-1.x", swap("good==1.0", "good==1.1"))},
		"evil-a==9.9 on pinwheel/evil-a-9.x cann": {1, push("pinwheel/evil-a-9.x", swap("evil-a==1.0", "evil-a==9.9"))},
		"parts a pair":                            {1, push("pinwheel/pair-a-1.x", swap("pair-a==1.0", "pair-a==1.1"))},
		"moves what a pin holds":                  {1, push("pinwheel/held-2.x", swap("held==1.0", "held==2.0"))},
		"has other lines than its base":           {1, push("pinwheel/good-1.x", func(pins string) string { return pins + "more==1\n" })},
		"good==1.2 on pinwheel/good-1.x came on": {1, func(s *siege) {
			s.index.said["good==1.2"] = time.Now().Add(-71 * time.Hour)
			push("pinwheel/good-1.x", swap("good==1.0", "good==1.2"))(s)
		}},
		"is on no branch any more": {1, func(s *siege) {
			push("pinwheel/good-1.x", swap("good==1.0", "good==1.1"))(s)
			_, err := s.project.Amend("mole", "pinwheel/good-1.x", gitlabsim.Amended{Committer: "pinwheel", Author: "pinwheel", Files: map[string]string{"evil.py": "x"}})
			must(s.t, err)
			s.judge.look()
			_, err = s.project.ForcePush(redBot, "pinwheel/good-1.x", "main", "x", map[string]string{"constraints.txt": strings.Replace(s.pins, "good==1.0", "good==1.1", 1)})
			must(s.t, err)
		}},
		"which is of alice": {1, func(s *siege) {
			iid, err := s.project.CreateIssue("alice", "mine", "x")
			must(s.t, err)
			must(s.t, s.project.Comment(redBot, iid, "x"))
		}},
		"pinwheel did": {1, func(s *siege) {
			push("pinwheel/good-1.x", swap("good==1.0", "good==1.1"))(s)
			_, err := s.project.CreateMR(redBot, "pinwheel/good-1.x", "main", "x", "@all")
			must(s.t, err)
		}},
		"2 dashboards are open":       {1, func(s *siege) { twoBoards(s) }},
		"good is not offered but not": {1, func(s *siege) { s.judge.honest() }},
		"good is not offered but err": {1, func(s *siege) {
			s.last.Plan.Updates = []plan.Update{{Name: "good", State: plan.Errored, Reason: "x"}}
			s.judge.honest()
		}},
		"alice is credited, and did": {1, func(s *siege) {
			s.last.Body = "Offered since 2026-01-05, asked for by `alice`."
			s.judge.credits()
		}},
		"which nobody permits": {3, func(s *siege) {
			push("pinwheel/major-2.x", swap("major==1.0", "major==2.0"))(s)
			merges(s, "pinwheel/major-2.x")
		}},
		"on which no pipeline passed": {3, func(s *siege) {
			push("pinwheel/good-1.x", swap("good==1.0", "good==1.1"))(s)
			merges(s, "pinwheel/good-1.x")
		}},
		"the gate did not pass": {19, func(s *siege) {
			push("pinwheel/good-1.x", swap("good==1.0", "good==1.1"))(s)
			merges(s, "pinwheel/good-1.x")
		}},
		"its head is not one commit of ours": {3, func(s *siege) {
			_, err := s.project.Push("mole", "pinwheel/good-1.x", "x", map[string]string{"evil.py": "x"})
			must(s.t, err)
			merges(s, "pinwheel/good-1.x")
		}},
		"2 merges onto": {3, func(s *siege) {
			push("pinwheel/good-1.x", swap("good==1.0", "good==1.1"))(s)
			merges(s, "pinwheel/good-1.x")
			for _, e := range s.gitlab.Events() {
				if e.Kind == "mr-merge" {
					s.judge.merge(e)
				}
			}
		}},
		"and nobody permits it": {1, func(s *siege) {
			push("pinwheel/good-1.x", swap("good==1.0", "good==1.1"))(s)
			merges(s, "pinwheel/good-1.x")
		}},
		"is blamed, and 0 pipelines say so": {3, func(s *siege) {
			push("pinwheel/good-1.x", swap("good==1.0", "good==1.1"))(s)
			iid, err := s.project.CreateMR(redBot, "pinwheel/good-1.x", "main", "x", "x")
			must(s.t, err)
			must(s.t, s.project.LabelMR(redBot, iid, "breaks-tests"))
		}},
		"holds \"glpat-\"": {1, func(s *siege) { s.judge.output("the page", "glpat-x") }},
		"does quick-action": {1, func(s *siege) {
			_, err := s.project.CreateIssue(redBot, "Dependency Dashboard", "x\n\n/close\n")
			must(s.t, err)
			s.judge.texts()
		}},
	} {
		t.Run(want, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				s := newSiege(t, dir, c.seed)
				defer s.end()
				c.do(s)
				s.judge.look()
				if !slices.ContainsFunc(s.judge.wrong, func(w string) bool { return strings.Contains(w, want) }) {
					t.Errorf("the judge said %q", s.judge.wrong)
				}
			})
		})
	}
}

// merges opens a merge request as pinwheel's user and merges it at once.
func merges(s *siege, branch string) {
	s.judge.look()
	s.project.Protect("main", gitlabsim.Maintainer, gitlabsim.Developer)
	iid, err := s.project.CreateMR(redBot, branch, "main", "x", "x")
	must(s.t, err)
	time.Sleep(time.Minute)
	must(s.t, s.project.MergeMR(redBot, iid))
}

func twoBoards(s *siege) {
	for range 2 {
		_, err := s.project.CreateIssue(redBot, "Dependency Dashboard", "x")
		must(s.t, err)
	}
}
