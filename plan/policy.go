package plan

import "time"

// Policy is what the configuration says of one project, defaults filled in.
type Policy struct {
	Files        []FilePolicy
	Window       Window
	MinimumAge   time.Duration
	MaxOpen      int // open merge requests at once; 0 is none beyond forced ones
	BranchPrefix string
	Labels       []string
	Pythons      []string // minor versions, "3.9"; empty: not checked
	Platforms    []string // "linux/x86_64"
	Mode         Mode
	MinimumRole  Role // who may tick
	Dashboard    string
	Indexes      []Index // the first whose patterns match a name owns it
}

// FilePolicy is one constraints file of the project and its twin, if any.
type FilePolicy struct {
	Path    string
	Derived *Derived
}

// Derived says where the twin stands and what shape it has.
type Derived struct {
	Path   string
	Format string // block, list or map
	Key    []string
}

// Index is one package index as far as a decision needs to know it.
type Index struct {
	Name     string
	URL      string   // base of the Simple API, with its final slash
	Packages []string // globs on normalised names
	// IgnoreUploadTimes accepts releases whose upload time the index does
	// not tell; otherwise they are too young (upload_times: required).
	IgnoreUploadTimes bool
}

// Mode says how much pinwheel does in a project.
type Mode string

// The modes.
const (
	Full          Mode = "full"
	DashboardOnly Mode = "dashboard"
	Off           Mode = "off"
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
)
