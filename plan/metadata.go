package plan

import (
	"slices"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Metadata is what is known of the requirements of one release (core metadata,
// PEP 566 and its successors).
type Metadata struct {
	Status   MetadataStatus
	Reason   string // for every status but known, one clause
	Requires []pep508.Requirement
	// RequiresPython is as written, "" if it says nothing.
	RequiresPython string
	Links          []Link // what the project says of itself, for people
	// From is the file that says so, empty if it stands for every file of the
	// release. More is what files say that say something else.
	From string
	More []Metadata
}

// Link is an address with a word for it.
type Link struct{ Name, URL string }

// MetadataStatus says how much is known of a release's requirements.
type MetadataStatus string

// The statuses. A release that is in no map of the Snapshot was not asked for
// yet. Failed and withheld belong to one run; the others are kept.
const (
	MetadataKnown   MetadataStatus = "known"
	MetadataUnknown MetadataStatus = "unknown" // no file tells without running code
	MetadataRefused MetadataStatus = "refused" // broken: the release is not taken
	MetadataFailed  MetadataStatus = "failed"  // could not be read in this run
	// MetadataWithheld: its files are listed and nobody is given them. A
	// release that is not pinned is not taken; of a pin it is not known what it
	// requires.
	MetadataWithheld MetadataStatus = "withheld"
)

// Need is a fact that a decision lacks: the page of a name that nothing pins,
// or the metadata of one release, read from the first of Files that has it.
type Need struct {
	Name    string // normalised
	Page    bool
	Version string   // as PEP 440 normalises it
	Files   []string // names of distribution files, best first
	Part    bool     // other files of the release say something else

	Approval int64 // the merge request of which to know whether it is approved; then Name is empty
	Merge    int64 // the merge request of which to know whether GitLab would merge it; then Name is empty
}

// Root is what a project installs, as it was read in this run.
type Root struct {
	Name     string // as texts name it: a requirement's name or a project's path
	Requires []pep508.Requirement
	// Failure is one clause when a root's project could not be read: nothing
	// new is offered then.
	Failure string
}

// Graver orders statuses by how much they prevent.
func (s MetadataStatus) Graver(than MetadataStatus) bool {
	order := []MetadataStatus{"", MetadataKnown, MetadataUnknown, MetadataFailed, MetadataWithheld, MetadataRefused}
	return slices.Index(order, s) > slices.Index(order, than)
}
