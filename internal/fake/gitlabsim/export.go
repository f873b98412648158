package gitlabsim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CanRead says whether the user of a token reads the code of the project at a path,
// as git over HTTP asks: with scope api, read_api does not do, or read_repository.
// Public projects are read by everybody.
func (s *Server) CanRead(secret, path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.projectByPath(path)
	t := s.tokens[secret]
	if p == nil || secret != "" && t == nil {
		return false
	}
	if t == nil {
		return p.public
	}
	if t.revoked || !t.expires.IsZero() && !s.now().Before(t.expires) || t.user.state != "" && t.user.state != "active" {
		return false
	}
	scoped := slices.Contains(t.scopes, "api") || slices.Contains(t.scopes, "read_repository")
	return scoped && (p.public || p.level(t.user) >= Reporter)
}

// FastImport is the whole repository as git fast-import reads it, the same for the
// same history. The commits that git makes of it have names of git's own.
func (p *Project) FastImport() string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	var out strings.Builder
	marks := map[*commit]int{}
	commits := slices.Collect(maps.Values(p.repo.commits))
	slices.SortFunc(commits, func(a, b *commit) int {
		if a.depth != b.depth {
			return a.depth - b.depth
		}
		return strings.Compare(a.id, b.id)
	})
	for i, c := range commits {
		marks[c] = i + 1
		fmt.Fprintf(&out, "commit refs/sim/%s\nmark :%d\n", c.id, i+1)
		fmt.Fprintf(&out, "author %s <%s> %d +0000\n", c.author.name, c.author.email, c.at.Unix())
		fmt.Fprintf(&out, "committer %s <%s> %d +0000\n", c.committer.name, c.committer.email, c.at.Unix())
		fmt.Fprintf(&out, "data %d\n%s\n", len(c.message), c.message)
		for n, parent := range c.parents {
			fmt.Fprintf(&out, "%s :%d\n", []string{"from", "merge"}[min(n, 1)], marks[parent])
		}
		out.WriteString("deleteall\n")
		for _, path := range slices.Sorted(maps.Keys(c.tree)) {
			b := c.tree[path]
			mode := "100644"
			if target, link := strings.CutPrefix(b.text, Symlink); link {
				mode, b.text = "120000", target
			} else if b.exec {
				mode = "100755"
			}
			fmt.Fprintf(&out, "M %s inline %s\ndata %d\n%s\n", mode, path, len(b.text), b.text)
		}
		out.WriteString("\n")
	}
	refs := func(under string, all map[string]*commit) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			fmt.Fprintf(&out, "reset %s%s\nfrom :%d\n\n", under, name, marks[all[name]])
		}
	}
	heads := map[string]*commit{}
	for name, b := range p.repo.branches {
		heads[name] = b.head
	}
	refs("refs/heads/", heads)
	refs("refs/tags/", p.repo.tags)
	return out.String()
}

// Symlink makes a symbolic link of a file: it stands before the target, in the content of
// a file in a push. Git alone shows it as one.
const Symlink = "\x00link "
