// Package pypi asks package indexes what they hold. Do reads one project's page of the
// Simple API by a conditional request, in its JSON form or in HTML (PEP 503, 592, 629, 658,
// 691, 700, 714, 792). FetchAll and FetchEach read many pages. EncodePackage and
// DecodePackage convert a page to the compact form in which a store keeps it, and back.
// Metadata and FetchMetadata read what releases require, from the metadata beside their
// files or from inside them.
//
// Its invariant is that an answer is whole or an error: a page is read to its end and
// understood, or nothing of it is used. "The index does not know this name" is an answer.
// Silence, a page that is none of the Simple API, and half a page are errors of one
// sentence. Of metadata "nobody can know it" and "it is broken" are answers too, and only a
// server that fails is an error.
//
// It does not choose between releases or files. It follows no redirect of a page to another
// host, and asks for no file at a private address that the operator did not name. It sends
// credentials only to their index, and runs no code of a distribution. A client of ForRun
// remembers, for one run, which hosts answered; otherwise nothing stays between calls.
package pypi
