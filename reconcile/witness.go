package reconcile

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
)

// witnesses finds what other names were given by the host whose refusal is in
// doubt: pages that this run does not ask for, since another did a short while
// ago, and files of which the store has what they say, one of each name. What
// cannot be read from the store is no witness.
func (r *indexReader) witnesses(ctx context.Context, doubt pypi.Doubt) iter.Seq[pypi.Witness] {
	return func(yield func(pypi.Witness) bool) {
		for _, q := range r.pages.fresh[doubt.Index] {
			if q.Name != doubt.Name && !yield(pypi.Witness{Request: q}) {
				return
			}
		}
		for names := range slices.Chunk(r.othersOf(doubt), chunk) {
			for _, w := range r.filesGiven(ctx, doubt, names) {
				if !yield(w) {
					return
				}
			}
		}
	}
}

// othersOf lists the wanted names of the index in doubt but the one in doubt, sorted.
func (r *indexReader) othersOf(doubt pypi.Doubt) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(r.pages.wanted)) {
		if index, ok := r.policy.IndexOf(name); ok && index.Name == doubt.Index && name != doubt.Name {
			names = append(names, name)
		}
	}
	return names
}

// filesGiven returns for each of names one file on the host in doubt that was read
// before, and first those that tell with the fewest bytes.
func (r *indexReader) filesGiven(ctx context.Context, doubt pypi.Doubt, names []string) (out []pypi.Witness) {
	rows, err := r.Store.Metadata(ctx, doubt.Index, names)
	if err != nil {
		return nil
	}
	pages, _, err := r.detailsOf(ctx, doubt.Index, names)
	if err != nil {
		return nil
	}
	best := map[string]pypi.FileDetails{}
	for _, row := range rows {
		f, ok := pages[row.Name].File(row.File)
		if !ok || row.Status != string(plan.MetadataKnown) || !doubt.About(f) {
			continue
		}
		if old, found := best[row.Name]; !found || costOf(f) < costOf(old) {
			best[row.Name] = f
		}
	}
	for _, name := range names {
		if f, ok := best[name]; ok {
			out = append(out, pypi.Witness{Request: pypi.Request{Source: r.Sources[doubt.Index], Name: name}, File: f})
		}
	}
	slices.SortStableFunc(out, func(a, b pypi.Witness) int { return cmp.Compare(costOf(a.File), costOf(b.File)) })
	return out
}

// costOf orders files by what it takes to see that a host gives them: metadata
// beside a file, best with its digest, a piece of a wheel, or the whole of the rest.
func costOf(f pypi.FileDetails) int {
	switch {
	case f.HasMetadata && f.MetadataSHA256 != "":
		return 0
	case f.HasMetadata:
		return 1
	case strings.HasSuffix(f.Name, ".whl"):
		return 2
	}
	return 3
}
