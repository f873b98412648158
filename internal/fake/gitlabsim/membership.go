package gitlabsim

import (
	"slices"
	"time"
)

// listProjects lists the projects of a user by keyset: it knows the order by number alone.
func listProjects(c *call) (*reply, error) {
	for key, want := range map[string]string{"pagination": "keyset", "order_by": "id", "sort": "asc", "membership": "true"} {
		if c.query.Get(key) != want {
			return nil, invalidRequest(key + " does not have the value " + want + " that the simulator knows")
		}
	}
	per, err := c.positive("per_page", 20)
	if err != nil {
		return nil, err
	}
	after, err := c.positive("id_after", 1)
	if err != nil {
		return nil, err
	}
	if c.query.Get("id_after") == "" {
		after = 0
	}
	found := slices.DeleteFunc(slices.Clone(c.s.projects), func(p *Project) bool {
		return p.id <= int64(after) || p.member(c.user) == nil || p.archived && c.query.Get("archived") == "false"
	})
	slices.SortFunc(found, func(a, b *Project) int { return int(a.id - b.id) })
	out := []object{}
	for _, p := range found[:min(len(found), per, 100)] {
		row := p.wire(c.user)
		row["topics"], row["last_activity_at"] = append([]string{}, p.topics...), stamp(p.touch())
		out = append(out, row)
	}
	return &reply{status: 200, body: out}, nil
}

// touch is when the project was last active. GitLab notes that at most once an hour, so that
// a push soon after another one does not show.
func (p *Project) touch() time.Time {
	if p.touched.IsZero() {
		p.touched = p.created
	}
	newest := p.touched
	for _, b := range p.repo.branches {
		if b.head.at.After(newest) {
			newest = b.head.at
		}
	}
	if newest.Sub(p.touched) >= time.Hour {
		p.touched = newest
	}
	return p.touched
}

// SetTopics gives the project these topics alone.
func (p *Project) SetTopics(topics ...string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.topics = topics
}
