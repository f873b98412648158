package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/pypi"
	"gitlab.com/cki-project/pinwheel/python/metadata"
	"gitlab.com/cki-project/pinwheel/store"
)

// memory is a row of the store with what it says, decoded.
type memory struct {
	store.MetadataRow
	plan.Metadata
}

// release names one release of a package.
type release struct{ name, version string }

// mostRequired bounds what one run holds of what releases require, in bytes as
// metadata.Size counts them. 5,000 pins of usual packages take half of it by default.
func (r *indexReader) mostRequired() int { return r.Limits.RequirementsMiB << 20 }

// noRoom is the reason for which a release that does not fit is not checked.
func (r *indexReader) noRoom() string {
	return fmt.Sprintf("a run holds %d MiB of what releases require and not more", r.Limits.RequirementsMiB)
}

// fits takes room for so many bytes of what a release requires. It reports false,
// and takes none, where they do not fit.
func (r *indexReader) fits(size int) bool {
	if r.spent.required+size > r.mostRequired() {
		return false
	}
	r.spent.required += size
	return true
}

// remembered reads what is stored of names' releases. Rows that are damaged are
// passed over: those are fetched again.
func (r *indexReader) remembered(ctx context.Context, index string, names []string) ([]memory, error) {
	rows, err := r.Store.Metadata(ctx, index, names)
	if err != nil {
		return nil, err
	}
	out := make([]memory, 0, len(rows))
	for _, row := range rows {
		m := plan.Metadata{Status: plan.MetadataStatus(row.Status), Reason: row.Reason, From: row.File}
		if m.Status == plan.MetadataKnown {
			decoded, err := r.stored.decoder.Decode(row.Blob)
			if err != nil {
				continue
			}
			m.Requires, m.RequiresPython, m.Links = decoded.Requires, decoded.RequiresPython, linksOf(decoded)
			if !r.fits(metadata.Held(len(decoded.Requires), len(row.Blob))) {
				continue // it is asked for again, and there is no room either
			}
		}
		row.Blob = nil
		out = append(out, memory{row, m})
	}
	return out, nil
}

// recall brings what is stored of names' releases into the snapshot.
func (r *indexReader) recall(ctx context.Context, index string, names []string) error {
	rows, err := r.remembered(ctx, index, names)
	if err != nil {
		return err
	}
	return r.believe(ctx, index, rows, names)
}

// believe takes rows into the snapshot. If this run read the page anew, a row does not count
// if the page gives its file, or the metadata that was read of it, another digest. A row
// that no digest proved counts for a while. After that it is read again, and counts only
// if that fails.
func (r *indexReader) believe(ctx context.Context, index string, rows []memory, names []string) error {
	for rows := range slices.Chunk(rows, chunk) {
		var read []string
		for _, row := range rows {
			if r.pages.renews[row.Name] && row.SHA256 != "" {
				read = append(read, row.Name)
			}
		}
		pages, _, err := r.detailsOf(ctx, index, read)
		if err != nil {
			return err
		}
		r.take(rows, pages)
	}
	for _, name := range names {
		r.stored.recalled[name] = true
	}
	return nil
}

// take is believe for some rows, with the pages of this run among theirs.
func (r *indexReader) take(rows []memory, pages map[string]pypi.Details) {
	for _, row := range rows {
		if row.Doubtful {
			r.stored.doubted[partOf{row.Name, row.Version, row.File}] = row.MetadataRow
			continue // it tells nothing of the release
		}
		if details, ok := pages[row.Name]; ok && row.SHA256 != "" {
			f, ok := details.File(row.File)
			if ok && f.SHA256 != "" && f.SHA256 != row.SHA256 {
				continue // another file under the same name
			}
			if ok && row.Proof != "" && row.Proof != f.SHA256 && row.Proof != f.MetadataSHA256 {
				continue // other metadata beside it
			}
		}
		if row.Proof == "" && due(r.now, row.Name+row.Version, row.ReadAt) {
			r.stored.unproved[release{row.Name, row.Version}] = row
			continue
		}
		r.setMetadata(row.Name, row.Version, row.Metadata)
	}
}

// oldOf returns needs for stored metadata of names that is too old, although no decision
// asks for it. So what a run knows does not depend on the hour in which something became
// too old.
func (r *indexReader) oldOf(ctx context.Context, index string, needs []plan.Need, names []string) (out []plan.Need, err error) {
	var old []memory
	for _, row := range r.stored.unproved {
		asked := slices.ContainsFunc(needs, func(n plan.Need) bool { return n.Name == row.Name && n.Version == row.Version })
		if !asked && slices.Contains(names, row.Name) {
			old = append(old, row)
		}
	}
	if len(old) == 0 {
		return nil, nil
	}
	pages, _, err := r.detailsOf(ctx, index, names)
	if err != nil {
		return nil, err
	}
	for _, row := range old {
		if _, ok := pages[row.Name].File(row.File); ok {
			out = append(out, plan.Need{Name: row.Name, Version: row.Version, Files: []string{row.File}, Part: row.Part})
		}
	}
	slices.SortFunc(out, func(a, b plan.Need) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return out, nil
}

// readMetadata reads the metadata of releases on one index and keeps it, and recalls what is
// stored of further names.
func (r *indexReader) readMetadata(ctx context.Context, index string, needs []plan.Need, names []string) error {
	needs, err := r.unknown(ctx, index, needs, names)
	if err != nil || len(needs) == 0 {
		return err
	}
	parts := map[partOf]bool{}
	for _, n := range needs {
		if n.Part && len(n.Files) > 0 {
			parts[partOf{n.Name, n.Version, n.Files[0]}] = true
		}
	}
	requests, err := r.metadataRequests(ctx, index, needs)
	if err != nil {
		return err
	}
	r.spent.fetched += len(requests)
	for _, res := range r.client.FetchMetadata(ctx, requests, r.mostRequired()-r.spent.required, r.Progress) {
		r.takeMetadata(index, res, parts[partOf{res.Request.Name, res.Request.Version, firstOf(res.Request.Files)}])
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	return nil
}

// unknown recalls what is stored of names and of the releases that are needed, and returns
// what is still to be fetched: what is not known, and what is too old.
func (r *indexReader) unknown(ctx context.Context, index string, needs []plan.Need, names []string) ([]plan.Need, error) {
	for _, n := range needs {
		names = append(names, n.Name)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return r.stored.recalled[name] })
	if err := r.recall(ctx, index, names); err != nil {
		return nil, err
	}
	needs = slices.DeleteFunc(slices.Clone(needs), func(n plan.Need) bool {
		return r.knows(n)
	})
	old, err := r.oldOf(ctx, index, needs, names)
	return append(needs, old...), err
}

// takeMetadata takes over the answer of an index about a release. A part is one of several
// files that say different things.
func (r *indexReader) takeMetadata(index string, res pypi.MetadataResult, part bool) {
	q, answer := res.Request, res.Answer
	failed := plan.Metadata{Status: plan.MetadataFailed, From: firstOf(q.Files)}
	if errors.Is(res.Err, pypi.ErrNoRoom) || !r.fits(answer.Metadata.Size()) {
		r.spent.required = max(r.spent.required, r.mostRequired()) // what is smaller and comes later finds no room either
		failed.Reason = r.noRoom()
		r.setMetadata(q.Name, q.Version, failed)
		return
	}
	if old, ok := r.stored.unproved[release{q.Name, q.Version}]; ok && (!part || of(q.Files, old.From)) && (res.Err != nil || answer.Doubtful || answer.Status == pypi.Withheld) {
		r.setMetadata(q.Name, q.Version, old.Metadata) // no news; asked for again in the next run
		return
	}
	if res.Err != nil {
		failed.Reason = pypi.Clause(res.Err)
		r.setMetadata(q.Name, q.Version, failed)
		if r.failed++; r.failed == 1 {
			r.fail("what releases require could not be read: " + plan.SpokenIndex(index) + ": " + failed.Reason)
		}
		return
	}
	m := plan.Metadata{Status: plan.MetadataStatus(answer.Status), Reason: answer.Reason, Requires: answer.Metadata.Requires, RequiresPython: answer.Metadata.RequiresPython, Links: linksOf(answer.Metadata), From: answer.File}
	row := store.MetadataRow{Name: q.Name, Version: q.Version, File: answer.File, SHA256: answer.SHA256, Proof: answer.Proof, ReadAt: r.now.Stamp(), Status: string(m.Status), Reason: m.Reason, Part: part}
	if m.Status == plan.MetadataKnown {
		row.Blob = answer.Metadata.Encode()
	}
	switch {
	case answer.Doubtful:
		m.Status = r.doubt(index, row)
	case answer.Status == pypi.Withheld: // it holds for this run
	default:
		r.learnt[index] = append(r.learnt[index], row)
	}
	r.setMetadata(q.Name, q.Version, m)
}

// doubt judges content that has another digest than the index gives. If another run got
// such content some time ago, the index serves it, and installers refuse it; each run asks
// for it again. Otherwise the answer may have been spoilt on its way and tells nothing of
// the release. Then it is a failure, and the next run asks again.
func (r *indexReader) doubt(index string, row store.MetadataRow) plan.MetadataStatus {
	if r.servedSo(row) {
		return plan.MetadataWithheld
	}
	if _, before := r.doubtedBefore(row); !before {
		row.Doubtful = true
		r.learnt[index] = append(r.learnt[index], row)
	}
	r.fail(fmt.Sprintf("what %s %s requires is asked for again: %s", row.Name, row.Version, row.Reason))
	return plan.MetadataFailed
}

// doubtedBefore finds since when a file is known to be served without the digest
// that the index gives it now.
func (r *indexReader) doubtedBefore(row store.MetadataRow) (since time.Time, ok bool) {
	old, ok := r.stored.doubted[partOf{row.Name, row.Version, row.File}]
	return old.ReadAt, ok && old.SHA256 == row.SHA256
}

// servedSo reports whether another run got content without that digest, long enough ago
// that it was hardly spoilt on its way.
func (r *indexReader) servedSo(row store.MetadataRow) bool {
	since, ok := r.doubtedBefore(row)
	return ok && !r.now.Within(since, spoiltFor)
}

// partOf names a file of a release of which other files say something else.
type partOf struct{ name, version, file string }

func firstOf(files []pypi.FileDetails) string {
	if len(files) == 0 {
		return ""
	}
	return files[0].Name
}

func of(files []pypi.FileDetails, name string) bool {
	return slices.ContainsFunc(files, func(f pypi.FileDetails) bool { return f.Name == name })
}

// knows reports whether the snapshot holds what a need asks for.
func (r *indexReader) knows(n plan.Need) bool {
	m, known := r.releases[n.Name][n.Version]
	if !known || !n.Part || m.From == "" {
		return known
	}
	return slices.ContainsFunc(append([]plan.Metadata{m}, m.More...), func(one plan.Metadata) bool { return slices.Contains(n.Files, one.From) })
}

// keep stores what was learnt of releases, also when the run is stopped.
func (r *indexReader) keep(ctx context.Context) error {
	for index, rows := range r.learnt {
		if err := r.Store.SaveMetadata(context.WithoutCancel(ctx), index, rows); err != nil {
			return err
		}
		delete(r.learnt, index)
	}
	return nil
}

// chunk is of how many packages the details are in memory at a time.
const chunk = 32

// detailsOf reads where the files of packages are, and says which of that is
// damaged.
func (r *indexReader) detailsOf(ctx context.Context, index string, names []string) (pages map[string]pypi.Details, damaged []string, err error) {
	stored, err := r.Store.Details(ctx, index, names)
	if err != nil {
		return nil, nil, err
	}
	pages = map[string]pypi.Details{}
	for name, blob := range stored {
		details, err := pypi.DecodeDetails(blob)
		if err != nil {
			damaged = append(damaged, name)
			continue
		}
		pages[name] = details
	}
	slices.Sort(damaged)
	return pages, damaged, nil
}

// metadataRequests finds the addresses of the files that needs name. A need
// without any file that the index tells of cannot be known.
func (r *indexReader) metadataRequests(ctx context.Context, index string, needs []plan.Need) ([]pypi.MetadataRequest, error) {
	var requests []pypi.MetadataRequest
	for needs := range slices.Chunk(needs, chunk) {
		var names []string
		for _, n := range needs {
			if !slices.Contains(names, n.Name) {
				names = append(names, n.Name)
			}
		}
		pages, damaged, err := r.detailsOf(ctx, index, names)
		if err == nil && len(damaged) > 0 {
			if err = r.readAnew(ctx, damaged, r.pages.wanted); err == nil {
				pages, _, err = r.detailsOf(ctx, index, names)
			}
		}
		if err != nil {
			return nil, err
		}
		requests = append(requests, r.requestsOf(index, needs, pages)...)
	}
	return requests, nil
}

func (r *indexReader) requestsOf(index string, needs []plan.Need, decoded map[string]pypi.Details) (requests []pypi.MetadataRequest) {
	for _, n := range needs {
		details := decoded[n.Name]
		q := pypi.MetadataRequest{Source: r.Sources[index], Name: n.Name, Version: n.Version}
		for _, file := range n.Files {
			if f, ok := details.File(file); ok {
				q.Files = append(q.Files, f)
			}
		}
		if len(q.Files) == 0 {
			r.setMetadata(n.Name, n.Version, plan.Metadata{Status: plan.MetadataUnknown, Reason: "the index names no file of it"})
			continue
		}
		requests = append(requests, q)
	}
	return requests
}

// linksOf are the addresses that a release gives of itself.
func linksOf(m metadata.Metadata) []plan.Link {
	var out []plan.Link
	for _, l := range m.Links {
		out = append(out, plan.Link{Name: l.Name, URL: l.URL})
	}
	return out
}
