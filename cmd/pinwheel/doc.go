// Pinwheel keeps the pip constraints of GitLab projects moving.
//
// It reads a project's constraints.txt, asks the package index what is newer,
// keeps a dashboard issue with a checkbox for every update, and opens merge
// requests inside a window, or at once where somebody ticks a box.
//
// # Commands
//
//	pinwheel run [PROJECT...]            look at projects once and do what is due
//	pinwheel serve                       do that by the schedule until stopped
//	pinwheel plan [PROJECT...]           say what a run would do, and why
//	pinwheel explain PACKAGE [PROJECT]   say why a pin does not go further
//	pinwheel verify [PROJECT...]         check whether the pins can be installed together
//	pinwheel derive FILE OUT             write the YAML file derived from a constraints file
//	pinwheel validate [CONFIG]           check the configuration
//	pinwheel doctor [PROJECT...]         check token, rights, indexes and windows
//	pinwheel audit [PROJECT]             print who asked and what was done
//	pinwheel history [PACKAGE]           print what was offered and merged, by whom
//	pinwheel health                      say whether the last good runs are recent
//	pinwheel demo                        try it in a browser, without any GitLab
//	pinwheel completion SHELL            print completion for bash, zsh, fish or powershell
//	pinwheel man [COMMAND]               print the manual page of pinwheel or of a command
//	pinwheel version                     print the version
//
// "pinwheel help COMMAND" has the flags. The configuration is pinwheel.yaml in
// the working directory, or what --config names; docs/config.md lists its keys.
//
// # Try it
//
// Without a configuration, a GitLab or a token:
//
//	pinwheel plan --file constraints.txt
//	pinwheel explain boto3 --file constraints.txt
//
// # Exit codes
//
//	0  every decision was carried out; an update that waits for a reason counts
//	1  something failed, is named on stderr, and is tried again by the next run
//	2  the command line or the configuration is wrong
//	3  a project is stopped until a person acts: rights, a malformed file
//
// Of several projects the highest code counts.
//
// # Output
//
// What was asked for goes to stdout, everything else to stderr: one sentence
// for each error, a counter while an index is read if stderr is a terminal, and
// the log, as text on a terminal and as JSON elsewhere. NO_COLOR is heeded.
//
// # Environment
//
//	PINWHEEL_GITLAB_TOKEN            the token, instead of gitlab.token_file
//	PINWHEEL_INDEX_<NAME>_PASSWORD   the password of an index
//	NO_COLOR                         no colour
//
// # A tour of the code
//
// Read downwards; a room never imports one above it. command.go lists the commands,
// each of which is one file; wire.go turns a configuration into a
// reconcile.Runner. Package scheduler says when a project is looked at.
// Package reconcile is one look: it observes GitLab (mrs, dashboard) and the
// index (pypi), lets decide judge, carries the actions out (mrs) and writes the
// dashboard. Both speak through gitlab, the one door: it connects, asks again,
// says what an error means and looks for effects whose answer was lost. Package decide is pure and judges everything: it turns a
// plan.Snapshot into a plan.Plan. Package plan has the nouns of both, on which
// the edges agree; files are read with constraints, and versions with
// python/pep440 and python/pep508. Package store
// keeps in SQLite what nobody else remembers. internal/fake/gitlabsim and
// internal/fake/pypisim are the GitLab and the index that tests talk to.
package main
