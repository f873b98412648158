package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file has the lives that begin with what another bot left. That bot may come back, and
// pinwheel may get the token of another user.

const (
	oldBot  = "renovate-bot"
	nextBot = "pinwheel-bot-2"
)

// takenPolicies are those of such lives.
var takenPolicies = []terms{
	{takes: true, config: "    adopt: {prefix: pinwheel/, authors: [renovate-bot]}\n"},
	{takes: true, approval: true, config: `    adopt: {prefix: pinwheel/, authors: [renovate-bot]}
    rules:
      - {kinds: [major], approval: true}
`},
}

// taking may happen in such lives, as often as it stands here. Nobody closes a dashboard: there
// may be one of each user, and which of them then rests the project is no matter of these lives.
var taking = strings.Fields(`
	tick tick tick tick tick untick tickrita bulk rebase startover
	merge merge merge close close reopen revert
	push push force deletebranch
	edit edit unpin twin
	release release release release release major yank
	empty deleteissue comment
	fault fault indexfault revoke demote
	crash crash crash forget forget
	oldbot oldbot oldbot oldpage otherfile newuser confirm confirm confirm`)

// ours reports whether a user is pinwheel's, now or before.
func (w *world) ours(name string) bool { return name == bot || name == nextBot }

// inherits reports whether what a user wrote may be pinwheel's by now.
func (w *world) inherits(name string) bool {
	return w.ours(name) || w.setting.terms.takes && name == oldBot
}

// madeBy reports whether a commit shows one of those users.
func madeBy(shown string, users ...string) bool {
	names := map[string]string{bot: "pinwheel", nextBot: "pinwheel anew", oldBot: "Renovate Bot"}
	return slices.ContainsFunc(users, func(user string) bool { return names[user] == shown })
}

// beginWithOldBot leaves what the other bot made: a page, three open merge requests and one that
// a person closed.
func (w *world) beginWithOldBot(t *testing.T) {
	t.Helper()
	w.gitlab.AddBot(oldBot, "Renovate Bot")
	w.gitlab.AddBot(nextBot, "pinwheel anew")
	w.project.SetRole(oldBot, gitlabsim.Developer)
	w.project.SetRole(nextBot, gitlabsim.Developer)
	for _, step := range [][2]string{{"requests", "2.32.5"}, {"boto3", "1.35.0"}, {"lxml", "5.3.2"}, {"urllib3", "2.2.1"}} {
		if err := w.propose(step[0], step[1], false); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.project.CloseMR("alice", 4); err != nil {
		t.Fatal(err)
	}
	if _, err := w.project.CreateIssue(oldBot, "Dependency Dashboard", w.oldPage()); err != nil {
		t.Fatal(err)
	}
}

// oldPage is the page that the other bot writes.
func (w *world) oldPage() string {
	var out strings.Builder
	out.WriteString("This issue lists updates.\n\n## Open\n\n")
	for _, m := range w.project.MRs() {
		if m.State == "opened" {
			fmt.Fprintf(&out, " - [ ] <!-- rebase-branch=%s -->[%s](!%d)\n", m.SourceBranch, m.Title, m.IID)
		}
	}
	out.WriteString("\n## Detected Dependencies\n\n - `six ==1.17.0`\n")
	return out.String()
}

// propose is what the other bot does for a version: one commit on the default branch's head in
// place of what it or pinwheel had there, and a merge request if there is none. Where a person
// pushed, it leaves the branch alone.
func (w *world) propose(name, version string, twin bool) error {
	text, _ := w.project.File(w.project.DefaultBranch(), "constraints.txt")
	was := ""
	for line := range strings.Lines(text) {
		if of, v, _ := strings.Cut(strings.TrimSpace(line), "=="); of == name {
			was = v
		}
	}
	old, errOld := pep440.Parse(was)
	to, err := pep440.Parse(version)
	if err != nil || errOld != nil || to.Compare(old) <= 0 {
		return fmt.Errorf("%s %s is no step from %q", name, version, was)
	}
	branch, title := prefix+name+"-"+to.Major()+".x", "Update dependency "+name+" to v"+version
	if to.Major() != old.Major() {
		title = "Update dependency " + name + " to v" + to.Major()
	}
	files := map[string]string{"constraints.txt": strings.Replace(text, name+"=="+was, name+"=="+version, 1)}
	if twin {
		files["pipeline/constraints.yml"] = derived(files["constraints.txt"])
	}
	if w.project.Head(branch) != "" {
		if c := w.project.Commits(branch); !madeBy(c[0].AuthorName, bot, nextBot, oldBot) {
			return fmt.Errorf("a person pushed to %s", branch)
		}
		_, err = w.project.ForcePush(oldBot, branch, w.project.DefaultBranch(), title, files)
	} else {
		_, err = w.project.Push(oldBot, branch, title, files)
	}
	if err != nil {
		return err
	}
	if m, err := w.newest(branch); err == nil && m.State == "opened" {
		return nil
	}
	_, err = w.project.CreateMR(oldBot, branch, w.project.DefaultBranch(), title, "This MR contains the following updates:\n\n<!--renovate-debug:e30=-->")
	return err
}

// takenOver is what happens in lives that begin with another bot's work alone.
func (l *life) takenOver(h happening) bool {
	if !l.setting.terms.takes {
		return false
	}
	board, err := l.dashboard()
	open := err == nil && board.State == "opened"
	switch h.what {
	case "oldbot":
		name, _ := pick(lifePins, h.a)
		for pin, at := range l.judge.released {
			if n, v, _ := strings.Cut(pin, "=="); n == name && time.Since(at) > 72*time.Hour && l.propose(name, v, h.b%2 == 0) == nil {
				break
			}
		}
	case "oldpage":
		if open {
			_ = l.project.EditIssueDescription(oldBot, board.IID, l.oldPage())
		}
	case "otherfile":
		if l.project.Head(prefix+"node-24.x") == "" {
			_, _ = l.project.Push(oldBot, prefix+"node-24.x", "Update node to v24", map[string]string{"Dockerfile": "FROM node:24\n"})
			_, _ = l.project.CreateMR(oldBot, prefix+"node-24.x", l.project.DefaultBranch(), "Update node to v24", "<!--renovate-debug:e30=-->")
		}
	case "newuser":
		// A run has one user from its beginning to its end.
		if l.user == bot && !l.judge.running {
			l.user, l.token = nextBot, l.gitlab.Token(nextBot)
			l.judge.unsaid = true
		}
	case "confirm":
		l.confirm()
	default:
		return false
	}
	return true
}

// confirm lets a Maintainer say that the old user was pinwheel's, where the page asks for that.
func (l *life) confirm() {
	board, err := l.dashboard()
	if err != nil || !strings.Contains(board.Description, "[ ] <!-- inherit-branch=") {
		return
	}
	if l.project.Tick("alice", board.IID, "inherit-branch=") == nil {
		l.judge.unsaid = false
	}
}

// besideOthers judges what pinwheel writes to branches and opens while another bot was seen there, or
// while nobody said that the user before was pinwheel's.
func (j *judge) besideOthers(e gitlabsim.Event) {
	if !j.w.setting.terms.takes {
		return
	}
	if j.unsaid && e.Actor == nextBot && !j.plain {
		for _, m := range j.w.project.MRs() {
			if m.State == "opened" && m.Author == bot && strings.Contains(m.Description, "pinwheel:mr ") {
				j.fault("I26: %s of %s by %s, while !%d is of %s and nobody said that it was pinwheel's", e.Kind, e.Target, e.Actor, m.IID, m.Author)
			}
		}
	}
	was, _, replaces := strings.Cut(e.Detail, "..")
	if !replaces || e.Kind == "mr-open" || j.taken.IsZero() {
		return
	}
	if c := j.w.project.Commits(was); len(c) > 0 && madeBy(c[0].AuthorName, oldBot) && c[0].At.After(j.taken.Add(time.Second)) && c[0].At.Before(j.began) && e.At.Before(c[0].At.Add(25*time.Hour)) {
		j.fault("I26: %s wrote over what %s made at %s, which is at work", e.Target, oldBot, c[0].At.Format(time.RFC3339))
	}
}

// firstPage judges a page that the new user opens while nobody said whom it comes after: it asks, if
// the old user has anything open that was there when the run began.
func (j *judge) firstPage(e gitlabsim.Event) {
	i, ok := j.w.project.Issue(number(e.Target[1:]))
	if !j.unsaid || e.Actor != nextBot || !ok {
		return
	}
	if j.plain = !strings.Contains(i.Description, "inherit-branch="); !j.plain {
		return
	}
	for _, m := range j.w.project.MRs() {
		if m.State == "opened" && m.Author == bot && strings.Contains(m.Description, "pinwheel:mr ") && m.UpdatedAt.Before(j.began) {
			j.fault("I26: %s opened %s, which asks nothing while !%d is of %s", e.Actor, e.Target, m.IID, m.Author)
		}
	}
}

var takenLast = uint64(12)

// Lives that begin with another bot's work, with that bot coming back, and with a new user.
func TestSeedsThatTakeOver(t *testing.T) {
	part, last := part(t), takenLast
	if everything() {
		last = 1 << 40
	}
	t.Run("all", func(t *testing.T) {
		if *oneTaken > 0 {
			takenLife(t, *oneTaken)
			return
		}
		for seed := uint64(1); seed <= last && !late(1); seed++ {
			if part.Has(7 + int(seed)) {
				t.Run(fmt.Sprint(seed), func(t *testing.T) { takenLife(t, seed) })
			}
		}
	})
}

func takenLife(t *testing.T, seed uint64) {
	if !everything() && *oneTaken == 0 {
		t.Parallel()
	}
	events := drawn(rand.New(rand.NewPCG(seed, 1)), taking)
	count("seeds of thirty days that take over", 1)
	count("events in seeds", len(events))
	judged(t, takenPolicies[seed%uint64(len(takenPolicies))], events, fmt.Sprintf("TakeOver -sim.taken=%d", seed))
}
