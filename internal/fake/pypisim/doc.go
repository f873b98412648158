// Package pypisim is a package index for tests and the demo: the JSON form of
// the Simple API (PEP 691, 700, 792) over small worlds of text, recorded pages
// or generated ones, the files and the metadata of their releases, with faults
// by route and count.
//
// Its invariant is that what it shows follows from its world and its clock: a
// release is there once its upload time has come, a file is there while its
// page lists it, and the same instant gives the same bytes and the same ETag.
// Nothing is random and nothing is made up beyond addresses of files and, for
// a release that says nothing of its metadata and has a wheel, the digests and
// sizes of its files; what such a file's .metadata has on the page is true, as
// is all the rest where Options.Files is set.
//
// Files are tiny but real: a wheel or a source distribution of one empty
// module, made when it is first asked for or its digest is shown. The files of
// recorded pages are not served, and of generated ones only the metadata. It
// has no HTML form and takes no uploads.
package pypisim
