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

// readPages asks each name's one index, conditionally where facts are stored, and
// keeps what is new. A name whose index fails keeps its last good facts and
// carries the failure. Stored facts that turn out to be damaged are dropped with
// their ETag, and the page is read anew: the index would go on saying that they
// hold.
func (r *indexReader) readPages(ctx context.Context, wanted map[string]decide.Wanted) error {
	damaged, err := r.ask(ctx, wanted)
	if err != nil || len(damaged) == 0 {
		return err
	}
	return r.readAnew(ctx, damaged, wanted)
}

// readAnew drops what is stored of names and asks for their pages as if nothing
// had ever been.
func (r *indexReader) readAnew(ctx context.Context, names []string, wanted map[string]decide.Wanted) error {
	again := map[string]decide.Wanted{}
	for index, names := range r.byIndex(names) {
		r.log.Warn("stored facts are damaged and read anew", "package", strings.Join(names, " "))
		if err := r.Store.DropFacts(ctx, index, names); err != nil {
			return err
		}
		for _, name := range names {
			again[name] = wanted[name]
		}
	}
	_, err := r.ask(ctx, again)
	return err
}

// ask is one question to the index for each name. It returns the names of which
// the stored facts are damaged.
func (r *indexReader) ask(ctx context.Context, wanted map[string]decide.Wanted) (damaged []string, err error) {
	return r.askAll(ctx, wanted, r.Claims)
}

// askAll is ask, with claims on what is new; nil for none.
func (r *indexReader) askAll(ctx context.Context, wanted map[string]decide.Wanted, claims *Claims) (damaged []string, err error) {
	a := &asking{r: r, wanted: wanted, stored: map[string]store.Facts{}, fresh: saver{r: r, rows: map[string][]store.Facts{}}, still: map[string]map[string]time.Time{}}
	since := claims.began()
	requests, err := a.requests(ctx)
	if err != nil {
		return nil, err
	}
	requests = slices.DeleteFunc(requests, func(q pypi.Request) bool { return a.heard(ctx, q) })
	if claims == nil {
		return a.fetch(ctx, requests)
	}
	own, release, others := claims.split(requests, since)
	func() {
		defer release()
		if claims.shared == nil {
			damaged, err = a.fetch(ctx, own)
		} else {
			damaged, err = a.fetchTogether(ctx, claims.shared, own)
		}
	}()
	if err != nil || len(others) == 0 {
		return damaged, err
	}
	more, err := r.await(ctx, others, wanted)
	return append(damaged, more...), err
}

// fetch sends requests, and takes over and stores the answers.
func (a *asking) fetch(ctx context.Context, requests []pypi.Request) (damaged []string, err error) {
	a.r.client.FetchEach(ctx, requests, a.r.Progress, func(_ int, res pypi.Result) { a.take(ctx, res) })
	if err := a.keep(ctx); err != nil {
		return nil, err
	}
	sort.Strings(a.damaged)
	return a.damaged, nil
}

// asking is one question to the indexes for the pages of names.
type asking struct {
	r       *indexReader
	wanted  map[string]decide.Wanted
	stored  map[string]store.Facts
	fresh   saver
	still   map[string]map[string]time.Time // by index: until when what is stored holds
	damaged []string                        // names of which the stored facts cannot be read
	refused bool                            // an index was left alone since it failed
}

// requests makes the requests for the pages, by name. If another run asked recently, it
// makes none, and takes what is stored at once.
func (a *asking) requests(ctx context.Context) (requests []pypi.Request, err error) {
	r := a.r
	for index, names := range r.byIndex(slices.Sorted(maps.Keys(a.wanted))) {
		facts, err := r.Store.Facts(ctx, index, names)
		if err != nil {
			return nil, fmt.Errorf("read the stored facts of %s: %w", plan.SpokenIndex(index), err)
		}
		for _, name := range names {
			f, w := facts[name], a.wanted[name]
			a.stored[name] = f
			q := pypi.Request{Source: r.Sources[index], Name: name, Hashes: w.Hashes, Details: true}
			if len(f.Blob) > 0 && f.HasDetails && pypi.IsWhole(f.Blob) && (f.WithHashes || !w.Hashes) {
				conditions(r.now, &q, f)
				if isFresh(r.now, f) {
					r.pages.fresh[index] = append(r.pages.fresh[index], q)
					a.settle(ctx, pypi.Result{Request: q, Answer: pypi.Answer{NotModified: true}})
					continue
				}
			}
			requests = append(requests, q)
		}
	}
	maps.Copy(r.pages.wanted, a.wanted)
	sort.Slice(requests, func(i, j int) bool { return requests[i].Name < requests[j].Name })
	return requests, nil
}

// settle takes over what an answer tells of a name, and returns the row to store, nil for
// none.
func (a *asking) settle(ctx context.Context, res pypi.Result) (save *store.Facts) {
	index, name := res.Request.Source.Index.Name, res.Request.Name
	pkg, save, bad := a.r.settle(ctx, res, a.stored[name], a.wanted[name].Least)
	if bad != nil {
		a.damaged = append(a.damaged, name)
	}
	pkg.Name, pkg.Index = name, index
	a.r.packages[name] = pkg
	a.r.hold(name, held(pkg))
	return save
}

// heard takes over the answer that a request got in this run already, and reports
// whether there is one.
func (a *asking) heard(ctx context.Context, q pypi.Request) bool {
	res, ok := a.r.run.heard.pages[q.Name]
	was := res.Request
	if !ok || was.Source.Index.Name != q.Source.Index.Name || was.ETag != q.ETag || was.Serial != q.Serial || was.Hashes != q.Hashes || was.Details != q.Details {
		return false
	}
	delete(a.r.run.heard.pages, q.Name)
	a.take(ctx, res)
	return true
}

// take takes over the answer of an index.
func (a *asking) take(ctx context.Context, res pypi.Result) {
	index, name := res.Request.Source.Index.Name, res.Request.Name
	save := a.settle(ctx, res)
	if problem, ok := errors.AsType[*pypi.Error](res.Err); ok && problem.Kind == pypi.NotAsked {
		a.refused = true
	}
	if res.Answer.Stale {
		a.r.log.Info("index answered with an older page", "package", name)
		a.r.pages.stale = true
	}
	until := time.Time{}
	if res.Err == nil && res.Answer.Fresh > 0 {
		until = a.r.now.Asking().Add(res.Answer.Fresh)
	}
	switch {
	case save != nil:
		save.FreshUntil = until
		a.r.pages.renews[name] = len(save.Details) > 0
		a.fresh.add(ctx, index, *save)
	case !until.IsZero():
		if a.still[index] == nil {
			a.still[index] = map[string]time.Time{}
		}
		a.still[index][name] = until
	}
}

// keep stores the new pages, and until when the others need not be asked for.
func (a *asking) keep(ctx context.Context) error {
	a.fresh.flush(ctx)
	if err := cmp.Or(ctx.Err(), a.fresh.err); err != nil {
		return fmt.Errorf("read the index: %w", err)
	}
	for index, until := range a.still {
		if err := a.r.Store.KeepFacts(ctx, index, until); err != nil {
			return err
		}
	}
	clear(a.still)
	return nil
}

// saver stores rows whenever they amount to a few megabytes, so that a first run of
// thousands of pages does not hold them all.
type saver struct {
	r    *indexReader
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
func (r *indexReader) settle(ctx context.Context, res pypi.Result, old store.Facts, least pep440.Version) (pkg plan.Package, fresh *store.Facts, damaged error) {
	if res.Err == nil && !res.Answer.NotModified && res.Answer.Withheld == "" {
		pkg = res.Answer.Package
		pkg.HasFacts, pkg.Known = true, res.Answer.Known
		hashes := res.Request.Hashes
		fresh = &store.Facts{
			Name: res.Request.Name, ETag: res.Answer.ETag, Serial: res.Answer.Serial, CheckedAt: r.now.Asking(),
			WithHashes: hashes, Blob: pypi.EncodePackage(pkg, hashes), Details: res.Answer.Details,
		}
		fresh.Digest = digestOf(fresh.Blob, fresh.Details)
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
		if pkg, damaged = r.decodeFacts(ctx, res.Request.Source.Index.Name, old, least); damaged != nil {
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

// decodeFacts decodes stored facts from the lowest pin on. If these have no release, the pin
// may be newer than every release, so it reads the whole page. It also does that for a pin
// that was taken back, which may have to go to an older release.
func (r *indexReader) decodeFacts(ctx context.Context, index string, old store.Facts, least pep440.Version) (plan.Package, error) {
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
