// Package decide is pinwheel's judgement: Decide turns a Snapshot of the world
// into a Plan of what to do and what to say about it.
//
// Its one invariant: Decide is total, pure and deterministic. The same
// Snapshot gives the same Plan byte for byte; it reads no clock, does no I/O
// and returns no error. What cannot be done is a State with a Reason.
//
// It does not read or write GitLab, an index or a database, and it renders no
// Markdown: it decides, the edges carry out, dashboard and mrs write.
package decide
