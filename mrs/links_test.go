package mrs

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// What a project says of itself stands beside the link to its index, and does no
// more than a link does.
func TestLinksOfAProject(t *testing.T) {
	m := plan.Move{Name: "acme", Key: "acme", File: "constraints.txt", From: "1.0", To: "1.1", Kind: plan.Minor, URL: "https://pypi.org/project/acme/1.1/",
		Links: []plan.Link{{Name: "changelog", URL: "https://acme.example/new"}, {Name: "repository", URL: "https://git.example/x) @all [y](https://evil.example"}}}
	body := Body(plan.Update{Branch: "pinwheel/acme-1.x", Kind: plan.Minor, Moves: []plan.Move{m}}, BodyView{})
	if !strings.Contains(body, "[index](https://pypi.org/project/acme/1.1/) · [changelog](https://acme.example/new)") {
		t.Errorf("have %s", body)
	}
	if strings.Contains(body, "](https://evil.example") || strings.Contains(body, " @all") {
		t.Errorf("a link breaks out: %s", body)
	}
}

// A link to the GitLab that shows it would be a reference, with a note at a
// stranger's issue.
func TestLinksIntoTheSameGitLab(t *testing.T) {
	m := plan.Move{Name: "acme", Key: "acme", File: "constraints.txt", From: "1.0", To: "1.1", Kind: plan.Minor, Links: []plan.Link{
		{Name: "issues", URL: "https://GitLab.example./victim/p/-/issues/1"}, {Name: "tracker", URL: "https://x.example/browse/ABC-123"},
	}}
	body := Body(plan.Update{Branch: "pinwheel/acme-1.x", Kind: plan.Minor, Moves: []plan.Move{m}}, BodyView{Home: "https://gitlab.example/group/project"})
	if strings.Contains(body, "](https://GitLab") || !strings.Contains(body, "`https://GitLab.example./victim/p/-/issues/1`") {
		t.Errorf("a link leads into the same GitLab: %s", body)
	}
	if strings.Contains(body, "ABC-123") {
		t.Errorf("a tracker's key stands whole: %s", body)
	}
}
