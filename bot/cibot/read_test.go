package cibot_test

import (
	"strconv"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/bot/cibot"
	"gitlab.com/cki-project/pinwheel/bot/round"
	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/renovate"
)

const old = `
.kernels: &kernels
  baseline: {name: Baseline, description: builds and boots, cki_pipeline_type: baseline, default_branches: [rhel7, upstream-stable]}
  brew: {description: a built kernel, cki_pipeline_type: brew, default_branches: [rhel8]}
projects:
  kpet-db:
    project: cki-project/kpet-db
    tests_only: true
    override: {type: variable, name: kpet_db_pip_url}
    welcome_message: |
      Hi, this can be tested.

      Ask @cki-ci-bot.
    default_pipelines: [baseline]
    visible_pipelines: [baseline, brew]
    pipelines: *kernels
  cki-lib:
    project: cki-project/cki-lib
    override: {type: variable, name: cki_lib_pip_url}
    default_pipelines: [brew, cosmic]
    pipelines:
      brew: {description: another one, default_branches: [rhel9], trigger_token: x}
`

// What the old file asks for is what pinwheel then does, by the reading of its own
// configuration.
func TestReadsTheOldBot(t *testing.T) {
	res, err := cibot.Read("bot.yaml", []byte(old), cibot.Options{Pipelines: "cki-project/pipelines"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("pinwheel.yaml", res.Own)
	if err != nil {
		t.Fatalf("%v in\n%s", err, res.Own)
	}
	all := round.Projects(c.Software)
	if len(all) != 2 {
		t.Fatalf("%d projects in\n%s", len(all), res.Own)
	}
	db, lib := all[0].Policy, all[1].Policy
	var names []string
	for _, p := range db.Pipelines {
		names = append(names, p.Name+" on "+p.Spec.Ref+" like "+p.Spec.Like.Ref+" of "+p.Spec.Project)
		if p.Inputs {
			t.Errorf("%s gets inputs", p.Name)
		}
	}
	want := "baseline-rhel7 on rhel7 like rhel7 of cki-project/pipelines; baseline-upstream-stable on upstream-stable like upstream-stable of cki-project/pipelines; brew on rhel8 like rhel8 of cki-project/pipelines"
	if got := strings.Join(names, "; "); got != want {
		t.Errorf("pipelines %s\nwant %s", got, want)
	}
	if got := strings.Join(db.Default, " "); got != "baseline-rhel7 baseline-upstream-stable" {
		t.Errorf("default %s", got)
	}
	if all[0].Member.Override != "kpet_db_pip_url" || db.Welcome != "Hi, this can be tested.\n\nAsk @cki-ci-bot." || db.Marks[0].Value != "retrigger" {
		t.Errorf("%+v", db)
	}
	if len(lib.Pipelines) != 1 || lib.Pipelines[0].Name != "cki-lib-brew" || lib.Default[0] != "cki-lib-brew" {
		t.Errorf("%+v", lib)
	}
	for _, want := range []string{
		"bot.yaml:2 .kernels without effect here",
		"bot.yaml:7 projects.kpet-db.project kept",
		"bot.yaml:8 projects.kpet-db.tests_only kept with a difference",
		"bot.yaml:9 projects.kpet-db.override kept",
		"bot.yaml:10 projects.kpet-db.welcome_message kept",
		"bot.yaml:14 projects.kpet-db.default_pipelines kept with a difference",
		"bot.yaml:3 projects.kpet-db.pipelines.baseline.cki_pipeline_type kept with a difference",
		"bot.yaml:20 projects.cki-lib.default_pipelines refused",
		"bot.yaml:22 projects.cki-lib.pipelines.brew.trigger_token refused",
		"bot.yaml:0 key=value kept with a difference",
	} {
		if !strings.Contains(told(res), want) {
			t.Errorf("%q is missing in\n%s", want, told(res))
		}
	}
}

func told(res renovate.Result) string {
	var out strings.Builder
	for _, l := range res.Lines {
		out.WriteString(l.File + ":" + strconv.Itoa(l.Line) + " " + l.Key + " " + string(l.Verdict) + "\n")
	}
	return out.String()
}

// Every key of a file gets a line, and what is refused is not in the result.
func TestRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"projects: {a: {project: g/a, pipelines: {x: {default_branches: [m]}}}}\nother: 1": "other refused",
		"projects: {a: 1}": "projects.a refused",
		"projects: {a: {pipelines: {x: {default_branches: [m]}}}}":                                      "projects.a refused",
		"projects: {a: {project: a, pipelines: {x: {default_branches: [m]}}}}":                          "projects.a.project refused",
		"projects: {a: {project: g/a}}":                                                                 "projects.a refused",
		"projects: {a: {project: g/a, pipelines: {x: {}}}}":                                             "projects.a.pipelines.x refused",
		"projects: {a: {project: g/a, pipelines: {test: {default_branches: [m]}}}}":                     "projects.a.pipelines.test refused",
		"projects: {a: {project: g/a, pipelines: {x: {default_branches: ['$(id)']}}}}":                  "default_branches refused",
		"projects: {a: {project: g/a, override: {type: ref}, pipelines: {x: {default_branches: [m]}}}}": "projects.a.override refused",
		"projects: {a: {project: g/a, override: {type: variable, name: a b}}}":                          "projects.a.override refused",
		"projects: {a: {project: g/a, welcome_message: '/merge'}}":                                      "welcome_message refused",
		"projects: {a: {project: g/a, retries: 3}}":                                                     "projects.a.retries refused",
	} {
		res, err := cibot.Read("b", []byte(text), cibot.Options{Pipelines: "g/p"})
		if err != nil || !strings.Contains(told(res), want) || !res.Refused() {
			t.Errorf("%s: %v, %q is missing in\n%s", text, err, want, told(res))
		}
		if strings.Contains(string(res.Own), "software:") {
			if _, err := config.Parse("p", res.Own); err != nil {
				t.Errorf("%s gives %v in\n%s", text, err, res.Own)
			}
		}
	}
	res, err := cibot.Read("b", []byte("projects: {a: {project: g/a, pipelines: {x: {default_branches: [m]}}}}"), cibot.Options{})
	if err != nil || !strings.Contains(told(res), "projects.a.pipelines.x refused") {
		t.Errorf("without a project for pipelines: %v\n%s", err, told(res))
	}
	for _, text := range []string{"", "a: [", "- a", "b: 1"} {
		if _, err := cibot.Read("b", []byte(text), cibot.Options{}); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}

// Whatever a file holds, what is written is a configuration that pinwheel reads.
func FuzzRead(f *testing.F) {
	f.Add([]byte(old))
	f.Fuzz(func(t *testing.T, data []byte) {
		res, err := cibot.Read("b", data, cibot.Options{Pipelines: "g/p"})
		if err != nil || !strings.Contains(string(res.Own), "\nsoftware:") {
			return
		}
		if _, err := config.Parse("p", res.Own); err != nil {
			t.Errorf("%v in\n%s", err, res.Own)
		}
	})
}
