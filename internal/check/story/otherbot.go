package story

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// This file reads a project as Renovate does when it is started again, by the rules that it
// recognises its own things by: its user's issue with the title, boxes of one form, its user's
// merge requests by branch and title, and branches of which every commit shows its address.

// otherReader is how Renovate is configured.
type otherReader struct {
	ignored   []string // gitIgnoredAuthors: addresses of commits that do not count as edits
	anyAuthor bool     // ignorePrAuthor: issues and merge requests of others count, too
}

// otherTick is a ticked box in the one form in which Renovate reads one.
var otherTick = regexp.MustCompile(` - \[x\] <!-- ([a-zA-Z]+)-branch=(\S+) -->`)

// otherBox is a box that is not ticked, in that form.
var otherBox = regexp.MustCompile(` - \[ \] <!-- ([a-zA-Z]+)-branch=(\S+) -->`)

// sees prints what Renovate recognises: its dashboard, the boxes of it, and of each branch
// under its prefix and each closed merge request what it makes of that.
func (s *stage) sees(args []string) (string, error) {
	var r otherReader
	for _, a := range args {
		mail, is := strings.CutPrefix(a, "ignored=")
		switch {
		case is:
			r.ignored = append(r.ignored, mail)
		case a == "any-author":
			r.anyAuthor = true
		default:
			return "", fmt.Errorf("%q is neither ignored=ADDRESS nor any-author", a)
		}
	}
	var out strings.Builder
	r.dashboard(&out, s.project)
	mrs := s.project.MRs()
	slices.Reverse(mrs) // Renovate's list is newest first
	for _, b := range s.project.Branches() {
		if strings.HasPrefix(b.Name, "renovate/") {
			fmt.Fprintf(&out, "%s: %s, %s\n", b.Name, r.request(mrs, b.Name), r.edited(s.project, b.Name))
		}
	}
	for _, m := range mrs {
		if m.State == "closed" && r.its(m.Author) && strings.HasPrefix(m.SourceBranch, "renovate/") {
			fmt.Fprintf(&out, "%s: a no to %q\n", m.SourceBranch, m.Title)
		}
	}
	return out.String(), nil
}

func (r otherReader) its(author string) bool { return r.anyAuthor || author == otherBot }

func (r otherReader) dashboard(out *strings.Builder, p *gitlabsim.Project) {
	for _, i := range slices.Backward(p.Issues()) {
		if i.State != "opened" || i.Title != "Dependency Dashboard" || !r.its(i.Author) {
			continue
		}
		fmt.Fprintf(out, "dashboard #%d\n", i.IID)
		for _, m := range otherTick.FindAllStringSubmatch(i.Description, -1) {
			fmt.Fprintf(out, "ticked %s of %s\n", m[1], m[2])
		}
		for _, m := range otherBox.FindAllStringSubmatch(i.Description, -1) {
			fmt.Fprintf(out, "box %s of %s\n", m[1], m[2])
		}
		return
	}
	out.WriteString("no dashboard, so a new one\n")
}

// request is the open merge request with which Renovate goes on.
func (r otherReader) request(mrs []gitlabsim.MergeRequest, branch string) string {
	hidden := ""
	for _, m := range mrs {
		switch {
		case m.State != "opened" || m.SourceBranch != branch:
		case r.its(m.Author):
			return fmt.Sprintf("continues !%d %q", m.IID, m.Title)
		default:
			hidden = fmt.Sprintf("cannot open one beside !%d", m.IID)
		}
	}
	if hidden != "" {
		return hidden
	}
	return "no merge request"
}

// edited says whether Renovate makes a branch anew or leaves it alone.
func (r otherReader) edited(p *gitlabsim.Project, branch string) string {
	onMain := map[string]bool{}
	for _, c := range p.Commits(p.DefaultBranch()) {
		onMain[c.ID] = true
	}
	for _, c := range p.Commits(branch) {
		if !onMain[c.ID] && c.AuthorMail != otherBot+"@users.noreply.gitlab.example" && !slices.Contains(r.ignored, c.AuthorMail) {
			return "edited by " + c.AuthorName
		}
	}
	return "unedited"
}

// compare prints what that bot and pinwheel would do differently, as plan --compare does.
func (s *stage) compare([]string) (string, error) {
	i := slices.IndexFunc(s.config.Projects, func(p config.Project) bool { return p.Path == s.project.Path() })
	preview, err := s.runner.Preview(context.Background(), s.config.Projects[i], time.Now())
	if err != nil {
		return "", err
	}
	c, recorded := preview.Compare()
	var out strings.Builder
	if !recorded {
		out.WriteString("no dashboard of the other bot's\n")
	}
	for _, d := range c.Disagreements {
		out.WriteString(strings.Join(d.Words(), "\n") + "\n")
	}
	fmt.Fprintf(&out, "%d alike\n", c.Alike)
	return out.String(), nil
}
