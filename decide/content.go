package decide

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/plan"
)

// made is what is known of a branch's files after they were made.
type made struct {
	recipe plan.Recipe
	files  []plan.FileChange // without Content
	digest string
	err    error // why they cannot be made
}

// content makes the files of a draft on top of the default branch, for their digest: each
// constraints file with its moves, and the file derived from it. The memory keeps the result, since
// most decisions of a run change the same lines.
func (d *holding) content(dr *offer) made {
	r := plan.Recipe{Files: d.files, Twin: dr.Kind == plan.Twin}
	var key strings.Builder
	key.WriteString(dr.Branch)
	for _, f := range d.files {
		c := changeOf(f, dr.Update)
		r.Changes = append(r.Changes, c)
		fmt.Fprintf(&key, "\n%q", fmt.Sprint(c))
	}
	m, ok := d.memory.contents[key.String()]
	if ok {
		return m
	}
	m.recipe = r
	var files []plan.FileChange
	if files, m.err = r.Render(); m.err == nil && len(files) == 0 {
		m.err = fmt.Errorf("nothing is left to change on branch %s", dr.Branch)
	}
	if m.err == nil {
		m.digest = plan.ChangeDigest(dr.Branch, files)
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

// changeOf is what an update does to one file.
func changeOf(f plan.ParsedFile, u plan.Update) constraints.Change {
	var c constraints.Change
	for _, m := range u.Moves {
		if m.File == f.Path {
			c.Edits = append(c.Edits, constraints.Edit{Pin: m.Pin, Version: m.To, SHA256: m.SHA256})
		}
	}
	for _, l := range u.Lines {
		switch {
		case l.File != f.Path:
		case !l.Removed && len(f.Parsed.Slots(l.Key)) == 0:
			c.Add = append(c.Add, constraints.NewPin{Name: l.Name, Version: l.Version, SHA256: l.SHA256})
		case l.Removed:
			for _, pin := range f.Parsed.Slots(l.Key) {
				edited := slices.ContainsFunc(c.Edits, func(e constraints.Edit) bool { return e.Pin == pin })
				if !edited && !slices.Contains(c.Remove, pin) && f.Parsed.Pins[pin].Version.String() == l.Version {
					c.Remove = append(c.Remove, pin)
				}
			}
		}
	}
	return c
}

// twinBehind reports whether a derived file disagrees with its constraints file on the default
// branch. Merging the branch as it is would not repair that; making it anew does.
func (d *holding) twinBehind(dr *offer) bool {
	return slices.ContainsFunc(d.files, func(f plan.ParsedFile) bool {
		return f.Behind && slices.ContainsFunc(dr.Moves, func(m plan.Move) bool { return m.File == f.Path })
	})
}
