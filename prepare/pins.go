package prepare

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Installed is one distribution of a virtual environment.
type Installed struct {
	Name    string `json:"name"` // normalised
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"` // of a member of the set
}

// FindingKind is the kind of a difference.
type FindingKind string

// The differences between what is installed and what is pinned.
const (
	Unpinned  FindingKind = "unpinned"  // installed, and no pin names it
	Otherwise FindingKind = "otherwise" // installed at another version than its pin's
	Unused    FindingKind = "unused"    // pinned, and installed in no image
)

// Finding is one difference.
type Finding struct {
	Kind FindingKind `json:"kind"`
	Name string      `json:"name"`
	Text string      `json:"text"`
}

// installers come with a virtual environment. If they have no pin, nobody asked for them.
var installers = []string{"pip", "setuptools", "wheel"}

// checkConstraints refuses constraints that would make pip read something outside of the lock.
func checkConstraints(name string, text []byte) (*constraints.File, error) {
	file, err := constraints.Parse(name, text)
	if err != nil {
		return nil, &Mistake{err.Error()}
	}
	for _, u := range file.Unmanaged {
		switch u.Kind {
		case constraints.KindNested, constraints.KindPath, constraints.KindEnvironment, constraints.KindOption:
			return nil, mistake("%s:%d: %s reaches beyond this file, which the lock holds alone: write the pins out", name, u.Line, u.Text)
		default:
		}
	}
	return file, nil
}

// ReadConstraints checks the bytes of constraints. source is the file or the variable from which
// they come, for messages.
func ReadConstraints(source string, text []byte) (Constraints, error) {
	if _, err := checkConstraints(source, text); err != nil {
		return Constraints{}, err
	}
	return NewConstraints(source, text), nil
}

// Names are the names that constraints pin, in the order of their lines.
func (c Constraints) Names() []string {
	file, err := checkConstraints(c.Source, []byte(c.Text))
	if err != nil {
		return nil // whoever read them said why
	}
	return file.Keys()
}

// Compare lists the differences between what a build installed and what the lock pins.
func (p *Prepared) Compare(r Record) ([]Finding, error) {
	file, err := checkConstraints(p.Lock.Constraints.Source, []byte(p.Lock.Constraints.Text))
	if err != nil {
		return nil, err
	}
	return compare(r.Installed, file), nil
}

// compare lists the differences between the distributions of one image and the pins, sorted by
// name. Members of the set have commits and need no pins.
func compare(installed []Installed, file *constraints.File) []Finding {
	var out []Finding
	for _, i := range installed {
		slots := file.Slots(i.Name)
		switch {
		case i.Commit != "", pinnedTo(file, slots, i.Version):
		case len(slots) > 0:
			p := file.Pins[slots[0]]
			out = append(out, Finding{Otherwise, i.Name, fmt.Sprintf("%s %s is installed, and line %d pins %s%s", i.Name, i.Version, p.Line, p.Op, p.Version.Raw())})
		case slices.Contains(installers, i.Name), named(file, i.Name):
		default:
			out = append(out, Finding{Unpinned, i.Name, fmt.Sprintf("%s %s is installed, and has no pin: add %s==%s", i.Name, i.Version, i.Name, i.Version)})
		}
	}
	slices.SortFunc(out, func(a, b Finding) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func pinnedTo(file *constraints.File, slots []int, version string) bool {
	v, err := pep440.Parse(version)
	return slices.ContainsFunc(slots, func(slot int) bool {
		p := file.Pins[slot]
		return err == nil && p.Version.Compare(v) == 0 || p.Version.Raw() == version
	})
}

// named reports whether a line that is no pin is about a name, such as a range.
func named(file *constraints.File, name string) bool {
	return slices.ContainsFunc(file.Unmanaged, func(u constraints.Unmanaged) bool { return u.Key == name })
}

// CheckUnion compares the pins with all images together, for the gate of a project of constraints:
// everything that is installed in some image has a pin, and each pin is installed in some image.
func CheckUnion(l Lock, records []Record) ([]Finding, error) {
	file, err := checkConstraints(l.Constraints.Source, []byte(l.Constraints.Text))
	if err != nil {
		return nil, err
	}
	var out []Finding
	have := map[string]bool{}
	for _, r := range records {
		if r.Lock != l.Digest() {
			return nil, mistake("%s was built from another lock: build it from this one", r.Image.Name)
		}
		for _, f := range compare(r.Installed, file) {
			f.Text = r.Image.Name + ": " + f.Text
			out = append(out, f)
		}
		for _, i := range r.Installed {
			have[i.Name] = true
		}
	}
	for _, key := range file.Keys() {
		if !have[key] {
			p := file.Pins[file.Slots(key)[0]]
			out = append(out, Finding{Unused, key, fmt.Sprintf("line %d pins %s, which no image installs: remove it", p.Line, pep508.NormalizeName(p.Name))})
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
