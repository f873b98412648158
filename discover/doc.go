// Package discover finds the projects that the configuration does not list: those of which
// pinwheel's user is a member, that lie in the groups of `discover`, and that have a file
// of their own for pinwheel or a topic.
//
// Its invariant: a project is found and lost by what GitLab says, never because GitLab
// fails. It runs no project, writes nothing, and does not know when it is called.
package discover
