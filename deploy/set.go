package deploy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Set is what is in production at one time: a commit of each project. It is written once and never
// changed.
type Set struct {
	Format   int       `json:"format"` // 1
	ID       int64     `json:"id"`     // from 1 on
	At       time.Time `json:"at"`
	Kind     Kind      `json:"kind"`
	By       string    `json:"by"`
	Why      string    `json:"why"`
	Page     string    `json:"page,omitempty"`
	Restores int64     `json:"restores,omitempty"` // the set that a set-rollback went back to
	Members  []Member  `json:"members"`            // sorted by project
	Builds   []Build   `json:"builds"`             // of the set, by image
}

// Member is a project of a set.
type Member struct {
	Project string    `json:"project"`
	SHA     string    `json:"sha"` // empty: it has no production branch
	Since   time.Time `json:"since"`
	By      string    `json:"by"` // empty if nobody knows
	Kind    Kind      `json:"kind"`
	Set     int64     `json:"set"` // the first one with this commit, in a row
	// Line is the newest commit of the default branch that was deployed. The next one is judged by
	// it. A deployment of a merge request does not change it.
	Line string `json:"line,omitempty"`
}

// Build is the tarball of an image, and the key under which it is kept.
type Build struct {
	Image string `json:"image"`
	Key   string `json:"key"`
	Lock  string `json:"lock"` // its digest
}

// member finds a project. Case does not matter.
func (s Set) member(project string) (Member, bool) {
	i := slices.IndexFunc(s.Members, func(m Member) bool { return strings.EqualFold(m.Project, project) })
	if i < 0 {
		return Member{}, false
	}
	return s.Members[i], true
}

// put replaces or adds the member of one project. The result is sorted.
func put(members []Member, m Member) []Member {
	out := slices.DeleteFunc(slices.Clone(members), func(o Member) bool { return strings.EqualFold(o.Project, m.Project) })
	out = append(out, m)
	slices.SortFunc(out, func(a, b Member) int { return strings.Compare(a.Project, b.Project) })
	return out
}

func readSet(data []byte, id int64) (Set, error) {
	var s Set
	if err := strictly(data, &s); err != nil {
		return Set{}, err
	}
	if s.ID != id {
		return Set{}, fmt.Errorf("it is the file of set %d, and says that it is %d", id, s.ID)
	}
	return s, s.check()
}

func (s Set) check() error {
	switch {
	case s.Format != 1:
		return fmt.Errorf("it has format %d, which this pinwheel does not know", s.Format)
	case s.ID < 1 || !slices.Contains(kinds(), s.Kind) || s.Restores < 0 || s.Restores >= s.ID:
		return fmt.Errorf("it is no set that a deployment makes")
	case len(s.Members) > maxMembers || len(s.Builds) > maxMembers:
		return fmt.Errorf("it has %d members and %d builds", len(s.Members), len(s.Builds))
	case len(s.By) > maxText || len(s.Why) > maxText || len(s.Page) > maxText:
		return fmt.Errorf("it has a text of more than %d bytes", maxText)
	}
	seen := map[string]bool{}
	for _, m := range s.Members {
		if err := m.check(); err != nil {
			return err
		}
		if seen[strings.ToLower(m.Project)] {
			return fmt.Errorf("it has %s twice", m.Project)
		}
		seen[strings.ToLower(m.Project)] = true
	}
	for _, b := range s.Builds {
		if !imageName.MatchString(b.Image) || !hexDigest.MatchString(b.Key) || !hexDigest.MatchString(b.Lock) {
			return fmt.Errorf("it names a build of image %.50q that no pinwheel makes", b.Image)
		}
	}
	return nil
}

func (m Member) check() error {
	if !projectPath.MatchString(m.Project) || strings.Contains(m.Project, "..") || len(m.Project) > maxText {
		return fmt.Errorf("it names %.50q, which is no project", m.Project)
	}
	for _, sha := range []string{m.SHA, m.Line} {
		if sha != "" && !fullSHA.MatchString(sha) {
			return fmt.Errorf("it has %s at %.50q, which is no commit", m.Project, sha)
		}
	}
	if len(m.By) > maxText || !slices.Contains(kinds(), m.Kind) || m.Set < 0 {
		return fmt.Errorf("it says of %s what no deployment says", m.Project)
	}
	return nil
}
