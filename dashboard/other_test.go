package dashboard_test

import (
	"reflect"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Every wording that Renovate had for a heading says that a page is its dashboard, and in which
// state the updates below it are.
func TestHeadingsOfRenovateInAllTheirWordings(t *testing.T) {
	for heading, want := range map[string]plan.State{
		"Config Migration Needed":           "",
		"Config Migration Needed (error)":   "", // until 42.42
		"Config Migration Needed (Blocked)": "",
		"Repository problems":               "", // until 42.35
		"Repository Problems":               "",
		"Deprecations / Replacements":       "",
		"Abandoned Dependencies":            "",
		"Pending Approval":                  plan.PendingApproval,
		"Group Size Not Met":                "",
		"Awaiting Schedule":                 plan.AwaitingSchedule,
		"Rate-Limited":                      plan.RateLimited,
		"Rate Limited":                      plan.RateLimited,
		"Errored":                           plan.Errored,
		"PR Creation Approval Required":     plan.PendingApproval,
		"MR Creation Approval Required":     plan.PendingApproval,
		"Edited/Blocked":                    plan.Edited, // until 42.42
		"PR Edited (Blocked)":               plan.Edited,
		"MR Edited (Blocked)":               plan.Edited,
		"Pending Status Checks":             plan.Maturing,
		"Pending Branch Automerge":          "",
		"Other Branches":                    "",
		"Open":                              plan.Open,
		"Ignored or Blocked":                plan.ClosedByPerson, // until 42.42
		"PR Closed (Blocked)":               plan.ClosedByPerson,
		"MR Closed (Blocked)":               plan.ClosedByPerson,
		"Vulnerabilities":                   "",
		"Detected dependencies":             "", // until 42.35
		"Detected Dependencies":             "",
	} {
		// GitLab may store the line with either end.
		for _, end := range []string{"\n", "\r\n"} {
			body := "This issue lists updates." + end + end + "## " + heading + end + end
			if !dashboard.IsOther(body) {
				t.Errorf("a page with the heading %q alone is not Renovate's", heading)
			}
			page := dashboard.ParseOther(body + " - [ ] <!-- some-branch=renovate/a-1.x -->Update dependency a to v1.2" + end)
			if len(page.Offers) != 1 || page.Offers[0].State != want || page.Offers[0].Heading != heading {
				t.Errorf("below %q there is %+v, want the state %q", heading, page.Offers, want)
			}
		}
	}
	for _, heading := range []string{"Opening hours", "Errors", "Edited", "Closed", "Ignored", "Pending", "Detected"} {
		if body := "Words.\n\n## " + heading + "\n\nMore.\n"; dashboard.IsOther(body) {
			t.Errorf("a page of a person's with the heading %q is taken for Renovate's", heading)
		}
	}
}

// What such a page records of updates and pins is read in the forms that GitLab and older
// releases gave it.
func TestParseOther(t *testing.T) {
	got := dashboard.ParseOther(`## Edited/Blocked

 - [ ] <!-- rebase-branch=renovate/a-1.x -->[Update dependency a to v1.2](../pull/3)

## Open

### Category

 - [x] <!-- rebase-branch=renovate/aws -->[Update aws](!12) (` + "`boto3`, `botocore`" + `)
 - [ ] <!-- rebase-all-open-prs -->**Click on this checkbox to rebase all open MRs at once**

## Awaiting Schedule

 - [ ] <!-- unschedule-branch=renovate/b-2.x -->Update dependency b to v2 [SECURITY]

## Detected dependencies

<details><summary>pip_requirements</summary>
<blockquote>

<details><summary>images/constraints.txt (2)</summary>

 - ` + "`a ==1.1` → [Updates: `==1.2`, `==2.0`]" + `
 - ` + "`b ==1.0`" + `

</details>

</blockquote>
</details>
`)
	want := plan.OtherPage{
		Offers: []plan.OtherOffer{
			{Branch: "renovate/a-1.x", Heading: "Edited/Blocked", State: plan.Edited, Title: "Update dependency a to v1.2", MR: 3},
			{Branch: "renovate/aws", Heading: "Open", State: plan.Open, Title: "Update aws", MR: 12, Names: []string{"boto3", "botocore"}},
			{Branch: "renovate/b-2.x", Heading: "Awaiting Schedule", State: plan.AwaitingSchedule, Title: "Update dependency b to v2 [SECURITY]"},
		},
		Pins: []plan.OtherPin{
			{File: "images/constraints.txt", Name: "a", From: "1.1", To: []string{"1.2", "2.0"}},
			{File: "images/constraints.txt", Name: "b", From: "1.0"},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A bulk box stands for the lines of its section, whatever wording its heading has.
func TestBulkBoxesOfRenovate(t *testing.T) {
	body := `## Pending Approval

 - [ ] <!-- approve-branch=r/a-1.x -->A
 - [x] <!-- approve-all-pending-prs -->🔐 **Create all pending approval PRs at once** 🔐

## Rate Limited

 - [ ] <!-- unlimit-branch=r/b-1.x -->B
 - [ ] <!-- unlimit-branch=r/c-1.x -->C
 - [x] <!-- create-all-rate-limited-prs -->🔐 **Create all rate-limited PRs at once** 🔐

## PR Edited (Blocked)

 - [ ] <!-- rebase-branch=r/e-1.x -->[E](../pull/2)

## Open

 - [ ] <!-- rebase-branch=r/d-1.x -->[D](../pull/1)
 - [x] <!-- rebase-all-open-prs -->**Click on this checkbox to rebase all open PRs at once**
`
	for bulk, want := range map[string]string{
		"approve-all-pending-prs": "r/a-1.x", "create-all-rate-limited-prs": "r/b-1.x r/c-1.x", "rebase-all-open-prs": "r/d-1.x", "create-all-awaiting-schedule-prs": "",
	} {
		var got []string
		for _, b := range dashboard.Listed(body, bulk) {
			got = append(got, b.Branch)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s stands for %q, want %q", bulk, got, want)
		}
	}
}
