package gitlabsim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func repositoryRoutes() []*route {
	const one = "/projects/:id/repository/"
	return []*route{
		{method: "GET", pattern: one + "branches", query: paging + "search regex", handle: code(listBranches)},
		{method: "POST", pattern: one + "branches", query: "branch ref", body: "branch ref", handle: postBranch},
		{method: "GET", pattern: one + "branches/:branch", handle: code(getBranch)},
		{method: "DELETE", pattern: one + "branches/:branch", handle: deleteBranch},
		{method: "GET", pattern: one + "commits", query: paging + "ref_name since until path first_parent with_stats", handle: code(listCommits)},
		{method: "POST", pattern: one + "commits", handle: postCommit,
			body: "branch commit_message start_branch start_sha actions author_email author_name stats force"},
		{method: "GET", pattern: one + "commits/:sha", query: "stats", handle: code(getCommit)},
		{method: "POST", pattern: one + "commits/:sha/revert", body: "branch dry_run", handle: code(revertCommit)},
		{method: "GET", pattern: one + "commits/:sha/diff", query: paging + "unidiff", handle: code(getCommitDiff)},
		{method: "GET", pattern: one + "files/:path", query: "ref", handle: code(getFile)},
		{method: "GET", pattern: one + "files/:path/raw", query: "ref lfs", handle: code(getRawFile)},
		{method: "GET", pattern: one + "merge_base", query: "refs[]", handle: code(getMergeBase)},
		{method: "GET", pattern: one + "compare", query: "from to straight unidiff", handle: code(compare)},
		{method: "GET", pattern: one + "tree", query: paging + "ref path recursive", handle: code(listTree)},
	}
}

// code guards what asks for the right to read the repository.
func code(next func(*call) (*reply, error)) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		if !c.p.public && c.p.level(c.user) < Reporter {
			return nil, refuse(403, "403 Forbidden")
		}
		return next(c)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func listBranches(c *call) (*reply, error) {
	search, pattern := c.query.Get("search"), c.query.Get("regex")
	expr, err := regexp.Compile(pattern)
	if err != nil {
		return nil, invalidRequest("regex is invalid")
	}
	found := slices.DeleteFunc(c.p.sortedBranches(), func(b *branch) bool {
		return !searchBranch(search, b.name) || pattern != "" && !expr.MatchString(b.name)
	})
	out, err := listed(c, found, true, func(b *branch) object { return c.p.branchWire(c.user, b, false) })
	if err != nil || search == "" && pattern == "" || c.query.Get("page") != "" && c.query.Get("page") != "1" {
		return out, err
	}
	// The first page of a search is not cut and always names a second. gitlab.md 7.8.
	all := []object{}
	for _, b := range found {
		all = append(all, c.p.branchWire(c.user, b, false))
	}
	out.body = all
	out.header.Set("X-Next-Page", "2")
	return out, nil
}

// searchBranch is the search parameter: ^ anchors the start, $ the end.
func searchBranch(search, name string) bool {
	search, name = strings.ToLower(search), strings.ToLower(name)
	term := strings.TrimSuffix(strings.TrimPrefix(search, "^"), "$")
	return strings.Contains(name, term) && (!strings.HasPrefix(search, "^") || strings.HasPrefix(name, term)) &&
		(!strings.HasSuffix(search, "$") || strings.HasSuffix(name, term))
}

func getBranch(c *call) (*reply, error) {
	b := c.p.repo.branches[c.params["branch"]]
	if b == nil {
		return nil, refuse(404, "404 Branch Not Found")
	}
	return ok(c.p.branchWire(c.user, b, true))
}

func postBranch(c *call) (*reply, error) {
	name, ref := c.query.Get("branch"), c.query.Get("ref")
	if c.has("branch") {
		name = c.str("branch")
	}
	if c.has("ref") {
		ref = c.str("ref")
	}
	if name == "" || ref == "" {
		return nil, invalidRequest("branch is missing, ref is missing")
	}
	if err := c.p.createBranch(c.user, name, ref); err != nil {
		return nil, err
	}
	return created(c.p.branchWire(c.user, c.p.repo.branches[name], true))
}

func deleteBranch(c *call) (*reply, error) {
	if err := c.p.deleteBranch(c.user, c.params["branch"]); err != nil {
		return nil, err
	}
	return &reply{status: 204}, nil
}

func listCommits(c *call) (*reply, error) {
	ref := c.query.Get("ref_name")
	if ref == "" {
		ref = "HEAD"
	}
	since, err := c.instant("since")
	if err != nil {
		return nil, err
	}
	until, err := c.instant("until")
	if err != nil {
		return nil, err
	}
	if from, to, ok := strings.Cut(ref, ".."); ok {
		a, b := c.p.resolve(from), c.p.resolve(to)
		if a == nil || b == nil {
			return nil, refuse(404, "404 Commit Not Found")
		}
		return c.commits(commitsBetween(a, b), since, until)
	}
	head := c.p.resolve(ref)
	if head == nil {
		return nil, refuse(404, "404 Commit Not Found")
	}
	return c.commits(commitsBetween(nil, head), since, until)
}

func (c *call) commits(all []*commit, since, until time.Time) (*reply, error) {
	path := c.query.Get("path")
	all = slices.DeleteFunc(all, func(k *commit) bool {
		return k.at.Before(since) || !until.IsZero() && k.at.After(until) || path != "" && !touches(k, path)
	})
	return listed(c, all, false, func(k *commit) object { return c.p.commitWire(k, true) })
}

// touches says that a commit changed a file or something below a folder.
func touches(k *commit, path string) bool {
	was := tree{}
	if len(k.parents) > 0 {
		was = k.parents[0].tree
	}
	return slices.ContainsFunc(changesOf(was, k.tree), func(f fileChange) bool {
		return f.path == path || strings.HasPrefix(f.path, strings.TrimSuffix(path, "/")+"/")
	})
}

func (c *call) commit() (*commit, error) {
	k := c.p.resolve(c.params["sha"])
	if k == nil {
		k = c.p.abbreviated(c.params["sha"])
	}
	if k == nil {
		return nil, refuse(404, "404 Commit Not Found")
	}
	return k, nil
}

func getCommit(c *call) (*reply, error) {
	k, err := c.commit()
	if err != nil {
		return nil, err
	}
	return ok(c.p.commitWire(k, true))
}

func getCommitDiff(c *call) (*reply, error) {
	k, err := c.commit()
	if err != nil {
		return nil, err
	}
	was := tree{}
	if len(k.parents) > 0 {
		was = k.parents[0].tree
	}
	return listed(c, changesOf(was, k.tree), true, diffWire)
}

// file finds the file asked for. The ref must be given: GitLab asks for it in
// the JSON form, and the raw form is held to the same.
func (c *call) file() (*commit, blob, error) {
	ref := c.query.Get("ref")
	if ref == "" {
		return nil, blob{}, invalidRequest("ref is missing, ref is empty")
	}
	at := c.p.resolve(ref)
	if at == nil {
		return nil, blob{}, refuse(404, "404 Commit Not Found")
	}
	found, has := at.tree[c.params["path"]]
	if !has {
		return nil, blob{}, refuse(404, "404 File Not Found")
	}
	return at, found, nil
}

func (c *call) fileHeader(at *commit, b blob) http.Header {
	h := http.Header{}
	path := c.params["path"]
	sum := sha256.Sum256([]byte(b.text))
	for key, value := range map[string]string{"Blob-Id": b.id, "Commit-Id": at.id, "Content-Sha256": hex.EncodeToString(sum[:]),
		"Encoding": "base64", "File-Name": path[strings.LastIndex(path, "/")+1:], "File-Path": path,
		"Last-Commit-Id": lastTouch(at, path).id, "Ref": c.query.Get("ref"), "Size": strconv.Itoa(len(b.text)),
		"Execute-Filemode": strconv.FormatBool(b.exec)} {
		h.Set("X-Gitlab-"+key, value)
	}
	return h
}

func getFile(c *call) (*reply, error) {
	at, b, err := c.file()
	if err != nil {
		return nil, err
	}
	h := c.fileHeader(at, b)
	if c.method == http.MethodHead {
		return &reply{status: 200, header: h}, nil
	}
	return &reply{status: 200, header: h, body: object{"file_name": h.Get("X-Gitlab-File-Name"), "file_path": c.params["path"],
		"size": len(b.text), "encoding": "base64", "content": base64.StdEncoding.EncodeToString([]byte(b.text)),
		"content_sha256": h.Get("X-Gitlab-Content-Sha256"), "ref": c.query.Get("ref"), "blob_id": b.id, "commit_id": at.id,
		"last_commit_id": h.Get("X-Gitlab-Last-Commit-Id"), "execute_filemode": b.exec}}, nil
}

func getRawFile(c *call) (*reply, error) {
	at, b, err := c.file()
	if err != nil {
		return nil, err
	}
	h := c.fileHeader(at, b)
	h.Set("Content-Type", "text/plain; charset=utf-8")
	return &reply{status: 200, header: h, raw: []byte(b.text)}, nil
}

func getMergeBase(c *call) (*reply, error) {
	refs := c.query["refs[]"]
	if len(refs) < 2 {
		return nil, refuse(400, "Provide at least 2 refs")
	}
	var base *commit
	for i, ref := range refs {
		k := c.p.resolve(ref)
		if k == nil {
			return nil, refuse(400, "Could not find ref: "+ref)
		}
		if base = k; i > 0 {
			base = mergeBase(c.p.resolve(refs[0]), k)
		}
	}
	if base == nil {
		return nil, refuse(404, "404 Merge Base Not Found")
	}
	return ok(c.p.commitWire(base, true))
}

func compare(c *call) (*reply, error) {
	from, to := c.p.resolve(c.query.Get("from")), c.p.resolve(c.query.Get("to"))
	if from == nil || to == nil {
		return nil, refuse(404, "404 Ref Not Found")
	}
	base := from
	if c.query.Get("straight") != "true" {
		if base = mergeBase(from, to); base == nil {
			return nil, refuse(404, "404 Merge Base Not Found")
		}
	}
	commits, diffs := []object{}, []object{}
	between := commitsBetween(from, to)
	slices.Reverse(between)
	for _, k := range between {
		commits = append(commits, c.p.commitWire(k, true))
	}
	for _, change := range changesOf(base.tree, to.tree) {
		diffs = append(diffs, diffWire(change))
	}
	var last any
	if n := len(commits); n > 0 {
		last = commits[n-1]
	}
	return ok(object{"commit": last, "commits": commits, "diffs": diffs, "compare_timeout": false, "compare_same_ref": from == to,
		"web_url": c.p.webURL() + "/-/compare/" + from.id + "..." + to.id})
}

func listTree(c *call) (*reply, error) {
	ref := c.query.Get("ref")
	if ref == "" {
		ref = "HEAD"
	}
	at := c.p.resolve(ref)
	if at == nil {
		return nil, refuse(404, "404 Tree Not Found")
	}
	prefix := strings.TrimSuffix(c.query.Get("path"), "/")
	if prefix != "" {
		prefix += "/"
	}
	var entries []object
	seen := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(at.tree)) {
		rest, below := strings.CutPrefix(path, prefix)
		if !below {
			continue
		}
		for i := range rest {
			if dir := rest[:i]; rest[i] == '/' && !seen[dir] && (c.query.Get("recursive") == "true" || !strings.Contains(dir, "/")) {
				seen[dir] = true
				entries = append(entries, object{"id": newBlob(dir, false).id, "name": dir[strings.LastIndex(dir, "/")+1:], "type": "tree",
					"path": prefix + dir, "mode": "040000"})
			}
		}
		if c.query.Get("recursive") == "true" || !strings.Contains(rest, "/") {
			entries = append(entries, object{"id": at.tree[path].id, "name": rest[strings.LastIndex(rest, "/")+1:], "type": "blob",
				"path": path, "mode": "100644"})
		}
	}
	return listed(c, entries, true, func(o object) object { return o })
}
