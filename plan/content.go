package plan

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/constraints"
)

// This file makes the bytes of branches. What was made once for a change is
// kept in the Memory, since most decisions of a run change the same lines.

// made are the files of a branch, or why they cannot be made.
type made struct {
	files []FileChange
	err   error
}

// content renders the files of a draft on top of main: each constraints file
// with its moves, and its twin derived from that.
func (d *decider) content(dr *draft) ([]FileChange, error) {
	if dr.Kind == Twin {
		return d.twinFiles(), nil
	}
	changes := make([]constraints.Change, len(d.files))
	var key strings.Builder
	for i, f := range d.files {
		changes[i] = changeOf(f, dr.Update)
		fmt.Fprintf(&key, "%q\n", fmt.Sprint(changes[i]))
	}
	m, ok := d.memory.contents[key.String()]
	if !ok {
		m.files, m.err = d.render(changes)
		if m.err == nil && len(m.files) == 0 {
			m.err = fmt.Errorf("nothing is left to change on branch %s", dr.Branch)
		}
		if d.memory.contents == nil {
			d.memory.contents = map[string]made{}
		}
		d.memory.contents[key.String()] = m
	}
	return slices.Clone(m.files), m.err
}

// render applies one change to each file.
func (d *decider) render(changes []constraints.Change) ([]FileChange, error) {
	var out []FileChange
	for i, f := range d.files {
		change := changes[i]
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
func (d *decider) twinFiles() []FileChange {
	var out []FileChange
	for _, f := range d.files {
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
