// Package arch holds the table of who imports whom, and the test that compares
// it with the code, so that an arrow gained or lost shows in review.
//
// Its invariant: imports.txt is what go list says of the files that are built.
// It says nothing of test files, and has no code to import.
package arch
