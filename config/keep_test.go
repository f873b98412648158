package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

const strict = `
enforce: {keep: [%s]}
projects:
  - path: g/p
    timezone: UTC
    labels: [security, pins]
    freeze: [{from: 2026-12-19, to: 2027-01-03, reason: nobody is here}]
    on_open: {comment: "@bot test"}
    rules:
      - {packages: [django], kinds: [major], approval: true, labels: [slow], group: web}
      - {packages: [attrs], ignore: breaks cattrs}
      - {packages: [six], allowed: "<2"}
      - {packages: [old], enabled: false}
      - {packages: [certifi], priority: 10}
`

const lax = `labels: [pins, mine]
freeze: []
rules:
  - {packages: ["*"], approval: false, enabled: true}
`

const everything = "on_open, approvals, ignores, freezes, labels"

// What enforce keeps of the operator's entry stays, whatever a project's own file
// says, and it is said line by line.
func TestKeep(t *testing.T) {
	p := parsed(t, fmt.Sprintf(strict, everything)).Projects[0]
	own, _, err := p.Own([]byte(lax))
	if err != nil {
		t.Fatal(err)
	}
	q := own.Policy
	if want := []string{"pins", "mine", "security"}; !slices.Equal(q.Labels, want) {
		t.Errorf("the labels are %q, want %q", q.Labels, want)
	}
	if !frozen(q) {
		t.Error("it is not frozen on the operator's days")
	}
	var rules []string
	for _, r := range q.Rules {
		rules = append(rules, fmt.Sprintf("%s approval=%s enabled=%s ignore=%v allowed=%s labels=%v group=%s", r.At, r.Approval, r.Enabled, r.Ignore != nil, r.Allowed, r.Labels, r.Group))
	}
	want := []string{
		".gitlab/pinwheel.yaml:4 approval=no enabled=yes ignore=false allowed= labels=[] group=",
		"pinwheel.yaml:10 approval=yes enabled= ignore=false allowed= labels=[] group=",
		"pinwheel.yaml:11 approval= enabled= ignore=true allowed= labels=[] group=",
		"pinwheel.yaml:12 approval= enabled= ignore=false allowed=<2 labels=[] group=",
		"pinwheel.yaml:13 approval= enabled=no ignore=false allowed= labels=[] group=",
	}
	if !slices.Equal(rules, want) {
		t.Errorf("the rules are\n%s\nwant\n%s", strings.Join(rules, "\n"), strings.Join(want, "\n"))
	}
	if q.OnOpen.Comment != "@bot test" {
		t.Errorf("on_open is %+v", q.OnOpen)
	}
	for _, o := range own.Overrides {
		if !o.Kept {
			t.Errorf("%s is not kept", o)
		}
	}
	if got := said(own.Overrides); !slices.Equal(got, []string{"1 labels", "2 freeze", "3 rules", "3 rules", "3 rules", "3 rules"}) {
		t.Errorf("the overrides are %q", got)
	}
	if _, _, err := p.Own([]byte("python: [\"3.12\"]\non_open: {comment: /x}\n")); err == nil {
		t.Error("a quick action passes")
	}
	if _, _, err := p.Own([]byte("labels: [a]\non_open: {comment: \"@other deploy\"}\n")); err == nil || !strings.Contains(err.Error(), "2: on_open: ") || !strings.Contains(err.Error(), "operator") {
		t.Errorf("another comment: %v", err)
	}
	if _, _, err := p.Own([]byte("on_open: {comment: \"@bot test\"}\n")); err != nil {
		t.Errorf("the same comment: %v", err)
	}
	if p.Policy.Rules[0].Group != "web" || len(p.Policy.Labels) != 2 {
		t.Errorf("the operator's policy changed: %+v", p.Policy)
	}
}

// Without the floors a project's own file replaces what it names, and that is
// said, too.
func TestOverridesWithoutKeep(t *testing.T) {
	p := parsed(t, strings.Replace(fmt.Sprintf(strict, "labels"), "labels: [security, pins]", "labels: [pins]", 1)).Projects[0]
	own, _, err := p.Own([]byte(lax + "on_open: {comment: \"@other deploy\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if q := own.Policy; len(q.Rules) != 1 || frozen(q) || q.OnOpen.Comment != "@other deploy" || !slices.Equal(q.Labels, []string{"pins", "mine"}) {
		t.Errorf("%+v", q)
	}
	if got := said(own.Overrides); !slices.Equal(got, []string{"2 freeze", "3 rules", "3 rules", "3 rules", "3 rules", "5 on_open"}) {
		t.Errorf("the overrides are %q", got)
	}
	for _, o := range own.Overrides {
		if o.Kept {
			t.Errorf("%s is kept", o)
		}
	}
	own, _, err = p.Own([]byte("python: [\"3.12\"]\n"))
	if err != nil || len(own.Overrides) > 0 || len(own.Policy.Rules) != 5 {
		t.Errorf("a file that names none of it: %v, %v", own.Overrides, err)
	}
}

func frozen(p plan.Policy) bool {
	_, yes := p.Window.Frozen(time.Date(2026, 12, 25, 12, 0, 0, 0, time.UTC))
	return yes
}

func said(all []Override) []string {
	var out []string
	for _, o := range all {
		out = append(out, fmt.Sprintf("%d %s", o.Line, o.Key))
	}
	return out
}
