package plan_test

import (
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// The first line of a merge request follows what lasts until people do something, and
// nothing that GitLab goes through by itself.
func TestAReadinessFollowsWhatLasts(t *testing.T) {
	lasts := map[string]bool{
		"approvals_syncing": false, "checking": false, "ci_must_pass": false, "ci_still_running": false, "commits_status": true, "conflict": true,
		"discussions_not_resolved": true, "draft_status": true, "jira_association_missing": true, "locked_lfs_files": true, "locked_paths": true,
		"merge_request_blocked": true, "merge_time": true, "need_rebase": false, "not_approved": true, "not_open": false, "preparing": false,
		"requested_changes": true, "security_policy_pipeline_check": false, "security_policy_violations": true, "status_checks_must_pass": true,
		"title_regex": true, "unchecked": false, "broken_status": true, "blocked_status": true, "external_status_checks": true, "policies_denied": true,
		"a_status_of_tomorrow": false, "": false,
	}
	for status, want := range lasts {
		if got := plan.MergeWants(status) != ""; got != want {
			t.Errorf("%q is followed: %t, want %t", status, got, want)
		}
		for _, before := range []string{"", "not_approved"} {
			after := before
			if want {
				after = status
			}
			if got := plan.Lasting(status, before); got != after {
				t.Errorf("%q after %q keeps %q, want %q", status, before, got, after)
			}
		}
	}
	if got := plan.Lasting("mergeable", "not_approved"); got != "" {
		t.Errorf("mergeable keeps %q", got)
	}
}

func TestAReadinessIsReadBack(t *testing.T) {
	for _, r := range []plan.Readiness{
		{}, {Base: "89abcdef"}, {Base: "89abcdef", Tests: plan.Passed, Gates: plan.GatesWait, Wants: "not_approved", Stuck: plan.StuckClash},
	} {
		if got := plan.ParseReadiness(r.Mark()); got != r {
			t.Errorf("%+v, want %+v", got, r)
		}
	}
	for _, forged := range []string{"a,b,c", "a,green,,x,", "a,none,,checking,", "a,,,,,"} {
		if got := plan.ParseReadiness(forged); got.Wants != "" || got.Tests != plan.Unsettled {
			t.Errorf("%q is read as %+v", forged, got)
		}
	}
}
