package decide

import (
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/decide/bisect"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file says which parts a batch has, which files some of its parts give, and which updates
// join it.

// part is a set of packages that only install together, with their moves.
type part struct {
	id    string
	keys  []string
	moves []plan.Move
	// requires lists the parts, by id, without which it does not install.
	requires []string
}

// filesAt are the constraints files at a commit of the default branch; false if they are not read
// yet.
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

// partsAt are the parts of a batch, with their moves as steps of files.
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
			out = append(out, d.layered(p)...)
		}
	}
	return out
}

// movesIn is one step of a commit's trailers, as a step of each pin of files that makes it.
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

// made makes the files of a branch with some moves of the batch.
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

// whole reports whether all parts together give the commit of the batch again.
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

// movesOf lists the moves of parts, in the order of the batch.
func (h *hunt) movesOf(ids []string) (out []plan.Move) {
	for _, p := range h.parts {
		if slices.Contains(ids, p.id) {
			out = append(out, p.moves...)
		}
	}
	return out
}

// names lists the packages of parts, as they are written.
func (h *hunt) names(ids []string) (out []string) {
	for _, m := range h.movesOf(ids) {
		if !slices.Contains(out, m.Name) {
			out = append(out, m.Name)
		}
	}
	return out
}

// setOf is the digest of the parts with exactly these moves; empty if the moves are not those of
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

// makes reports whether a set makes the steps of a part of a batch.
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

// joinsBatch reports whether a set that is in no group joins the batch: no rule gives it a window
// or asks for its approval.
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
			if says := rulesDeciding(d.judge.rulesFor(sl), st.kind, m.To); says.window != nil || says.approval != nil && says.approval.Approval == plan.Yes {
				return false
			}
			break
		}
	}
	return true
}

// partsOf lists the parts of a batch, the least suspected first: by the size of the step, and after
// those the parts that broke tests before.
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
