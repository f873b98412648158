// Package pypisim is a package index for tests and the demo: the JSON form of
// the Simple API (PEP 691, 700, 792) over small worlds of text, recorded pages
// or generated ones, with faults by route and count.
//
// Its invariant is that what it shows follows from its world and its clock: a
// release is there once its upload time has come, and the same instant gives
// the same bytes and the same ETag. Nothing is random and nothing is made up
// beyond digests, sizes and addresses of files.
//
// It serves no files, no metadata and no HTML form, and takes no uploads.
package pypisim
