package sim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

const (
	days = 30
	step = 4 // hours between two runs; hourly runs see the same with less in between
)

// happening is one event of a seed. Whom or what it meets is settled when it
// happens, so that leaving others out leaves it a sense.
type happening struct {
	run  int // before which run of the seed, or in it
	call int // 0: before the run; n: in the instant before its n-th call to GitLab
	what string
	a, b int
}

func (h happening) String() string {
	at := friday.Add(time.Duration(h.run*step) * time.Hour).Format("Mon 2 Jan 15:04")
	if h.call > 0 {
		at += fmt.Sprintf(", in call %d", h.call)
	}
	return fmt.Sprintf("%s: %s (%d, %d)", at, h.what, h.a, h.b)
}

// what may happen, as often as it stands here.
var what = strings.Fields(`
	tick tick tick tick tick tick untick tickrita bulk rebase
	merge merge merge close close reopen revert
	push push force deletebranch
	edit edit unpin twin
	release release release release release release major yank
	empty deleteissue closeissue reopenissue moveissue retitle rename decoy comment tickandempty
	fault fault fault indexfault indexfault revoke demote protect
	crash crash crash forget`)

// more may happen to seeds that were never wrong: what was drawn for those
// stays as it was.
var more = append(slices.Clip(what), strings.Fields("label label unlabel split split startover pipeline pipeline pipeline mainpipeline approve unapprove tag tag rebasebutton openpage openpage closepage drag deleteitem")...)

// draw makes the events of a seed.
func draw(seed uint64) []happening {
	r := rand.New(rand.NewPCG(seed, 0))
	what := what
	switch {
	case len(termsOf(seed).merges) > 0:
		what = gating
	case !slices.Contains(found, seed):
		what = more
	}
	return drawn(r, what)
}

// drawn makes events of what may happen.
func drawn(r *rand.Rand, what []string) []happening {
	var out []happening
	for range 40 + r.IntN(60) {
		h := happening{run: r.IntN(days * 24 / step), what: what[r.IntN(len(what))], a: r.IntN(1000), b: r.IntN(1000)}
		if r.IntN(2) == 0 {
			h.call = 1 + r.IntN(30)
		}
		out = append(out, h)
	}
	slices.SortStableFunc(out, func(a, b happening) int { return 100*(a.run-b.run) + a.call - b.call })
	return out
}

// life is a world that a seed's events befall.
type life struct {
	*world
	t      *testing.T
	p      *process
	end    []func() // what gives back what was taken for a while, by run
	until  []int
	latest map[string]int // releases of our own making, by name
	dies   []int          // instants of the next runs, counted from 1
}

var lifePins = []string{"boto3", "botocore", "certifi", "lxml", "requests", "six", "urllib3"}

// pick takes one of several by a number.
func pick[T any](all []T, n int) (one T, ok bool) {
	if len(all) == 0 {
		return one, false
	}
	return all[n%len(all)], true
}

// befall makes one event happen. What cannot happen now does not.
func (l *life) befall(h happening) {
	l.befell++
	defer func() { l.judge.look(h.String()) }()
	who, _ := pick([]string{"alice", "bob"}, h.b)
	open := slices.DeleteFunc(l.project.MRs(), func(m gitlabsim.MergeRequest) bool { return m.State != "opened" })
	all := l.project.MRs()
	onMR := func(what string, of []gitlabsim.MergeRequest) {
		if m, ok := pick(of, h.a); ok {
			_ = l.act(what + " " + who + " " + strings.TrimPrefix(m.SourceBranch, prefix)) // it may be refused
		}
	}
	if l.atGates(h, who) || l.inWords(h, who) || l.takenOver(h) {
		return
	}
	switch h.what {
	case "tick", "untick", "tickrita", "tickandempty":
		l.tickOne(h, who)
	case "openpage", "closepage", "drag", "deleteitem":
		l.onPage(h, who)
	case "label", "unlabel":
		if m, ok := pick(open, h.a); ok {
			label, _ := pick([]string{"rebase", "stop-updating"}, h.b)
			if h.what == "label" {
				l.judge.rebuilds[m.SourceBranch] = l.judge.rebuilds[m.SourceBranch] || label == "rebase"
				_ = l.project.LabelMR(who, m.IID, label)
			} else {
				_ = l.project.UnlabelMR(who, m.IID, "stop-updating")
			}
		}
	case "tag": // of a branch's name, on a commit of one's own
		of, _ := pick([]string{"main", prefix + "boto3-1.x", prefix + "lxml-5.x"}, h.a)
		_, _ = l.project.TagFiles(who, of, "refs/heads/main", map[string]string{
			"constraints.txt": "six==1.0.0\n", ".gitlab/pinwheel.yaml": "mode: dashboard\nlabels: [evil]\n", "CODEOWNERS": "* @bob\n"})
	case "rebasebutton":
		if m, ok := pick(open, h.a); ok {
			_ = l.project.RebaseMR(who, m.IID) // it may conflict
		}
	case "pipeline", "mainpipeline":
		status, _ := pick([]string{"running", "success", "failed", "failed", "canceled"}, h.b)
		l.pipeline(h, open, status)
	case "split":
		_ = l.act("tick " + who + " split-branch=")
	case "startover":
		if m, ok := pick(open, h.a); ok {
			_ = l.act("push " + who + " " + strings.TrimPrefix(m.SourceBranch, prefix))
			_ = l.act("tick " + who + " rebase-branch=" + m.SourceBranch + " ")
		}
	case "bulk":
		_ = l.act("tick " + who + " create-all-")
	case "merge":
		who = "alice" // main is protected
		onMR("merge", open)
	case "close", "rebase", "push", "force", "approve", "unapprove":
		onMR(h.what, open)
	case "reopen", "revert":
		who = "alice"
		onMR(h.what, all)
	case "deletebranch":
		if m, ok := pick(open, h.a); ok {
			_ = l.project.DeleteBranch(who, m.SourceBranch)
		}
	case "edit":
		name, _ := pick(lifePins, h.a)
		version := fmt.Sprintf("%d.%d", h.b%4, h.b%7)
		for pin := range l.judge.released {
			if n, v, _ := strings.Cut(pin, "=="); n == name && h.b%3 > 0 {
				version = max(version, v)
			}
		}
		_ = l.act("pin alice " + name + " " + version)
	case "unpin":
		name, _ := pick(lifePins, h.a)
		_ = l.act("unpin alice " + name)
	case "release", "major", "yank":
		l.publish(h)
	case "twin":
		_ = l.act("twin alice")
	case "rename":
		_ = l.act(fmt.Sprint("default alice trunk-", h.a))
	case "empty", "deleteissue", "closeissue", "reopenissue", "moveissue", "retitle":
		_ = l.act("issue alice " + strings.TrimSuffix(h.what, "issue"))
	case "decoy":
		if board, err := l.dashboard(); err == nil {
			_, _ = l.project.CreateIssue("rita", board.Title, board.Description)
		}
	case "comment":
		if board, err := l.dashboard(); err == nil {
			_ = l.project.Comment("rita", board.IID, "marked the checklist item **everything** as completed")
		}
	default:
		l.weather(h)
	}
}

// onPage opens a page, which from then on sends the text that it had, or does to one
// of its items what the issue page offers.
func (l *life) onPage(h happening, who string) {
	board, err := l.dashboard()
	if err != nil || board.State != "opened" {
		return
	}
	boxes := anyBox.FindAllStringSubmatch(l.project.Page(who, board.IID), -1)
	switch one, ok := pick(boxes, h.a); {
	case h.what == "openpage":
		_ = l.project.OpenPage(who, board.IID)
	case h.what == "closepage":
		l.project.ClosePage(who, board.IID)
	case ok && h.what == "drag":
		other, _ := pick(boxes, h.a+1)
		_ = l.project.MoveItem(who, board.IID, one[2]+"-branch="+one[3]+" ", other[2]+"-branch="+other[3]+" ")
	case ok && h.b%2 == 0:
		_ = l.project.DeleteItem(who, board.IID, one[2]+"-branch="+one[3]+" ")
	case ok:
		_ = l.project.ConvertItem(who, board.IID, one[2]+"-branch="+one[3]+" ")
	}
}

// pipeline lets one of a merge request or of the default branch go on.
func (l *life) pipeline(h happening, open []gitlabsim.MergeRequest, status string) {
	on := "main"
	if h.what == "pipeline" {
		m, ok := pick(open, h.a)
		if !ok {
			return
		}
		on = strings.TrimPrefix(m.SourceBranch, prefix)
	}
	if l.setting.ci || l.setting.script != "" {
		_ = l.act(fmt.Sprintf("pipeline bob %s %s lint=success test=%s", on, status, status))
	}
}

var anyBox = regexp.MustCompile(`- \[([ x])\] <!-- (\w+)-branch=(\S+) -->`)

// tickOne ticks or unticks one of the boxes there are.
func (l *life) tickOne(h happening, who string) {
	board, err := l.dashboard()
	if err != nil {
		return
	}
	if h.what == "tickrita" {
		who = "rita"
		l.project.SetRole("rita", gitlabsim.Planner) // may tick, and does not count
	}
	mark := " "
	if h.what == "untick" {
		mark = "x"
	}
	var boxes [][]string
	shown := l.project.Page(who, board.IID) // it may be an old page
	for _, m := range anyBox.FindAllStringSubmatch(shown, -1) {
		if m[1] == mark {
			boxes = append(boxes, m)
		}
	}
	box, ok := pick(boxes, h.a)
	if !ok || board.State != "opened" {
		return
	}
	act := "tick"
	if h.what == "untick" {
		act = "untick"
	}
	if l.act(act+" "+who+" "+box[2]+"-branch="+box[3]+" ") != nil {
		return
	}
	if box[2] == "inherit" {
		if act == "tick" && who == "alice" { // a Maintainer says whom a new user comes after
			l.judge.unsaid = false
		}
		return
	}
	switch {
	case act == "untick":
		delete(l.judge.waiting, box[3])
	case l.judge.waiting[box[3]] != nil && strings.Contains(board.Description, "- [x] <!-- "+box[2]+"-branch="+box[3]+" -->"):
		// It was ticked already, and an old page did not show that: nothing that GitLab
		// keeps tells the second click from none, so both are one request.
	case who != "rita":
		l.judge.waiting[box[3]] = &waiting{box: box[2], seen: len(l.gitlab.Events()), on: board.IID, what: titleBefore(shown, box[3])}
	}
	if h.what == "tickandempty" {
		_ = l.act("issue " + who + " empty")
	}
}

// titleBefore is the title in the line of a branch's box, up to its version.
func titleBefore(page, branch string) string {
	_, line, _ := strings.Cut(page, "-branch="+branch+" -->")
	line, _, _ = strings.Cut(strings.TrimPrefix(line, "["), "\n")
	for _, end := range []string{"](", " (", " to v"} {
		line, _, _ = strings.Cut(line, end)
	}
	return line
}

// publish releases or yanks something.
func (l *life) publish(h happening) {
	name, _ := pick(lifePins, h.a)
	now := time.Now().UTC().Format(time.RFC3339)
	if h.what == "yank" {
		for _, pin := range slices.Sorted(maps.Keys(l.judge.released)) {
			if n, v, _ := strings.Cut(pin, "=="); n == name && h.b%3 == 0 {
				_ = l.act("index yank " + n + " " + v + " " + now + " broken")
			}
		}
		return
	}
	l.latest[name]++
	n := l.latest[name]
	base := map[string]string{"boto3": "1.36", "botocore": "1.36", "certifi": "2026.2", "lxml": "5.4", "requests": "2.33", "six": "1.18", "urllib3": "2.3"}[name]
	version := fmt.Sprintf("%s.%d", base, n)
	if h.what == "major" && name != "certifi" {
		version = fmt.Sprintf("%d.0", 7+n)
	}
	requires := ""
	switch {
	case name == "boto3":
		requires = fmt.Sprintf(` requires="botocore>=%s"`, version)
	case name == "requests" && h.b%2 == 0:
		requires = ` requires="urllib3<2.3"`
	case name == "six" && h.b%3 == 0:
		requires = ` requires="lxml>=5"`
	}
	_ = l.act("index " + name + " " + version + " " + now + requires)
}

// weather is what befalls from outside for a while.
func (l *life) weather(h happening) {
	back := func(restore func()) {
		l.end, l.until = append(l.end, restore), append(l.until, h.run+1+h.b%4)
	}
	switch h.what {
	case "fault":
		fault, _ := pick([]string{
			"POST * 502 after once", "POST * 502 once", "PUT * 500 after once", "PUT * reset once", "GET * 503 x6", "* * 429 x2 retry-after 5",
			"POST * truncated once", "PUT * truncated once", "GET * html once", "GET * 503 x40", "* * reset x30", "DELETE * 500 after once",
			"POST */notes reset after once", "POST */commits reset after once", "POST */merge_requests 504 after x2", "GET */notes 500 x10",
		}, h.a)
		_ = l.gitlab.Inject(fault)
	case "indexfault":
		fault, _ := pick([]string{"down", "down 503", "GET /simple/boto3/ 500 x20", "GET * truncated x3", "GET * html x2", "GET *.metadata cut x2", "GET * stale x5"}, h.a)
		_ = l.index.Inject(fault)
		back(l.index.ClearFaults)
	case "revoke":
		l.gitlab.Revoke(l.token)
		back(func() { l.token = l.gitlab.Token(l.user) })
	case "demote":
		user := l.user
		l.project.SetRole(user, gitlabsim.Reporter)
		back(func() { l.project.SetRole(user, gitlabsim.Developer) })
	case "protect":
		l.project.Protect(prefix+"*", gitlabsim.Maintainer, gitlabsim.Maintainer)
		back(func() { l.project.Unprotect(prefix + "*") })
	case "crash":
		l.dies = append(l.dies, 1+h.a%40)
		if h.b%3 == 0 { // and in the recovery, too
			l.dies = append(l.dies, 1+h.b%25)
		}
	case "forget":
		if h.call == 0 {
			l.p.wire.dead.Store(true)
			l.judge.taken = time.Time{}
			if l.setting.place != "" {
				emptied(l.t, l.setting.place)
				l.p = l.first(l.t)
				return
			}
			l.p = l.start(l.t, fmt.Sprintf("%s/new-%d.db", l.dir, l.started))
		}
	}
}
