package sim

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// This file has people who answer in words, and what must hold of that.

// speakingSeeds are the seeds of every run in which people answer in words.
const speakingSeeds = 6

// speaking is what may happen to them beyond more.
var speaking = append(slices.Clip(more), strings.Fields("say say say say say say say say say sayrita reword unsay unhold unhold unhold forget")...)

// Seeds of people who answer in words beside all else that happens: who may and writes is
// obeyed or answered, each once, and nothing that is held opens.
func TestSeedsOfWords(t *testing.T) {
	part := part(t)
	for seed := uint64(1); seed <= speakingSeeds; seed++ {
		if !part.Has(int(seed)) {
			continue
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			events := drawn(rand.New(rand.NewPCG(seed, 29)), speaking)
			count("seeds of thirty days", 1)
			count("events in seeds", len(events))
			under := policies[seed%uint64(len(policies))]
			wrong, last := live(t, under, events)
			if len(wrong) == 0 {
				return
			}
			events = shrunk(t, under, events, last)
			less, _ := live(t, under, events)
			t.Errorf("seed %d:\n%s\nwith these events alone:\n%s%s", seed, strings.Join(wrong, "\n"), lines(events), strings.Join(less, "\n"))
		})
	}
}

// inWords makes one of these events happen, and reports whether there is such an event.
func (l *life) inWords(h happening, who string) bool {
	open := slices.DeleteFunc(l.project.MRs(), func(m gitlabsim.MergeRequest) bool { return m.State != "opened" })
	m, ok := pick(open, h.a)
	switch h.what {
	case "unhold":
		_ = l.act("tick " + who + " unhold-branch=")
	case "say", "sayrita":
		word, _ := pick([]string{"later 5d: not now", "later 12d: not now", "never >=1.36: not now", "close: not now", "later: not now", "> close: not now"}, h.b)
		if h.what == "sayrita" {
			who = "rita"
		}
		if ok {
			_ = l.project.CommentMR(who, m.IID, word)
		}
	case "reword":
		if ok {
			_ = l.project.RewordMR("alice", m.IID, ": not now", ": not then")
		}
	case "unsay":
		if ok {
			_ = l.project.DeleteCommentMR("alice", m.IID, ": not now")
		}
	default:
		return false
	}
	return true
}

var ofPackage = regexp.MustCompile(`-[0-9]+\.x$`)

var spoken = regexp.MustCompile(`^(later (\d+)d|never >=1\.36|close|later): not now$`)

// replied reports whether a note of ours on a merge request says something of a comment.
func replied(m gitlabsim.MergeRequest, id int64, state string) bool {
	return slices.ContainsFunc(m.Notes, func(n gitlabsim.Note) bool {
		return n.Author == bot && strings.Contains(n.Body, fmt.Sprintf("<!-- op:answer-%d-%s", id, state))
	})
}

// held says of a merge request that opens whether somebody held its branch back who was
// told that it is.
func (j *judge) held(branch string, e gitlabsim.Event) {
	if !ofPackage.MatchString(branch) {
		return // a group may open with others
	}
	for _, m := range j.w.project.MRs() {
		if m.SourceBranch != branch {
			continue
		}
		until := heldUntil(m)
		if e.At.Before(until.Add(-time.Minute)) {
			j.fault("I25: %s of %s, which !%d holds back until %s", e.Kind, branch, m.IID, until.Format(time.DateTime))
		}
	}
}

// heldUntil is until when somebody who was told so holds back what a merge request moves;
// zero where nobody does.
func heldUntil(m gitlabsim.MergeRequest) (until time.Time) {
	for _, n := range m.Notes {
		word := spoken.FindStringSubmatch(n.Body)
		if word == nil || word[2] == "" || !replied(m, n.ID, "accepted") || replied(m, n.ID, "ended") {
			continue
		}
		days, _ := strconv.Atoi(word[2]) // digits alone
		until = n.CreatedAt.AddDate(0, 0, days)
	}
	return until
}

// stillOpen says which merge requests are held back and open after two clean runs, though
// they hold nothing of people's.
func (j *judge) stillOpen() {
	board, err := j.w.dashboard()
	if err != nil || board.State != "opened" {
		return
	}
	for _, m := range j.w.project.MRs() {
		commits := j.w.project.Commits(j.w.project.Head(m.SourceBranch))
		theirs := len(commits) == 0 || commits[0].AuthorName != "pinwheel" || m.TargetBranch != j.w.project.DefaultBranch()
		if m.State != "opened" || theirs || !heldUntil(m).After(time.Now().Add(time.Minute)) {
			delete(j.heldOpen, m.IID)
			continue
		}
		if j.heldOpen[m.IID]++; j.heldOpen[m.IID] > 2 {
			j.fault("I25: !%d is held back until %s, and it is open", m.IID, heldUntil(m).Format(time.DateTime))
		}
	}
}

// unanswered says which words nobody answered.
func (j *judge) unanswered() {
	board, err := j.w.dashboard()
	if err != nil || board.State != "opened" {
		return // paused
	}
	for _, m := range j.w.project.MRs() {
		if m.State == "merged" || !strings.HasPrefix(m.SourceBranch, prefix) || m.Author != bot {
			continue
		}
		for _, n := range m.Notes {
			if n.Author != bot && spoken.MatchString(n.Body) && !replied(m, n.ID, "") {
				j.fault("I25: nothing answers %q of %s on !%d, which is %s", n.Body, n.Author, m.IID, m.State)
			}
		}
	}
}
