// Package round looks at the merge requests of one project once for package bot: it
// reads their comments and what a decision misses, and carries out what that decides,
// each effect through the journal.
//
// Its one invariant: a pipeline starts only after our comment says that it is to start.
// Stop after any effect: the next look sees what was written and goes on from there.
//
// It judges nothing (package bot does) and starts no pipeline by other means than
// package operation.
package round
