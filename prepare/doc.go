// Package prepare makes one set of software for every job of a pipeline: it locks projects to
// commits, builds a virtual environment of them under the constraints, packs it, keeps it by key,
// and unpacks it in jobs.
//
// Its one invariant: two jobs with one lock install the same. [MakeLock] resolves each ref once,
// and nothing after that asks a server for a ref. A requirement that would install something that
// is not in the lock is an error.
//
// It is off unless configured. It knows nothing of updates, dashboards and merge requests, and
// chooses no version; the constraints and pip do.
//
// names.go, override.go, giturl.go, lockfile.go, closure.go, key.go, pins.go and usescript.go are
// pure. The edges are git.go and lock.go, pip.go and build.go, pack.go and unpack.go, and
// registry.go with folder.go and prune.go.
package prepare
