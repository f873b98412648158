package oracle

import "fmt"

// About says who answers.
type About struct {
	Python    string `json:"python"`
	Pip       string `json:"pip"`
	Packaging string `json:"packaging"`
	// Environment holds the variables of markers (PEP 508) by name.
	Environment map[string]string `json:"environment"`
	// Tags are those of the wheels that can be installed, best first.
	Tags []string `json:"tags"`
}

// About returns who answers.
func (p *Python) About() (About, error) {
	if p.cmd == nil {
		if err := p.start(); err != nil {
			return About{}, err
		}
	}
	return p.about, nil
}

// VersionFacts is what packaging.version.Version has of a text.
type VersionFacts struct {
	Valid  bool   `json:"valid"`
	Text   string `json:"text"`
	Public string `json:"public"`
	Base   string `json:"base"`
	Local  string `json:"local"`
	Pre    bool   `json:"pre"`
	Post   bool   `json:"post"`
}

// Versions parses texts.
func (p *Python) Versions(texts []string) ([]VersionFacts, error) {
	return ask[string, VersionFacts](p, "version", texts)
}

// Compare orders pairs of texts: -1, 0 or 1, or nil where one is no version.
func (p *Python) Compare(pairs [][2]string) ([]*int, error) {
	return ask[[2]string, *int](p, "compare", pairs)
}

// SetCase is a set of specifiers and the texts to match with it.
type SetCase struct {
	Set      string   `json:"set"`
	Versions []string `json:"versions"`
}

// SetAnswer is what a SpecifierSet says: for every version "yes", "no" or the
// name of what was raised. Contains asks with pre-releases allowed, Gated by
// default.
type SetAnswer struct {
	Valid    bool     `json:"valid"`
	Legacy   bool     `json:"legacy"` // one of the clauses is a LegacySpecifier
	Contains []string `json:"contains"`
	Gated    []string `json:"gated"`
}

// Specifiers matches versions with sets.
func (p *Python) Specifiers(cases []SetCase) ([]SetAnswer, error) {
	return ask[SetCase, SetAnswer](p, "specifier", cases)
}

// FilterAnswer is what SpecifierSet.filter keeps, by default, with
// pre-releases allowed and with them refused.
type FilterAnswer struct {
	Valid   bool     `json:"valid"`
	Default []string `json:"default"`
	Allow   []string `json:"allow"`
	Refuse  []string `json:"refuse"`
}

// Filter filters lists of versions.
func (p *Python) Filter(cases []SetCase) ([]FilterAnswer, error) {
	return ask[SetCase, FilterAnswer](p, "filter", cases)
}

// RequirementFacts is what packaging.requirements.Requirement has of a line.
type RequirementFacts struct {
	Valid     bool     `json:"valid"`
	Raises    string   `json:"raises"` // something else than InvalidRequirement
	Name      string   `json:"name"`
	Extras    []string `json:"extras"` // sorted, as written
	Specifier string   `json:"specifier"`
	URL       string   `json:"url"`
	Marker    string   `json:"marker"`
}

// Requirements parses lines.
func (p *Python) Requirements(lines []string) ([]RequirementFacts, error) {
	return ask[string, RequirementFacts](p, "requirement", lines)
}

// MarkerCase is a marker and the environments to evaluate it in, by the names
// of the variables.
type MarkerCase struct {
	Marker       string              `json:"marker"`
	Environments []map[string]string `json:"environments"`
}

// MarkerAnswer is for every environment "true", "false" or the name of what
// was raised.
type MarkerAnswer struct {
	Valid  bool     `json:"valid"`
	Raises string   `json:"raises"` // something else than InvalidMarker
	Text   string   `json:"text"`
	Holds  []string `json:"holds"`
}

// Markers evaluates markers.
func (p *Python) Markers(cases []MarkerCase) ([]MarkerAnswer, error) {
	return ask[MarkerCase, MarkerAnswer](p, "marker", cases)
}

// Question is a resolution: what "pip install --dry-run --ignore-installed"
// makes of requirements under constraints, with one index.
type Question struct {
	Index        string   `json:"index"` // such as http://127.0.0.1:8080/simple/
	Requirements []string `json:"requirements"`
	Constraints  []string `json:"constraints"` // the lines of a constraints file
}

// Resolution is pip's answer.
type Resolution struct {
	// Solved reports whether pip found a set.
	Solved bool
	// Pins are the versions of the set by the names in their metadata.
	Pins map[string]string
	// Conflict is what pip says where there is no set.
	Conflict string
}

// Resolve asks pip. An error means that pip gave no verdict; it wraps
// ErrTimeout where time was up and ErrBroken where pip itself is at fault.
func (p *Python) Resolve(q Question) (Resolution, error) {
	type answer struct {
		Outcome string            `json:"outcome"`
		Pins    map[string]string `json:"pins"`
		Text    string            `json:"text"`
	}
	if q.Constraints == nil {
		q.Constraints = []string{}
	}
	answers, err := ask[Question, answer](p, "resolve", []Question{q})
	if err != nil {
		return Resolution{}, err
	}
	switch a := answers[0]; a.Outcome {
	case "solved":
		return Resolution{Solved: true, Pins: a.Pins}, nil
	case "none":
		return Resolution{Conflict: a.Text}, nil
	case "broken":
		return Resolution{}, fmt.Errorf("resolve with pip: %w: %s", ErrBroken, a.Text)
	default:
		return Resolution{}, fmt.Errorf("resolve with pip: %s", a.Text)
	}
}
