package pep440

// Prereleases says what Filter does with pre-releases and development
// releases.
type Prereleases string

// The ways of PEP 440, "Handling of pre-releases". The zero value is taken as
// DefaultPrereleases.
const (
	// DefaultPrereleases keeps them if a clause names one, or if no final release matches.
	DefaultPrereleases Prereleases = "default"
	// AllowPrereleases keeps them like any other version.
	AllowPrereleases Prereleases = "allow"
	// RefusePrereleases keeps none.
	RefusePrereleases Prereleases = "refuse"
)

// Filter returns the versions that match, in the order given. The result is a new slice, nil if
// nothing matches.
func (s Specifiers) Filter(vs []Version, mode Prereleases) []Version {
	allow := mode == AllowPrereleases || mode != RefusePrereleases && s.namesPrerelease()
	var kept, held []Version
	for _, v := range vs {
		switch {
		case !s.Contains(v):
		case allow || !v.IsPrerelease():
			kept = append(kept, v)
		default:
			held = append(held, v)
		}
	}
	if len(kept) == 0 && mode != RefusePrereleases {
		return held
	}
	return kept
}

func (s Specifiers) namesPrerelease() bool {
	for _, c := range s.clauses {
		if c.IsPrerelease() {
			return true
		}
	}
	return false
}
