// Package round makes one round over the merge requests of one project for package bot: it reads
// their comments and the facts that a decision needs, and carries out the plan, each effect through
// the journal.
//
// Its one invariant: a pipeline starts only after our comment says that it will. Stop after any
// effect: the next round sees what was written and goes on from there.
//
// It judges nothing, which package bot does, and starts pipelines only through package operation.
package round
