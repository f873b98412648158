package decide

import (
	"fmt"
	"slices"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file holds pins to what lines of the same file and name ask for that are no pins. pip takes all lines of a
// name together.

// ask is what one line asks of a name beside its pin.
type ask struct {
	line  int
	set   pep440.Specifiers
	other bool // a URL or a path, so that no version of the index will do
}

// asksOf lists what the lines of a file that are no pins ask for, by name.
func asksOf(f *constraints.File) map[string][]constraints.Unmanaged {
	out := map[string][]constraints.Unmanaged{}
	for _, u := range f.Unmanaged {
		if u.Key != "" && (u.Kind == constraints.KindURL || !u.Specifiers.IsEmpty()) {
			out[u.Key] = append(out[u.Key], u)
		}
	}
	return out
}

// asked lists which of these lines may hold where a pin does.
func asked(p constraints.Pin, lines []constraints.Unmanaged, policy plan.Policy) []ask {
	var out []ask
	for _, u := range lines {
		meet := slices.ContainsFunc(activePythons(p.Marker, policy), func(minor string) bool {
			return slices.ContainsFunc(platforms(policy), func(platform string) bool {
				return mayHold(p.Marker, minor, platform) && mayHold(u.Marker, minor, platform)
			})
		})
		if meet {
			out = append(out, ask{line: u.Line, set: u.Specifiers, other: u.Kind == constraints.KindURL})
		}
	}
	return out
}

// unasked is the reason if another line of the pin's name does not admit a version, nil otherwise.
func (sl slot) unasked(v pep440.Version) plan.ReleaseReason {
	for _, a := range sl.asks {
		if a.other || !a.set.Contains(v) {
			return plan.NotAskedFor{Line: a.line, Asks: a.set.String()}
		}
	}
	return nil
}

// outside lists the lines that do not admit the pinned version itself. What a URL holds is not known.
func (sl slot) outside() []plan.Finding {
	var out []plan.Finding
	for _, a := range sl.asks {
		if !a.other && !a.set.Contains(sl.p.Version) {
			text := fmt.Sprintf("%s %s is pinned, and line %d asks for %s", sl.p.Name, sl.p.Version, a.line, a.set)
			out = append(out, plan.Finding{File: sl.path, Line: sl.p.Line, Kind: plan.FoundConflict, Text: text})
		}
	}
	return out
}
