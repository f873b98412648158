package main

import (
	"strings"
	"testing"
)

func TestTopics(t *testing.T) {
	w := newWorld(t)
	for _, topic := range topics() {
		code, out, complaints := w.pinwheel("help", topic.name)
		w.want(code, exitDone, complaints)
		has(t, out, topic.summary)
		for line := range strings.Lines(out) {
			if len(strings.TrimSuffix(line, "\n")) > 79 {
				t.Errorf("%s: a line of %d characters: %s", topic.name, len(line), line)
			}
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	w := newWorld(t)
	code, out, complaints := w.pinwheel("version")
	w.want(code, exitDone, complaints)
	has(t, out, "pinwheel 1.2.3 (go")
	for _, name := range commandNames() {
		for _, args := range [][]string{{"help", name}, {name, "--help"}, {name, "-h"}, {name, "-help"}} {
			code, out, complaints = w.pinwheel(args...)
			w.want(code, exitDone, complaints)
			has(t, out, "Usage: pinwheel "+name, "Examples:\n  ")
			for line := range strings.Lines(out) {
				if len(strings.TrimSuffix(line, "\n")) > 79 {
					t.Errorf("%s: a line of %d characters: %s", name, len(line)-1, line)
				}
			}
		}
	}
	for _, args := range [][]string{{"help"}, {"--help"}} {
		code, out, complaints = w.pinwheel(args...)
		w.want(code, exitDone, complaints)
		has(t, out, "pinwheel demo", "derive", "Exit codes")
	}
}

// A word that is no command or flag is answered with the one that was meant.
func TestWhatWasMeant(t *testing.T) {
	w := newWorld(t)
	for args, says := range map[string]string{
		"plna":                    "did you mean pinwheel plan?",
		"rnu --config x":          "did you mean pinwheel run?",
		"he":                      "did you mean pinwheel health or pinwheel help?",
		"helpp":                   "did you mean pinwheel help?",
		"help plna":               "did you mean pinwheel plan?",
		"frobnicate --json":       "pinwheel help lists the commands",
		"--frob":                  "there is no flag --frob; pinwheel help lists the commands",
		"plan --jsno":             "did you mean --json?",
		"plan --da":               "did you mean --dashboard?",
		"serve -now -watchh 1m":   "did you mean --watch?",
		"audit -x":                "there is no flag -x; pinwheel help audit lists the flags",
		"health --within":         "--within needs a value; pinwheel help health lists the flags",
		"version --sbom=perhaps":  `--sbom is true or false, not "perhaps"`,
		"run group/project --x=y": "there is no flag --x; pinwheel help run lists the flags",
	} {
		code, out, complaints := w.pinwheel(strings.Fields(args)...)
		if code != exitUsage || out != "" || strings.Count(complaints, "\n") != 1 {
			t.Errorf("pinwheel %s: exit code %d, stdout %q, stderr:\n%s", args, code, out, complaints)
		}
		has(t, complaints, says)
	}
}

// A flag with one dash is the flag with two, and what follows it as its value is left
// as it is.
func TestOneDash(t *testing.T) {
	w := newWorld(t)
	file := w.elsewhere("constraints.txt", pins)
	for _, args := range [][]string{
		{"plan", "-config", w.path("pinwheel.yaml"), "-at", saturday, "-json"},
		{"plan", "group/project", "-config=" + w.path("pinwheel.yaml"), "-at=" + saturday, "--json=true"},
		{"plan", "-config", w.path("pinwheel.yaml"), "-json", "-at", saturday, "--", "group/project"},
	} {
		code, out, complaints := w.pinwheel(args...)
		w.want(code, exitDone, complaints)
		has(t, out, `"project": "group/project"`, saturday)
	}
	code, _, complaints := w.pinwheel("plan", "-file", "-absent")
	w.want(code, exitUsage, complaints)
	has(t, complaints, "-absent cannot be read")
	code, _, complaints = w.pinwheel("plan", "-file", file, "--", "-x")
	w.want(code, exitUsage, complaints)
	has(t, complaints, "leave -x out")
	code, out, complaints := w.pinwheel("-version")
	w.want(code, exitDone, complaints)
	has(t, out, "pinwheel 1.2.3 (go")
}
