// Package releasenotes reads what the repositories of packages publish about releases: those of the configured GitLab
// with pinwheel's token, and those on hosts that the operator named without any token.
//
// Its invariant: a stranger, who chooses the addresses in the metadata of a release, chooses nothing that pinwheel's token
// alone can read. On the configured GitLab only what everybody may read is read, and what lies in projects and groups that
// the operator named. No other host is asked for but the named ones.
//
// It does not make the texts harmless, which package text does where they are shown; it keeps nothing, and no decision
// depends on it.
package releasenotes
