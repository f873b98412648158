package config_test

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/config"
)

// A message says what is wrong and what to write instead, in words that somebody
// understands who has not read the documents.
func TestMessagesSayWhatToWrite(t *testing.T) {
	project := func(keys string) string { return "projects:\n  - path: group/project\n    " + keys + "\n" }
	for text, want := range map[string]string{
		project("max_open_merge_requests: many"):                     `:3: projects[0].max_open_merge_requests: "many" is not a whole number from 0 to 1000: write one of these`,
		project("max_open_merge_requests: 5000"):                     `:3: projects[0].max_open_merge_requests: "5000" is not a whole number from 0 to 1000: write one of these`,
		project("mode: half"):                                        `:3: projects[0].mode: "half" is none of its values: write full, dashboard or off`,
		project("closed: versio"):                                    `:3: projects[0].closed: "versio" is none of its values: write version, line or package; did you mean version?`,
		project("timezone: [UTC]"):                                   `:3: projects[0].timezone: a list is not a text: write one value, without brackets or a dash before it`,
		project("timezone: {a: b}"):                                  `:3: projects[0].timezone: a mapping is not a text: write one value, without keys of its own`,
		project("labels: \"a, b\""):                                  `:3: projects[0].labels: "a, b" is not a list: write its elements in brackets, labels: [FIRST, SECOND], or each on a line of its own that begins with "- "`,
		project("freeze: [{from: 2026-12-01, to: 2026-12-02}]"):      `:3: projects[0].freeze[0].reason: the key is missing: add it, such as reason: year end`,
		"projects:\n":                                                `:1: projects: the key has no value: write one, such as projects: [{path: group/project}]`,
		"projects:\n  - {}\n":                                        `:2: projects[0].path: the key is missing: add it, such as path: group/project`,
		project("labels:"):                                           `:3: projects[0].labels: the key has no value: give it one or remove the line`,
		"- path: group/project\n":                                    `:1: the file is a list where it should have keys; the smallest configuration is:`,
		"group/project\n":                                            `:1: the file has no keys; the smallest configuration is:`,
		project("selections: developer"):                             `:3: projects[0].selections: "developer" is not a mapping: write a key and its value below it; its keys are minimum_role`,
		project("rules: [{packages: [a], window: \"* *\"}]"):         `:3: projects[0].rules[0].window: window "* *" has 2 fields: write five, minute hour day month weekday, such as "* * * * SAT,SUN"`,
		project("rules: [{packages: [a], ignore: {link: \"x y\"}}]"): `:3: projects[0].rules[0].ignore.reason: the key is missing: add it, such as reason: breaks cattrs`,
	} {
		_, err := config.Parse("pinwheel.yaml", []byte(text))
		if err == nil {
			t.Errorf("%s is taken", text)
			continue
		}
		if !strings.Contains(err.Error(), "pinwheel.yaml"+want) {
			t.Errorf("of\n%ssays\n%v\nwant\npinwheel.yaml%s", text, err, want)
		}
	}
}
