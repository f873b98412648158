package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/decide"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/store"
)

// observeIndex reads the roots, the page of every pinned name, and what is
// stored of the releases' metadata. What else a decision needs it asks for.
func (r *run) observeIndex(ctx context.Context) error {
	if err := r.observeRoots(ctx); err != nil {
		return err
	}
	wanted := decide.Names(r.snap.Files)
	byIndex := map[string][]string{}
	for name := range wanted {
		if index, ok := r.project.Policy.IndexOf(name); ok {
			byIndex[index.Name] = append(byIndex[index.Name], name)
		}
	}
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
	err := r.pages(ctx, wanted)
	if stored := <-read; err == nil {
		err = stored
	}
	if err != nil {
		return err
	}
	for index, names := range byIndex {
		if err := r.believe(ctx, index, rows[index], names); err != nil {
			return err
		}
	}
	return r.observeUnpinned(ctx, wanted)
}

// observeUnpinned asks at once for the pages of names that the pins are known
// to require and that have no pin, and recalls their metadata: a quiet run then
// decides once. What it does not foresee, decisions ask for.
func (r *run) observeUnpinned(ctx context.Context, pinned map[string]decide.Wanted) error {
	var needs []plan.Need
	byIndex := map[string][]string{}
	for _, name := range decide.Required(r.snap) {
		if _, ok := pinned[name]; ok {
			continue
		}
		needs = append(needs, plan.Need{Name: name, Page: true})
		if index, ok := r.project.Policy.IndexOf(name); ok {
			byIndex[index.Name] = append(byIndex[index.Name], name)
		}
	}
	if err := r.learn(ctx, needs); err != nil {
		return err
	}
	for index, names := range byIndex {
		if err := r.recall(ctx, index, names); err != nil {
			return err
		}
	}
	return nil
}

// pages asks each name's one index, conditionally where facts are stored, and
// keeps what is new. A name whose index fails keeps its last good facts and
// carries the failure. Stored facts that turn out to be damaged are dropped with
// their ETag, and the page is read anew: the index would go on saying that they
// hold.
func (r *run) pages(ctx context.Context, wanted map[string]decide.Wanted) error {
	damaged, err := r.ask(ctx, wanted)
	if err != nil || len(damaged) == 0 {
		return err
	}
	return r.reread(ctx, damaged, wanted)
}

// reread drops what is stored of names and asks for their pages as if nothing
// had ever been.
func (r *run) reread(ctx context.Context, names []string, wanted map[string]decide.Wanted) error {
	again, byIndex := map[string]decide.Wanted{}, map[string][]string{}
	for _, name := range names {
		if index, ok := r.project.Policy.IndexOf(name); ok {
			again[name], byIndex[index.Name] = wanted[name], append(byIndex[index.Name], name)
		}
	}
	for index, names := range byIndex {
		r.log.Warn("stored facts are damaged and read anew", "package", strings.Join(names, " "))
		if err := r.Store.DropFacts(ctx, index, names); err != nil {
			return err
		}
	}
	_, err := r.ask(ctx, again)
	return err
}

// ask is one question to the index for each name. It returns the names of which
// the stored facts are damaged.
func (r *run) ask(ctx context.Context, wanted map[string]decide.Wanted) (damaged []string, err error) {
	byIndex := map[string][]string{}
	for name, w := range wanted {
		r.wanted[name] = w
		if index, ok := r.project.Policy.IndexOf(name); ok {
			byIndex[index.Name] = append(byIndex[index.Name], name)
		}
	}
	var requests []pypi.Request
	stored := map[string]store.Facts{}
	for index, names := range byIndex {
		sort.Strings(names)
		facts, err := r.Store.Facts(ctx, index, names)
		if err != nil {
			return nil, fmt.Errorf("read the stored facts of %s: %w", plan.SpokenIndex(index), err)
		}
		for _, name := range names {
			f := facts[name]
			stored[name] = f
			q := pypi.Request{Source: r.Sources[index], Name: name, Hashes: wanted[name].Hashes, Details: true}
			if len(f.Blob) > 0 && f.HasDetails && pypi.IsWhole(f.Blob) && (f.WithHashes || !wanted[name].Hashes) {
				r.conditions(&q, f)
				if left := f.FreshUntil.Sub(r.now); left > 0 && left <= pypi.MostFresh {
					// Another run asked a short while ago.
					r.fresh[index] = append(r.fresh[index], q)
					pkg, _, bad := r.settle(ctx, pypi.Result{Request: q, Answer: pypi.Answer{NotModified: true}}, f, wanted[name].Least)
					if bad != nil {
						damaged = append(damaged, name)
					}
					pkg.Name, pkg.Index = name, index
					r.snap.Packages[name] = pkg
					r.hold(name, held(pkg))
					continue
				}
			}
			requests = append(requests, q)
		}
	}
	sort.Slice(requests, func(i, j int) bool { return requests[i].Name < requests[j].Name })
	fresh := saver{r: r, rows: map[string][]store.Facts{}}
	still := map[string]map[string]time.Time{} // by index: until when what is stored holds
	r.index.FetchEach(ctx, requests, r.Progress, func(_ int, res pypi.Result) {
		index, name := res.Request.Source.Index.Name, res.Request.Name
		pkg, save, bad := r.settle(ctx, res, stored[name], wanted[name].Least)
		if bad != nil {
			damaged = append(damaged, name)
		}
		if res.Answer.Stale {
			r.log.Info("index answered with an older page", "package", name)
		}
		pkg.Name, pkg.Index = name, index
		r.snap.Packages[name] = pkg
		r.hold(name, held(pkg))
		until := time.Time{}
		if res.Err == nil && res.Answer.Fresh > 0 {
			until = r.now.Add(res.Answer.Fresh)
		}
		switch {
		case save != nil:
			save.FreshUntil = until
			r.paged[name] = len(save.Details) > 0
			fresh.add(ctx, index, *save)
		case !until.IsZero():
			if still[index] == nil {
				still[index] = map[string]time.Time{}
			}
			still[index][name] = until
		}
	})
	fresh.flush(ctx)
	if err := cmp.Or(ctx.Err(), fresh.err); err != nil {
		return nil, fmt.Errorf("read the index: %w", err)
	}
	for index, until := range still {
		if err := r.Store.KeepFacts(ctx, index, until); err != nil {
			return nil, err
		}
	}
	sort.Strings(damaged)
	return damaged, nil
}

// saver stores rows when they have grown to a few megabytes, so that a first run
// over thousands of pages does not hold them all.
type saver struct {
	r    *run
	rows map[string][]store.Facts // by index
	size int
	err  error // the first; nothing is stored after it
}

func (s *saver) add(ctx context.Context, index string, row store.Facts) {
	s.rows[index] = append(s.rows[index], row)
	if s.size += len(row.Blob) + len(row.Whole) + len(row.Details); s.size > 4<<20 {
		s.flush(ctx)
	}
}

func (s *saver) flush(ctx context.Context) {
	for _, index := range slices.Sorted(maps.Keys(s.rows)) {
		if s.err == nil {
			if err := s.r.Store.SaveFacts(ctx, index, s.rows[index]); err != nil {
				s.err = fmt.Errorf("keep what %s said: %w", plan.SpokenIndex(index), err)
			}
		}
	}
	clear(s.rows)
	s.size = 0
}

// settle turns one answer into facts, and into a row to store when it is new.
// damaged is why the stored facts that hold cannot be read.
func (r *run) settle(ctx context.Context, res pypi.Result, old store.Facts, least pep440.Version) (pkg plan.Package, fresh *store.Facts, damaged error) {
	if res.Err == nil && !res.Answer.NotModified && res.Answer.Withheld == "" {
		pkg = res.Answer.Package
		pkg.HasFacts, pkg.Known = true, res.Answer.Known
		hashes := res.Request.Hashes
		fresh = &store.Facts{
			Name: res.Request.Name, ETag: res.Answer.ETag, Serial: res.Answer.Serial, CheckedAt: r.now,
			WithHashes: hashes, Blob: pypi.EncodePackage(pkg, hashes), Details: res.Answer.Details,
		}
		if least.IsZero() || len(fresh.Details) == 0 || decide.TakenBack(pkg, least) {
			return pkg, fresh, nil
		}
		fresh.Whole, fresh.Blob = fresh.Blob, pypi.EncodeRecent(pkg, hashes, least)
		// Most releases are older than the pin. A first run need not keep them
		// in memory when later ones do not.
		if recent, err := pypi.DecodePackageFrom(fresh.Blob, least); err == nil && len(recent.Releases) > 0 {
			pkg = recent
		}
		return pkg, fresh, nil
	}
	if len(old.Blob) > 0 {
		if pkg, damaged = r.stored(ctx, res.Request.Source.Index.Name, old, least); damaged != nil {
			pkg = plan.Package{Failure: fmt.Sprintf("the stored facts of %s cannot be read: %v", old.Name, damaged)}
		} else {
			pkg.HasFacts = true
		}
	}
	pkg.Withheld = res.Answer.Withheld
	if res.Err != nil {
		pkg.Failure = pypi.Clause(res.Err)
	}
	return pkg, nil, damaged
}

// stored decodes stored facts from the lowest pin on. Is there nothing, the
// pin may be above everything, which only the whole tells; and a pin that was
// taken back may have to go to an older release.
func (r *run) stored(ctx context.Context, index string, old store.Facts, least pep440.Version) (plan.Package, error) {
	pkg, err := pypi.DecodePackageFrom(old.Blob, least)
	if err == nil && pkg.Name != old.Name {
		return plan.Package{}, fmt.Errorf("they are those of %s", pkg.Name)
	}
	switch {
	case err == nil && (least.IsZero() || len(pkg.Releases) > 0 && !decide.TakenBack(pkg, least)):
		return pkg, nil
	case err != nil && !errors.Is(err, pypi.ErrOlder):
		return pkg, err
	}
	blob := old.Blob
	if pypi.IsRecent(blob) {
		if blob, err = r.Store.Whole(ctx, index, old.Name); err != nil {
			return plan.Package{}, err
		}
	}
	if pkg, err = pypi.DecodePackage(blob); err == nil && pkg.Name != old.Name {
		err = fmt.Errorf("they are those of %s", pkg.Name)
	}
	return pkg, err
}
