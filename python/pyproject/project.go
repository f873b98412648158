// Package pyproject reads what a project requires from its own source: from the [project] table of
// a pyproject.toml (PEP 621), or from the declarative part of a setup.cfg.
//
// Its one invariant: what it returns is in the file as it is. It executes nothing and reads no
// other file, so a project that computes its requirements, or keeps them elsewhere, is an error
// that says so.
//
// It knows no index and evaluates no marker. Dependency groups (PEP 735), build requirements and
// the tables of tools are not requirements of the project, and it ignores them.
package pyproject

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Project is what a project says about itself.
type Project struct {
	// Name is the project's name as written; it may be empty in a setup.cfg.
	Name string
	// Requires are its dependencies in the order of the file, then those of each extra that is
	// asked for, by the extra's name. If an extra names others of the project itself ("name[a,b]"),
	// their requirements take that place, each once.
	Requires []pep508.Requirement
	// RequiresPython holds specifiers as written; empty if the file gives
	// none or leaves them to the build.
	RequiresPython string
	// Extras are all extras of the project, normalised and sorted.
	Extras []string
}

// Error is why a project's requirements cannot be read.
type Error struct {
	File string
	Line int // from 1; 0 if it is not known
	// Reason says what is wrong and Next what to do, each a clause.
	Reason, Next string
}

// Error returns one sentence: "pyproject.toml:7: reason; next step".
func (e *Error) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	return at + ": " + e.Reason + "; " + e.Next
}

// instead is the next step if a file cannot say what is required.
const instead = "list its requirements under roots instead"

// MaxSize is the size in bytes of the largest file that is read.
const MaxSize = 1 << 20

// Parse reads a pyproject.toml or a setup.cfg; the last element of file says which. The rest of
// file is only for messages. extras are those that are installed; one that the project does not
// have is an error. Requirements of other extras are ignored.
//
// Its errors are of the type *Error.
func Parse(file string, data []byte, extras []string) (Project, error) {
	var s *source
	var err error
	switch base := path.Base(file); {
	case len(data) > MaxSize:
		err = &Error{Reason: "the file is larger than 1 MiB", Next: instead}
	case base == "setup.cfg":
		s, err = readConfig(data)
	case strings.HasSuffix(base, ".toml"):
		s, err = readTOML(data)
	default:
		err = &Error{Reason: "it is neither a pyproject.toml nor a setup.cfg", Next: instead}
	}
	var p Project
	if err == nil {
		p, err = s.project(extras)
	}
	if e, ok := errors.AsType[*Error](err); ok {
		e.File = file
	}
	return p, err
}

// source is the content of a file, before requirements are parsed.
type source struct {
	name, requiresPython string
	dependencies         []line
	extras               map[string][]line // by normalised name
	refused              map[string]error  // why the requirements of an extra cannot be read
	// dynamic: the build computes the extras, and the file has none.
	dynamic bool
}

// line is a requirement as written, and its line.
type line struct {
	text   string
	number int
}

// maxSteps bounds how many extras are followed. It is far above what any project has, and ends
// extras that name each other in a circle.
const maxSteps = 10_000

func (s *source) project(extras []string) (Project, error) {
	p := Project{Name: s.name, RequiresPython: s.requiresPython, Extras: slices.Sorted(maps.Keys(s.extras))}
	x := expander{source: s, seen: map[string]bool{}}
	if err := x.add(s.dependencies, ""); err != nil {
		return Project{}, err
	}
	wanted := make([]string, len(extras))
	for i, e := range extras {
		wanted[i] = pep508.NormalizeName(e)
	}
	slices.Sort(wanted)
	for _, e := range slices.Compact(wanted) {
		if err := x.extra(e, "", 0); err != nil {
			return Project{}, err
		}
	}
	p.Requires = x.out
	return p, nil
}

// expander collects requirements and follows those of the project on itself.
type expander struct {
	source *source
	out    []pep508.Requirement
	// seen are the extras that are included already, with the marker under which they are.
	seen  map[string]bool
	steps int
}

// add adds lines under a marker; an empty marker always holds.
func (x *expander) add(lines []line, marker string) error {
	for _, l := range lines {
		if x.steps++; x.steps > maxSteps {
			return &Error{Line: l.number, Reason: "its extras name each other too often", Next: instead}
		}
		r, err := pep508.Parse(l.text)
		if err != nil {
			return &Error{Line: l.number, Reason: fmt.Sprintf("%s is not a requirement", quote(l.text)), Next: "correct it as PEP 508 says, or " + instead}
		}
		if r.Marker, err = both(marker, r.Marker); err != nil {
			return &Error{Line: l.number, Reason: "the markers on the way to " + quote(l.text) + " are nested too deep", Next: instead}
		}
		if x.source.name == "" || !pep508.SameName(r.Name, x.source.name) {
			x.out = append(x.out, r)
			continue
		}
		for _, e := range r.Extras {
			if err := x.extra(e, r.Marker.String(), l.number); err != nil {
				return err
			}
		}
	}
	return nil
}

// extra adds what an extra requires. number is the line that names it, 0 for the configuration.
func (x *expander) extra(name, marker string, number int) error {
	if x.seen[name] || x.seen[name+";"+marker] {
		return nil
	}
	lines, ok := x.source.extras[name]
	if !ok {
		return x.source.lacks(name, number)
	}
	if err := x.source.refused[name]; err != nil {
		return err
	}
	if marker == "" {
		x.seen[name] = true
	}
	x.seen[name+";"+marker] = true
	return x.add(lines, marker)
}

func (s *source) lacks(extra string, number int) error {
	next := "correct extras under roots"
	if number > 0 {
		next = "correct it there, or " + instead
	}
	switch known := slices.Sorted(maps.Keys(s.extras)); {
	case s.dynamic:
		return &Error{Line: number, Reason: fmt.Sprintf("what its extra %s requires is computed by its build (dynamic)", extra), Next: instead}
	case len(known) == 0:
		return &Error{Line: number, Reason: fmt.Sprintf("the project has no extra %s, and no others", quote(extra)), Next: next}
	default:
		if len(known) > 20 {
			known = append(known[:20], "...")
		}
		return &Error{Line: number, Reason: fmt.Sprintf("the project has no extra %s, only %s", quote(extra), strings.Join(known, ", ")), Next: next}
	}
}

// both returns a marker that holds if two markers hold.
func both(a string, b pep508.Marker) (pep508.Marker, error) {
	switch {
	case a == "":
		return b, nil
	case b.IsZero():
		return pep508.ParseMarker(a)
	}
	return pep508.ParseMarker("(" + a + ") and (" + b.String() + ")")
}

// quote returns a text in quotes, shortened if it is long.
func quote(text string) string {
	const most = 80
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "..."
	}
	return fmt.Sprintf("%q", text)
}
