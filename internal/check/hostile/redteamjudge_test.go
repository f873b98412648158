package hostile_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
)

// redJudge says what must never happen. It believes GitLab's own log, the
// requests themselves and what the hostile index told, never pinwheel's records.
type redJudge struct {
	s      *siege
	seen   int
	asked  map[string]bool   // branches that somebody who may ticked
	kept   map[string]string // commits of people on our branches
	button bool              // somebody presses the rebase button
	mu     sync.Mutex
	wrong  []string
}

func newRedJudge(s *siege) *redJudge {
	return &redJudge{s: s, asked: map[string]bool{}, kept: map[string]string{}}
}

func (j *redJudge) fault(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if text := fmt.Sprintf(format, args...); !slices.Contains(j.wrong, text) {
		j.wrong = append(j.wrong, text)
	}
}

// mayBeAsked are the origins of the network: both indexes, by https and their own
// ports, and where on the internet files may be. All others are private or nobody's.
var mayBeAsked = map[string]bool{"index.example": true, "inner.example": true, "files.example": true, "8.8.8.8": true, "134744072": true, "2a04:4e42::223": true}

// request judges a request to the network of indexes.
func (j *redJudge) request(r *http.Request) {
	host := strings.TrimSuffix(strings.ToLower(r.URL.Hostname()), ".")
	own := host == "inner.example" || host == "ｉｎｎｅｒ.example"
	own = own && r.URL.Scheme == "https" && (r.URL.Port() == "" || r.URL.Port() == "443")
	if host == "ｉｎｎｅｒ.example" {
		host = "inner.example"
	}
	if host == "gitlab.example" { // a host of the operator's, and no index: asked without a secret
		host = "files.example"
	}
	if !mayBeAsked[host] || r.URL.Scheme != "https" {
		j.fault("asked %s", r.URL)
	}
	for name, values := range r.Header {
		for _, v := range values {
			if (name == "Authorization" || name == "Private-Token" || name == "Cookie" || strings.Contains(v, redPassword) || strings.Contains(v, "glpat-")) && !own {
				j.fault("%s went to %s", name, r.URL)
			}
		}
	}
	if strings.Contains(r.URL.String(), redPassword) || r.URL.User != nil {
		j.fault("a credential in %s", r.URL)
	}
	if host == "index.example" && strings.HasPrefix(r.URL.Path, "/simple/acme-") {
		j.fault("the public index was asked for an inner name: %s", r.URL)
	}
	if host != "index.example" && host != "inner.example" && strings.HasPrefix(r.URL.Path, "/simple/") && !strings.Contains(r.URL.Path, ".whl") {
		j.fault("a page was asked of %s", r.URL)
	}
}

// watched judges requests to GitLab.
type watched struct {
	judge *redJudge
	next  http.RoundTripper
}

func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" || r.URL.Host != "gitlab.example" {
		w.judge.fault("GitLab's client asked %s", r.URL)
	}
	return w.next.RoundTrip(r)
}

// look judges what came since it last looked.
func (j *redJudge) look() {
	events := j.s.gitlab.Events()
	fresh := events[j.seen:]
	j.seen = len(events)
	for _, e := range fresh {
		if e.Actor == redBot {
			j.ours(e)
		} else {
			j.theirs(e)
		}
	}
	reach := j.s.project.Reachable()
	for sha, who := range j.kept {
		if !reach[sha] {
			j.fault("the commit %.8s of %s is on no branch any more", sha, who)
		}
	}
	open := 0
	for _, i := range j.s.project.Issues() {
		if i.Author == redBot && i.State == "opened" {
			open++
		}
	}
	if open > 1 {
		j.fault("%d dashboards are open", open)
	}
	for _, f := range j.s.gitlab.Failures() {
		j.fault("the simulated GitLab did not understand: %s", f)
	}
}

func headOf(e gitlabsim.Event) string {
	if _, head, ok := strings.Cut(e.Detail, ".."); ok {
		return head
	}
	return e.Detail
}

// theirs keeps the commits that people made, until a person takes them away.
func (j *redJudge) theirs(e gitlabsim.Event) {
	switch e.Kind {
	case "push", "force-push", "branch-create":
		if c := j.s.project.Commits(headOf(e)); len(c) > 0 && strings.HasPrefix(e.Target, redPrefix) {
			j.kept[headOf(e)] = e.Actor
			if j.button { // what we wrote, on another parent
				delete(j.kept, headOf(e))
			}
		}
		fallthrough
	case "branch-delete", "mr-merge":
		if e.Kind == "mr-merge" && j.s.merging != nil {
			if c := j.s.project.Commits(e.Detail); len(c) > 0 && len(c[0].Parents) > 0 {
				was, _ := j.s.project.File(c[0].Parents[0], "constraints.txt")
				is, _ := j.s.project.File(e.Detail, "constraints.txt")
				j.s.tookOver(was, is)
			}
		}
		reach := j.s.project.Reachable()
		maps.DeleteFunc(j.kept, func(sha, _ string) bool { return !reach[sha] })
	}
}

func (j *redJudge) ours(e gitlabsim.Event) {
	if e.Project == redGate {
		j.gates(e)
		return
	}
	switch e.Kind {
	case "mr-merge":
		j.merge(e)
	case "status":
		if j.s.merging == nil || !strings.HasPrefix(e.Target, plan.StatusPrefix) {
			j.fault("pinwheel did %s", e)
		}
	case "push", "force-push", "branch-create":
		if m := j.s.merging; m != nil && m.merged != "" && headOf(e) == m.merged {
			return // what a merge did to its target
		}
		if strings.HasPrefix(e.Target, redPrefix+"kept-") {
			return
		}
		j.inside(e, e.Target)
		j.mayMove(e.Target)
		j.commit(e)
	case "branch-delete":
		j.inside(e, e.Target)
	case "mr-open":
		branch, _, _ := strings.Cut(e.Detail, " ")
		j.inside(e, branch)
		j.mayMove(branch)
	case "mr-close", "mr-edit", "mr-label", "mr-reopen", "mr-reviewers", "mr-assignees", "note", "system-note", "note-edit", "issue-edit", "issue-close", "issue-label", "issue-reopen":
		n, _ := strconv.Atoi(e.Target[1:])
		if strings.HasPrefix(e.Target, "!") {
			m, _ := j.s.project.MR(n)
			j.inside(e, m.SourceBranch)
			if e.Kind == "mr-label" {
				j.blame(m)
			}
			// From a branch of ours GitLab lets no second one be: whoever opened it, it is that branch's.
			c := j.s.project.Commits(m.Head)
			if m.Author != redBot && e.Kind != "system-note" && !j.asked[m.SourceBranch] && (len(c) == 0 || c[0].AuthorName != "pinwheel") {
				j.fault("%s of %s, which is of %s", e.Kind, e.Target, m.Author)
			}
		} else if i, ok := j.s.project.Issue(n); ok && i.Author != redBot && e.Kind != "system-note" {
			j.fault("%s of %s, which is of %s", e.Kind, e.Target, i.Author)
		}
	case "job-retry": // of a merge request's own pipeline, never of one of the default branch
		branch := e.Detail
		if n, ok := strings.CutPrefix(branch, "refs/merge-requests/"); ok {
			n, _, _ = strings.Cut(n, "/")
			iid, _ := strconv.Atoi(n)
			m, _ := j.s.project.MR(iid)
			branch = m.SourceBranch
		}
		j.inside(e, branch)
	case "issue-open", "cross-reference":
	default:
		j.fault("pinwheel did %s", e)
	}
}

func (j *redJudge) inside(e gitlabsim.Event, branch string) {
	if !strings.HasPrefix(branch, redPrefix) || e.Project != "cki/pipe" {
		j.fault("%s of %s in %s, outside of the prefix", e.Kind, branch, e.Project)
	}
}

// mayMove: where everything waits for approval, and for majors everywhere, only
// somebody with the role makes a branch appear. A repair of the derived file
// waits for nobody.
func (j *redJudge) mayMove(branch string) {
	if !j.asked[branch] && (j.s.gated || strings.HasPrefix(branch, redPrefix+"major-")) && !j.twin(branch) {
		j.fault("%s was written, and nobody who may asked for it", branch)
	}
}

// twin reports whether a branch changes the derived file alone.
func (j *redJudge) twin(branch string) bool {
	c := j.s.project.Commits(j.s.project.Head(branch))
	return len(c) > 0 && !slices.Contains(c[0].Files, "constraints.txt")
}

var redPin = regexp.MustCompile(`^([a-z0-9-]+)==(\S+)$`)

// commit judges what a commit of ours changes.
func (j *redJudge) commit(e gitlabsim.Event) {
	p := j.s.project
	commits := p.Commits(headOf(e))
	if len(commits) == 0 || len(commits[0].Parents) != 1 {
		j.fault("%s is not one commit on one parent", e.Target)
		return
	}
	for _, path := range commits[0].Files {
		if path != "constraints.txt" && path != "pipeline/constraints.yml" && !(path == ".gitlab-ci.yml" && j.s.named) {
			j.fault("the commit on %s changes %s", e.Target, path)
		}
	}
	was, _ := p.File(commits[0].Parents[0], "constraints.txt")
	is, _ := p.File(commits[0].ID, "constraints.txt")
	old, now := strings.Split(was, "\n"), strings.Split(is, "\n")
	if len(old) != len(now) {
		j.fault("%s has other lines than its base", e.Target)
		return
	}
	for i := range now {
		if now[i] == old[i] {
			continue
		}
		a, b := redPin.FindStringSubmatch(old[i]), redPin.FindStringSubmatch(now[i])
		if a == nil || b == nil || a[1] != b[1] {
			j.fault("on %s the line %q became %q", e.Target, old[i], now[i])
			continue
		}
		j.pin(e, now[i])
	}
	if strings.Contains(is, "pair-a==1.1") != strings.Contains(is, "pair-b==1.1") {
		j.fault("%s parts a pair:\n%s", e.Target, is)
	}
	if strings.Contains(is, "held==2.0") {
		j.fault("%s moves what a pin holds", e.Target)
	}
}

// pin judges a version that was written: some page told an installable file of
// it that was old enough.
func (j *redJudge) pin(e gitlabsim.Event, pin string) {
	count("pins that were moved")
	name, _, _ := strings.Cut(pin, "==")
	at, ok := j.s.index.when(pin)
	switch {
	case !ok:
		j.fault("%s on %s cannot be installed by any page of its index, and %s is hostile by %s", pin, e.Target, name, j.s.index.kind(name))
	case e.At.Sub(at) < 72*time.Hour:
		j.fault("%s on %s came on %s", pin, e.Target, at.Format(time.RFC3339))
	}
}

// honest: what nobody attacks is judged and offered, or there already.
func (j *redJudge) honest() {
	for _, name := range honestPins {
		if j.s.merging != nil && !strings.Contains(j.s.pins, name+"==1.0\n") {
			continue // it was merged
		}
		ok, state := false, "nothing"
		for _, u := range j.s.last.Plan.Updates {
			if u.Name == name || j.s.merging != nil && slices.ContainsFunc(u.Moves, func(m plan.Move) bool { return m.Name == name }) {
				state = string(u.State) + ", " + u.Reason
				ok = u.State != "not-checked" && u.State != "errored" && u.State != "incompatible"
			}
		}
		if count("honest packages that were looked for"); !ok && j.waits(state) {
			count("honest packages that waited for an answer of the index")
		} else if !ok {
			j.fault("%s is not offered but %s", name, state)
		}
	}
}

var redUnread = regexp.MustCompile(`^not-checked, (?:Not checked yet: what [a-z, -]+ requires could not be read\. Tried again every run\.|Asked for, and carried out when its index answers\.)$|^errored, .*Somebody changed the branch in the instant of the run\.`)

// waits: what a pinned release requires is not known while the index fails to
// answer, and might forbid all others, see ADR 11; and who pushes in the instant
// of a run delays it. In the end nobody does.
func (j *redJudge) waits(state string) bool {
	// A batch waits for every package of it that is due.
	whole := j.s.merging != nil && j.s.merging.batch && strings.HasPrefix(state, "not-checked, Not checked yet: its index does not answer.")
	return !j.s.calm && (whole || redUnread.MatchString(state))
}

var redAsked = regexp.MustCompile("`(\\w+)` asked for it|[Aa]sked for by `(\\w+)`")

// credits judges who is said to have asked for something: dev alone ever does who may.
func (j *redJudge) credits() {
	texts := []string{j.s.last.Body}
	for _, m := range j.s.project.MRs() {
		if m.Author == redBot {
			texts = append(texts, m.Description)
		}
	}
	for _, text := range texts {
		for _, m := range redAsked.FindAllStringSubmatch(text, -1) {
			count("names of who asked that were judged")
			if who := m[1] + m[2]; who != "dev" {
				j.fault("%s is credited, and did not ask: %.100q", who, m[0])
			}
		}
	}
}

// output judges what leaves a run.
func (j *redJudge) output(what, text string) {
	for _, secret := range []string{redPassword, "glpat-", redPrivate} {
		if strings.Contains(text, secret) {
			j.fault("%s holds %q", what, secret)
		}
	}
}

// redMark are effects that texts mean beside those of ours: more marks, branches
// that people named, the trailer of what a merge request asked for, links to the
// inner index and to pipelines, the mark of a closing, and the chart of several weeks.
var redMark = regexp.MustCompile(`^(?:hidden (?:pinwheel:mr closed=us op=[0-9a-f]{16}|pinwheel:libyears \d{4}-\d\d-\d\d=\d+\.\d(?: \d{4}-\d\d-\d\d=\d+\.\d)*|op:[a-z]+-[0-9a-f]{40}|rebase-branch=pinwheel/[^\s<>]+)|task \[[ x]\] <!-- rebase-branch=pinwheel/[^\s<>]+ -->.*|commit [0-9a-f]{8}|link https://inner\.example/[\w./-]*|link https://gitlab\.example/cki/pipe/-/pipelines/\d+|block .{3}mermaid|diagram mermaid)$`)

// redMerging are effects that texts mean where pinwheel merges.
var redMerging = regexp.MustCompile(`^(?:heading ## (?:Testing|Merging|Bisecting)|link https://gitlab\.example/cki/(?:pipe/-/settings/merge_requests|gate/-/pipelines/\d+))$`)

// merges reports whether an effect is one of these, or names a merge request of ours.
func (j *redJudge) merges(effect string) bool {
	if j.s.merging == nil {
		return false
	}
	if number, is := strings.CutPrefix(effect, "reference !"); is {
		iid, _ := strconv.Atoi(number)
		m, there := j.s.project.MR(iid)
		return there && m.Author == redBot
	}
	return redMerging.MatchString(effect)
}

// texts judges all that pinwheel ever wrote into GitLab: no effect that it does
// not mean, and no secret.
func (j *redJudge) texts() {
	for _, e := range j.s.gitlab.Effects(redBot) {
		count("effects of our texts that were read")
		if c := j.s.project.Commits(e.Item); e.Field == "commit message" && (len(c) == 0 || c[0].AuthorName != "pinwheel") {
			continue // a commit of a person's that is kept
		}
		if number, is := strings.CutPrefix(e.Item, "!"); is && e.Field == "title" && j.s.merging != nil {
			iid, _ := strconv.Atoi(number)
			if m, there := j.s.project.MR(iid); there && m.Author != redBot {
				continue // what a person wrote, which is made a draft or ready
			}
		}
		if !ours(e) && !redMark.MatchString(string(e.Kind)+" "+e.What) && !j.merges(string(e.Kind)+" "+e.What) {
			j.fault("%s of %s does %s %q", e.Field, e.Item, e.Kind, e.What)
		}
	}
	for _, i := range j.s.project.Issues() {
		if i.Author == redBot {
			j.output("the dashboard", i.Title+i.Description)
		}
		for _, n := range i.Notes {
			if n.Author == redBot {
				j.output("a note", n.Body)
			}
		}
	}
	for _, m := range j.s.project.MRs() {
		if m.Author == redBot {
			j.output("a merge request", m.Title+m.Description)
		}
	}
}
