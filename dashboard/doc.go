// Package dashboard is the dependency dashboard: the text of one issue, what
// people did to it, and the few calls that find and write it.
//
// Its one invariant: Parse undoes Render. Every box that a page offers is read
// back with its branch, and a box that somebody ticked is never lost between
// two texts: KeepTicks carries it over, Attribute finds it in the notes.
//
// Everything but publish*.go is pure. The package decides nothing and remembers
// nothing: package decide says what is offered and whether a tick counts.
//
// Markers and headings have Renovate's words, so that a dashboard of Renovate's can be
// continued and people recognise it. All other text is our own.
package dashboard
