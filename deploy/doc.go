// Package deploy moves the production branches of the projects of a set of software: a
// deployment moves one, a rollback one or all of them. It records each as a set, and
// keeps sets, holds and what is under way in one project on GitLab.
//
// Its one invariant: a production branch is only ever at a commit that somebody asked
// for. Every move names the head that it replaces, so that the server compares and
// swaps. What is to be moved is stored on GitLab before it is moved, so that whoever
// comes after a crash completes it, and nobody begins anything beside it.
//
// It builds nothing, tests nothing and resolves no version. It writes no branch but the
// production branches and the one of the sets, and never deletes one. It knows nothing
// of updates, dashboards and merge requests.
//
// state.go, set.go and judge.go are pure. The edges are ledger.go, which reads and
// writes what is kept, run.go, which moves branches, and job.go, which asks GitLab what a
// job deploys.
package deploy
