package decide

import "gitlab.com/cki-project/pinwheel/plan"

// PinSettings are the settings that decide about one pin.
type PinSettings struct {
	Pin      plan.Pin
	Settings []plan.Setting
}

// Settings lists for each pin of a snapshot what Explain says of the settings that decide about it: by
// file, and by line in it.
func Settings(s plan.Snapshot) []PinSettings {
	d := newDecider(&s, plan.At(s.Now))
	d.judge = new(Memory).judgeOf(&s)
	d.files, _ = parseFiles(&s)
	d.slots, _ = findSlots(&s, d.files)
	var out []PinSettings
	for _, sl := range d.slots {
		pin := plan.Pin{File: sl.path, Line: sl.p.Line, Name: sl.p.Name, Version: sl.p.Version.String()}
		out = append(out, PinSettings{pin, d.settings(sl)})
	}
	return out
}
