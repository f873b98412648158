package gitlab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// This file moves a branch to a commit that the project has. GitLab's API cannot do
// that; a push over smart HTTP can, and names the head that it replaces, so that the
// server compares and swaps.
// https://git-scm.com/docs/http-protocol

// ErrMoved says that the branch has another head than the one that was to be replaced.
var ErrMoved = errors.New("the branch has another head")

// Move says which branch of a project is moved, from where and to where.
type Move struct {
	Project string // its path
	ID      int64
	Branch  string
	// Old and New are full SHAs of commits. Old is empty if there is no such branch yet.
	Old, New string
}

func (m Move) doing() string { return fmt.Sprintf("move branch %s of %s", m.Branch, m.Project) }

// MoveBranch moves a branch from Old to New in one push, unless it has another head:
// that is [ErrMoved]. If the branch is at New already, nothing is sent. The push is
// sent once. If its answer is lost, the branch is read: it is moved if it is at New. If
// it is at Old still, the error is one of those for which [Lost] is true, and the push
// may yet arrive.
func (c *Client) MoveBranch(ctx context.Context, m Move) error {
	if !isSHA(m.New) || m.New == zeroSHA || m.Old != "" && !isSHA(m.Old) || !BranchName(m.Branch) {
		return Fail(fmt.Errorf("%w: %q to %q is no move of a branch", ErrRefused, m.Old, m.New), "%s", m.doing())
	}
	ref := "refs/heads/" + m.Branch
	a, err := c.advertisement(ctx, m, ref)
	switch {
	case err != nil:
		return err
	case a.head == m.New:
		return nil
	case a.head != m.Old:
		return m.moved()
	}
	_, sideband := a.capabilities["side-band-64k"]
	old := m.Old
	if old == "" {
		old = zeroSHA
	}
	r, err := c.receive(ctx, m, command(old, m.New, ref, sideband), func(body []byte) (report, error) { return readReport(body, ref, sideband) })
	if err == nil && r.ok {
		return nil
	}
	if err != nil && !Lost(err) {
		return err
	}
	return c.afterPush(ctx, m, r, err)
}

func (m Move) moved() error {
	return &Failure{Doing: m.doing(), Text: "it is not at " + orAbsent(m.Old) + " any more", Kinds: []error{ErrRefused, ErrMoved}}
}

func orAbsent(sha string) string {
	if sha == "" {
		return "no commit"
	}
	return sha[:12]
}

// afterPush finds out what became of a push that was refused, or whose answer was lost.
func (c *Client) afterPush(ctx context.Context, m Move, r report, lost error) error {
	head := ""
	k, err := c.Head(ctx, m.ID, m.Branch)
	if err != nil && !Missing(err) {
		if lost != nil {
			return lost
		}
		return err
	}
	if err == nil {
		head = k.SHA
	}
	if head == m.Old && lost != nil {
		err := Settle(ctx, lost, func() (bool, error) {
			k, err := c.Head(ctx, m.ID, m.Branch)
			head = k.SHA
			return err == nil && head == m.New, err
		})
		if head == m.Old || head == "" {
			return err
		}
	}
	switch {
	case head == m.New:
		return nil
	case head != m.Old:
		return m.moved()
	}
	return &Failure{Doing: m.doing(), Text: refusal(r), Kinds: []error{ErrRefused, ErrForbidden}, Advice: fmt.Sprintf(
		"could not %s: GitLab refused the push: %s; let the token's user push to that branch, and force push it for a rollback, in Settings > Repository > Protected branches", m.doing(), refusal(r))}
}

// refusal is why a push was refused, in the words of the server.
func refusal(r report) string {
	why := plain(r.why)
	if r.said != "" {
		why += ": " + plain(strings.TrimPrefix(r.said, "GitLab: "))
	}
	if why == "" {
		why = "it gave no reason"
	}
	return why
}

// repository is the address of a project's repository. Its path was read from GitLab.
func (c *Client) repository(project, service string) string {
	root := strings.TrimSuffix(strings.TrimSuffix(c.API.BaseURL().String(), "/"), "/api/v4")
	parts := strings.Split(project, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return root + "/" + strings.Join(parts, "/") + ".git/" + service
}

// CanPush reads what GitLab says before a push to a project's repository, and so proves
// that the token may push to it at all, and returns the head of a branch, empty if
// there is none. Rules of protected branches are judged only when something is pushed.
func (c *Client) CanPush(ctx context.Context, project, branch string) (head string, err error) {
	a, err := c.advertisement(ctx, Move{Project: project, Branch: branch}, "refs/heads/"+branch)
	return a.head, err
}

func (c *Client) advertisement(ctx context.Context, m Move, ref string) (advertised, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.repository(m.Project, "info/refs?service=git-receive-pack"), nil)
	if err != nil {
		return advertised{}, Fail(err, "%s", m.doing())
	}
	body, err := c.git(ctx, req, m, "application/x-git-receive-pack-advertisement")
	if err != nil {
		return advertised{}, err
	}
	a, err := readAdvertised(body, ref)
	if err == nil {
		switch _, reports := a.capabilities["report-status"]; {
		case !reports:
			err = fmt.Errorf("%w: it reports nothing of a push", errProtocol)
		case a.capabilities["object-format"] != "" && a.capabilities["object-format"] != "sha1":
			return a, &Failure{Doing: m.doing(), Text: "its repository names commits by " + plain(a.capabilities["object-format"]) + ", which is not supported", Kinds: []error{ErrRefused}}
		}
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrNotGitLab, err)
	}
	return a, Fail(err, "%s", m.doing())
}

func (c *Client) receive(ctx context.Context, m Move, body []byte, read func([]byte) (report, error)) (report, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.repository(m.Project, "git-receive-pack"), bytes.NewReader(body))
	if err != nil {
		return report{}, Fail(err, "%s", m.doing())
	}
	req.Header.Set("Content-Type", "application/x-git-receive-pack-request")
	answer, err := c.git(ctx, req, m, "application/x-git-receive-pack-result")
	if err != nil {
		return report{}, err
	}
	r, err := read(answer)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrNotGitLab, err)
	}
	return r, Fail(err, "%s", m.doing())
}

// git sends a request of git's protocol once and returns the body of an answer of a kind.
func (c *Client) git(ctx context.Context, req *http.Request, m Move, kind string) ([]byte, error) {
	_, token, err := c.auth.Header(ctx)
	if err != nil {
		return nil, Fail(err, "%s", m.doing())
	}
	req.SetBasicAuth("oauth2", token)
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", kind)
	resp, err := c.pushes.Do(req)
	if err != nil {
		return nil, Fail(err, "%s", m.doing())
	}
	body, err := readBody(resp.Body)
	if err == nil {
		err = notGitLab(resp, body)
	}
	if err != nil {
		return nil, Fail(err, "%s", m.doing())
	}
	if resp.StatusCode != http.StatusOK {
		return nil, answeredWith(resp, body, m.doing())
	}
	if got, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); got != kind {
		return nil, Fail(fmt.Errorf("%w: it is not of git's protocol", ErrNotGitLab), "%s", m.doing())
	}
	return body, nil
}

// BranchName reports whether git takes a text for the name of a branch.
// https://git-scm.com/docs/git-check-ref-format
func BranchName(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return name != "@" && name != "HEAD" && !strings.HasPrefix(name, "-") && !strings.HasSuffix(name, ".") && !strings.Contains(name, "..") &&
		!strings.Contains(name, "@{") && !strings.ContainsAny(name, " ~^:?*[\\") && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
}
