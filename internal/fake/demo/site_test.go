package demo

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/hostile"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// visit is a site without a browser.
type visit struct {
	t *testing.T
	*site
	h http.Handler
}

func open(t *testing.T) *visit {
	t.Helper()
	s, err := newSite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return &visit{t, s, s.handler()}
}

// ask sends one request; form is what a POST carries, nil for a GET.
func (v *visit) ask(path string, form url.Values, change func(*http.Request)) *http.Response {
	v.t.Helper()
	r := httptest.NewRequestWithContext(v.t.Context(), http.MethodGet, "http://127.0.0.1:8000"+path, nil)
	if form != nil {
		r = httptest.NewRequestWithContext(v.t.Context(), http.MethodPost, "http://127.0.0.1:8000"+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	v.h.ServeHTTP(w, r)
	return w.Result()
}

// press sends a form as the page does and returns the place it leads to.
func (v *visit) press(path string, fields ...string) string {
	v.t.Helper()
	form := url.Values{"token": {v.token}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	response := v.ask(path, form, nil)
	if response.StatusCode != http.StatusSeeOther {
		v.t.Fatalf("%s %q: %s", path, fields, response.Status)
	}
	return strings.TrimPrefix(response.Header.Get("Location"), "/#")
}

func (v *visit) page() string {
	v.t.Helper()
	body, err := io.ReadAll(v.ask("/", nil, nil).Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return string(body)
}

// line is the line of the dashboard's box that holds text, as the form sends it.
func (v *visit) line(text string) string {
	v.t.Helper()
	for l := range strings.Lines(v.stage.dashboardText()) {
		if strings.Contains(l, text) && strings.HasPrefix(l, " - [") {
			return strings.TrimSpace(l[len(" - [ ] "):])
		}
	}
	v.t.Fatalf("no box holds %q", text)
	return ""
}

// told fails unless the diary's entries since the last button say so.
func (v *visit) told(texts ...string) {
	v.t.Helper()
	var all strings.Builder
	for _, e := range v.news() {
		all.WriteString(strings.Join([]string{e.Who, e.What, e.Why, e.More}, " ") + "\n")
	}
	for _, text := range texts {
		if !strings.Contains(all.String(), text) {
			v.t.Errorf("not told: %q, but\n%s", text, all.String())
		}
	}
}

func (v *visit) mr(iid int) gitlabsim.MergeRequest {
	v.t.Helper()
	mr, there := v.stage.project.MR(iid)
	if !there {
		v.t.Fatalf("no !%d", iid)
	}
	return mr
}

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	v := open(t)
	response := v.ask("/", nil, nil)
	if got := response.Header.Get("Content-Security-Policy"); got != policy || strings.Contains(got, "unsafe") || !strings.HasPrefix(got, "default-src 'none'") {
		t.Errorf("the policy is %q", got)
	}
	page := v.page()
	for _, what := range []string{"<script", " style=", "onclick", " src=", "@import", "127.0.0.1"} {
		if strings.Contains(page, what) {
			t.Errorf("the page has %q", what)
		}
	}
	for _, m := range regexp.MustCompile(`<link[^>]*href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if m[1] != "/style.css" && m[1] != "data:," {
			t.Errorf("the page loads %s", m[1])
		}
	}
	if css := v.ask("/style.css", nil, nil); css.StatusCode != 200 || !strings.HasPrefix(css.Header.Get("Content-Type"), "text/css") {
		t.Error(css.Status, css.Header)
	}
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Error("the style loads something")
	}
}

func TestOnlyThePageItselfPressesButtons(t *testing.T) {
	v := open(t)
	at := v.stage.now()
	hour := url.Values{"token": {v.token}, "until": {"hour"}}
	for _, c := range []struct {
		name   string
		path   string
		form   url.Values
		change func(*http.Request)
		want   int
	}{
		{"another name for the loopback", "/", nil, func(r *http.Request) { r.Host = "pinwheel.evil.example:8000" }, 421},
		{"the same with a form", "/time", hour, func(r *http.Request) { r.Host = "pinwheel.evil.example" }, 421},
		{"a page elsewhere", "/time", hour, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		{"a page on another port", "/time", hour, func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:9999") }, 403},
		{"a browser that says so", "/time", hour, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"no token", "/time", url.Values{"until": {"hour"}}, nil, 403},
		{"a wrong token", "/time", url.Values{"until": {"hour"}, "token": {"AAAA"}}, nil, 403},
		{"the token in the address", "/time?token=" + v.token, url.Values{"until": {"hour"}}, nil, 403},
		{"no such button", "/time", url.Values{"until": {"never"}, "token": {v.token}}, nil, 400},
		{"nor this one", "/merge-request", url.Values{"iid": {"77"}, "do": {"merge"}, "token": {v.token}}, nil, 400},
		{"nor such a person", "/person", url.Values{"be": {"mallory"}, "token": {v.token}}, nil, 400},
		{"nor such an index", "/index", url.Values{"token": {v.token}}, nil, 400},
		{"nor such a box", "/box", url.Values{"item": {"wiki-1"}, "tick": {"x"}, "token": {v.token}}, nil, 400},
		{"a button is no link", "/time", nil, nil, 405},
		{"no such page", "/elsewhere", nil, nil, 404},
		{"localhost is a name of it", "/", nil, func(r *http.Request) { r.Host = "localhost:8000" }, 200},
	} {
		if got := v.ask(c.path, c.form, c.change); got.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", c.name, got.Status, c.want)
		}
	}
	if !v.stage.now().Equal(at) || len(v.stage.project.MRs()) != 0 {
		t.Error("something happened all the same")
	}
}

func TestATickOpensAtTheNextHourAndAReportersDoesNot(t *testing.T) {
	v := open(t)
	place := v.press("/box", "item", "issue-1", "tick", v.line("lxml to v4.9.5"))
	if !strings.Contains(v.page(), `id="`+place+`"`) {
		t.Errorf("the page has no %s to go on at", place)
	}
	v.told("alice ticks “Update dependency lxml to v4.9.5”")
	v.press("/person", "be", "erin")
	v.press("/box", "item", "issue-1", "tick", v.line("attrs to v26"))
	if place := v.press("/time", "until", "hour"); place != "news" {
		t.Errorf("goes on at %s", place)
	}
	v.told("reads the tick of alice", "does not carry out the tick of erin on “Update dependency attrs to v26” ", "needs Developer, has Reporter",
		"opens !1: lxml 4.9.4 → 4.9.5 alice ticked its box", "brings the dashboard up to date")
	if all := v.stage.project.MRs(); len(all) != 1 || all[0].State != "opened" {
		t.Errorf("there are %v", all)
	}
	if page := v.page(); !strings.Contains(page, "<del>-lxml==4.9.4</del>") || !strings.Contains(page, "<ins>+lxml==4.9.5</ins>") {
		t.Error("the diff does not show")
	}
	v.press("/merge-request", "iid", "1", "do", "merge")
	v.told("erin cannot  A Reporter may look at merge requests and change none")
	if v.mr(1).State != "opened" {
		t.Error("a Reporter merged")
	}
	v.press("/box", "item", "mr-1", "tick", "<!-- rebase-check -->If you want to rebase/retry this MR, check this box")
	v.told("erin cannot  A Reporter may look at merge requests and change none")
	v.press("/box", "item", "issue-1", "tick", "a line of another day")
	v.told("erin cannot", "no box to change")
}

func TestSaturdayPeopleAndABrokenIndex(t *testing.T) {
	v := open(t)
	v.press("/time", "until", "saturday")
	if got := v.stage.local().Format("Mon 15:04"); got != "Sat 00:00" {
		t.Errorf("it is %s", got)
	}
	if all := v.stage.project.MRs(); len(all) != 4 {
		t.Fatalf("%d merge requests", len(all))
	}
	for iid, do := range map[string]string{"1": "merge", "2": "close", "3": "push"} {
		if place := v.press("/merge-request", "iid", iid, "do", do); place != "mr-"+iid {
			t.Errorf("%s goes on at %s", do, place)
		}
	}
	v.press("/index", "make", "broken")
	v.press("/time", "until", "hour")
	v.told("cannot do all of it", "503")
	if strings.Contains(v.stage.hide.Replace(v.page()), "127.0.0.1") {
		t.Error("an address shows")
	}
	for iid, state := range map[int]string{1: "merged", 2: "closed", 3: "opened", 4: "opened"} {
		if got := v.mr(iid).State; got != state {
			t.Errorf("!%d is %s, want %s", iid, got, state)
		}
	}
	before := len(v.stage.project.MRs())
	v.press("/time", "until", "hour")
	v.press("/index", "make", "whole")
	v.press("/time", "until", "hour")
	if after := len(v.stage.project.MRs()); after <= before {
		t.Errorf("after the index was mended %d merge requests, before %d", after, before)
	}
	done := 0
	for _, s := range v.steps() {
		for _, begin := range []string{"Press Saturday", "Merge one", "Break the index"} {
			if !strings.HasPrefix(s.Text, begin) {
				continue
			}
			if done++; !s.Done {
				t.Errorf("not done: %s", s.Text)
			}
		}
	}
	if done != 3 {
		t.Errorf("%d steps of this visit are listed", done)
	}
	v.press("/merge-request", "iid", "2", "do", "reopen")
	if got := v.mr(2).State; got != "opened" {
		t.Errorf("!2 is %s", got)
	}
	if f := v.stage.gitlab.Failures(); len(f) > 0 {
		t.Errorf("the simulated GitLab did not understand %q", f)
	}
	v.press("/again")
	if len(v.stage.project.MRs()) != 0 || v.broken || v.steps()[1].Done {
		t.Error("it does not start over")
	}
}

func TestQuietHoursAreOneEntry(t *testing.T) {
	v := open(t)
	v.press("/time", "until", "hour")
	v.press("/time", "until", "hour")
	last := v.diary.entries[len(v.diary.entries)-1]
	if last.Tone != quiet || last.Runs != 2 || last.Until.Sub(last.At) != time.Hour {
		t.Errorf("%+v", last)
	}
	if !strings.Contains(v.page(), "pinwheel looks 2 times until Thu 26 Nov 11:00; there is nothing to write.") {
		t.Error("the page does not say so")
	}
}

func TestTextOfPeopleIsHarmlessInThePage(t *testing.T) {
	v := open(t)
	p := v.stage.project
	taken := 0
	for _, text := range append(hostile.Texts(), `"><script>alert(1)</script>`, "</details></article><h1>x") {
		if _, err := p.Push("bob", "side", text, map[string]string{"a.txt": text + "\n"}); err != nil {
			t.Fatal(err)
		}
		iid, err := p.CreateMR("bob", "side", "main", strings.Join(strings.Fields(text), " "), text)
		if err != nil {
			continue // GitLab takes no such title
		}
		taken++
		if err := p.CloseMR("bob", iid); err != nil {
			t.Fatal(err)
		}
	}
	if taken < 50 {
		t.Fatalf("only %d texts were taken", taken)
	}
	page := v.page()
	for _, what := range []string{"<script", "<img", "<iframe", "<svg", "<style", "<math", "<h1>x", `href="javascript`, `href="data:text`, "<!--"} {
		if at := strings.Index(strings.ToLower(page), what); at >= 0 {
			t.Errorf("%s is in the page: %s", what, page[max(0, at-200):min(len(page), at+200)])
		}
	}
	for _, element := range []string{"article", "details", "summary", "form", "section"} {
		if begun, ended := strings.Count(page, "<"+element), strings.Count(page, "</"+element+">"); begun != ended {
			t.Errorf("<%s is begun %d times and ended %d times", element, begun, ended)
		}
	}
}

// teller hands on what is written.
type teller chan string

func (c teller) Write(p []byte) (int, error) {
	c <- string(p)
	return len(p), nil
}

func TestServeAnswersUntilItsContextEnds(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, ended := make(teller, 1), make(chan error, 1)
	go func() { ended <- Serve(ctx, out, 0, nil) }()
	var said string
	select {
	case said = <-out:
	case err := <-ended:
		t.Fatalf("it ended at once: %v", err)
	}
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(said)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		t.Error(response.Status)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := Serve(t.Context(), io.Discard, -1, nil); err == nil {
		t.Error("a port that is none was taken")
	}
}
