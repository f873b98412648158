// Package prepare makes one set of software for every job of a pipeline: it locks
// projects to commits, builds a virtual environment of them under the constraints,
// packs it, keeps it by key, and unpacks it where it is used.
//
// Its one invariant: what two jobs of one lock install is the same. A ref is resolved
// once, by [Lock]; nothing after that asks a server what a ref is. What would be
// installed from beside the lock is an error with a sentence.
//
// It is off unless configured. It knows no updates, no dashboard and no merge
// request, and decides no version: the constraints do, and pip.
//
// names.go, override.go, giturl.go, lockfile.go, closure.go, key.go, pins.go and
// usescript.go are pure. The edges are git.go and mirror.go, pip.go and build.go,
// pack.go and unpack.go, and registry.go.
package prepare
