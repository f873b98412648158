// Package page is the status page: what runs stored, for people who only look.
//
// Its invariant: it judges nothing, writes nothing, and shows a reader nothing of a project
// that the reader may not see. Pages are made on the server and need no scripts; every text
// that strangers wrote is escaped by html/template, or rendered without HTML by web/markdown.
package page
