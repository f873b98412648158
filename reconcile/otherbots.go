package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/store"
)

// This file sees another bot that is at work beside pinwheel, where nothing is taken over from
// it. What it offers stands in the lists of merge requests that a run reads anyway. What such a
// merge request changes is read once for each head.

// othersWithin is how long what is known of another bot's merge requests counts without the whole
// list of open ones: one that is deleted is in no list of what changed.
const othersWithin = 24 * time.Hour

// othersDue reports whether the whole list has to be read for these merge requests.
func (r *observer) othersDue() bool {
	bots := r.memory.Bots
	return len(bots.Others) > 0 && r.now.Passed(bots.OthersAt.Add(othersWithin))
}

// observeOthers finds the open merge requests of another bot that move pins of ours.
func (r *observer) observeOthers(ctx context.Context) {
	bots := &r.memory.Bots
	if r.project.Policy.Adopt.On() {
		bots.Others, bots.OthersAt = nil, time.Time{} // they are taken over
		return
	}
	due := bots.OthersAt.IsZero() || r.othersDue()
	bots.Others = r.listOthers(bots.Others)
	switch {
	case len(bots.Others) == 0:
		bots.OthersAt = time.Time{}
	case r.listed.whole && due:
		bots.OthersAt = r.now.Stamp()
	}
	pins, of := pinnedIn(r.snap.Files), r.ourFiles()
	errs := make([]error, len(bots.Others))
	together(len(bots.Others), func(i int) {
		o := &bots.Others[i]
		if len(naming(*o).Of(pins)) > 0 && o.Head != "" && (o.At != o.Head || o.Of != of) {
			errs[i] = r.readOther(ctx, o, of)
		}
	})
	for i, o := range bots.Others {
		if errs[i] != nil {
			r.fail(fmt.Sprintf("what !%d changes could not be read: %s", o.IID, explain(errs[i])))
		}
		if keys := otherMoves(o, pins, of); len(keys) > 0 {
			r.snap.Others = append(r.snap.Others, plan.OtherRequest{IID: o.IID, By: strings.ReplaceAll(o.By, "`", "'"), Keys: keys, Paths: o.Paths})
		}
	}
}

// listOthers joins what is known of these merge requests with the lists. From a list of what
// changed alone, the others stay as they were.
func (r *observer) listOthers(known []store.OtherRequest) []store.OtherRequest {
	was, now := map[int64]store.OtherRequest{}, map[int64]store.OtherRequest{}
	for _, o := range known {
		was[o.IID] = o
		if !r.listed.whole {
			now[o.IID] = o
		}
	}
	enter := func(m plan.MergeRequest) {
		delete(now, m.IID)
		if m.State != plan.Opened || !m.OfOtherBot() {
			return
		}
		o := was[m.IID]
		o.IID, o.By, o.Title, o.Branch, o.Listed, o.Head = m.IID, m.Author.Username, m.Title, m.Branch, m.Note.Listed, m.HeadSHA
		now[m.IID] = o
	}
	for _, m := range slices.Concat(r.listed.updated, r.listed.open) {
		if !r.gitlab.Inside(m.Branch) || m.Note.Other { // under our prefix only its description tells
			enter(m)
		}
	}
	var out []store.OtherRequest
	for _, iid := range slices.Sorted(maps.Keys(now)) {
		out = append(out, now[iid])
	}
	return out
}

func naming(o store.OtherRequest) plan.Naming {
	return plan.Naming{Title: o.Title, Branch: o.Branch, Listed: o.Listed}
}

// readOther reads what the head of another bot's merge request changes of our files. Where GitLab
// does not know the head any more, its name is all that tells.
func (r *observer) readOther(ctx context.Context, o *store.OtherRequest, of string) error {
	patches, err := r.gitlab.Changes(ctx, r.snap.Project.ID, r.snap.Project.Head, o.Head)
	if gitlab.Missing(err) {
		o.At, o.Of, o.Paths, o.Keys, o.Whole = o.Head, of, nil, nil, false
		return nil
	}
	if err != nil {
		return err
	}
	o.At, o.Of = o.Head, of
	o.Paths, o.Keys, o.Whole = plan.Touched(patches, r.project.Policy.Files)
	return nil
}

// otherMoves are the pins of ours that a merge request of another bot's moves: what it changes
// tells, and its names as far as that is not known.
func otherMoves(o store.OtherRequest, pins []string, of string) []string {
	moved := map[string]bool{}
	if o.At == o.Head && o.Of == of && o.Whole {
		for _, key := range o.Keys {
			moved[key] = slices.Contains(pins, key)
		}
	} else {
		for _, key := range slices.Concat(o.Keys, naming(o).Of(pins)) {
			moved[key] = slices.Contains(pins, key)
		}
	}
	return slices.Sorted(func(yield func(string) bool) {
		for key, is := range moved {
			if is && !yield(key) {
				return
			}
		}
	})
}

// pinnedIn are the pinned names of files, each once, sorted. A file that cannot be read has none.
func pinnedIn(files []plan.File) []string {
	var out []string
	for _, f := range files {
		parsed, err := constraints.Read(f.Path, f.Data, f.Use)
		if err != nil {
			continue
		}
		for _, p := range parsed.Pins {
			out = append(out, p.Key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ourFiles is the digest of the paths for which a change is read.
func (r *observer) ourFiles() string {
	var paths []string
	for _, f := range r.project.Policy.Files {
		paths = append(paths, f.Path)
		if f.Derived != nil {
			paths = append(paths, f.Derived.Path)
		}
	}
	return digestOf([]byte(strings.Join(paths, "\n")))
}
