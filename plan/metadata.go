package plan

import (
	"slices"
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/pep440"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Metadata is what is known of the requirements of one release (core metadata,
// PEP 566 and its successors).
type Metadata struct {
	Status   MetadataStatus
	Reason   string // for every status but known, one clause
	Requires []pep508.Requirement
	Links    []Link // what the project says of itself, for people
	// From is the file that says so, empty where it stands for every file of the
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
}

// Root is what a project installs, as it was read in this run.
type Root struct {
	Name     string // as texts name it: a requirement's name or a project's path
	Requires []pep508.Requirement
	// Failure is one clause when a root's project could not be read: nothing
	// new is offered then.
	Failure string
}

// environment is one target that a set of pins must fit.
type environment struct {
	python, platform string
	markers          pep508.Environment
}

// newestMinors stand for the Pythons of a policy that names none.
func newestMinors() []string { return []string{"3.11", "3.12", "3.13", "3.14"} }

// environments lists the policy's targets, at most 64 of them.
func environments(p Policy) []environment {
	minors := p.Pythons
	if len(minors) == 0 {
		minors = newestMinors()
	}
	var out []environment
	for _, minor := range minors {
		for _, platform := range platforms(p) {
			env, err := pep508.EnvironmentFor(minor, platform)
			if err == nil && len(out) < 64 {
				out = append(out, environment{minor, platform, env})
			}
		}
	}
	return out
}

// release finds a version among what an index tells of a package.
func (p Package) release(v pep440.Version) *Release {
	i, found := slices.BinarySearchFunc(p.Releases, v, func(r Release, v pep440.Version) int { return r.Version.Compare(v) })
	if found {
		return &p.Releases[i]
	}
	// A pin without a label means a build, too: builds stand right after it, and
	// the last of them is the one that pip takes.
	var build *Release
	for ; i < len(p.Releases) && v.Local() == "" && isBuild(&p.Releases[i], v); i++ {
		build = &p.Releases[i]
	}
	return build
}

// metadataFiles orders the files of a release by how well they stand for what
// pip would install on the first target: the wheel built for it, one for the
// stable ABI, one for every platform, any other wheel, source distributions.
// Yanked files come last, since a pin installs them nonetheless (PEP 592).
func metadataFiles(name string, r *Release, envs []environment) []string {
	type ranked struct {
		name string
		rank int
	}
	var all []ranked
	for _, f := range r.Files {
		file, err := dist.ParseFor(name, f.Name)
		if err != nil {
			continue
		}
		rank := 4
		if file.Kind == dist.Sdist {
			rank = 5
		} else if len(envs) > 0 && file.Installable(envs[0].python, envs[0].platform) {
			rank = tagRank(file, envs[0].python)
		}
		if f.Yanked {
			rank += 10
		}
		all = append(all, ranked{f.Name, rank})
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].rank != all[j].rank {
			return all[i].rank < all[j].rank
		}
		return all[i].name < all[j].name
	})
	var out []string
	for _, f := range all[:min(len(all), 3)] {
		out = append(out, f.name)
	}
	return out
}

func tagRank(f dist.File, minor string) int {
	exact := "cp" + strings.ReplaceAll(minor, ".", "")
	best := 3
	for _, t := range f.Tags() {
		switch {
		case t.Python == exact && t.ABI == exact:
			best = min(best, 0)
		case t.ABI == "abi3":
			best = min(best, 1)
		case t.Platform == "any":
			best = min(best, 2)
		}
	}
	return best
}
