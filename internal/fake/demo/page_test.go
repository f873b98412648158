package demo

import (
	"regexp"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// between is what the page shows from one text to the next.
func between(t *testing.T, page, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, from)
	inner, _, ends := strings.Cut(rest, to)
	if !found || !ends {
		t.Fatalf("the page has no %s ... %s", from, to)
	}
	return inner
}

// What a role may not do is a button that cannot be pressed, with the reason
// beside it, and what is tried all the same is refused in a sentence.
func TestWhatARoleMayNotDoSaysWhy(t *testing.T) {
	testenv.Unraced(t, "it reads the words of a week that TestSaturdayPeopleAndABrokenIndex plays under it")
	v := open(t)
	v.press("/time", "until", "saturday")
	for who, want := range map[string]string{
		"erin": "A Reporter may look at merge requests and change none", "bob": "A Developer may not merge into main, which is protected",
	} {
		v.press("/person", "be", who)
		mr := between(t, v.page(), `<article id="mr-1"`, "</article>")
		if !strings.Contains(mr, want) || !regexp.MustCompile(`value="merge"[^>]* disabled`).MatchString(mr) {
			t.Errorf("%s is not told why merging is not for them: %s", who, mr[:min(len(mr), 900)])
		}
		if disabled := regexp.MustCompile(`value="close"[^>]* disabled`).MatchString(mr); disabled != (who == "erin") {
			t.Errorf("%s: closing is disabled: %v", who, disabled)
		}
		v.press("/merge-request", "iid", "1", "do", "merge")
		page := v.page()
		if !strings.Contains(page, want) || strings.Contains(page, "map[") || strings.Contains(page, "Unauthorized") {
			t.Errorf("%s is not refused in a sentence", who)
		}
	}
}

// What came of a button is three lines at most beside the buttons, newest and
// weightiest first, and stays there when another person acts.
func TestTheNewsIsShort(t *testing.T) {
	testenv.Unraced(t, "it reads the words of a week that TestSaturdayPeopleAndABrokenIndex plays under it")
	v := open(t)
	v.press("/time", "until", "saturday")
	news := between(t, v.page(), `id="news"`, "</section>")
	if n := strings.Count(news, "<li"); n != 3 || !strings.Contains(news, "opens") || !strings.Contains(news, "more") {
		t.Errorf("%d lines of news: %s", n, news)
	}
	v.press("/person", "be", "bob")
	if again := between(t, v.page(), `id="news"`, "</section>"); again != news {
		t.Errorf("after switching the person the news are %s", again)
	}
}

// The diary holds no Markdown, and each name in one spelling.
func TestTheDiaryIsProse(t *testing.T) {
	testenv.Unraced(t, "it reads the words of a week that TestSaturdayPeopleAndABrokenIndex plays under it")
	v := open(t)
	v.press("/box", "item", "issue-1", "tick", v.line("GitPython to v3"))
	v.press("/box", "item", "issue-1", "tick", v.line("kubernetes to v37"))
	v.press("/time", "until", "hour")
	v.press("/time", "until", "saturday")
	v.press("/merge-request", "iid", "1", "do", "push")
	v.press("/time", "until", "hour")
	page := v.page()
	_, diary, found := strings.Cut(page, `id="timeline"`)
	if !found {
		t.Fatal("the page has no diary")
	}
	for _, no := range []string{"`", "gitpython 3", "jinja2 3", "automat 2", "Alice"} {
		if strings.Contains(diary, no) {
			t.Errorf("the diary has %q", no)
		}
	}
	if dashboard := between(t, page, `id="dashboard"`, "</section>"); strings.Contains(dashboard, "Alice") || !strings.Contains(dashboard, "alice") {
		t.Error("the dashboard spells people otherwise than the page")
	}
}

// The list has a line for each update, majors marked, and shows what is chosen.
func TestTheListCanBeNarrowed(t *testing.T) {
	v := open(t)
	count := func(text string) int {
		return strings.Count(between(t, v.page(), `id="dashboard"`, "</section>"), text)
	}
	if rows, majors := count(`<li class="update`), count(`class="kind major"`); rows < 36 || majors < 10 {
		t.Errorf("%d lines, %d majors", rows, majors)
	}
	for only, want := range map[string]string{"majors": "attrs", "held back": "google-auth 2.27.0 requires", "waiting": "furl", "text": "<li>Update dependency cachetools"} {
		if place := v.press("/show", "only", only); place != "dashboard" {
			t.Errorf("it goes on at %s", place)
		}
		if count(want) == 0 {
			t.Errorf("%s does not show %s", only, want)
		}
	}
	v.press("/show", "only", "majors")
	if rows := count(`<li class="update`); rows == 0 || rows != count(`class="kind major"`) {
		t.Errorf("%d lines are shown as majors", rows)
	}
}

// The failing pipeline, the pair in lock-step and what is held back are among the
// steps to try, and each is done by doing it.
func TestTheStepsToTry(t *testing.T) {
	testenv.Unraced(t, "its requests come one after the other, as those of TestSaturdayPeopleAndABrokenIndex do under it")
	v := open(t)
	v.press("/box", "item", "issue-1", "tick", v.line("boto3 to v"))
	v.press("/show", "only", "held back")
	v.press("/time", "until", "saturday")
	v.press("/time", "until", "hour")
	page := v.page()
	for _, step := range []string{"Press Saturday", "configobj", "boto3", "cachetools"} {
		if !regexp.MustCompile(`<li class="done">[^<]*` + step).MatchString(page) {
			t.Errorf("the step of %s is not there, or not done", step)
		}
	}
}

// The third step shows another project: its batch is red, and four hours later its
// dashboard is quiet and Jinja2 has a merge request of its own, found in five
// pipelines. The first project goes on meanwhile and is there again as it was.
func TestARedBatchIsTheThirdStep(t *testing.T) {
	testenv.Unraced(t, "its requests come one after the other, as those of TestSaturdayPeopleAndABrokenIndex do under it")
	v := open(t)
	v.press("/time", "until", "saturday")
	first := len(v.stage.project.MRs())
	if place := v.press("/project", "enter", "cki-project/cki-tools"); place != "dashboard" {
		t.Errorf("goes on at %s", place)
	}
	if all := v.stage.project.MRs(); len(all) != 1 || all[0].Title != "Update weekend" {
		t.Fatalf("there are %v", all)
	}
	if page := v.page(); !strings.Contains(page, "Update weekend") || strings.Contains(page, "charset-normalizer") {
		t.Error("the page does not show that project, or still the other one")
	}
	for hour := range 4 {
		v.press("/time", "until", "hour")
		if page := v.page(); hour == 1 && !strings.Contains(page, "Tested in !3") {
			t.Error("the page does not say what is tested")
		}
	}
	var found, tested int
	for _, mr := range v.stage.project.MRs() {
		switch {
		case mr.State == "opened" && strings.Contains(mr.Title, "Jinja2"):
			found = mr.IID
		case strings.Contains(mr.SourceBranch, "probe-"):
			tested++
		}
	}
	if found == 0 || tested != 4 || len(v.stage.project.MRs()) != tested+2 {
		t.Errorf("!%d is of Jinja2, after %d tests beside the first, of %d", found, tested, len(v.stage.project.MRs()))
	}
	page := v.page()
	_, steps, _ := strings.Cut(page, `<ol class="steps">`)
	if before, _, found := strings.Cut(steps, `<li class="done">Choose the project cki-tools`); !found || strings.Count(before, "<li") != 2 {
		t.Error("the third step is not done")
	}
	v.press("/project", "enter", "cki-project/pipeline-definition")
	if got := len(v.stage.project.MRs()); got < first || !strings.Contains(v.page(), "charset-normalizer") {
		t.Errorf("the first project has %d merge requests, and had %d", got, first)
	}
	v.press("/again")
	if v.stage.policy.Path != "cki-project/pipeline-definition" || v.steps()[2].Done {
		t.Error("it does not start over")
	}
}
