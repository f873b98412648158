package decide

import (
	"sort"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// environment is one target that a set of pins must fit.
type environment struct {
	python, platform string
	markers          pep508.Environment
}

// newestMinors stand for the Pythons of a policy that names none.
func newestMinors() []string { return []string{"3.11", "3.12", "3.13", "3.14"} }

// environments lists the policy's targets, at most 64 of them.
func environments(p plan.Policy) []environment {
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

// metadataFiles orders the files of a release by how well they stand for what
// pip would install on the first target: the wheel built for it, one for the
// stable ABI, one for every platform, any other wheel, source distributions.
// Yanked files come last, since a pin installs them nonetheless (PEP 592).
func metadataFiles(name string, r *plan.Release, envs []environment) []string {
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
