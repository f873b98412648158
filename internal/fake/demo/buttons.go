package demo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/web/markdown"
)

// Steps of what to try, as site.done knows them.
const (
	triedTick     = "tick"
	triedHour     = "hour"
	triedSaturday = "saturday"
	triedReview   = "review"
	triedIndex    = "index"
	triedFailing  = "failing"
	triedPair     = "pair"
	triedHeld     = "held"
	triedBatch    = "batch"
	triedTakeOver = "take over"
)

func (s *site) time(ctx context.Context, form func(string) string) (string, error) {
	now := s.stage.local()
	var until time.Time
	switch form("until") {
	case "hour":
		until = now.Add(time.Hour)
		s.done[triedHour] = true
	case "day":
		until = now.AddDate(0, 0, 1)
	case "saturday":
		until = saturday(now)
		s.done[triedSaturday] = true
	default:
		return "", errForm
	}
	return "news", s.hours(ctx, until)
}

// saturday is the beginning of the next Saturday, where the window opens.
func saturday(now time.Time) time.Time {
	days := (int(time.Saturday-now.Weekday())+6)%7 + 1
	return time.Date(now.Year(), now.Month(), now.Day()+days, 0, 0, 0, 0, now.Location())
}

func (s *site) index(_ context.Context, form func(string) string) (string, error) {
	switch form("make") {
	case "broken":
		if err := s.stage.index.Inject("down 503"); err != nil {
			return "", err
		}
		s.broken = true
		s.done[triedIndex] = true
		s.acted("breaks the package index: it answers every question with 503")
	case "whole":
		s.stage.index.ClearFaults()
		s.broken = false
		s.acted("mends the package index")
	default:
		return "", errForm
	}
	return "news", nil
}

// acted writes down what the person did who acts.
func (s *site) acted(what string) { s.about(what, 0) }

func (s *site) about(what string, iid int) {
	s.diary.add(entry{At: s.stage.now(), Tone: byPerson, Who: s.who, What: what, IID: iid})
}

func (s *site) person(_ context.Context, form func(string) string) (string, error) {
	for _, p := range people() {
		if p.name == form("be") {
			s.who = p.name
			return "top", nil
		}
	}
	return "", errForm
}

// box ticks or unticks the box whose line reads so, in the dashboard or in a
// merge request.
func (s *site) box(_ context.Context, form func(string) string) (string, error) {
	line, verb := form("tick"), "ticks"
	if line == "" {
		line, verb = form("untick"), "unticks"
	}
	sigil, number, _ := strings.Cut(form("item"), "-")
	if no := s.refuses("change"); no != "" && sigil == "mr" {
		return "", refusal(no)
	}
	iid, err := strconv.Atoi(number)
	if line == "" || err != nil {
		return "", errForm
	}
	p := s.stage.project
	change := map[string]func(string, int, string) error{
		"issue ticks": p.Tick, "issue unticks": p.Untick, "mr ticks": p.TickMR, "mr unticks": p.UntickMR,
	}[sigil+" "+verb]
	if change == nil {
		return "", errForm
	}
	if err := change(s.who, iid, line); err != nil {
		return "", err
	}
	about := 0
	if sigil == "mr" {
		about = iid
	}
	s.done[triedTick] = true
	if u, is := s.updateOf(branchOf(line)); is {
		s.done[triedPair] = s.done[triedPair] || slices.ContainsFunc(u.Moves, func(m plan.Move) bool { return m.Key == "botocore" })
	}
	s.about(fmt.Sprintf("%s “%s”", verb, markdown.Spoken(line)), about)
	return markdown.BoxID(form("item"), line), nil
}

func (s *site) mergeRequest(_ context.Context, form func(string) string) (string, error) {
	iid, err := strconv.Atoi(form("iid"))
	if err != nil {
		return "", errForm
	}
	mr, there := s.stage.project.MR(iid)
	if !there {
		return "", errForm
	}
	what, right := form("do"), "change"
	if what == "merge" {
		right = what
	}
	if no := s.refuses(right); no != "" {
		return "", refusal(no)
	}
	what, err = s.decide(mr, what)
	if err != nil {
		return "", err
	}
	s.done[triedReview] = true
	s.about(fmt.Sprintf("%s !%d: %s", what, iid, mr.Title), iid)
	return fmt.Sprintf("mr-%d", iid), nil
}

// decide does what a person can do with a merge request.
func (s *site) decide(mr gitlabsim.MergeRequest, do string) (what string, err error) {
	p := s.stage.project
	switch do {
	case "merge":
		return "merges", p.MergeMR(s.who, mr.IID)
	case "close":
		return "closes", p.CloseMR(s.who, mr.IID)
	case "reopen":
		return "reopens", p.ReopenMR(s.who, mr.IID)
	case "push":
		at := s.stage.local().Format("2006-01-02 15:04")
		_, err := p.Push(s.who, mr.SourceBranch, "Try it in the canary pipeline first", map[string]string{"canary.txt": s.who + ", " + at + "\n"})
		return "pushes a commit to the branch of", err
	}
	return "", errForm
}

func (s *site) again(ctx context.Context, _ func(string) string) (string, error) {
	return "top", s.begin(ctx)
}

// enters chooses the project that the page shows.
func (s *site) enters(_ context.Context, form func(string) string) (string, error) {
	for i, other := range s.scenes {
		if other.policy.Path == form("enter") {
			s.enter(i)
			s.filter = filters[0]
			return "dashboard", nil
		}
	}
	return "", errForm
}

// show chooses what the list shows.
func (s *site) show(_ context.Context, form func(string) string) (string, error) {
	if !slices.Contains(filters, form("only")) {
		return "", errForm
	}
	s.filter = form("only")
	s.done[triedHeld] = s.done[triedHeld] || s.filter == "held back"
	return "dashboard", nil
}

// refusal is a no that is a sentence already, without its end.
type refusal string

func (r refusal) Error() string { return string(r) }

// refuses says why the person who acts may not merge, or may change nothing of a
// merge request; empty where they may.
func (s *site) refuses(right string) string {
	for _, p := range people() {
		switch {
		case p.name != s.who:
		case p.level < gitlabsim.Developer:
			return fmt.Sprintf("A %s may look at merge requests and change none", p.role)
		case right == "merge" && p.level < gitlabsim.Maintainer:
			return fmt.Sprintf("A %s may not merge into main, which is protected", p.role)
		}
	}
	return ""
}

// said makes a sentence of an error of GitLab's.
func said(err error) string {
	text := err.Error()
	for code, sentence := range map[string]string{
		"401": "GitLab does not let you do that", "403": "GitLab does not let you do that", "404": "GitLab does not find it any more",
		"405": "GitLab does not merge it as it stands", "406": "GitLab does not merge it as it stands", "409": "GitLab says that it changed meanwhile",
	} {
		if strings.Contains(text, ": "+code+" ") {
			if strings.Contains(text, "onflict") {
				return "It conflicts with main"
			}
			return sentence
		}
	}
	return text
}
