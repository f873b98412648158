// Package dashboard is the dependency dashboard: the text of one issue, what
// people did to it, and the few calls that find and write it.
//
// Its one invariant: Parse undoes Render. Every box that a page offers is read
// back with its branch, and a box that somebody ticked is never lost between
// two texts: KeepTicks carries it over, Attribute finds it in the notes.
//
// Everything but publish*.go is pure. The package decides nothing: what is
// offered, and whether a tick counts, is plan's; it remembers nothing.
//
// The words of markers and headings are Renovate's, so that a dashboard of its
// is continued and people find what they know; the text between is our own.
package dashboard
