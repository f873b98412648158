package mrs_test

import (
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/mrs"
	"gitlab.com/cki-project/pinwheel/plan"
)

var updateGolden = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *updateGolden {
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got+"\n" != string(want) {
		t.Errorf("%s differs:\n%s", path, got)
	}
}

func TestBodies(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	wide := view
	wide.Zone, wide.Pythons = prague, []string{"3.9", "3.12"}
	wide.Files = append(wide.Files, plan.FilePolicy{Path: "extra/constraints.txt"})

	set := update("1.44.1")
	set.Moves = append(set.Moves,
		plan.Move{File: "extra/constraints.txt", Name: "typing_extensions", Key: "typing-extensions", From: "4.15.0", To: "5", Kind: plan.Major,
			Marker: `python_version < "3.10" or sys_platform == "a|b"`},
		plan.Move{File: "constraints.txt", Name: "boto3", Key: "boto3", From: "1.34.0", To: "1.44.1", Kind: plan.Minor, Marker: "os_name == 'nt'"})
	set.Note.Why, set.Note.By, set.Note.Request = "forced", "carol", "note-17"
	set.Kind = plan.Major
	set.NotTaken = []plan.Considered{
		{Version: "1.44.3", Released: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC), Reason: "too young before 2026-01-06"},
		{Version: "1.44.2", Reason: "yanked: `rm -rf` @all closes #3 -->"},
		{Version: "1.44.1.post1", Reason: "c"}, {Version: "0", Reason: "never shown"},
	}
	repair := plan.Update{Branch: "pinwheel/constraints-yml", Kind: plan.Twin,
		Note: plan.MergeRequestNote{Why: "repair", At: time.Date(2026, 1, 3, 2, 5, 0, 0, time.UTC)}}

	ready := update("1.35.0")
	ready.Ready, ready.Note.Target = plan.Readiness{Base: "01234567", Tests: plan.Passed, Gates: plan.GatesPassed, Wants: "not_approved"}, "main"
	ready.Note.Ready = ready.Ready.Mark()
	ready.Lines = []plan.LineChange{{File: "constraints.txt", Key: "six", Name: "six", Version: "1.17.0"}, {File: "constraints.txt", Key: "py", Name: "py", Version: "1.11.0", Removed: true}}
	ready.Gates = []plan.GateVerdict{{Gate: "integration", Required: true, State: plan.GatePassed, Why: plan.GatePasses{Gate: "integration"}, URL: "https://gitlab.example/x/-/pipelines/3"}}
	ready.Moves[0].Links = []plan.Link{{Name: "changelog", URL: "https://acme.example/new"}}
	golden(t, "ready.md", mrs.Body(ready, view))
	golden(t, "one.md", mrs.Body(update("1.35.0"), view))
	golden(t, "set.md", mrs.Body(set, wide))
	golden(t, "repair.md", mrs.Body(repair, view))
	golden(t, "bare.md", mrs.Body(plan.Update{}, mrs.BodyView{}))
}

func TestWhatAPersonMayDoIsAsThePolicySays(t *testing.T) {
	major, group := update("2.0"), update("1.35.0")
	major.Kind, group.Group = plan.Major, "the pins"
	for _, c := range []struct {
		closing plan.Closing
		refresh plan.Refresh
		u       plan.Update
		says    []string
	}{
		{plan.RefusesVersion, plan.RefreshInWindow, update("1.35.0"), []string{"close:** this version is not offered again;", "unless it is approved, a newer release may replace it here in a later window"}},
		{plan.RefusesLine, plan.RefreshAlways, update("1.35.0"), []string{"close:** no newer version of this major line is offered", "unless it is approved, a newer release replaces it here as soon as"}},
		{plan.RefusesPackage, plan.RefreshNever, major, []string{"close:** no newer version of this package is offered", "stays at these versions until somebody asks"}},
		{plan.RefusesLine, plan.RefreshInWindow, major, []string{"close:** this major version is not offered again until"}},
		{plan.RefusesPackage, plan.RefreshInWindow, group, []string{"close:** these versions are not offered together again;"}},
	} {
		v := view
		v.Closing, v.Refresh, v.RuledAges = c.closing, c.refresh, true
		body := mrs.Body(c.u, v)
		for _, want := range append(c.says, "for at least 3 days, or as long as a rule of the configuration says") {
			if !strings.Contains(body, want) {
				t.Errorf("%s, %s: %q is missing in\n%s", c.closing, c.refresh, want, body)
			}
		}
	}
}

func TestTheMarkerIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.String()
		want := plan.MergeRequestNote{
			Present: true, Digest: word.Draw(t, "digest"), Why: plan.Cause(word.Draw(t, "why")), By: word.Draw(t, "by"), Request: word.Draw(t, "request"),
			At: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).UTC(),
		}
		seen := map[[3]string]bool{}
		for range rapid.IntRange(1, 3).Draw(t, "moves") {
			m := plan.Move{Key: word.Draw(t, "key"), From: word.Draw(t, "from"), To: word.Draw(t, "to")}
			if k := [3]string{m.Key, m.From, m.To}; !seen[k] {
				seen[k] = true
				want.Moves = append(want.Moves, m)
			}
		}
		body := mrs.Body(plan.Update{Branch: word.Draw(t, "branch"), Note: want}, view)
		first, _, _ := strings.Cut(body, "\n")
		if strings.Count(first, "-->") != 1 || strings.Contains(first[4:len(first)-3], "--") {
			t.Fatalf("the comment breaks: %s", first)
		}
		if got := mrs.ParseBody("before\n" + body + "\nafter"); !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	})
}

// Whatever stands around our region survives, and a second replacement
// changes nothing.
func TestReplaceKeepsWhatIsNotOurs(t *testing.T) {
	next := mrs.Body(update("1.36.0"), view)
	rapid.Check(t, func(t *rapid.T) {
		around := rapid.StringMatching(`([a-z \r\n<>!\-\[\]x]|<!-- pinwheel:mr end -->| - \[x\] <!-- rebase-check -->){0,40}`)
		before, after := around.Draw(t, "before"), around.Draw(t, "after")
		got := mrs.Replace(before+mrs.Body(update("1.35.0"), view)+after, next)
		if got != before+next+after {
			t.Fatalf("got %q", got)
		}
		if again := mrs.Replace(got, next); again != got {
			t.Fatalf("again %q", again)
		}
		if n := mrs.ParseBody(got); n.RebaseBox {
			t.Fatal("a box outside our region is read")
		}
	})
}

func TestDescriptionsWithoutOurMarks(t *testing.T) {
	region := mrs.Body(update("1.36.0"), view)
	half, _, _ := strings.Cut(region, "<!-- pinwheel:mr end")
	renovate := "This MR contains the following updates:\n\n---\n\n - [x] <!-- rebase-check -->If you want to rebase/retry this MR, check this box\n\n<!--renovate-debug:eyJ9-->\n"
	for _, test := range []struct {
		name, was, want string
		box             bool
	}{
		{"empty", "", region, false},
		{"blank", " \n", region, false},
		{"Renovate's", renovate, region, true},
		{"a person's", "My words.\n", "My words.\n", false},
		{"a person's with our half", half, half, false},
		{"a person's with a ticked box", "Mine\n*  [X]<!--rebase-check--> x\n", "Mine\n*  [ ]<!--rebase-check--> x\n", true},
		{"an unticked box", " - [ ] <!-- rebase-check -->x", " - [ ] <!-- rebase-check -->x", false},
		{"a box in a sentence", "see - [x] <!-- rebase-check -->x", "see - [x] <!-- rebase-check -->x", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := mrs.ParseBody(test.was)
			if n.Present || !n.BodyForeign || n.RebaseBox != test.box {
				t.Errorf("%+v", n)
			}
			if got := mrs.Replace(test.was, region); got != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestABodyDependsOnItsPlanAlone(t *testing.T) {
	if a, b := mrs.Body(update("1.35.0"), view), mrs.Body(update("1.35.0"), view); a != b {
		t.Fatalf("%s\n%s", a, b)
	}
}

func FuzzParseBody(f *testing.F) {
	region := mrs.Body(update("1.35.0"), view)
	f.Add(region)
	f.Add("x\n" + region + "\n - [x] <!-- rebase-check -->")
	f.Add("<!-- pinwheel:mr v=1 moves=a:b:%4,%:: at=% closed=us --><!-- pinwheel:mr end -->")
	f.Add("<!-- pinwheel:mr v=1 \r\n--><!-- pinwheel:mr end -->\n\n<!-- pinwheel:mr closed=us op=x -->")
	f.Add("\n<!-- pinwheel:mr closed=us -->")
	f.Fuzz(func(t *testing.T, description string) {
		n := mrs.ParseBody(description)
		if n.Present == n.BodyForeign {
			t.Fatalf("%+v", n)
		}
		once := mrs.Replace(description, region)
		if again := mrs.Replace(once, region); again != once {
			t.Fatalf("%q then %q", once, again)
		}
		if got := mrs.ParseBody(once); got.RebaseBox || n.Present && got.Digest != "d-1.35.0" {
			t.Fatalf("%+v of %q", got, once)
		}
	})
}

// What another bot wrote goes, and what people wrote into its description stays, wherever
// they wrote it. The texts are those of testdata/renovate, which the bot itself made.
func TestOfAnotherBotsDescriptionPeoplesWordsStay(t *testing.T) {
	for _, name := range []string{"boto3-1.x.md", "requests-2.x.md", "urllib3-2.x.md"} {
		data, err := os.ReadFile("testdata/renovate/" + name)
		if err != nil {
			t.Fatal(err)
		}
		other, region := string(data), mrs.Body(update("1.35.0"), view)
		if note := mrs.ParseBody(other); !note.Other || note.Present {
			t.Errorf("%s: is read as %+v, want one of another bot's", name, note)
		}
		if got := mrs.Replace(other, region); got != region {
			t.Errorf("%s: the new text is not the region alone:\n%s", name, strings.TrimPrefix(got, region))
		}
		edited := "Mind the quota.\n\n" + strings.Replace(other, "### Configuration", "We want this by Monday.\n\n### Configuration", 1) + "\nDone on staging.\n"
		if got, want := mrs.Replace(edited, region), region+"\n\nMind the quota.\n\nWe want this by Monday.\n\nDone on staging."; got != want {
			t.Errorf("%s: %q, want %q", name, strings.TrimPrefix(got, region), strings.TrimPrefix(want, region))
		}
		if ticked := mrs.ParseBody(strings.Replace(other, "[ ] <!-- rebase-check", "[x] <!-- rebase-check", 1)); !ticked.RebaseBox {
			t.Errorf("%s: its ticked box is not read", name)
		}
	}
}
