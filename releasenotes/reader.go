package releasenotes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/outage"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Options are the settings of a Reader. The zero value reads public projects of the configured GitLab.
type Options struct {
	// Projects are paths of projects and groups of the configured GitLab whose notes may be shown though not
	// everybody may read them.
	Projects []string
	// Hosts are others that may be asked, without any token: github.com, and hosts of GitLabs.
	Hosts     []string
	Transport http.RoundTripper // to Hosts; nil is Go's own
	Outage    *outage.Record    // nil is one of the reader's own
	UserAgent string            // empty is "pinwheel"
}

// Reader reads release notes. It is safe for concurrent use, and remembers only which hosts asked to be left alone, until when.
type Reader struct {
	o    Options
	http *http.Client

	mu    sync.Mutex
	alone map[string]time.Time
}

// New makes a Reader.
func New(o Options) *Reader {
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if o.Outage == nil {
		o.Outage = outage.NewRecord()
	}
	if o.UserAgent == "" {
		o.UserAgent = "pinwheel"
	}
	return &Reader{
		o:     o,
		http:  &http.Client{Transport: &outage.Transport{Next: o.Transport, Record: o.Outage}, CheckRedirect: sameHost},
		alone: map[string]time.Time{},
	}
}

// Place says where the notes of a repository are from, for a store. home is the address of the configured GitLab.
func (r Repository) Place(home string) string {
	if r.Host == "" {
		return strings.TrimRight(home, "/") + "/" + r.Path
	}
	return "https://" + r.Host + "/" + r.Path
}

// Read reads what a repository says of the releases of a step. If it may not be shown, or there is no such
// repository, nothing is said, and the zero value is returned without an error. With an error the state is unread.
func (r *Reader) Read(ctx context.Context, gl *gitlab.Client, repo Repository, step plan.Step) (plan.ReleaseNotes, error) {
	s, ok := of(repo, step)
	if !ok || repo == (Repository{}) {
		return plan.ReleaseNotes{}, nil
	}
	ask := r.host
	if repo.Host == "" {
		ask = func(ctx context.Context, repo Repository, more func(gitlab.Release) bool) ([]gitlab.Release, error) {
			return r.own(ctx, gl, repo, more)
		}
	}
	all, err := ask(ctx, repo, s.above)
	switch {
	case errors.Is(err, errHidden):
		return plan.ReleaseNotes{}, nil
	case err != nil:
		return plan.ReleaseNotes{State: plan.NotesUnread}, err
	}
	return s.between(all), nil
}

// errHidden says that there is nothing that may be shown.
var errHidden = errors.New("its releases may not be shown")

// own reads the releases of a project of the configured GitLab.
func (r *Reader) own(ctx context.Context, gl *gitlab.Client, repo Repository, more func(gitlab.Release) bool) ([]gitlab.Release, error) {
	if gl == nil {
		return nil, errHidden
	}
	shown, err := gl.ReleasesShown(ctx, repo.Path)
	if err == nil && !shown.Public && !r.permitted(shown.Path) {
		return nil, errHidden
	}
	var all []gitlab.Release
	if err == nil {
		all, err = gl.Releases(ctx, repo.Path, more)
	}
	if errors.Is(err, gitlab.ErrNotFound) || errors.Is(err, gitlab.ErrForbidden) {
		return nil, fmt.Errorf("%w: %w", errHidden, err)
	}
	return all, err
}

// permitted reports whether the operator named a project, or a group above it.
func (r *Reader) permitted(path string) bool {
	path = strings.ToLower(path)
	return slices.ContainsFunc(r.o.Projects, func(p string) bool {
		p = strings.ToLower(p)
		return path == p || strings.HasPrefix(path, p+"/")
	})
}
