// Package store keeps in SQLite, or in PostgreSQL, what neither GitLab nor an index can give pinwheel
// again: what it wrote last, what people asked for and it has not done yet, what an index answered,
// and who is running.
//
// Its one invariant: every method is one transaction, whole or not at all, and none is open when a
// method returns, so no caller waits while it holds a lock.
//
// A file of SQLite belongs to one machine; several machines may share a database of PostgreSQL. The
// rooms above do not know which it is.
//
// It judges nothing, and nothing in it is needed for safety: without the database pinwheel finds its
// branches and issues again by their content.
package store
