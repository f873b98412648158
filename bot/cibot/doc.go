// Package cibot turns the configuration of CKI's earlier bot (gitlab_ci_bot of cki-tools) into the
// key software of pinwheel's own, with a line for each key that says what became of it, in the form
// of package renovate.
//
// Its one invariant: every key gets a line, and nothing that was refused is in the result.
//
// It reads no file and no server, and does not check whether the projects and pipelines exist.
package cibot
