package decide

import (
	"slices"
	"sort"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/decide/bisect"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file reads, from what GitLab holds, how far a red batch is taken apart.

// hunt is a red batch that is taken apart. All of it is read anew in each decision: the
// commit of the batch says what it is made of, and each probe is a merge request
// whose commit says which part of that it tests.
type hunt struct {
	group   string
	branch  plan.Branch
	trailer plan.Trailers
	mr      plan.MergeRequest
	files   []plan.ParsedFile // as they are where the batch stands
	parts   []part
	probes  []trial // by branch
	fits    bool    // its commit can be made again from files and parts
	answer  bisect.Answer
}

// part is what only installs together.
type part struct {
	id    string
	keys  []string
	moves []plan.Move
}

// trial is a probe that there is.
type trial struct {
	plan.Probe
	branch  plan.Branch
	trailer plan.Trailers
	ours    bool
	mr      *plan.MergeRequest
	result  bisect.Result
	jobs    []string
}

// runTime is how long a probe may be under way until it counts as not run.
const runTime = 24 * time.Hour

// hunts finds the red batches.
func (d *hunting) findHunts() {
	d.hunts = map[string]*hunt{}
	for _, b := range d.s.Branches {
		mr, open := d.world.open[b.Name]
		group := d.groupAt(b.Name)
		t, ours := b.Ours(d.world.us)
		if !open || !ours || len(t.Parts) == 0 || !d.s.Policy.Bisects(group) || mr.HeadSHA != b.Head.SHA {
			continue
		}
		result, jobs := d.resultOf(mr)
		if result != bisect.Red {
			continue
		}
		h := &hunt{group: group, branch: b, trailer: t, mr: mr}
		d.hunts[b.Name] = h
		if h.files, h.fits = d.filesAt(t.Base); !h.fits {
			continue // they are not read yet
		}
		h.parts = d.partsAt(t, h.files)
		if h.fits = h.whole(); h.fits {
			h.probes = d.trials(h)
			h.answer = bisect.Next(d.problem(h), h.history(jobs))
		}
	}
}

// resultOf is how the pipeline of a merge request's head ended, in words of a
// hunt, and which jobs failed that do not fail on the default branch as well.
func (d *scene) resultOf(mr plan.MergeRequest) (bisect.Result, []string) {
	p := d.s.Pipelines[mr.IID]
	if p.Head != mr.HeadSHA {
		return bisect.Running, nil
	}
	switch p.Result {
	case plan.Passed:
		return bisect.Green, nil
	case plan.Canceled, plan.Skipped, plan.None:
		return bisect.NotRun, nil
	case plan.Unsettled:
		return bisect.Running, nil
	case plan.Failed:
	}
	var jobs []string
	for _, j := range p.Jobs {
		if j.Main != plan.Failed {
			jobs = append(jobs, j.Name)
		}
	}
	switch {
	case len(p.Jobs) == 0:
		return bisect.NotRun, nil // it has no job that could fail
	case len(jobs) == 0:
		return bisect.Green, nil // all that failed does so without it
	}
	return bisect.Red, jobs
}

// filesAt are the constraints files at a commit of the default branch; false
// where they are not read.
func (d *pins) filesAt(base string) ([]plan.ParsedFile, bool) {
	if base == d.world.head {
		return d.files, true
	}
	files, known := d.s.Bases[base]
	if !known || len(files) != len(d.s.Policy.Files) {
		return nil, false
	}
	at := *d.s
	at.Files = files
	parsed, problems := parseFiles(&at)
	return parsed, len(problems) == 0
}

// partsAt gives the parts of a batch their moves, as steps of files.
func (d *hunting) partsAt(t plan.Trailers, files []plan.ParsedFile) (out []part) {
	for _, keys := range t.Parts {
		p := part{keys: keys}
		var id []string
		for _, m := range t.Moves {
			if !slices.Contains(keys, m.Key) {
				continue
			}
			id = append(id, m.Key+":"+m.From+":"+m.To)
			p.moves = append(p.moves, d.movesIn(m, files)...)
		}
		sort.Strings(id)
		p.id = strings.Join(id, "+")
		if len(id) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// movesIn is one step of a commit's trailers as steps of the pins of files.
func (d *hunting) movesIn(m plan.Move, files []plan.ParsedFile) (out []plan.Move) {
	to, err := pep440.Parse(m.To)
	if err != nil {
		return nil
	}
	for _, f := range files {
		for i, p := range f.Parsed.Pins {
			if p.Key != m.Key || p.Version.String() != m.From {
				continue
			}
			step := plan.Move{Name: p.Name, Key: m.Key, To: m.To, Kind: kindOf(p.Version, to)}
			if slots := d.slotsOf(m.Key); len(slots) > 0 {
				step = d.moveTo(slots[0], to)
			}
			step.File, step.Line, step.Pin, step.Marker, step.From, step.SHA256 = f.Path, p.Line, i, p.MarkerText, m.From, nil
			if r := d.s.Packages[m.Key].Release(to); p.HasHashes && r != nil {
				step.SHA256 = hashes(r)
			}
			out = append(out, step)
		}
	}
	return out
}

// made makes the files of a branch that holds some of the parts.
func (h *hunt) made(branch string, moves []plan.Move) made {
	r := plan.Recipe{Files: h.files}
	for _, f := range h.files {
		r.Changes = append(r.Changes, changeOf(f, plan.Update{Moves: moves}))
	}
	m := made{recipe: r}
	var files []plan.FileChange
	if files, m.err = r.Render(); m.err == nil {
		m.digest = plan.ChangeDigest(branch, files)
	}
	for _, f := range files {
		f.Content = nil
		m.files = append(m.files, f)
	}
	return m
}

// whole reports whether the parts together make the commit of the batch again.
func (h *hunt) whole() bool {
	m := h.made(h.branch.Name, h.movesOf(h.ids()))
	return m.err == nil && len(h.trailer.Lines) == 0 && m.digest == h.trailer.Digest
}

func (h *hunt) ids() []string {
	out := make([]string, len(h.parts))
	for i, p := range h.parts {
		out[i] = p.id
	}
	return out
}

// partOf is the part with an id, the zero part for none.
func (h *hunt) partOf(id string) part {
	for _, p := range h.parts {
		if p.id == id {
			return p
		}
	}
	return part{}
}

// movesOf are the moves of parts, in the order in which the batch has them.
func (h *hunt) movesOf(ids []string) (out []plan.Move) {
	for _, p := range h.parts {
		if slices.Contains(ids, p.id) {
			out = append(out, p.moves...)
		}
	}
	return out
}

// names are those of parts as they are written.
func (h *hunt) names(ids []string) (out []string) {
	for _, m := range h.movesOf(ids) {
		if !slices.Contains(out, m.Name) {
			out = append(out, m.Name)
		}
	}
	return out
}

// problem is the batch as the hunt sees it. Sets that are solved alone do not
// require each other; what they add together is asked for.
func (d *hunting) problem(h *hunt) bisect.Problem {
	p := bisect.Problem{Consistent: func(ids []string) bool {
		return len(d.solver.Added(d.solved(h.movesOf(ids)))) == 0 && !d.solver.Spent()
	}}
	for _, e := range h.parts {
		p.Elements = append(p.Elements, bisect.Element{ID: e.id})
	}
	return p
}

// trials are the probes of a batch that there are. What is not proven ours, or
// tests something else than its name says, did not run.
func (d *scene) trials(h *hunt) (out []trial) {
	of := plan.Probe{Group: h.group, Head: h.branch.Head.SHA}
	for _, b := range d.s.Branches {
		probe, ok := of.ParseProbe(d.s.Policy.BranchPrefix, b.Name)
		if !ok {
			continue
		}
		t := trial{Probe: probe, branch: b, result: bisect.Running}
		t.trailer, t.ours = b.Ours(d.world.us)
		mr, open := d.world.probes[b.Name]
		switch {
		case !t.ours || t.trailer.Probe != h.branch.Head.SHA || t.trailer.Base != h.trailer.Base || h.setOf(t.trailer.Moves) != probe.Set:
			t.ours, t.result = false, bisect.NotRun
		case open:
			t.mr = &mr
			t.result, t.jobs = d.resultOf(mr)
			if mr.HeadSHA != b.Head.SHA {
				t.result = bisect.Running // GitLab is to see the push
			}
			if t.result == bisect.Running && d.now.Passed(t.trailer.At.Add(runTime)) {
				t.result = bisect.NotRun
			}
		case d.world.probed[b.Name]:
			t.result = bisect.NotRun // a person closed it
		}
		out = append(out, t)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].branch.Name < out[j].branch.Name })
	return out
}

// setOf is the digest of the parts that make those moves; empty where they are not
// whole parts.
func (h *hunt) setOf(moves []plan.Move) string {
	var ids []string
	n := 0
	for _, p := range h.parts {
		in := 0
		for _, m := range h.trailer.Moves {
			if slices.Contains(p.keys, m.Key) && slices.ContainsFunc(moves, func(o plan.Move) bool { return o.Key == m.Key && o.From == m.From && o.To == m.To }) {
				in++
			}
		}
		if in > 0 {
			ids, n = append(ids, p.id), n+in
		}
	}
	if n != len(moves) || plan.MovesText(h.movesOf(ids)) != plan.MovesText(moves) {
		return ""
	}
	return bisect.Digest(ids)
}

// history is what ran. A pipeline is told by the number of its merge request,
// which has no other.
func (h *hunt) history(jobs []string) []bisect.Pipeline {
	out := []bisect.Pipeline{{Set: bisect.Digest(h.ids()), ID: h.mr.IID, Result: bisect.Red, Jobs: jobs}}
	for i, t := range h.probes {
		run := bisect.Pipeline{Set: t.Set, ID: -int64(i) - 1, Result: t.result, Jobs: t.jobs}
		if t.mr != nil {
			run.ID = t.mr.IID
		}
		out = append(out, run)
	}
	return out
}

// breakOf is the proof against a set, where a hunt ended and blames just that.
func (d *hunting) breakOf(s *set) *plan.Break {
	for _, name := range sorted(keysOf(d.hunts)) {
		h := d.hunts[name]
		if !h.answer.Done {
			continue
		}
		for _, g := range h.answer.Guilty {
			if d.makes(s, h.partOf(g.ID)) {
				return h.breakOf(g)
			}
		}
	}
	return nil
}

func (h *hunt) breakOf(g bisect.Guilty) *plan.Break {
	return &plan.Break{Batch: h.mr.IID, With: h.names(g.With), Jobs: g.Jobs, Probes: g.Red, Without: h.answer.Green}
}

func keysOf(hunts map[string]*hunt) (out []string) {
	for name := range hunts {
		out = append(out, name)
	}
	return out
}

// makes reports whether a set makes the same steps as a part of a batch.
func (d *hunting) makes(s *set, p part) bool {
	if !slices.Equal(s.keys, slices.Compact(sorted(slices.Clone(p.keys)))) {
		return false
	}
	for _, m := range s.result.Moves {
		if !slices.ContainsFunc(p.moves, func(o plan.Move) bool { return o.Key == d.slots[m.Pin].p.Key && o.To == m.To.String() }) {
			return false
		}
	}
	return true
}

// joinsBatch reports whether a set without a group of its own goes into the
// batch: it waits for nothing but the policy's window, and it is lines that move
// alone.
func (d *hunting) joinsBatch(s *set) bool {
	if d.s.Policy.Batch == "" {
		return false
	}
	for _, m := range s.result.Moves {
		sl := d.slots[m.Pin]
		for _, l := range d.outcomes[m.Pin].lines {
			st := l.step(sl, m.To)
			if st == nil {
				continue
			}
			if says := said(d.judge.rulesFor(sl), st.kind, m.To); says.window != nil || says.approval != nil && says.approval.Approval == plan.Yes {
				return false
			}
			break
		}
	}
	return true
}

// partsOf lists what a batch is made of, the least suspected first: by the size of
// the step, and what was red before last.
func (d *hunting) partsOf(sets []*set) (out plan.Parts) {
	type one struct {
		keys   []string
		weight int
	}
	var all []one
	for _, s := range sets {
		o := one{keys: s.keys}
		for _, m := range s.result.Moves {
			o.weight = max(o.weight, rank(kindOf(d.slots[m.Pin].p.Version, m.To)))
		}
		if slices.ContainsFunc(s.keys, d.wasRed) {
			o.weight += rank("") + 1
		}
		all = append(all, o)
	}
	sort.SliceStable(all, func(i, j int) bool {
		if all[i].weight != all[j].weight {
			return all[i].weight < all[j].weight
		}
		return all[i].keys[0] < all[j].keys[0]
	})
	for _, o := range all {
		out = append(out, o.keys)
	}
	return out
}

// wasRed reports whether a package was proven to break tests before.
func (d *scene) wasRed(key string) bool {
	for _, mr := range d.s.MergeRequests {
		if slices.Contains(mr.Labels, plan.BreaksLabel) && slices.ContainsFunc(mr.Note.Moves, func(m plan.Move) bool { return m.Key == key }) {
			return true
		}
	}
	return false
}
