package discover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
)

const (
	// lostAfter is how long a project stays found although GitLab says that it is not there. Looks
	// come once an hour, so two of them have to agree.
	lostAfter = 90 * time.Minute
	// settled is how long a project has to be without activity before its files count as looked at:
	// GitLab notes activity only once an hour, so a change soon after a look may not show.
	settled = 2 * time.Hour
	// again is after how long a project is looked at in any case.
	again = 24 * time.Hour
	// atOnce bounds how many projects are looked at at the same time.
	atOnce = 8
)

// Finder finds the projects of one entry of discover. It remembers what it found, so that
// a look costs few requests. It is for one goroutine.
type Finder struct {
	entry  config.Discover
	gitlab *gitlab.Client
	mine   func(path string) bool
	known  map[string]*seen // by path in small letters
}

// seen is what is known of a project.
type seen struct {
	gitlab.Listed
	at      time.Time // when GitLab last knew it
	checked time.Time // when its files were looked at; zero: never
	run     bool      // it is found
	lacks   bool      // it has the file of entry and no file of its own
}

// New returns a Finder that knows nothing. mine reports whether the entry may take a path that it
// covers: the configuration does not list it, and no earlier entry covers it.
func New(entry config.Discover, client *gitlab.Client, mine func(path string) bool) *Finder {
	return &Finder{entry: entry, gitlab: client, mine: mine, known: map[string]*seen{}}
}

// Remember takes over when an earlier process last looked at projects with success, so that
// a GitLab that fails at the start loses none of them.
func (f *Finder) Remember(last map[string]time.Time) {
	for path, at := range last {
		if f.covers(path) && f.known[strings.ToLower(path)] == nil {
			f.known[strings.ToLower(path)] = &seen{Listed: gitlab.Listed{Project: gitlab.Project{Path: path}}, at: at, run: true}
		}
	}
}

func (f *Finder) covers(path string) bool { return f.entry.Covers(path) && f.mine(path) }

// Found is what a look found.
type Found struct {
	Projects  []config.Project // by path
	New, Lost []string         // paths, since the look before
	// Lacking are the projects that have the file of the entry and neither a topic nor a file
	// of their own. Only an entry with onboard has some.
	Lacking  []gitlab.Project
	Failures []string // one sentence each; what could not be read stays as it was
}

// Look asks GitLab which projects there are. What could not be read stays as the look before found
// it.
func (f *Finder) Look(ctx context.Context, now time.Time) Found {
	var out Found
	before := f.found()
	rows, err := f.gitlab.Membership(ctx)
	if err != nil {
		out.Failures = append(out.Failures, fmt.Sprintf("projects were not looked for: %v", err))
	} else {
		f.take(rows, now)
		out.Failures = append(out.Failures, f.check(ctx, rows, now)...)
		out.Failures = append(out.Failures, f.missed(ctx, now)...)
	}
	after := f.found()
	for _, key := range slices.Sorted(maps.Keys(after)) {
		out.Projects = append(out.Projects, f.entry.Project(after[key]))
		if before[key] == "" {
			out.New = append(out.New, after[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if after[key] == "" {
			out.Lost = append(out.Lost, before[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(f.known)) {
		if s := f.known[key]; f.entry.Onboard && s.lacks && !s.run && err == nil {
			out.Lacking = append(out.Lacking, s.Project)
		}
	}
	return out
}

// found are the paths of the projects that are found, by their keys.
func (f *Finder) found() map[string]string {
	out := map[string]string{}
	for key, s := range f.known {
		if s.run {
			out[key] = s.Path
		}
	}
	return out
}

// take notes the projects of a complete list, and which of them have to be looked at again.
func (f *Finder) take(rows []gitlab.Listed, now time.Time) {
	for _, row := range rows {
		if !f.covers(row.Path) {
			continue
		}
		s := f.known[strings.ToLower(row.Path)]
		if s == nil {
			s = &seen{}
			f.known[strings.ToLower(row.Path)] = s
		}
		if s.ID != row.ID { // another one at the path, or one that is remembered
			s.checked = time.Time{}
		}
		if s.Active != row.Active || row.Active.After(s.checked.Add(-settled)) || now.Sub(s.checked) >= again {
			s.checked = time.Time{}
		}
		s.Listed, s.at = row, now
	}
}

// check looks at the files of the projects of a list whose files may have changed.
func (f *Finder) check(ctx context.Context, rows []gitlab.Listed, now time.Time) []string {
	failed := make([]error, len(rows))
	places := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, row := range rows {
		s := f.known[strings.ToLower(row.Path)]
		switch {
		case s == nil:
			continue
		case f.entry.HasTopic(s.Topics):
			s.run, s.lacks, s.checked = true, false, time.Time{}
			continue
		case s.Empty:
			s.run, s.lacks, s.checked = false, false, time.Time{}
			continue
		case !s.checked.IsZero():
			continue
		}
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			if failed[i] = f.look(ctx, s); failed[i] == nil {
				s.checked = now
			}
		})
	}
	all.Wait()
	var out []string
	for i, err := range failed {
		if err != nil {
			out = append(out, fmt.Sprintf("%s was not looked at: %v", rows[i].Path, err))
		}
	}
	return out
}

// look reads which files a project has at its default branch. They only say whether it is
// run: the run reads them anew.
func (f *Finder) look(ctx context.Context, s *seen) error {
	_, own, err := f.gitlab.File(ctx, s.ID, config.OwnFile, "HEAD")
	if err != nil {
		return err
	}
	lacks := false
	if !own && f.entry.Onboard {
		if _, lacks, err = f.gitlab.File(ctx, s.ID, f.entry.File, "HEAD"); err != nil {
			return err
		}
	}
	s.run, s.lacks = own, lacks
	return nil
}

// missed asks GitLab about each project that a complete list lacks. Only that answer loses a
// project, since a list may lack one for a while.
func (f *Finder) missed(ctx context.Context, now time.Time) (failures []string) {
	for _, key := range slices.Sorted(maps.Keys(f.known)) {
		s := f.known[key]
		switch {
		case s.at.Equal(now):
			continue
		case !s.run:
			delete(f.known, key)
			continue
		}
		p, err := f.gitlab.Project(ctx, s.Path, s.ID)
		switch {
		case err == nil && (p.Archived || p.AccessLevel == 0 || !strings.EqualFold(p.Path, s.Path)):
			delete(f.known, key)
		case err == nil: // the list will have it again
			s.at = now.Add(-time.Nanosecond)
		case errors.Is(err, gitlab.ErrProjectNotFound) && now.Sub(s.at) >= lostAfter:
			delete(f.known, key)
		default:
			failures = append(failures, fmt.Sprintf("%s is not in the list of projects and stays for now: %v", s.Path, err))
		}
	}
	return failures
}
