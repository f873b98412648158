// Package pypi asks package indexes what they hold: Fetch reads one project's
// page of the Simple API, in its JSON form or else in HTML (PEP 503, 592, 629,
// 658, 691, 700, 714, 792), with a conditional request, FetchAll many of them, and EncodePackage and
// DecodePackage are the compact form in which a store keeps the answers.
// Metadata and FetchMetadata read what releases require, from the metadata
// beside their files or from inside them.
//
// Its invariant is that an answer is whole or an error: a page is read to its
// end and understood, or nothing of it is used. "The index does not know this
// name" is an answer; silence, HTML and half a page are errors of one sentence.
// So it is with metadata: "nobody can know it" and "it is broken" are answers,
// kept for good, and only a server that fails is an error.
//
// It does not choose between releases or files, does not read the HTML form,
// follows a page to no other host and a file to no private address that the
// operator did not name, sends credentials to none but the index's,
// runs no code of a distribution, and remembers nothing between calls.
package pypi
