// Release makes the files of one release in one folder: static binaries in archives,
// wheels for pip and uv, images as OCI layouts, a bill of materials for each binary,
// checksums, provenance and signatures.
//
// Its invariant: the same commit, the same Go and the same key give the same bytes. Every
// time is that of the commit, every list is sorted, and nothing of the machine enters.
//
// It uploads nothing and knows no registry. docs/releasing.md says who does.
package main
