package plan

import (
	"cmp"
	"fmt"
	"path"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/constraints"
)

// IndexOf returns the index that owns a normalised name: the first whose patterns
// match. ok is false when none does; such a name is looked up nowhere.
func (p Policy) IndexOf(name string) (Index, bool) {
	for _, index := range p.Indexes {
		for _, pattern := range index.Packages {
			if ok, err := path.Match(strings.ToLower(pattern), name); ok && err == nil {
				return index, true
			}
		}
	}
	return Index{}, false
}

// People are the usernames that a policy and its rules name, each once, with
// where the first of them is written.
func (p Policy) People() (names []string, at map[string]string) {
	at = map[string]string{}
	add := func(all []string, where string) {
		for _, name := range all {
			if _, twice := at[name]; !twice {
				names, at[name] = append(names, name), where
			}
		}
	}
	add(p.Reviewers, fmt.Sprint(p.Sources["reviewers"]))
	add(p.Assignees, fmt.Sprint(p.Sources["assignees"]))
	for _, r := range p.Rules {
		add(r.Reviewers, r.At)
		add(r.Assignees, r.At)
	}
	return names, at
}

// Policy is what the configuration says of one project, defaults filled in.
type Policy struct {
	Files      []FilePolicy
	Window     Window
	CatchUp    bool // a window in which no run was made is made up for by the next run
	MinimumAge time.Duration
	MaxOpen    int // open merge requests at once; 0 is none beyond forced ones
	// MaxNew bounds the merge requests that one opening of the window brings;
	// 0 is no bound. Ticked ones pass it and do not count.
	MaxNew  int
	Refresh Refresh
	// Batch is the name of the group that everything joins which no rule puts into
	// another one; empty for none. It is taken apart when it is red.
	Batch        string
	BranchPrefix string
	Adopt        Adoption
	Labels       []string
	Title        TitleForm // of merge requests
	CommitTitle  TitleForm // the first line of commits
	Draft        bool      // merge requests open as drafts
	Reviewers    []string  // usernames, asked when a merge request opens
	Assignees    []string
	CodeOwners   bool // who owns the changed files by CODEOWNERS reviews, too
	Closing      Closing
	OnOpen       OnOpen
	Merging      Merging
	Gates        []Gate // what every update has to pass; rules add others
	// Retries is how often a failed job of a merge request's own pipeline is run again
	// before it counts, where HasRetries; else see OwnGate.
	Retries     int
	HasRetries  bool
	Pythons     []string // minor versions, "3.9"; empty: not checked
	Platforms   []string // "linux/x86_64"
	Mode        Mode
	From        PolicyFile
	MinimumRole Role // who may tick
	// RevertRole is who may ask for a revert. One below MinimumRole may not either.
	RevertRole Role
	// AnswerRole is who may answer in words, see Answer. It is Nobody where no comments are
	// read.
	AnswerRole Role
	Dashboard  string
	Indexes    []Index // the first whose patterns match a name owns it

	// Sources says where each key was set that is not built in; of a key that
	// enforce raised, where that stands.
	Sources map[string]Source

	// Extras holds, by normalised name, the normalised extras that count as
	// used wherever their project is pinned.
	Extras map[string][]string
	// Roots are what the project installs. Without them pins are checked
	// against pins only.
	Roots []RootPolicy
	// IgnoreEdges are the requirements that count as not there.
	IgnoreEdges []IgnoreEdge
	// Rules are for some packages and releases each, in the order written.
	Rules []Rule
	// Unverified says what becomes of a release whose requirements cannot be
	// known. The zero value is OfferUnverified.
	Unverified Unverified
}

// OnOpen is what is asked for once on each head that pinwheel gives a merge
// request. The zero value asks for nothing.
type OnOpen struct {
	Comment  string // of one line
	Pipeline bool   // a pipeline of the branch
	Inputs   []Input
}

// Input is one of a pipeline: a string, an int or a bool.
type Input struct {
	Name  string
	Value any
}

// RootPolicy is one thing the project installs: either a requirement, or what
// another GitLab project requires of itself.
type RootPolicy struct {
	Requirement string // a line as in PEP 508; empty for a GitLab project
	// Project is the path of a GitLab project, Ref a branch, tag or commit of
	// it, empty for its default branch, and File the path of its static
	// pyproject.toml or setup.cfg there. The file is read, never executed.
	Project, Ref, File string
	Extras             []string // normalised; of Project
	Line               int      // of the configuration, for messages; 0 if there is none
}

// IgnoreEdge says that a requirement in the metadata of From on To is wrong
// and does not count.
type IgnoreEdge struct {
	From, To string // normalised
	Versions string // specifiers on the version of From; empty: every version
	Reason   string // why, in the words of the configuration
	Line     int    // of the configuration, for messages; 0 if there is none
}

// Unverified says what becomes of a release whose requirements cannot be known.
type Unverified string

// The choices. An outage is neither: it holds the update until it is over.
const (
	OfferUnverified Unverified = "offer" // offered with a label that says so
	HoldUnverified  Unverified = "hold"  // held back
)

// Refresh says when an open merge request moves to a newer version by itself.
type Refresh string

// The choices. The zero value is RefreshInWindow. What does not fit the default
// branch any more moves with each of them, and what a person asks for.
const (
	RefreshInWindow Refresh = "window" // once in each opening
	RefreshAlways   Refresh = "always" // at every run
	RefreshNever    Refresh = "never"
)

// Closing says what a person refuses by closing a merge request.
type Closing string

// The choices. The zero value is RefusesVersion.
const (
	RefusesVersion Closing = "version" // that version; of a major its whole line
	RefusesLine    Closing = "line"    // all of its major line
	RefusesPackage Closing = "package" // every newer version of the package
)

// FilePolicy is one constraints or requirements file of the project and its twin, if
// any.
type FilePolicy struct {
	Path    string
	Use     constraints.Use // empty: the file's lines tell
	Derived *Derived
	InRules string // of a file on disk: its path in the repository; empty: Path
}

// RulePath is the path by which rules name the file.
func (f FilePolicy) RulePath() string { return cmp.Or(f.InRules, f.Path) }

// Derived says where the twin stands and what shape it has.
type Derived struct {
	Path   string
	Format string // block, list or map
	Key    []string
}

// Refused says why GitLab would not read such a twin, and what to write instead;
// "" if nothing is known against it.
func (d Derived) Refused() string {
	return d.derivation().Refused()
}

func (d Derived) derivation() constraints.Derivation {
	return constraints.Derivation{Path: d.Path, Format: constraints.Format(d.Format), Key: d.Key}
}

// Index is one package index as far as a decision needs to know it.
type Index struct {
	Name     string
	URL      string   // base of the Simple API, with its final slash
	Packages []string // globs on normalised names
	// IgnoreUploadTimes accepts releases whose upload time the index does
	// not tell; otherwise they are too young (upload_times: required).
	IgnoreUploadTimes bool
	Source            Source // where it is written
}

// Spoken is the index as it reads in a sentence, see SpokenIndex.
func (i Index) Spoken() string { return SpokenIndex(i.Name) }

// SpokenIndex is the index of a name as it reads in a sentence. Nobody gave a
// name to the one that is called "index".
func SpokenIndex(name string) string {
	if name == "index" {
		return "the index"
	}
	return "index " + name
}

// Mode says how much pinwheel does in a project.
type Mode string

// The modes.
const (
	Full          Mode = "full"
	DashboardOnly Mode = "dashboard"
	Off           Mode = "off"
)

// PolicyFile says in which file a project keeps its policy. Empty is FromOwn.
type PolicyFile string

// The files.
const (
	FromOwn      PolicyFile = "own"
	FromRenovate PolicyFile = "renovate"
)

// Role is GitLab's access level, with its numbers.
// https://docs.gitlab.com/api/access_requests/#valid-access-levels
type Role int

// The roles. RoleUnknown is a role that could not be read.
const (
	RoleUnknown Role = -1
	NoRole      Role = 0
	Guest       Role = 10
	Planner     Role = 15
	Reporter    Role = 20
	Developer   Role = 30
	Maintainer  Role = 40
	Owner       Role = 50

	securityManager Role = 25 // in newer versions of GitLab

	Nobody Role = 1000 // above all
)

// String is the name as people know it.
func (r Role) String() string {
	switch {
	case r == RoleUnknown:
		return "an unknown role"
	case r < Guest:
		return "no role"
	case r < Planner:
		return "Guest"
	case r < Reporter:
		return "Planner"
	case r < securityManager:
		return "Reporter"
	case r < Developer:
		return "Security Manager"
	case r < Maintainer:
		return "Developer"
	case r < Owner:
		return "Maintainer"
	}
	return "Owner"
}
