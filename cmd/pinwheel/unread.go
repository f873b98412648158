package main

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// unread says why no package of a project could be read, each reason once; it is
// empty where one was read in this run or an earlier one, and where none was asked
// for.
func (s seen) unread() string {
	var why []string
	for _, pkg := range s.Snapshot.Packages {
		if pkg.HasFacts || pkg.Failure == "" {
			return ""
		}
		why = append(why, plan.SpokenIndex(pkg.Index)+" could not be read: "+pkg.Failure)
	}
	slices.Sort(why) // 1. by index; 2. by reason
	why = slices.Compact(why)
	if len(why) > 3 {
		why = append(why[:3], "and more")
	}
	return strings.Join(why, "; ")
}

// notRead says of n pins at once that none was checked or judged.
func notRead(n int, done, why string) string {
	if n == 1 {
		return "the only pin was not " + done + ": " + why
	}
	return fmt.Sprintf("none of the %d pins was %s: %s", n, done, why)
}
