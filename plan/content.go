package plan

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/constraints"
)

// This file makes the bytes of branches. A plan holds what changes and not the
// bytes, which a file of thousands of pins has for each of hundreds of updates;
// they are made when the plan is carried out.

// recipe is how the files of a branch are made.
type recipe struct {
	files   []parsedFile
	changes []constraints.Change // one for each file
	twin    bool                 // the derived files alone, as they should be
}

// made is what is known of a branch's files once they were made.
type made struct {
	recipe recipe
	files  []FileChange // without Content
	digest string
	err    error // why they cannot be made
}

// Made is the action with the content of its files.
func (a CommitBranch) Made() CommitBranch {
	if a.recipe.files == nil {
		return a // they are there
	}
	a.Files, _ = a.recipe.render() // it could be made before
	return a
}

// content makes the files of a draft on top of main, for their digest: each
// constraints file with its moves, and its twin derived from that. The memory
// keeps what came of it, since most decisions of a run change the same lines.
func (d *decider) content(dr *draft) made {
	r := recipe{files: d.files, twin: dr.Kind == Twin}
	var key strings.Builder
	key.WriteString(dr.Branch)
	for _, f := range d.files {
		c := changeOf(f, dr.Update)
		r.changes = append(r.changes, c)
		fmt.Fprintf(&key, "\n%q", fmt.Sprint(c))
	}
	m, ok := d.memory.contents[key.String()]
	if ok {
		return m
	}
	m.recipe = r
	var files []FileChange
	if files, m.err = r.render(); m.err == nil && len(files) == 0 {
		m.err = fmt.Errorf("nothing is left to change on branch %s", dr.Branch)
	}
	if m.err == nil {
		m.digest = ChangeDigest(dr.Branch, files)
	}
	for _, f := range files {
		f.Content = nil
		m.files = append(m.files, f)
	}
	if d.memory.contents == nil {
		d.memory.contents = map[string]made{}
	}
	d.memory.contents[key.String()] = m
	return m
}

// render applies one change to each file.
func (r recipe) render() ([]FileChange, error) {
	if r.twin {
		return twinFiles(r.files), nil
	}
	var out []FileChange
	for i, f := range r.files {
		change := r.changes[i]
		if len(change.Edits)+len(change.Add)+len(change.Remove) == 0 {
			continue
		}
		data, err := f.parsed.Rewrite(change)
		if err != nil {
			return nil, err
		}
		out = append(out, FileChange{Path: f.Path, Content: data, Before: f.Data})
		if f.Derived == nil {
			continue
		}
		parsed, err := constraints.Parse(f.Path, data)
		if err != nil {
			return nil, err
		}
		twin, err := f.derive(parsed)
		if err != nil {
			return nil, err
		}
		out = append(out, FileChange{Path: f.Derived.Path, Content: twin, Before: f.Derived.Data, Create: f.Derived.Absent})
	}
	return out, nil
}

// changeOf is what an update does to one file.
func changeOf(f parsedFile, u Update) constraints.Change {
	var c constraints.Change
	for _, m := range u.Moves {
		if m.File == f.Path {
			c.Edits = append(c.Edits, constraints.Edit{Pin: m.Pin, Version: m.To, SHA256: m.SHA256})
		}
	}
	for _, l := range u.Lines {
		switch {
		case l.File != f.Path:
		case !l.Removed && len(f.parsed.Slots(l.Key)) == 0:
			c.Add = append(c.Add, constraints.NewPin{Name: l.Name, Version: l.Version, SHA256: l.SHA256})
		case l.Removed:
			for _, pin := range f.parsed.Slots(l.Key) {
				edited := slices.ContainsFunc(c.Edits, func(e constraints.Edit) bool { return e.Pin == pin })
				if !edited && !slices.Contains(c.Remove, pin) && f.parsed.Pins[pin].Version.String() == l.Version {
					c.Remove = append(c.Remove, pin)
				}
			}
		}
	}
	return c
}

// twinFiles are the derived files that disagree with their constraints file on
// the default branch, as they should be.
func twinFiles(files []parsedFile) []FileChange {
	var out []FileChange
	for _, f := range files {
		if f.behind {
			out = append(out, FileChange{Path: f.Derived.Path, Content: f.twin, Before: f.Derived.Data, Create: f.Derived.Absent})
		}
	}
	return out
}

// twinBehind reports whether a derived file of the draft's files disagrees
// with its constraints file on the default branch: merging the branch as it is
// would not mend that, but making it anew does.
func (d *decider) twinBehind(dr *draft) bool {
	return slices.ContainsFunc(d.files, func(f parsedFile) bool {
		return f.behind && slices.ContainsFunc(dr.Moves, func(m Move) bool { return m.File == f.Path })
	})
}
