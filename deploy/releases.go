package deploy

import (
	"context"
	"strings"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

// Release is what a project has in production.
type Release struct {
	Member
	Title  string // of its commit
	Newest string // the head of the default branch
	// Behind is how many commits of the default branch production lacks; -1 if that is not known.
	Behind int
	Held   bool
	Hold   Hold
	Err    error // why production could not be read; then the member is that of the newest set
}

// Overview is what all projects have in production.
type Overview struct {
	Set      Set
	UnderWay *Intent
	Projects []Release // in the order of their paths
}

// Releases reads what one project has in production, or with an empty path what all have. If one
// cannot be read, the others still are. It writes nothing.
func (d *Deployer) Releases(ctx context.Context, project string) (Overview, error) {
	var out Overview
	members := d.o.Members
	if project != "" {
		path, err := d.isMember(project)
		if err != nil {
			return out, err
		}
		members = []string{path}
	}
	k, err := d.ledger.read(ctx)
	if err != nil {
		return out, err
	}
	if out.Set, err = d.ledger.newest(ctx, k); err != nil {
		return out, err
	}
	out.UnderWay = k.Intent
	for _, path := range members {
		r := d.release(ctx, out.Set, path)
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		r.Hold, r.Held = k.hold(path, d.now())
		out.Projects = append(out.Projects, r)
	}
	return out, nil
}

func (d *Deployer) release(ctx context.Context, s Set, path string) Release {
	m, had := s.member(path)
	m.Project = path
	r := Release{Member: m, Behind: -1}
	p, err := d.project(ctx, path)
	if err != nil {
		r.Err = err
		return r
	}
	k, err := d.o.Client.Head(ctx, p.ID, d.o.Branch)
	switch {
	case gitlab.Missing(err):
		r.Member = Member{Project: path, Kind: ByHand}
		return r
	case err != nil:
		r.Err = err
		return r
	}
	r.Title, _, _ = strings.Cut(k.Message, "\n")
	if !had || m.SHA != k.SHA {
		r.Member = Member{Project: path, SHA: k.SHA, Kind: ByHand}
		r.By, r.Since = d.pushed(ctx, path, k.SHA)
	}
	newest, err := d.o.Client.Head(ctx, p.ID, p.DefaultBranch)
	if err != nil {
		r.Err = err
		return r
	}
	r.Newest = newest.SHA
	if r.Newest == r.SHA {
		r.Behind = 0
		return r
	}
	ahead, err := d.o.Client.Ahead(ctx, p.ID, r.SHA, r.Newest)
	if err != nil {
		r.Err = err
		return r
	}
	r.Behind = len(ahead)
	return r
}

// Sets reads all sets, the newest first.
func (d *Deployer) Sets(ctx context.Context) ([]Set, error) {
	k, err := d.ledger.read(ctx)
	if err != nil {
		return nil, err
	}
	var out []Set
	err = d.eachSet(ctx, k, func(s Set) bool {
		out = append(out, s)
		return true
	})
	return out, err
}
