// Package plan holds the nouns of pinwheel: what a run knows (Snapshot, Policy,
// Package, MergeRequest), what it does about it (Plan, Update, Action), and the
// words that tie the two to GitLab (State and its table, branch names,
// Trailers, the digests that prove a branch).
//
// Its one invariant: a value of this package means the same everywhere. Its
// methods read the value alone: no clock, no I/O, no memory.
//
// It does not judge. Which update goes where is the work of package decide; the
// edges fill a Snapshot and carry a Plan out, and dashboard and mrs write it.
package plan
