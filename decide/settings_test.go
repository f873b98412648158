package decide

import (
	"reflect"
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// The settings of every pin are those that Explain has for it, those of rules among them.
func TestSettingsAreThoseThatExplainHas(t *testing.T) {
	s := tools(t, plan.Rule{Kinds: []plan.Kind{plan.Major}, Labels: []string{"slow"}})
	all, ruled := Settings(s), false
	if len(all) == 0 {
		t.Fatal("no pin has settings")
	}
	for _, one := range all {
		var want []plan.Setting
		for _, e := range Explain(s, one.Pin.Name) {
			if e.Pin == one.Pin {
				want = e.Settings
			}
		}
		if len(want) == 0 || !reflect.DeepEqual(one.Settings, want) {
			t.Errorf("%s has %v, and Explain says %v", one.Pin.Name, one.Settings, want)
		}
		for _, setting := range one.Settings {
			ruled = ruled || setting.Key == "rule" && setting.Source == "c.yaml:1"
		}
	}
	if !ruled {
		t.Errorf("no rule is among them: %+v", all)
	}
}
