package gitlabsim

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// commitCall is the body of POST repository/commits.
type commitCall struct {
	branch, message       string
	startBranch, startSHA string
	force                 bool
	author                identity
	actions               []commitAction
}

type commitAction struct {
	Action          string `json:"action"`
	FilePath        string `json:"file_path"`
	PreviousPath    string `json:"previous_path"`
	Content         string `json:"content"`
	Encoding        string `json:"encoding"`
	LastCommitID    string `json:"last_commit_id"`
	ExecuteFilemode bool   `json:"execute_filemode"`
}

func postCommit(c *call) (*reply, error) {
	if err := c.require("branch", "commit_message", "actions"); err != nil {
		return nil, err
	}
	if c.has("start_branch") && c.has("start_sha") {
		return nil, invalidRequest("start_branch, start_sha are mutually exclusive")
	}
	in := commitCall{branch: c.str("branch"), message: c.str("commit_message"), startBranch: c.str("start_branch"),
		startSHA: c.str("start_sha"), force: c.boolean("force"), author: identityOf(c.user)}
	c.read("actions", &in.actions)
	if c.has("author_name") {
		in.author.name = c.str("author_name")
	}
	if c.has("author_email") {
		in.author.email = c.str("author_email")
	}
	if c.invalid != "" {
		return nil, nil
	}
	if len(in.actions) == 0 {
		return nil, invalidRequest("actions is empty")
	}
	if !c.p.canPush(c.user, in.branch) {
		return nil, refuse(403, "403 Forbidden - You are not allowed to push into this branch")
	}
	made, err := c.p.commitFiles(c.user, in)
	if err != nil {
		return nil, err
	}
	out := c.p.commitWire(made, true)
	if c.boolean("stats") {
		out["stats"] = stats(made)
	}
	return created(out)
}

func stats(c *commit) object {
	added, deleted := 0, 0
	for _, f := range changesOf(c.parents[0].tree, c.tree) {
		for _, h := range diffLines(linesOf(f.old.text), linesOf(f.new.text)) {
			deleted, added = deleted+h.aHi-h.aLo, added+h.bHi-h.bLo
		}
	}
	return object{"additions": added, "deletions": deleted, "total": added + deleted}
}

// commitFiles is the Commits API: one call, one commit, atomic. gitlab.md 2.3.
func (p *Project) commitFiles(actor *user, in commitCall) (*commit, error) {
	start, err := p.commitStart(in)
	if err != nil {
		return nil, err
	}
	files := maps.Clone(start.tree)
	for _, action := range in.actions {
		if err := p.apply(files, start, action); err != nil {
			return nil, err
		}
	}
	if strings.TrimSpace(in.message) == "" {
		return nil, refuse(400, "You must provide a commit message")
	}
	if maps.Equal(files, start.tree) {
		return nil, refuse(400, "Nothing to commit: the commit would be empty") // unsure whether Gitaly takes it: refused
	}
	made := p.repo.newCommit(commit{parents: []*commit{start}, tree: files, message: in.message, author: in.author,
		committer: identityOf(actor), at: p.s.now()})
	p.obey(actor, made.id, "commit message", in.message, "")
	p.moveBranch(actor, in.branch, made)
	return made, nil
}

var fullSHA = lazy(`^[0-9a-f]{40}$`)

// commitStart finds the parent, or the text of the refusal.
func (p *Project) commitStart(in commitCall) (*commit, error) {
	existing := p.repo.branches[in.branch]
	startBranch := in.startBranch
	if startBranch == "" {
		startBranch = in.branch
	}
	different := in.startSHA != "" || startBranch != in.branch
	switch {
	case different && !in.force && existing != nil:
		return nil, refuse(400, fmt.Sprintf("A branch called '%s' already exists. Switch to that branch in order to make changes", in.branch))
	case in.startSHA != "" && !fullSHA().MatchString(in.startSHA):
		return nil, refuse(400, fmt.Sprintf("Invalid start_sha '%s'", in.startSHA))
	case in.startSHA != "" && p.repo.commits[in.startSHA] == nil:
		return nil, refuse(400, fmt.Sprintf("Cannot find start_sha '%s'", in.startSHA))
	case in.startSHA == "" && p.repo.branches[startBranch] == nil:
		return nil, refuse(400, "You can only create or edit files when you are on a branch")
	}
	if existing == nil {
		bad := badBranchName(in.branch)
		if bad == "" && p.shadowed(in.branch) {
			bad = "invalid reference name"
		}
		if bad != "" {
			return nil, refuse(400, fmt.Sprintf("Something went wrong when we tried to create '%s' for you: %s", in.branch, bad))
		}
	}
	if _, _, protected := p.protection(in.branch); protected && existing != nil && different && in.force {
		return nil, refuse(400, "You are not allowed to force push code to a protected branch on this project.")
	}
	if in.startSHA != "" {
		return p.repo.commits[in.startSHA], nil
	}
	return p.repo.branches[startBranch].head, nil
}

// apply carries out one action on files.
func (p *Project) apply(files tree, start *commit, a commitAction) error {
	if problem := badPath(a.FilePath); problem != "" {
		return refuse(400, problem)
	}
	content, err := a.plain()
	if err != nil {
		return err
	}
	was, exists := files[a.FilePath]
	source := a.FilePath
	if a.Action == "move" {
		source = a.PreviousPath
	}
	if a.LastCommitID != "" && a.Action != "create" && a.Action != "chmod" {
		if _, there := start.tree[source]; there && lastTouch(start, source).id != a.LastCommitID {
			return refuse(400, "The file has changed since you started editing it")
		}
	}
	switch a.Action {
	case "create":
		if exists || isFolder(files, a.FilePath) || belowFile(files, a.FilePath) {
			return refuse(400, "A file with this name already exists")
		}
		files[a.FilePath] = newBlob(content, a.ExecuteFilemode)
		return nil
	case "move":
		moved, there := files[source]
		if !there {
			return refuse(400, "A file with this name doesn't exist")
		}
		if exists {
			return refuse(400, "A file with this name already exists")
		}
		delete(files, source)
		if content != "" {
			moved = newBlob(content, moved.exec)
		}
		files[a.FilePath] = moved
		return nil
	case "update", "delete", "chmod":
	default:
		return invalidRequest("actions[action] does not have a valid value")
	}
	if !exists {
		return refuse(400, "A file with this name doesn't exist")
	}
	switch a.Action {
	case "update":
		files[a.FilePath] = newBlob(content, was.exec)
	case "delete":
		delete(files, a.FilePath)
	case "chmod":
		files[a.FilePath] = blob{was.id, was.text, a.ExecuteFilemode}
	}
	return nil
}

// plain is the content that an action carries.
func (a commitAction) plain() (string, error) {
	if a.Encoding != "base64" {
		return a.Content, nil
	}
	plain, err := base64.StdEncoding.DecodeString(a.Content)
	if err != nil {
		return "", refuse(400, "Invalid base64 content")
	}
	return string(plain), nil
}

func badPath(path string) string {
	switch {
	case path == "":
		return "You must provide a file path"
	case slices.Contains(strings.Split(path, "/"), ".."):
		return "Path cannot include directory traversal"
	case strings.HasPrefix(path, "/"), strings.HasSuffix(path, "/"), strings.Contains(path, "//"), path == ".git", strings.HasPrefix(path, ".git/"):
		return "invalid path: '" + path + "'"
	}
	return ""
}

func isFolder(files tree, path string) bool {
	for other := range files {
		if strings.HasPrefix(other, path+"/") {
			return true
		}
	}
	return false
}

func belowFile(files tree, path string) bool {
	for i, r := range path {
		if _, has := files[path[:i]]; r == '/' && has {
			return true
		}
	}
	return false
}
