package reconcile

import (
	"context"
	"maps"
	"slices"

	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/python/metadata"
	"gitlab.com/cki-project/pinwheel/store"
)

// indexReader reads the indexes of one run, and what the store holds of them. What
// it reads is in packages and releases, which are maps of the run's snapshot. It is
// for one goroutine.
type indexReader struct {
	*run
	policy plan.Policy
	client *pypi.Client // remembers for this run which hosts answered

	packages map[string]plan.Package             // by name
	releases map[string]map[string]plan.Metadata // by name and version

	files  []plan.File // of which pinned are the names
	pinned map[string]decide.Wanted
	pages  pagesRead
	stored storedMetadata
	learnt map[string][]store.MetadataRow // by index, what is not stored yet
	spent  spent
	failed int // releases whose metadata could not be read
}

// pagesRead is what a run knows of the pages of names.
type pagesRead struct {
	wanted map[string]decide.Wanted  // of each name whose page was asked for
	renews map[string]bool           // names whose page is new in this run
	fresh  map[string][]pypi.Request // by index: pages that are not asked for, since they were a short while ago
	kept   kept
	stale  bool               // an older page than the stored one came
	last   []store.QuietPages // what the last run wanted
	before map[string]bool    // of these, names without a pin whose pages the last run wanted, and that nothing in this one asked for yet
}

// storedMetadata is what the store holds of releases and the snapshot does not have yet.
type storedMetadata struct {
	decoder  metadata.Decoder
	recalled map[string]bool              // names whose rows were read
	unproved map[release]memory           // what has to be read again
	doubted  map[partOf]store.MetadataRow // files whose content had another digest in another run
}

// spent is what a run has used of its limits.
type spent struct {
	required int            // bytes that what releases require takes
	names    int            // without a pin, whose pages were asked for
	releases int            // whose metadata was asked for
	fetched  int            // of them, those for which an index was asked
	ofOne    map[string]int // these by name
}

// newIndexReader returns a reader that has read nothing. The policy says which index has
// which package.
func (r *run) newIndexReader(policy plan.Policy) *indexReader {
	x := &indexReader{
		run: r, policy: policy,
		packages: map[string]plan.Package{}, releases: map[string]map[string]plan.Metadata{},
		pages:  pagesRead{wanted: map[string]decide.Wanted{}, renews: map[string]bool{}, fresh: map[string][]pypi.Request{}, kept: kept{most: r.Limits.PackagesMiB << 20}},
		stored: storedMetadata{recalled: map[string]bool{}, unproved: map[release]memory{}, doubted: map[partOf]store.MetadataRow{}},
		learnt: map[string][]store.MetadataRow{},
		spent:  spent{ofOne: map[string]int{}},
	}
	if r.Index != nil {
		index := r.heard.index
		if index == nil {
			index = r.Index.ForRun(nil)
		}
		x.client = index.WithWitnesses(x.witnesses)
	}
	return x
}

// namesOf is [decide.Names], which reads the files once for all rounds of a run.
func (r *indexReader) namesOf(files []plan.File) map[string]decide.Wanted {
	same := r.pinned != nil && len(files) == len(r.files) && (len(files) == 0 || &files[0] == &r.files[0])
	if !same {
		r.files, r.pinned = files, decide.Names(files)
	}
	return r.pinned
}

// byIndex sorts names under the index that owns each. Those that none owns are left
// out.
func (r *indexReader) byIndex(names []string) map[string][]string {
	out := map[string][]string{}
	for _, name := range names {
		if index, ok := r.policy.IndexOf(name); ok {
			out[index.Name] = append(out[index.Name], name)
		}
	}
	return out
}

// readPinned reads the page of every name that files pin, and what is stored of
// the releases' metadata.
func (r *indexReader) readPinned(ctx context.Context, files []plan.File) error {
	wanted := r.namesOf(files)
	byIndex := r.byIndex(slices.Sorted(maps.Keys(wanted)))
	// The store is read while the index answers.
	rows := make(map[string][]memory, len(byIndex))
	read := make(chan error, 1)
	go func() {
		var err error
		for _, index := range slices.Sorted(maps.Keys(byIndex)) { // the first find room first
			if err == nil {
				rows[index], err = r.remembered(ctx, index, byIndex[index])
			}
		}
		read <- err
	}()
	err := r.readPages(ctx, wanted)
	if stored := <-read; err == nil {
		err = stored
	}
	if err != nil {
		return err
	}
	for _, index := range slices.Sorted(maps.Keys(byIndex)) {
		if err := r.believe(ctx, index, rows[index], byIndex[index]); err != nil {
			return err
		}
	}
	return nil
}

// readUnpinned reads, before any decision, the pages of names without a pin that the pins
// of a snapshot require as far as is known, and of those that the run before this one needed.
// So a run in which nothing changed decides once. Decisions ask for whatever else they need.
func (r *indexReader) readUnpinned(ctx context.Context, snap plan.Snapshot) error {
	pinned := r.namesOf(snap.Files)
	var needs []plan.Need
	for _, name := range decide.Required(snap) {
		if _, ok := pinned[name]; !ok {
			needs = append(needs, plan.Need{Name: name, Page: true})
			delete(r.pages.before, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.pages.before)) {
		if _, ok := pinned[name]; ok || r.spent.beyond(plan.Need{Name: name, Page: true}, r.Limits) != "" {
			delete(r.pages.before, name)
			continue
		}
		needs = append(needs, plan.Need{Name: name, Page: true})
	}
	return r.meet(ctx, snap.Files, needs)
}

// expect takes over which pages the run before this one wanted, as far as their index still
// owns the names.
func (r *indexReader) expect(pages []store.QuietPages) {
	r.pages.last, r.pages.before = pages, map[string]bool{}
	for _, p := range pages {
		for _, name := range p.Names {
			if index, ok := r.policy.IndexOf(name); ok && index.Name == p.Index {
				r.pages.before[name] = true
			}
		}
	}
}

// forget takes those names out of the snapshot that only the run before this one needed. It
// reports whether a rule names one of them: then a decision without it says something else.
func (r *indexReader) forget(looked func(name string) bool) (matters bool) {
	for name := range r.pages.before {
		if looked(name) {
			continue
		}
		delete(r.packages, name)
		delete(r.releases, name)
		delete(r.pages.wanted, name)
		matters = matters || slices.ContainsFunc(r.policy.Rules, func(rule plan.Rule) bool { return rule.Names(name) })
	}
	r.pages.before = nil
	return matters
}

// meet reads what a decision about files lacks of the indexes: pages of names
// without a pin, then metadata, from the store where it was read before.
func (r *indexReader) meet(ctx context.Context, files []plan.File, needs []plan.Need) error {
	pages := map[string]decide.Wanted{}
	hashed := false
	for _, w := range r.namesOf(files) {
		hashed = hashed || w.Hashes
	}
	byIndex := map[string][]plan.Need{}
	for _, n := range needs {
		index, owned := r.policy.IndexOf(n.Name)
		switch {
		case !owned:
			r.unread(n, "no index of the configuration owns this name")
		case n.Page:
			pages[n.Name] = decide.Wanted{Hashes: hashed}
		default:
			byIndex[index.Name] = append(byIndex[index.Name], n)
		}
	}
	if err := r.readPages(ctx, pages); err != nil {
		return err
	}
	// What is stored of the releases of these names comes along, so that no decision asks for it.
	named := r.byIndex(slices.Sorted(maps.Keys(pages)))
	indexes := slices.AppendSeq(slices.Collect(maps.Keys(byIndex)), maps.Keys(named))
	slices.Sort(indexes)
	for _, index := range slices.Compact(indexes) {
		if err := r.readMetadata(ctx, index, byIndex[index], named[index]); err != nil {
			return err
		}
	}
	return nil
}

// unread notes a need as not checked in this run.
func (r *indexReader) unread(n plan.Need, reason string) {
	if n.Page {
		r.packages[n.Name] = plan.Package{Name: n.Name, Failure: reason}
		return
	}
	m := plan.Metadata{Status: plan.MetadataFailed, Reason: reason}
	if n.Part && len(n.Files) > 0 {
		m.From = n.Files[0]
	}
	r.setMetadata(n.Name, n.Version, m)
}

// setMetadata notes what a file says of a release. What another file says stays
// beside it: the two may differ.
func (r *indexReader) setMetadata(name, version string, m plan.Metadata) {
	if r.releases[name] == nil {
		r.releases[name] = map[string]plan.Metadata{}
	}
	old, found := r.releases[name][version]
	if found && m.From != "" && old.From != "" && old.From != m.From {
		old.More = slices.DeleteFunc(slices.Clone(old.More), func(o plan.Metadata) bool { return o.From == m.From })
		old.More = append(old.More, m)
		m = old
	} else {
		m.More = old.More
	}
	r.releases[name][version] = m
}
