// Package cibot reads the configuration of CKI's earlier bot (gitlab_ci_bot of cki-tools)
// and says what of it pinwheel does: the key software.bot in pinwheel's own form, and one
// line for each key, in the form of package renovate. No key is passed over.
//
// It asks nobody, and writes nothing of what was refused.
package cibot
