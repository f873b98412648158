package hostile_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/internal/check/hostile"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/store"
)

// This file besieges the bot: hostile texts in every field that reaches its comment,
// and floods of comments.

const botSettings = `
gitlab: {url: https://gitlab.example}
software:
  namespace: g
  packages: [lib, tools]
  bot:
    allow: [tree]
    at_once: 4
    per_person: 2
    pipelines:
      - {name: one, project: g/pipes, ref: main, inputs: {branch: "{branch}"}, overrides: variables}
    default: [one]
    projects: [{name: lib}]
`

// botWorld is a project whose merge request has the bot's comment.
type botWorld struct {
	t          *testing.T
	gitlab     *gitlabsim.Server
	lib, pipes *gitlabsim.Project
	project    round.Project
	store      *store.Store
}

func newBotWorld(t *testing.T, branch string) *botWorld {
	t.Helper()
	c, err := config.Parse("pinwheel.yaml", []byte(botSettings))
	must(t, err)
	w := &botWorld{t: t, gitlab: gitlabsim.New(gitlabsim.Options{Now: time.Now}), project: round.Projects(c.Software)[0]}
	w.gitlab.AddBot("pin", "pinwheel")
	for _, name := range []string{"alice", "bob", "stranger"} {
		w.gitlab.AddUser(name, name, false)
	}
	for _, path := range []string{"g/lib", "g/tools", "g/pipes"} {
		p := w.gitlab.AddProject(path, "main", map[string]string{"README": "x"})
		p.Set(gitlabsim.Settings{Public: true})
		p.SetRole("alice", gitlabsim.Maintainer)
		p.SetRole("bob", gitlabsim.Developer)
		p.SetRole("pin", gitlabsim.Maintainer)
	}
	w.lib, w.pipes = w.gitlab.Project("g/lib"), w.gitlab.Project("g/pipes")
	must(t, w.pipes.Script("variables developer\ninputs branch operation_id\nname test {PINWHEEL_OPERATION}\njob build takes 20m"))
	must(t, w.pipes.Pipeline("alice", "main", "failed", "build=failed"))
	if _, err := w.lib.Push("bob", branch, "Fix", map[string]string{"lib.py": "fixed"}); err != nil {
		branch = "fix"
		_, err = w.lib.Push("bob", branch, "Fix", map[string]string{"lib.py": "fixed"})
		must(t, err)
	}
	_, err = w.lib.CreateMR("bob", branch, "main", "Fix", "")
	must(t, err)
	w.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "pinwheel.db"))
	must(t, err)
	t.Cleanup(func() { w.store.Close() })
	time.Sleep(time.Minute)
	w.look()
	time.Sleep(time.Minute)
	return w
}

func (w *botWorld) say(who, text string) {
	if text = strings.ReplaceAll(text, "\x00", ""); strings.TrimSpace(text) != "" { // GitLab refuses these
		must(w.t, w.lib.CommentMR(who, 1, text))
	}
}

func (w *botWorld) look() {
	w.t.Helper()
	gl, err := gitlab.Connect(gitlab.Options{URL: w.gitlab.BaseURL(), Token: w.gitlab.Token("pin"), Transport: w.gitlab.Transport(), Retries: -1})
	must(w.t, err)
	r, err := round.New(round.Options{GitLab: gl, Store: w.store}).Run(w.t.Context(), w.project, time.Now())
	must(w.t, err)
	if len(r.Failures) > 0 {
		w.t.Errorf("the look failed: %q", r.Failures)
	}
	if f := w.gitlab.Failures(); len(f) > 0 {
		w.t.Fatalf("the simulated GitLab did not understand: %v", f)
	}
}

func (w *botWorld) comment() string {
	m, _ := w.lib.MR(1)
	var out []string
	for _, n := range m.Notes {
		if n.Author == "pin" {
			out = append(out, n.Body)
		}
	}
	if len(out) != 1 {
		w.t.Errorf("the bot has %d comments: %q", len(out), out)
		return ""
	}
	return out[0]
}

var (
	botHidden = regexp.MustCompile(`^pinwheel:bot v=1 [A-Za-z0-9+/]*$`)
	botLink   = regexp.MustCompile(`^https://gitlab\.example/g/pipes/-/pipelines/\d+$`)
)

// botOurs reports whether an effect is one that the bot means.
func botOurs(e gitlabsim.Effect) bool {
	switch e.Kind {
	case gitlabsim.Hidden:
		return botHidden.MatchString(e.What)
	case gitlabsim.Link:
		return botLink.MatchString(e.What)
	case gitlabsim.Row:
		return e.What == "2" || e.What == "6"
	case gitlabsim.Item:
		return true
	default:
		return false
	}
}

// judge asserts that the bot's texts did nothing but what it means, that at most so many
// pipelines started, none of them with an override of another place, and that another
// look writes nothing.
func (w *botWorld) judge(most int) {
	w.t.Helper()
	for _, e := range w.gitlab.Effects("pin") {
		if !botOurs(e) {
			w.t.Errorf("%s of %s does %s %q", e.Field, e.Item, e.Kind, e.What)
		}
	}
	given := w.pipes.Given()
	if len(given) > most {
		w.t.Errorf("%d pipelines started: %q", len(given), given)
	}
	for _, g := range given {
		for word := range strings.FieldsSeq(g) {
			if key, value, _ := strings.Cut(word, "="); strings.HasSuffix(key, "_pip_url") && !strings.HasPrefix(value, "git+https://gitlab.example/g/") {
				w.t.Errorf("a pipeline started with %q", g)
			}
		}
	}
	if n := len(w.comment()); n > 60_000 {
		w.t.Errorf("the comment has %d bytes", n)
	}
	before := len(w.gitlab.Writes(time.Time{}))
	w.look()
	if wrote := w.gitlab.Writes(time.Time{})[before:]; len(wrote) > 0 {
		w.t.Errorf("another look wrote %v", wrote)
	}
}

// oneLine is a text as a branch, a job or a name may have it.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")), " ")
	r := []rune(s)
	return string(r[:min(len(r), 200)])
}

// TestTheBotsComment puts texts into everything that reaches the bot's comment: names of
// people, of branches and of jobs, and what comments ask for.
func TestTheBotsComment(t *testing.T) {
	t.Parallel()
	texts := hostile.Texts()
	part := testenv.Sample(t, 40)
	for from := range texts {
		if !part.Has(from) {
			continue
		}
		t.Run(fmt.Sprint(from), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				next := rotate(from, 1)()
				w := newBotWorld(t, oneLine(next()))
				name := "x" + oneLine(next())
				w.gitlab.AddUser(name, name, false)
				w.lib.SetRole(name, gitlabsim.Developer)
				w.say("bob", "@pin test")
				w.say(name, "@pin test one tree="+next())
				w.say(name, "@pin test with "+next()+"!1")
				w.say(name, "@pin "+next())
				w.say(name, "@pin test "+next())
				w.say("bob", "/test\n"+next())
				w.say("bob", next()+"@pin test")
				w.say("stranger", next()+"\n\n/test "+next())
				time.Sleep(time.Minute)
				w.look()
				for _, r := range w.pipes.Runs() {
					if r.User == "pin" {
						must(t, w.pipes.EndJobs(r.ID, "failed", oneLine(next()), oneLine(next())))
					}
				}
				time.Sleep(time.Hour)
				w.look()
				w.judge(6)
			})
		})
	}
}

// Floods reach bounds and start no more than these allow, whoever writes them, and the
// comment stays short.
func TestFloodsOfComments(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]struct {
		do   func(w *botWorld)
		most int
	}{
		"by one person": {func(w *botWorld) {
			for i := range 60 {
				w.say("bob", fmt.Sprintf("@pin test tree=%d", i))
			}
		}, 2},
		"in one comment": {func(w *botWorld) { w.say("bob", strings.Repeat("@pin test\n\n", 300)) }, 2},
		"by many people": {func(w *botWorld) {
			for i := range 20 {
				name := fmt.Sprintf("dev%d", i)
				w.gitlab.AddUser(name, name, false)
				w.lib.SetRole(name, gitlabsim.Developer)
				w.say(name, "@pin test")
			}
		}, 4},
		"by strangers": {func(w *botWorld) {
			for i := range 60 {
				name := fmt.Sprintf("guest%d", i)
				w.gitlab.AddUser(name, name, false)
				w.say(name, "@pin test")
				w.say(name, "@pin help")
			}
		}, 0},
		"of mistakes": {func(w *botWorld) {
			for i := range 200 {
				w.say("bob", fmt.Sprintf("@pin test nothing-%d", i))
			}
		}, 0},
		"of retries": {func(w *botWorld) {
			w.say("bob", "@pin test")
			time.Sleep(time.Minute)
			w.look()
			w.say("bob", "@pin cancel")
			time.Sleep(time.Minute)
			w.look()
			for range 40 {
				w.say("bob", "@pin retry")
			}
		}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newBotWorld(t, "fix")
				act.do(w)
				time.Sleep(time.Minute)
				before := len(w.gitlab.Writes(time.Time{}))
				w.look()
				if n := len(w.gitlab.Writes(time.Time{})) - before; n > 12 {
					t.Errorf("one look wrote %d times", n)
				}
				w.judge(act.most)
			})
		})
	}
}
