// Package pypi asks package indexes what they hold: Fetch reads one project's
// page of the Simple API in its JSON form (PEP 503, 629, 691, 700, 792) with a
// conditional request, FetchAll many of them, and EncodePackage and
// DecodePackage are the compact form in which a store keeps the answers.
//
// Its invariant is that an answer is whole or an error: a page is read to its
// end and understood, or nothing of it is used. "The index does not know this
// name" is an answer; silence, HTML and half a page are errors of one sentence.
//
// It does not choose between releases, does not read metadata or the HTML
// form, follows nobody to another host, and remembers nothing between calls.
package pypi
