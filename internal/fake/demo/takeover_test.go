package demo

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheTakeoverReadsAsRecorded(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := PlayRenovate(t.Context(), &out, false); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	path := filepath.Join("testdata", "renovate.txt")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("differs from %s; run with -update and look at the change. Got:\n%s", path, out.String())
	}
}

// One press takes over the dashboard, the merge requests, a no and a tick. Until then no
// run happens in that project, whatever time passes.
func TestOnePressTakesOverFromRenovate(t *testing.T) {
	v := open(t)
	v.press("/time", "until", "hour")
	v.press("/project", "enter", "cki-project/reporter")
	if n := len(v.stage.project.MRs()); n != 3 {
		t.Fatalf("%d merge requests before", n)
	}
	page := v.page()
	for _, want := range []string{"Take over", "lists Renovate updates", "Update dependency click to v8.5.1"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page before does not show %q", want)
		}
	}
	if place := v.press("/take-over"); place != "news" {
		t.Errorf("goes on at %s", place)
	}
	p := v.stage.project
	if all := p.Issues(); len(all) != 1 || all[0].Author != oldBot || !strings.Contains(all[0].Description, "pinwheel:dashboard") {
		t.Errorf("the issues are %v", all)
	}
	mrs := p.MRs()
	if len(mrs) != 4 {
		t.Fatalf("the merge requests are %v", mrs)
	}
	for i, want := range []string{"opened Update dependency idna to v3.20", "closed Update dependency attrs to v26", "opened Update dependency json5 to v0.17.3", "opened Update dependency click to v8.1.9"} {
		if got := mrs[i].State + " " + mrs[i].Title; got != want {
			t.Errorf("!%d is %s, want %s", i+1, got, want)
		}
	}
	if by := p.Commits("renovate/json5-0.x")[0].AuthorName; by != "bob" {
		t.Errorf("the newest commit of json5 is %s's", by)
	}
	page = v.page()
	if strings.Contains(page, "<button class=\"main\">Take over") || !strings.Contains(page, "Closed by <code>alice</code>") || !strings.Contains(page, `<li class="done">Choose the project reporter`) {
		t.Error("the page does not show that it was taken over")
	}
	body := v.stage.dashboardText()
	v.press("/time", "until", "hour")
	if v.stage.dashboardText() != body || len(p.MRs()) != 4 {
		t.Error("the hour after changed something")
	}
}
