// Package arch holds the table of who imports whom, and the test that compares
// it with the code, so that an arrow gained or lost shows in review. Another
// test follows the texts of strangers through dashboard and mrs and finds every
// one that enters a body on GitLab by another door than package text.
//
// Its invariant: imports.txt is what go list says of the files that are built.
// It says nothing of test files, and has no code to import.
package arch
