package gitlabsim

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

type blob struct {
	id   string
	text string
	exec bool
}

// tree maps paths to blobs. A tree is never changed after its commit is made.
type tree map[string]blob

type identity struct{ name, email string }

type commit struct {
	id        string
	parents   []*commit
	tree      tree
	message   string
	author    identity
	committer identity
	at        time.Time
	depth     int
}

type branch struct {
	name    string
	head    *commit
	created time.Time
	lag     int // creations of merge requests that still miss it
}

type repository struct {
	commits  map[string]*commit
	branches map[string]*branch
	tags     map[string]*commit
}

func newBlob(text string, exec bool) blob {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
	return blob{hex.EncodeToString(sum[:]), text, exec}
}

// newCommit hashes content, ancestry, people, date, message and the number of
// commits so far: a twin made in the same second has another id.
func (r *repository) newCommit(c commit) *commit {
	h := sha1.New()
	fmt.Fprintf(h, "%d %s %v %v\n%s\n", len(r.commits), c.at.Format(time.RFC3339Nano), c.author, c.committer, c.message)
	for _, parent := range c.parents {
		fmt.Fprintln(h, parent.id)
		c.depth = max(c.depth, parent.depth+1)
	}
	for _, path := range slices.Sorted(maps.Keys(c.tree)) {
		fmt.Fprintln(h, path, c.tree[path].id, c.tree[path].exec)
	}
	c.id = hex.EncodeToString(h.Sum(nil))
	made := &c
	r.commits[c.id] = made
	return made
}

// resolve finds what a name stands for as git does: a tag before a branch, a
// commit by its full id, or HEAD, which is the default branch. gitlab.md 7.7.
func (p *Project) resolve(ref string) *commit {
	if ref == "HEAD" {
		ref = "refs/heads/" + p.defaultBranch
	}
	if fullSHA().MatchString(ref) && p.repo.commits[ref] != nil {
		return p.repo.commits[ref]
	}
	if tag := p.repo.tags[strings.TrimPrefix(ref, "refs/tags/")]; tag != nil {
		return tag
	}
	if b := p.repo.branches[strings.TrimPrefix(ref, "refs/heads/")]; b != nil {
		return b.head
	}
	return p.repo.commits[ref]
}

var beginning = lazy(`^[0-9a-f]{7,39}$`)

// abbreviated finds the one commit whose id begins with a text, as git does for what
// is no name; nil where there is none or more than one.
func (p *Project) abbreviated(text string) *commit {
	if !beginning().MatchString(text) {
		return nil
	}
	var found *commit
	for id, k := range p.repo.commits {
		if strings.HasPrefix(id, text) {
			if found != nil {
				return nil
			}
			found = k
		}
	}
	return found
}

// lastTouch is the newest commit at or below c that changed path.
func lastTouch(c *commit, path string) *commit {
	for {
		blob, has := c.tree[path]
		next := (*commit)(nil)
		for _, parent := range c.parents {
			if was, had := parent.tree[path]; had == has && was == blob {
				next = parent
				break
			}
		}
		if next == nil {
			return c
		}
		c = next
	}
}

func ancestors(c *commit) map[*commit]bool {
	seen := map[*commit]bool{}
	for todo := []*commit{c}; len(todo) > 0; {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[next] {
			seen[next] = true
			todo = append(todo, next.parents...)
		}
	}
	return seen
}

// mergeBase is the deepest common ancestor, nil for unrelated histories.
func mergeBase(a, b *commit) *commit {
	var best *commit
	of := ancestors(b)
	for c := range ancestors(a) {
		if of[c] && (best == nil || c.depth > best.depth || c.depth == best.depth && c.id < best.id) {
			best = c
		}
	}
	return best
}

func isAncestor(old, later *commit) bool {
	return old == later || old.depth < later.depth && ancestors(later)[old]
}

// commitsBetween lists what to has and from has not, newest first.
func commitsBetween(from, to *commit) []*commit {
	known := map[*commit]bool{}
	if from != nil {
		known = ancestors(from)
	}
	var out []*commit
	for c := range ancestors(to) {
		if !known[c] {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *commit) int {
		if a.depth != b.depth {
			return b.depth - a.depth
		}
		return strings.Compare(a.id, b.id)
	})
	return out
}

var hexPrefix = lazy(`^[0-9a-f]{40}`)

// badBranchName says why git or GitLab refuses a name, "" if it does not.
// gitlab.md 2.3.
func badBranchName(name string) string {
	switch {
	case hexPrefix().MatchString(name):
		return "You cannot create a branch with a 40-character hexadecimal branch name."
	case name == "", strings.ContainsAny(name, " ~^:?*[\\\x7f"), strings.Contains(name, ".."), strings.Contains(name, "//"),
		strings.Contains(name, "@{"), strings.Contains(name, "/."), strings.HasPrefix(name, "."), strings.HasPrefix(name, "/"),
		strings.HasPrefix(name, "-"), strings.HasSuffix(name, "/"), strings.HasSuffix(name, "."), strings.HasSuffix(name, ".lock"),
		strings.Contains(name, ".lock/"), strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }):
		return "Branch name is invalid"
	}
	return ""
}

func title(message string) string {
	first, _, _ := strings.Cut(message, "\n")
	return first
}
