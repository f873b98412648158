package decide

import (
	"fmt"
	"slices"

	"gitlab.com/cki-project/pinwheel/plan"
)

// capabilities notes the checks that are off because an index does not give what they need. What
// counts is what the index answered, not what it claims to support.
func (d *decider) capabilities() {
	type seen struct{ files, timed bool }
	by := map[string]*seen{}
	for _, sl := range d.slots {
		index, owned := d.s.Policy.IndexOf(sl.p.Key)
		pkg := d.s.Packages[sl.p.Key]
		if !owned || !pkg.Known {
			continue
		}
		s := by[index.Name]
		if s == nil {
			s = &seen{}
			by[index.Name] = s
		}
		for _, r := range pkg.Releases {
			if s.timed {
				break
			}
			s.files = s.files || len(r.Files) > 0
			s.timed = s.timed || slices.ContainsFunc(r.Files, func(f plan.DistFile) bool { return !f.Uploaded.IsZero() })
		}
	}
	for _, index := range d.s.Policy.Indexes {
		s := by[index.Name]
		switch {
		case s == nil || !s.files || s.timed:
		case index.IgnoreUploadTimes:
			d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("Index `%s` tells no upload times: how old its releases are is not checked (`upload_times: ignore`).", index.Name))
		default:
			d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("Index `%s` tells no upload times, so nothing newer is offered from it: `upload_times: ignore` would take its releases at any age.", index.Name))
		}
	}
}
