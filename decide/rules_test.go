package decide

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

func patterns(t *testing.T, texts ...string) []plan.PackagePattern {
	t.Helper()
	var out []plan.PackagePattern
	for _, text := range texts {
		p, err := plan.ParsePackagePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func specifiers(t *testing.T, text string) pep440.Specifiers {
	t.Helper()
	s, err := pep440.ParseSpecifiers(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tools is a pin with a patch, a minor and two majors before it.
func tools(t *testing.T, rules ...plan.Rule) plan.Snapshot {
	t.Helper()
	s := friday(t, "tool==1.0.0\n", pkg("tool",
		release(t, "1.0.0", "2024-01-01"), release(t, "1.0.1", "2025-12-20"), release(t, "1.1.0", "2025-12-22"),
		release(t, "2.0.0", "2025-12-24"), release(t, "3.0.0", "2025-12-26")))
	for i := range rules {
		rules[i].At = "c.yaml:1"
	}
	s.Policy.Rules = rules
	return s
}

// offered lists what is offered, branch by branch.
func offered(p plan.Plan) (out []string) {
	for _, u := range p.Updates {
		if u.State == plan.AwaitingSchedule || u.State == plan.Maturing {
			out = append(out, u.Moves0().To+" "+string(u.State))
		}
	}
	slices.Sort(out)
	return out
}

func TestRules(t *testing.T) {
	no := &plan.Ignore{Reason: "it breaks"}
	for name, tt := range map[string]struct {
		rule plan.Rule
		want string
	}{
		"none":             {plan.Rule{Packages: patterns(t, "other"), Ignore: no}, "1.1.0 awaiting-schedule, 3.0.0 awaiting-schedule"},
		"everything":       {plan.Rule{Ignore: no}, ""},
		"majors":           {plan.Rule{Kinds: []plan.Kind{plan.Major}, Ignore: no}, "1.1.0 awaiting-schedule"},
		"minors":           {plan.Rule{Kinds: []plan.Kind{plan.Minor}, Ignore: no}, "1.0.1 awaiting-schedule, 3.0.0 awaiting-schedule"},
		"new versions":     {plan.Rule{To: specifiers(t, ">=3"), Ignore: no}, "1.1.0 awaiting-schedule, 2.0.0 awaiting-schedule"},
		"pinned versions":  {plan.Rule{From: specifiers(t, "<1"), Ignore: no}, "1.1.0 awaiting-schedule, 3.0.0 awaiting-schedule"},
		"this file":        {plan.Rule{Files: []string{"*.txt"}, Ignore: no}, ""},
		"another file":     {plan.Rule{Files: []string{"images/*"}, Ignore: no}, "1.1.0 awaiting-schedule, 3.0.0 awaiting-schedule"},
		"allowed":          {plan.Rule{Allowed: specifiers(t, "<3,!=1.1.0")}, "1.0.1 awaiting-schedule, 2.0.0 awaiting-schedule"},
		"older":            {plan.Rule{Kinds: []plan.Kind{plan.Major}, MinimumAge: 30 * 24 * time.Hour, HasAge: true}, "1.1.0 awaiting-schedule, 2.0.0 maturing"},
		"not for long":     {plan.Rule{Ignore: &plan.Ignore{Reason: "r", Until: time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)}}, "1.1.0 awaiting-schedule, 3.0.0 awaiting-schedule"},
		"a second longer":  {plan.Rule{Ignore: &plan.Ignore{Reason: "r", Until: time.Date(2026, 1, 2, 8, 0, 1, 0, time.UTC)}}, ""},
		"only the patches": {plan.Rule{Kinds: []plan.Kind{plan.Minor, plan.Major, plan.Calendar}, Ignore: no}, "1.0.1 awaiting-schedule"},
	} {
		p := Decide(tools(t, tt.rule))
		if got := strings.Join(offered(p), ", "); got != tt.want {
			t.Errorf("%s: offered %q, want %q", name, got, tt.want)
		}
	}
}

func TestIgnoredIsShown(t *testing.T) {
	until := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	s := tools(t, plan.Rule{Kinds: []plan.Kind{plan.Major}, Ignore: &plan.Ignore{Reason: "needs a port", Link: "https://x.example/1", Until: until}})
	u := the(t, Decide(s), "pinwheel/tool-3.x")
	if u.State != plan.Ignored || u.Reason != "Ignored until 2026-03-01 by `c.yaml:1`: \"needs a port\"." || u.Link != "https://x.example/1" || u.Title != "Update dependency tool to v3" {
		t.Errorf("%s %q %q %q", u.State, u.Reason, u.Link, u.Title)
	}
	e := Explain(s, "tool")
	if r := e[0].Releases; len(r) != 4 || !slices.ContainsFunc(r, func(c plan.Considered) bool {
		return c.Version == "2.0.0" && strings.HasPrefix(c.Reason, "is ignored until 2026-03-01 by `c.yaml:1`")
	}) {
		t.Errorf("explained: %+v", r)
	}
	s.Now = until
	allKnown(&s)
	if p := Decide(s); !slices.ContainsFunc(p.Notes, func(n string) bool {
		return strings.Contains(n, "c.yaml:1") && strings.Contains(n, "was over on 2026-03-01")
	}) {
		t.Errorf("an expired rule is not named: %q", p.Notes)
	}
	s = tools(t, plan.Rule{Allowed: specifiers(t, "<2")})
	if u := the(t, Decide(s), "pinwheel/tool-3.x"); u.State != plan.Ignored || u.Reason != "Not taken: it is not allowed by `c.yaml:1`, which asks for <2." {
		t.Errorf("%s %q", u.State, u.Reason)
	}
}

// An ignored member holds its whole set, and is named.
func TestIgnoredMemberHoldsTheSet(t *testing.T) {
	s := aws(t, "boto3==1.34.0\nbotocore==1.34.0\nurllib3==2.0.7\n")
	s.Policy.Rules = []plan.Rule{{At: "c.yaml:4", Packages: patterns(t, "botocore"), Ignore: &plan.Ignore{Reason: "slow"}}, {Packages: patterns(t, "boto3"), Labels: []string{"aws"}}}
	u := the(t, Decide(s), "pinwheel/boto3-1.x")
	if u.State != plan.Incompatible || !strings.Contains(u.Reason, "botocore 1.35.0 is ignored by `c.yaml:4`") {
		t.Errorf("%s %q", u.State, u.Reason)
	}
	s.Policy.Rules = s.Policy.Rules[1:]
	if u := the(t, Decide(s), "pinwheel/boto3-1.x"); !slices.Contains(u.Labels, "aws") {
		t.Errorf("labels %q", u.Labels)
	}
}
