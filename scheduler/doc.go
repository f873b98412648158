// Package scheduler decides when a project has a run: by a cron spec, and at once when somebody
// triggers it.
//
// Its one invariant: a project has at most one run at a time, whatever its RunFunc does. Runs of
// different projects do not wait for each other.
//
// It does not know what a run does, and keeps nothing across restarts. It has no clock to replace:
// it calls time.Now, and tests run in a synctest bubble.
package scheduler
