package config

import (
	"strings"
	"testing"
)

// botted is a configuration with the bot, whose keys are those of text, below line 5.
func botted(text string) string {
	return "software:\n  namespace: g\n  packages: [lib, other@main]\n  data: [db]\n  bot:\n" + text
}

const (
	botPipes    = "    pipelines:\n      - {name: one, project: g/pipes, ref: main}\n      - {name: two, project: g/pipes, ref: main}\n"
	botProjects = "    projects: [{name: lib}]\n"
)

// Every mistake below software.bot is named with its line, its key and the next step.
func TestMistakesOfTheBot(t *testing.T) {
	for text, want := range map[string]string{
		"    role: guest\n" + botPipes + botProjects:                    "pinwheel.yaml:6: software.bot.role: ",
		"    fork_role: boss\n" + botPipes + botProjects:                "pinwheel.yaml:6: software.bot.fork_role: ",
		"    at_once: 0\n" + botPipes + botProjects:                     "pinwheel.yaml:6: software.bot.at_once: ",
		"    per_person: 101\n" + botPipes + botProjects:                "pinwheel.yaml:6: software.bot.per_person: ",
		"    token_file: [a]\n" + botPipes + botProjects:                "pinwheel.yaml:6: software.bot.token_file: a list is not a text",
		"    token: glpat\n" + botPipes + botProjects:                   "pinwheel.yaml:6: software.bot.token: ",
		"    marks: {a b: c}\n" + botPipes + botProjects:                "pinwheel.yaml:6: software.bot.marks.a b: ",
		"    marks: {lib_pip_url: c}\n" + botPipes + botProjects:        "pinwheel.yaml:6: software.bot.marks.lib_pip_url: a variable of that name overrides a package: use another name",
		"    marks: {PINWHEEL_OPERATION: c}\n" + botPipes + botProjects: "pinwheel.yaml:6: software.bot.marks",
		"    allow: [CI_JOB_TOKEN]\n" + botPipes + botProjects:          "pinwheel.yaml:6: software.bot.allow[0]: CI_JOB_TOKEN is not a variable that a comment may set",
		"    allow: [db_PIP_url]\n" + botPipes + botProjects:            "pinwheel.yaml:6: software.bot.allow[0]: db_PIP_url is not a variable that a comment may set",
		"    allow: [A]\n    marks: {A: b}\n" + botPipes + botProjects:  "software.bot.allow: A is one of marks, which no comment sets: remove it from one of the two",
		"    welcome: /merge\n" + botPipes + botProjects:                `pinwheel.yaml:6: software.bot.welcome: "/merge" is a quick action`,
		"    welcome: \"a <!-- b\"\n" + botPipes + botProjects:          "pinwheel.yaml:6: software.bot.welcome: the text holds a hidden part",
		botProjects: "pinwheel.yaml:6: software.bot.pipelines: the key is missing",
		botPipes:    "pinwheel.yaml:6: software.bot.projects: the key is missing",
		"    pipelines: [{project: g/p, ref: main}]\n" + botProjects:                                                             "pinwheel.yaml:6: software.bot.pipelines[0].name: the key is missing",
		"    pipelines: [{name: a, ref: main}]\n" + botProjects:                                                                  "pinwheel.yaml:6: software.bot.pipelines[0].project: the key is missing",
		"    pipelines: [{name: a, project: g/p}]\n" + botProjects:                                                               "pinwheel.yaml:6: software.bot.pipelines[0].ref: the key is missing",
		"    pipelines: [{name: retry, project: g/p, ref: main}]\n" + botProjects:                                                `pinwheel.yaml:6: software.bot.pipelines[0].name: "retry" is a word of commands: use another name`,
		"    pipelines: [{name: a, project: g/p, ref: main, overrides: x}]\n" + botProjects:                                      "pinwheel.yaml:6: software.bot.pipelines[0].overrides: ",
		"    pipelines:\n      - {name: a, project: g/p, ref: main}\n      - {name: a, project: g/p, ref: main}\n" + botProjects: `pinwheel.yaml:8: software.bot.pipelines[1].name: there is a pipeline "a" already`,
		botPipes + "    default: [three]\n" + botProjects:                                                                        `pinwheel.yaml:9: software.bot.default[0]: there is no pipeline "three": name one of software.bot.pipelines`,
		botPipes + "    projects: [{name: none}]\n":                                                                              "pinwheel.yaml:9: software.bot.projects[0].name: none is neither in software.packages nor in software.data",
		botPipes + "    projects:\n      - name: lib\n      - name: lib\n":                                                       "pinwheel.yaml:11: software.bot.projects[1].name: lib is in the list already, at line 10",
		botPipes + "    projects: [{name: lib, override: a-b}]\n":                                                                "pinwheel.yaml:9: software.bot.projects[0].override: ",
		botPipes + "    projects: [{name: lib, pipelines: [one], default: [two]}]\n":                                             `pinwheel.yaml:9: software.bot.projects[0].default: "two" cannot be asked for here: add it to pipelines, or remove it from default`,
		botPipes + "    projects: [{name: lib, owner: me}]\n":                                                                    "pinwheel.yaml:9: software.bot.projects[0].owner: unknown key",
		"    allow: [tree]\n    pipelines: [{name: a, project: g/p, ref: main, variables: {tree: x}}]\n" + botProjects:           "software.bot.allow: tree is set by the pipeline a, so no comment sets it: remove it from one of the two",
	} {
		_, err := Parse("pinwheel.yaml", []byte(botted(text)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// Overrides are inputs, unless a pipeline sets variables anyway or the configuration says
// otherwise.
func TestOverridesAreInputs(t *testing.T) {
	for keys, inputs := range map[string]bool{
		"":                                      true,
		", inputs: {a: b}":                      true,
		", variables: {a: b}":                   false,
		", like: {ref: c9s}":                    false,
		", overrides: variables":                false,
		", like: {ref: c9s}, overrides: inputs": true,
	} {
		c, err := Parse("pinwheel.yaml", []byte(botted("    pipelines: [{name: a, project: g/p, ref: main"+keys+"}]\n"+botProjects)))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Software.Bot.Pipelines[0].Inputs; got != inputs {
			t.Errorf("%q: inputs %v, want %v", keys, got, inputs)
		}
	}
}
