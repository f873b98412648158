package prepare

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep508"
	"gitlab.com/cki-project/pinwheel/python/pyproject"
)

// Wanted is what a lock is made of.
type Wanted struct {
	Packages, Data []Entry
	// Install are data projects that pip installs, too, by the last part of their paths.
	Install     []string
	Overrides   map[string]Override // by variable name, see ParseOverrides
	Constraints Constraints
	GitLab      string // the address of the instance, without a final slash
	Plain       bool   // http is permitted
	// Candidate replaces the commit of a branch of a project: the lock is as it will be after that
	// branch is moved there. The zero value replaces none.
	Candidate Candidate
}

// Candidate is a commit that a branch of a project may be moved to.
type Candidate struct{ Project, Branch, SHA string }

// ParseCandidate reads PROJECT@SHA.
func ParseCandidate(text, branch string) (Candidate, error) {
	path, sha, _ := strings.Cut(text, "@")
	if !projectPath.MatchString(path) || !strings.Contains(path, "/") || !fullSHA.MatchString(sha) {
		return Candidate{}, mistake("%q is no candidate: write group/project@SHA, with the full SHA of a commit", text)
	}
	return Candidate{path, branch, sha}, nil
}

// places are the addresses, with the branch, for which the candidate is the answer.
func (w Wanted) places() map[string]string {
	if w.Candidate.SHA == "" {
		return nil
	}
	s := Source{Repository: w.GitLab + "/" + w.Candidate.Project + ".git", Ref: w.Candidate.Branch}
	return map[string]string{s.home() + "@" + s.Ref: w.Candidate.SHA}
}

// tree is a repository at one commit.
type tree struct {
	sha  string
	read func(path string) (data []byte, found bool, err error)
}

// checkout resolves a ref, once for each repository and ref.
type checkout func(ctx context.Context, s Source) (tree, error)

// member is a package that will be in the lock.
type member struct {
	Package
	source   Source // from which its commit comes
	tree     tree
	set      bool // the set names it
	extras   []string
	wants    []pep508.Requirement
	required []required
}

// required is one requirement of a member by URL.
type required struct {
	by     string
	source Source
}

// closure finds the members of a lock: those of the set, and what they require by URL.
type closure struct {
	wanted   Wanted
	checkout checkout
	members  []*member
	used     map[string]bool // overrides
}

// resolve makes a lock of what is wanted. It asks for every repository and ref once.
func resolve(ctx context.Context, w Wanted, ask checkout) (Lock, error) {
	c := &closure{wanted: w, checkout: ask, used: map[string]bool{}}
	l := Lock{Format: 1, Packages: []Package{}, Data: []Data{}, Constraints: w.Constraints}
	for _, e := range w.Data {
		d, err := c.data(ctx, e)
		if err != nil {
			return Lock{}, err
		}
		l.Data = append(l.Data, d)
	}
	if err := c.seed(ctx); err != nil {
		return Lock{}, err
	}
	for i := 0; i < len(c.members); i++ { // it grows
		if err := c.follow(ctx, c.members[i]); err != nil {
			return Lock{}, err
		}
	}
	if err := c.unusedOverride(l); err != nil {
		return Lock{}, err
	}
	for _, m := range c.members {
		p, err := c.finish(m)
		if err != nil {
			return Lock{}, err
		}
		l.Packages = append(l.Packages, p)
	}
	slices.SortFunc(l.Packages, func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	shareRefs(l.Packages)
	slices.SortFunc(l.Data, func(a, b Data) int { return strings.Compare(a.Name, b.Name) })
	return l, oneCommitEach(l.Packages)
}

// source is where a project of the set is, before overrides.
func (c *closure) source(e Entry) Source {
	return Source{Repository: c.wanted.GitLab + "/" + e.Project + ".git", Ref: e.Ref}
}

// replaced is the source that overrides another one, and the variable that says so; the same source
// if none does.
func (c *closure) replaced(name string, s Source) (Source, string) {
	o, ok := c.wanted.Overrides[variable(name)]
	if !ok {
		return s, ""
	}
	c.used[variable(name)] = true
	return o.Source, o.Variable
}

func (c *closure) data(ctx context.Context, e Entry) (Data, error) {
	s, by := c.replaced(e.Base(), c.source(e))
	if s.Subdirectory != "" && !slices.Contains(c.wanted.Install, e.Base()) {
		return Data{}, mistake("%s names the subdirectory %s, and %s is data, of which the whole tree is unpacked: leave #subdirectory out", by, s.Subdirectory, e.Base())
	}
	t, err := c.checkout(ctx, s)
	if err != nil {
		return Data{}, with(by, err)
	}
	return Data{Name: e.Base(), Project: e.Project, URL: s.Repository, Ref: s.Ref, SHA: t.sha, OverriddenBy: by}, nil
}

// with adds the variable to an error about the repository that it names.
func with(variable string, err error) error {
	var m *Mistake
	if variable == "" || !errors.As(err, &m) {
		return err
	}
	return mistake("%s: %s", variable, m.Text)
}

// seed adds the members of the set.
func (c *closure) seed(ctx context.Context) error {
	entries := slices.Clone(c.wanted.Packages)
	for _, name := range c.wanted.Install {
		i := slices.IndexFunc(c.wanted.Data, func(e Entry) bool { return e.Base() == name })
		if i < 0 {
			return mistake("software.install names %s, which is none of the data projects", name)
		}
		entries = append(entries, c.wanted.Data[i])
	}
	for _, e := range entries {
		m := &member{Package: Package{Name: pep508.NormalizeName(e.Base()), Project: e.Project}, set: true}
		if err := c.add(ctx, m, c.source(e)); err != nil {
			return err
		}
	}
	return nil
}

// add resolves a member's commit and reads what it requires.
func (c *closure) add(ctx context.Context, m *member, s Source) error {
	called := m.Name
	source, by := c.replaced(called, s)
	if err := c.take(ctx, m, source, by); err != nil {
		return err
	}
	if m.set && m.Name != called {
		if err := c.renamed(ctx, m, called, s); err != nil {
			return err
		}
	}
	if other := c.member(m.Name); other != nil {
		return mistake("%s and %s are both called %s: keep one of the two", other.URL, m.URL, m.Name)
	}
	c.members = append(c.members, m)
	return nil
}

// take makes a member of the project at a source.
func (c *closure) take(ctx context.Context, m *member, s Source, by string) (err error) {
	m.source, m.OverriddenBy = s, by
	if m.tree, err = c.checkout(ctx, s); err != nil {
		return with(by, err)
	}
	m.URL, m.Ref, m.SHA, m.Subdirectory = s.Repository, s.Ref, m.tree.sha, s.Subdirectory
	return c.read(m)
}

// renamed handles a member of the set whose own name differs from its project's. An override may
// use either name, and must be of the same package.
func (c *closure) renamed(ctx context.Context, m *member, called string, s Source) error {
	if m.OverriddenBy == "" {
		name := m.Name
		source, by := c.replaced(name, s)
		if by == "" {
			return nil
		}
		if err := c.take(ctx, m, source, by); err != nil {
			return err
		}
		return c.sameName(m, name)
	}
	original := &member{Package: Package{Name: called}}
	if err := c.take(ctx, original, s, ""); err != nil {
		return err
	}
	return c.sameName(m, original.Name)
}

func (*closure) sameName(m *member, name string) error {
	if m.Name != name {
		return mistake("%s: %s calls itself %s, and it takes the place of %s: name a repository of that package", m.OverriddenBy, m.URL, m.Name, name)
	}
	return nil
}

func (c *closure) member(name string) *member {
	i := slices.IndexFunc(c.members, func(m *member) bool { return m.Name == pep508.NormalizeName(name) })
	if i < 0 {
		return nil
	}
	return c.members[i]
}

// read reads name and requirements of a member from its pyproject.toml, else its setup.cfg. If
// neither has them, it records why, and follows nothing.
func (c *closure) read(m *member) error {
	m.Unread = ""
	var why error
	for _, file := range []string{"pyproject.toml", "setup.cfg"} {
		path := file
		if m.Subdirectory != "" {
			path = m.Subdirectory + "/" + file
		}
		data, found, err := m.tree.read(path)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		p, err := pyproject.Parse(file, data, m.extras)
		if err != nil {
			if why == nil || file == "setup.cfg" {
				why = err
			}
			continue
		}
		m.wants = p.Requires
		if p.Name != "" {
			m.Name = pep508.NormalizeName(p.Name)
		}
		return nil
	}
	m.wants, m.Unread = nil, "it has no pyproject.toml and no setup.cfg"
	if e, ok := errors.AsType[*pyproject.Error](why); ok {
		m.Unread = e.File + ": " + e.Reason
	}
	return nil
}

// follow adds what a member requires by URL.
func (c *closure) follow(ctx context.Context, m *member) error {
	for _, r := range m.wants {
		if other := c.member(r.Name); other != nil {
			if err := c.extend(ctx, other, r.Extras); err != nil {
				return err
			}
		}
		if r.URL == "" {
			continue
		}
		if err := c.require(ctx, m, r); err != nil {
			return err
		}
	}
	return nil
}

// require adds one requirement by URL.
func (c *closure) require(ctx context.Context, m *member, r pep508.Requirement) error {
	if !isGit(r.URL) {
		if strings.Contains(r.URL, "#sha256=") || strings.Contains(r.URL, "&sha256=") {
			return nil // its bytes are said
		}
		return mistake("%s requires %s by %s, which a lock cannot hold: require it with git, or by a URL that ends in #sha256=DIGEST", m.Name, r.Name, r.URL)
	}
	s, err := ParseSource(r.URL, c.wanted.Plain)
	if err != nil {
		return mistake("%s requires %s: %s", m.Name, r.Name, err)
	}
	other := c.member(r.Name)
	if other == nil {
		other = &member{Package: Package{Name: r.Key()}, extras: r.Extras}
		other.Project = strings.TrimSuffix(strings.TrimPrefix(s.Repository[strings.Index(s.Repository, "://")+3:], hostOf(s.Repository)+"/"), ".git")
		if err := c.add(ctx, other, s); err != nil {
			return requiredBy(err, m.Name)
		}
		if other.Name != r.Key() {
			return mistake("%s requires %s at %s, which calls itself %s: correct the requirement", m.Name, r.Name, s.Repository, other.Name)
		}
	}
	other.required = append(other.required, required{m.Name, s})
	return nil
}

func requiredBy(err error, name string) error {
	var m *Mistake
	if !errors.As(err, &m) {
		return err
	}
	return mistake("%s, which %s requires", m.Text, name)
}

func hostOf(address string) string {
	host, _, _ := strings.Cut(address[strings.Index(address, "://")+3:], "/")
	return host
}

// extend adds extras to a member, and follows what they require.
func (c *closure) extend(ctx context.Context, m *member, extras []string) error {
	before := len(m.extras)
	m.extras = append(m.extras, extras...)
	slices.Sort(m.extras)
	m.extras = slices.Compact(m.extras)
	if len(m.extras) == before {
		return nil
	}
	known := m.wants
	if err := c.read(m); err != nil {
		return err
	}
	more := *m
	more.wants = slices.DeleteFunc(slices.Clone(m.wants), func(r pep508.Requirement) bool {
		return slices.ContainsFunc(known, func(k pep508.Requirement) bool { return k.String() == r.String() })
	})
	return c.follow(ctx, &more)
}

// unusedOverride refuses an override that names no member, since it would do nothing.
func (c *closure) unusedOverride(l Lock) error {
	for _, name := range slices.Sorted(maps.Keys(c.wanted.Overrides)) {
		if c.used[name] {
			continue
		}
		var members []string
		for _, m := range c.members {
			members = append(members, variable(m.Name)+overrideSuffix)
		}
		for _, d := range l.Data {
			members = append(members, variable(d.Name)+overrideSuffix)
		}
		slices.Sort(members)
		return mistake("%s overrides no member of the set: the set has %s", c.wanted.Overrides[name].Variable, strings.Join(slices.Compact(members), ", "))
	}
	return nil
}
