package main

import (
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// TestDoctorOfProduction: what a deployment or a rollback would be refused is said
// before, with where it is mended.
func TestDoctorOfProduction(t *testing.T) {
	p := newProduction(t)
	code, out, complaints := p.configured("doctor")
	p.want(code, exitDone, complaints+out)
	has(t, out, "ok       production: the token of deploy-bot has the scopes api and write_repository", "ok       cki/deployments: sets can be written to main",
		"ok       cki/cki-lib: the branch production can be moved, and moved back", "ok       cki/cki-lib: the default branch main is protected",
		"ok       cki/cki-lib: its environment production has no deployment yet")
	p.merge()
	code, _, complaints = p.job("main", nil)
	p.want(code, exitDone, complaints)
	_, out, _ = p.configured("doctor")
	has(t, out, "ok       cki/cki-lib: its environment production shows "+p.head()[:12]+", which is in production")
	// Somebody moves the branch beside pinwheel, so the page tells of another commit.
	shown := p.head()
	p.merge()
	must(t, p.gitlab.Project(deployPath).PushRef("maintainer", "production", "main"))
	_, out, _ = p.configured("doctor")
	has(t, out, "warning  cki/cki-lib: its environment production shows "+shown[:12]+", and production is at "+p.head()[:12])
	writes := len(p.gitlab.Writes(instant(t, "2000-01-01T00:00:00Z")))
	lib, tools, sets := p.gitlab.Project(deployPath), p.gitlab.Project(otherPath), p.gitlab.Project(setsPath)
	for _, tt := range []struct {
		spoil func()
		code  int
		says  string
	}{
		{func() { lib.Protect("production", gitlabsim.Maintainer, gitlabsim.Maintainer) }, exitDone, "warning  cki/cki-lib: the protected branch production may not be force pushed, so a rollback is refused"},
		{func() { lib.Unprotect("production") }, exitDone, "warning  cki/cki-lib: the branch production is not protected"},
		{func() { tools.Protect("production", gitlabsim.Owner, gitlabsim.Owner) }, exitFailed, "error    cki/cki-tools: the token's user may not push to the protected branch production"},
		{func() { tools.SetRole("deploy-bot", gitlabsim.Reporter) }, exitFailed, "error    cki/cki-tools: the branch production cannot be moved: "},
		{func() { sets.SetRole("deploy-bot", gitlabsim.Developer) }, exitFailed, "error    cki/deployments: the token's user may not push to main, where sets are kept"},
		{func() { lib.Unprotect("main") }, exitFailed, "warning  cki/cki-lib: the default branch main is not protected, so what any Developer pushes there is deployed without a review"},
		{func() { lib.Protect("main", gitlabsim.Developer, gitlabsim.Developer) }, exitFailed, "warning  cki/cki-lib: Developers may push to the default branch main, so what they push is deployed without a review"},
		{func() { p.env["PINWHEEL_DEPLOY_TOKEN"] = p.gitlab.Token("deploy-bot") }, exitFailed, "error    production: the token of deploy-bot has the scopes api: make one with the scopes api and write_repository"},
		{func() { delete(p.env, "PINWHEEL_DEPLOY_TOKEN") }, exitDone, "warning  production: no token for deployments: set PINWHEEL_DEPLOY_TOKEN"},
	} {
		tt.spoil()
		code, out, complaints := p.configured("doctor")
		p.want(code, tt.code, complaints+out)
		has(t, out, tt.says)
	}
	if n := len(p.gitlab.Writes(instant(t, "2000-01-01T00:00:00Z"))) - writes; n != 0 {
		t.Errorf("doctor wrote %d times", n)
	}
}
