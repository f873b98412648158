// Package fleet makes the runs of many processes on one database of PostgreSQL: each look at a
// project is a job of River, which any of the processes takes.
//
// Its one invariant: what was asked for is looked at after it was asked. A wake is written down in
// the transaction that adds its job, and a look clears only what it began with. A job that is
// lost, comes twice or comes late changes nothing: the row of the project says what is due.
//
// It keeps no run from another: the lease in package store does. It has no leader, no queue and no
// locks of its own. In one process without a server package scheduler does the same work.
package fleet
