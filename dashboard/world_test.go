package dashboard_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/dashboard"
	"gitlab.com/cki-project/pinwheel/plan"
)

var updateGolden = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".md")
	if *updateGolden {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; run with -update and look at the change. Got:\n%s", path, got)
	}
}

func prague(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func day(text string) time.Time {
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return at
}

func move(name, from, to string) plan.Move {
	return plan.Move{File: "constraints.txt", Name: name, Key: name, From: from, To: to}
}

// standing is n pins that stand in one way.
func standing(n int, s plan.Standing) []plan.PinStanding {
	return slices.Repeat([]plan.PinStanding{{Standing: s}}, n)
}

// rich is a plan with something under every heading.
func rich() plan.Plan {
	return plan.Plan{
		Pins: 78, Behind: 15, MaxOpen: 5, OpenCount: 2,
		Standings: slices.Concat(standing(60, plan.StandsCurrent), standing(12, plan.StandsBehind), standing(3, plan.StandsHeld), standing(1, plan.StandsUnknown),
			standing(1, plan.StandsUnread), standing(1, plan.StandsTakenBack), standing(1, plan.StandsBlocked), standing(1, plan.StandsUnmanaged)),
		Window: plan.WindowView{Opens: day("2026-11-27 23:00"), Closes: day("2026-11-29 23:00"), Zone: "Europe/Prague"},
		Updates: []plan.Update{
			{Branch: "renovate/lxml-6.x", Title: "Update dependency lxml to v6", Kind: plan.Major, State: plan.PendingApproval, Moves: []plan.Move{move("lxml", "5.3.2", "6.1.3")},
				Reason: `A tick approves it (rule "majors", renovate.json:14). Installs with all other pins. Released 2026-09-14`},
			{Branch: "renovate/jsonschema-packages", Title: "Update jsonschema packages", Kind: plan.Minor, State: plan.Edited, MR: 1874,
				Moves:  []plan.Move{move("jsonschema", "4.25.0", "4.26.0"), move("referencing", "0.36.2", "0.37.0"), move("rpds-py", "0.27.0", "0.30.0")},
				Reason: "`dave` pushed 2 commits on 2026-10-02, so nobody but people touches this branch. A tick drops them and starts over"},
			{Branch: "renovate/sentry-sdk-2.x", Title: "Update dependency sentry-sdk to v2.75.0", Kind: plan.Minor, State: plan.Errored, Moves: []plan.Move{move("sentry-sdk", "2.29.1", "2.75.0")},
				Reason: "Asked for by `carol` on 2026-11-24. GitLab refused the commit: push rule \"author must be a member\". Add the bot to the project; tried again every run."},
			{Branch: "renovate/boto3-1.x", Title: "Update dependency boto3 to v1.44.1", Kind: plan.Minor, State: plan.Open, MR: 1903,
				Moves: []plan.Move{move("boto3", "1.43.11", "1.44.1"), move("botocore", "1.43.11", "1.44.1"), move("s3transfer", "0.17.0", "0.19.3")},
				Why:   said("Waits for a reviewer", "1.44.5 is ready and replaces it on Sat 28 Nov; a tick takes it now")},
			{Branch: "renovate/charset-normalizer-3.x", Title: "Update dependency charset-normalizer to v3.5.2", Kind: plan.Patch, State: plan.Open, MR: 1905,
				Moves: []plan.Move{move("charset-normalizer", "3.4.2", "3.5.2")}, Why: said("Waits for a reviewer")},
			{Branch: "renovate/prometheus-client-0.x", Title: "Update dependency prometheus-client to v0.26.0", Kind: plan.Minor, State: plan.AwaitingSchedule,
				Moves: []plan.Move{move("prometheus-client", "0.25.0", "0.26.0")}, Reason: "Opens Sat 28 Nov 00:00"},
			{Branch: "renovate/yarl-1.x", Title: "Update dependency yarl to v1.25.1", Kind: plan.Minor, State: plan.AwaitingSchedule,
				Moves: []plan.Move{move("yarl", "1.22.0", "1.25.1"), move("propcache", "0.4.1", "0.5.4")}, Reason: "Together, because yarl 1.25.1 requires propcache>=0.5.4. Opens Sat 28 Nov 00:00."},
			{Branch: "renovate/certifi-2026.x", Title: "Update dependency certifi to v2026.11.22", Kind: plan.Calendar, State: plan.Maturing,
				Moves: []plan.Move{move("certifi", "2026.5.20", "2026.11.22")}, Reason: "Released 2026-11-22 14:10 UTC, old enough on 2026-11-25 14:10 UTC, asked for by `carol`, carried out then."},
			{Branch: "renovate/kubernetes-31.x", Title: "Update dependency kubernetes to v31.0.2", Kind: plan.Patch, State: plan.RateLimited,
				Moves: []plan.Move{move("kubernetes", "31.0.0", "31.0.2")}, Reason: "Number 6 in line while 5 merge requests are open, old enough since 2026-11-14. Merge or close one, or tick."},
			{Branch: "renovate/cachetools-8.x", Title: "Update dependency cachetools to v8", Kind: plan.Major, State: plan.Incompatible,
				Moves: []plan.Move{move("cachetools", "5.5.2", "8.0.0")}, Reason: "google-auth 2.62.2 requires cachetools<7.0, and no newer google-auth accepts 8. Moves when google-auth does."},
			{Branch: "renovate/attrs-26.x", Title: "Update dependency attrs to v26", Kind: plan.Major, State: plan.Ignored,
				Moves: []plan.Move{move("attrs", "25.3.0", "26.1.0")}, Reason: "Ignored until 2027-01-31 by pinwheel.yaml:31."},
			{Branch: "renovate/gql-4.x", Title: "Update dependency gql to v4", Kind: plan.Major, State: plan.ClosedByPerson, MR: 1840,
				Moves: []plan.Move{move("gql", "3.5.0", "4.0.0")}, Reason: "Closed by `alice` on 2026-09-30, so v4 is not offered again. A tick opens a new one."},
		},
		Requests: []plan.Request{
			{Verdict: plan.Refused, Title: "Update dependency lxml to v6", Reason: "needs Developer, has Reporter", Tick: plan.Tick{Branch: "renovate/lxml-6.x", By: plan.User{Username: "erin"}, At: day("2026-11-24 09:12")}},
			{Verdict: plan.Accepted, Title: "not shown"},
			{Verdict: plan.Refused, Reason: "no update stands behind it", Tick: plan.Tick{Branch: "renovate/gone-1.x"}},
		},
		Why: []plan.WhyNot{
			{File: "constraints.txt", Name: "cachetools", From: "5.5.2", Newest: "8.0.0", To: "5.5.2", Because: "8.0.0 and 7.0.1: google-auth 2.62.2 requires cachetools<7.0; 6.2.4: yanked"},
			{File: "constraints.txt", Name: "kubernetes", From: "31.0.0", Newest: "37.0.2", To: "31.0.2", Because: "37.0.2 to 32.0.1: `allowed: \"<32\"` (pinwheel.yaml:24)"},
			{File: "constraints.txt", Name: "pycparser", From: "3.12", Newest: "3.13", To: "3.12", Because: "3.13: no file for Python 3.11 | 3.12"},
		},
		Unmanaged: []plan.Unmanaged{
			{File: "constraints.txt", Line: 61, Text: "typing==1000000000.0.0", Reason: "blocks the package on purpose"},
			{File: "constraints.txt", Line: 80, Text: "-c https://example.org/extra.txt", Reason: "is not followed"},
		},
		Notes: []string{"Python versions are not checked: set `python`"},
		Current: []plan.Pin{{File: "constraints.txt", Line: 1, Name: "anyio", Version: "4.16.0"}, {File: "constraints.txt", Line: 2, Name: "Automat", Version: "22.10.0"},
			{File: "extra/constraints.txt", Line: 1, Name: "zope.interface", Version: "8.7"}},
	}
}

func richView(t testing.TB) dashboard.View {
	return dashboard.View{ProjectID: 21704, Zone: prague(t), MinimumRole: plan.Developer, Ticked: map[string]bool{"renovate/certifi-2026.x": true},
		StatusURL: "https://gitlab.example/cki/pipeline-definition/-/pipeline_schedules", HelpURL: "https://pinwheel.example/dashboard"}
}

// huge has n pins waiting for the window, some held back, many current.
func huge(n int) plan.Plan {
	p := plan.Plan{Pins: 3 * n, Behind: 2 * n, MaxOpen: 10, Window: plan.WindowView{Always: true},
		Standings: slices.Concat(standing(n, plan.StandsCurrent), standing(n, plan.StandsBehind), standing(n, plan.StandsHeld), standing(n, plan.StandsUnmanaged))}
	for i := range n {
		name := fmt.Sprintf("package-%03d", i)
		p.Updates = append(p.Updates, plan.Update{Branch: "renovate/" + name + "-1.x", Title: "Update dependency " + name + " to v1.2.3", Kind: plan.Minor,
			State: plan.RateLimited, Moves: []plan.Move{move(name, "1.0.0", "1.2.3")}, Reason: "Waits while 10 merge requests are open."})
		p.Why = append(p.Why, plan.WhyNot{File: "constraints.txt", Name: name, From: "1.0.0", Newest: "2.0.0", To: "1.2.3", Because: "2.0.0: other requires " + name + "<2"})
		p.Current = append(p.Current, plan.Pin{File: "constraints.txt", Line: i + 1, Name: "current-" + name, Version: "1.0"})
		p.Unmanaged = append(p.Unmanaged, plan.Unmanaged{File: "constraints.txt", Line: i + n, Text: "range-" + name + ">=1", Reason: "is no pin"})
	}
	for i := range n {
		name := fmt.Sprintf("held-%03d", i)
		p.Updates = append(p.Updates, plan.Update{Title: "Update dependency " + name + " to v2", State: plan.Incompatible, Kind: plan.Major,
			Moves: []plan.Move{move(name, "1.0", "2.0")}, Reason: "other requires " + name + "<2."})
	}
	return p
}

// said are reasons with these sentences.
func said(sentences ...string) plan.Reasons {
	var out plan.Reasons
	for _, s := range sentences {
		out = append(out, plan.NotUnderstood{Says: s})
	}
	return out
}
