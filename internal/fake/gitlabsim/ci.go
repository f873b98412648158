package gitlabsim

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// script is what the CI/CD configuration of a project does: which pipelines begin
// by themselves, and how their jobs end. The zero value begins none.
type script struct {
	on        []string // push, merge-request, merged-result
	seen      time.Duration
	takes     time.Duration
	seed      uint64
	variables int    // the least role that may set variables of pipelines; NoAccess: nobody may
	name      string // workflow:name, with {INPUT} for an input or a variable
	jobs      jobRules
}

type jobRules []*jobRule

// jobRule is one job and how it ends: by the first of its ends that holds, else
// with success.
type jobRule struct {
	name                    string
	allowed, manual, bridge bool
	environment             string
	takes                   time.Duration
	ends                    []way
	chance                  float64 // of failing by chance
}

// way is one in which a job does not succeed, where all of when holds.
type way struct {
	how  string // fails, fails-first, hangs, cancels
	when []condition
}

// condition is one about the pins of what a pipeline tests.
type condition struct {
	name, version string // the version is a glob; "" is any but the first one of all
	not           bool
}

// Script says what the CI/CD configuration of a project does, in place of what it
// did, and switches CI/CD on. Each line is a statement, # begins a comment:
//
//	on push|merge-request|merged-result...  pipelines that begin by themselves; a merged
//	                                        result that conflicts is a merge request's
//	seen DURATION                           until a pipeline can be seen, 1s by default
//	takes DURATION                          until a job ends, 10m by default
//	inputs NAME...                          spec:inputs
//	name TEXT                               workflow:name; {NAME} is an input or a variable
//	variables nobody|developer|maintainer   who may set variables of pipelines; nobody by default
//	seed N                                  of what happens by chance
//	job NAME [allowed] [manual] [trigger] [environment ENV] [takes DURATION] [flaky P%]
//	         [fails|fails-first|hangs|cancels [when CONDITION...]]
//
// A job succeeds unless it is said to end otherwise; of several lines for one job
// each adds a way. fails-first fails and passes when it is retried. A condition is
// NAME==GLOB, NAME!=GLOB or new:NAME, about the pins in the .txt files of what is
// tested: the commit whose full id an input or a variable is or ends with, in whichever project it
// stands, else the pipeline's own. new:NAME is a pin that the first commit of all
// did not have so. All conditions of a line must hold.
func (p *Project) Script(text string) error {
	to := script{seen: time.Second, takes: 10 * time.Minute}
	var inputs []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if words[0] == "inputs" {
			inputs = append(inputs, words[1:]...)
			continue
		}
		if err := to.statement(words); err != nil {
			return fmt.Errorf("%q: %w", strings.TrimSpace(line), err)
		}
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.ciDisabled, p.script, p.inputs = false, to, inputs
	return nil
}

func (s *script) statement(words []string) (err error) {
	rest := words[1:]
	one := func() string { return strings.Join(rest, " ") }
	switch words[0] {
	case "on":
		s.on = rest
	case "seen":
		s.seen, err = time.ParseDuration(one())
	case "takes":
		s.takes, err = time.ParseDuration(one())
	case "name":
		s.name = one()
	case "seed":
		s.seed, err = strconv.ParseUint(one(), 10, 64)
	case "variables":
		levels := map[string]int{"nobody": NoAccess, "developer": Developer, "maintainer": Maintainer}
		level, ok := levels[one()]
		if s.variables = level; !ok {
			err = fmt.Errorf("no role %q", one())
		}
	case "job":
		if len(rest) == 0 {
			return fmt.Errorf("which job?")
		}
		r := s.jobs.named(rest[0])
		if r == nil {
			r = &jobRule{name: rest[0]}
			s.jobs = append(s.jobs, r)
		}
		err = r.parse(rest[1:])
	default:
		err = fmt.Errorf("no statement %q", words[0])
	}
	return err
}

func (r *jobRule) parse(words []string) (err error) {
	for i := 0; i < len(words) && err == nil; i++ {
		next := func() string {
			if i++; i < len(words) {
				return words[i]
			}
			return ""
		}
		switch words[i] {
		case "allowed":
			r.allowed = true
		case "manual":
			r.manual, r.allowed = true, true
		case "trigger":
			r.bridge = true
		case "environment":
			r.environment = next()
		case "takes":
			r.takes, err = time.ParseDuration(next())
		case "flaky":
			r.chance, err = strconv.ParseFloat(strings.TrimSuffix(next(), "%"), 64)
			r.chance /= 100
		case "fails", "fails-first", "hangs", "cancels":
			e := way{how: words[i]}
			if i+1 < len(words) && words[i+1] == "when" {
				for _, word := range words[i+2:] {
					e.when = append(e.when, parseCondition(word))
				}
				i = len(words)
			}
			r.ends = append(r.ends, e)
		default:
			err = fmt.Errorf("no word %q", words[i])
		}
	}
	return err
}

func parseCondition(word string) condition {
	if name, isNew := strings.CutPrefix(word, "new:"); isNew {
		return condition{name: pinName(name)}
	}
	if name, version, is := strings.Cut(word, "=="); is {
		return condition{name: pinName(name), version: version}
	}
	name, version, _ := strings.Cut(word, "!=")
	return condition{name: pinName(name), version: version, not: true}
}

func (r jobRules) named(name string) *jobRule {
	i := slices.IndexFunc(r, func(j *jobRule) bool { return j.name == name })
	if i < 0 {
		return nil
	}
	return r[i]
}

// start makes the job of a rule in a pipeline; one without a rule waits for ever.
func (r *jobRule) start(p *Project, l *pipeline) *job {
	j := &job{id: p.s.nextID("job"), created: p.s.now(), status: "running", user: l.user}
	if r == nil {
		return j
	}
	j.name, j.allowed, j.bridge, j.manual, j.environment = r.name, r.allowed, r.bridge, r.manual, r.environment
	if r.manual {
		j.status = "manual"
		return j
	}
	takes := r.takes
	if takes == 0 {
		takes = p.script.takes
	}
	j.ends = p.s.now().Add(takes)
	j.outcome = r.outcome(p, l, j)
	if j.outcome == "hangs" {
		j.ends = j.created.AddDate(100, 0, 0)
	}
	return j
}

func (r *jobRule) outcome(p *Project, l *pipeline, j *job) string {
	before := slices.ContainsFunc(l.jobs, func(o *job) bool { return o.name == r.name })
	tested := p.s.tested(p, l)
	for _, e := range r.ends {
		if e.how == "fails-first" && before || slices.ContainsFunc(e.when, func(c condition) bool { return !c.holds(tested) }) {
			continue
		}
		switch e.how {
		case "hangs":
			return "hangs"
		case "cancels":
			return "canceled"
		}
		return "failed"
	}
	sum := sha1.Sum(fmt.Appendf(nil, "%d %s %s %d", p.script.seed, p.path, r.name, j.id))
	if float64(binary.BigEndian.Uint32(sum[:]))/(1<<32) < r.chance {
		return "failed"
	}
	return "success"
}

var someCommit = regexp.MustCompile(`[0-9a-f]{40}$`)

// tested is the commit that a pipeline is about.
func (s *Server) tested(p *Project, l *pipeline) *commit {
	var named []string
	for _, key := range slices.Sorted(maps.Keys(l.inputs)) {
		named = append(named, fmt.Sprint(l.inputs[key]))
	}
	for _, v := range l.variables {
		named = append(named, v.Value)
	}
	for _, text := range named {
		for _, other := range s.projects {
			if c := other.repo.commits[someCommit.FindString(text)]; c != nil {
				return c
			}
		}
	}
	return p.repo.commits[l.sha]
}

var pinLine = regexp.MustCompile(`(?m)^([A-Za-z0-9._-]+)\s*===?\s*([^\s;#]+)`)

func pinName(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name))
}

// pinsOf are the versions at which a commit has each package.
func pinsOf(c *commit) map[string][]string {
	out := map[string][]string{}
	for _, file := range slices.Sorted(maps.Keys(c.tree)) {
		if path.Ext(file) != ".txt" {
			continue
		}
		for _, m := range pinLine.FindAllStringSubmatch(c.tree[file].text, -1) {
			out[pinName(m[1])] = append(out[pinName(m[1])], m[2])
		}
	}
	return out
}

func (c condition) holds(of *commit) bool {
	if of == nil {
		return false
	}
	at := pinsOf(of)[c.name]
	if c.version == "" {
		first := of
		for len(first.parents) > 0 {
			first = first.parents[0]
		}
		return !slices.Equal(at, pinsOf(first)[c.name])
	}
	is := slices.ContainsFunc(at, func(version string) bool { return globMatch(c.version, version) })
	return is != c.not
}

// mrKind is which pipelines merge requests have: head, merge or none.
func (s *script) mrKind() string {
	switch {
	case slices.Contains(s.on, "merged-result"):
		return "merge"
	case slices.Contains(s.on, "merge-request"):
		return "head"
	}
	return ""
}

// begin starts a pipeline.
func (p *Project) begin(l *pipeline) {
	l.id, l.created, l.updated, l.seen, l.status = p.s.nextID("pipeline"), p.s.now(), p.s.now(), p.s.now(), "created"
	p.pipelines = append(p.pipelines, l)
	if l.source == "api" || l.source == "external" {
		p.s.event(p, l.user, "pipeline", l.ref, l.sha)
	} else {
		p.s.event(p, nil, "ci", l.ref, l.sha) // nobody asked for it
	}
	l.name = p.script.nameOf(l)
	for _, r := range p.script.jobs {
		l.jobs = append(l.jobs, r.start(p, l))
	}
	if len(l.jobs) > 0 {
		p.compose(l, l.created)
	}
	if l.source != "api" && l.source != "external" {
		l.seen = l.seen.Add(p.script.seen)
	}
}

func (s *script) nameOf(l *pipeline) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(l.inputs)) {
		pairs = append(pairs, "{"+key+"}", fmt.Sprint(l.inputs[key]))
	}
	for _, v := range l.variables {
		pairs = append(pairs, "{"+v.Key+"}", v.Value)
	}
	name := strings.NewReplacer(pairs...).Replace(s.name)
	return strings.TrimSpace(leftOut.ReplaceAllString(name, ""))
}

var leftOut = regexp.MustCompile(`\{[^{}]*\}`) // what nobody gave

// beginMR starts a pipeline of a merge request, on its head or on what it gives
// when it is merged; where that conflicts, on its head.
// https://docs.gitlab.com/ci/pipelines/merged_results_pipelines/
func (p *Project) beginMR(u *user, m *mergeRequest, kind string) *pipeline {
	head := m.newestHead()
	l := &pipeline{ref: fmt.Sprintf("refs/merge-requests/%d/head", m.iid), sha: head.id, source: "merge_request_event", user: u}
	target := p.repo.branches[m.target]
	if kind == "merge" && target != nil {
		if base := mergeBase(head, target.head); base != nil {
			if content, clean := mergeTrees(base.tree, target.head.tree, head.tree); clean {
				l.ref = fmt.Sprintf("refs/merge-requests/%d/merge", m.iid)
				l.sha = p.repo.newCommit(commit{parents: []*commit{target.head, head}, tree: content, message: "Merge " + head.id + " into " + target.head.id, at: p.s.now()}).id
			}
		}
	}
	p.begin(l)
	return l
}

// react starts what a push to a branch or the opening of a merge request starts.
func (p *Project) react(u *user, source string, to *commit, m *mergeRequest) {
	if p.ciDisabled || skipCI().MatchString(to.message) {
		return
	}
	switch {
	case m == nil && slices.Contains(p.script.on, "push"):
		p.begin(&pipeline{ref: source, sha: to.id, source: "push", user: u})
	case m != nil && p.script.mrKind() != "":
		p.beginMR(u, m, p.script.mrKind())
	}
}

func (s *script) variablesRole() string {
	switch s.variables {
	case Developer:
		return "developer"
	case Maintainer:
		return "maintainer"
	}
	return "no_one_allowed"
}
