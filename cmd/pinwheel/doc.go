// Pinwheel keeps the pip constraints of GitLab projects moving.
//
// It reads a project's constraints.txt, asks the package index what is newer,
// keeps a dashboard issue with a checkbox for every update, and opens merge
// requests inside a window, or at once where somebody ticks a box.
//
// # Commands
//
//	pinwheel run [PROJECT...]             look at projects once and do what is due
//	pinwheel serve                        do that by the schedule, and a minute or two after a tick
//	pinwheel update [PACKAGE...]          move the pins of a file on disk, here and now
//	pinwheel plan [PROJECT...]            say what a run would do, and why
//	pinwheel explain PACKAGE [PROJECT...] say why a pin does not go further
//	pinwheel verify [PROJECT...]          check whether the pins can be installed together
//	pinwheel gates [MR] [PROJECT...]      say how the tests of open merge requests stand
//	pinwheel derive FILE OUT              write the YAML file derived from a constraints file
//	pinwheel validate [CONFIG]            check the configuration
//	pinwheel init [PROJECT]               set pinwheel up for a project, by questions or flags
//	pinwheel doctor [PROJECT...]          say what would keep a run from working, and the next step
//	pinwheel hooks install|check          set up the webhooks by which GitLab wakes pinwheel
//	pinwheel pause [PROJECT...]           change nothing in projects, or in all, until they are resumed
//	pinwheel resume [PROJECT...]          end that
//	pinwheel store backup FILE            copy the database while it is in use
//	pinwheel store copy FROM TO           move it to another one, such as one on PostgreSQL
//	pinwheel audit [PROJECT]              print what was asked and done, and why
//	pinwheel history [PACKAGE]            print what was offered and merged, by whom, and in how long
//	pinwheel health                       say whether the last good runs are recent
//	pinwheel import [FILE]                turn a Renovate configuration into pinwheel's
//	pinwheel adopt [PROJECT...]           take over the dashboard and merge requests of Renovate
//	pinwheel deploy                       in a job: move production to the commit that was tested
//	pinwheel releases [PROJECT]           say what is in production, since when, and how far behind
//	pinwheel rollback [PROJECT]           move production back: one project, or all to an earlier set
//	pinwheel hold PROJECT                 keep the production of a project where it is
//	pinwheel release PROJECT              end that
//	pinwheel prepare COMMAND              install one set of software for every job of a pipeline
//	pinwheel bot [PROJECT...]             test what comments on merge requests of packages ask for
//	pinwheel demo                         try it in a browser, without any GitLab
//	pinwheel completion SHELL             print completion for bash, zsh, fish or powershell
//	pinwheel man [COMMAND]                print the manual page of pinwheel or of a command
//	pinwheel version                      print the version
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
//	1  something failed and is tried again by the next run, or a check (verify,
//	   doctor, health, derive --check) found something
//	2  the command line or the configuration is wrong
//	3  a project is stopped, or a file cannot be used, until a person acts:
//	   rights, a malformed file
//	4  deploy alone: a hold keeps production where it is
//
// Of several projects the highest code counts.
//
// # Output
//
// The answer of a command goes to stdout, everything else to stderr: one sentence
// for each error, a counter while an index is read if stderr is a terminal, and
// the log, as text on a terminal and as JSON elsewhere.
//
// # Environment
//
//	PINWHEEL_GITLAB_TOKEN            the token, instead of gitlab.token_file
//	PINWHEEL_GITLAB_MERGE_TOKEN      a token that merges, instead of gitlab.merge_token_file
//	PINWHEEL_HOOKS_TOKEN             the token that webhooks carry, instead of listen.hooks_token_file
//	PINWHEEL_PAGE_SECRET             the secret of the application that people sign in to, instead of listen.page_secret_file
//	PINWHEEL_GITLAB_MAINTAINER_TOKEN the token with which pinwheel hooks sets webhooks up
//	PINWHEEL_INDEX_<NAME>_PASSWORD   the password of an index
//	PINWHEEL_STORE_PASSWORD          that of a database on a server, instead of store_password_file
//	NO_COLOR                         if it is set, nothing is coloured
//
// # A tour of the code
//
// This is a tour of the rooms from the ground up. A room imports only rooms that
// the tour has passed; internal/check/arch/imports.txt lists the imports, and a test
// compares the list with the code.
//
// Python's grammar is the ground. python/pep440 has versions and specifiers,
// python/pep508 has names, requirements and markers, python/dist has the names of
// wheels and what can install them. python/metadata and python/pyproject read what a
// release or a project requires. These rooms read texts of strangers, run nothing and
// know nothing of pinwheel.
//
// Package text makes strangers' text harmless in GitLab's Markdown; every name,
// version and error that pinwheel publishes passes through it. Package outage
// remembers which servers do not answer, and has words for failures of the network
// that do not change from run to run.
//
// Package constraints reads a constraints file as pip does, finds the bytes of each
// version and changes nothing else. It also makes the derived file,
// the YAML that a pipeline includes.
//
// Package plan has the nouns: a Snapshot is all that a run saw, a Plan is all that it
// concludes. An Update is a set of pins that move together on one branch; it has a
// State, a Reason and a box on the dashboard. An Action is one effect on GitLab.
//
// Package decide is the judgement, and the heart: Decide turns a Snapshot into a
// Plan. For every pin it works out which versions it could move to (candidates),
// which moves go together (decide/solve, which knows what releases require), what is
// on GitLab already (standing), which state that gives (states), and which actions
// follow (effects). decide/bisect says which parts of a red batch to test next.
// Package decide is pure: it has no clock, no network and no error. Where facts are
// missing, the Plan names them as Needs, and the caller fetches them and asks again.
//
// The edges follow; they do not judge. Package pypi asks indexes. Package gitlab is
// the one door to GitLab: it connects, repeats the requests that may be repeated, says
// what an error means, and looks for the effect of a write whose answer was lost.
// Package mrs writes branches and merge requests, and package dashboard the issue:
// Render and Parse are pure, and Attribute works out who ticked a box. Package store
// keeps in SQLite, or in PostgreSQL, what nobody else remembers; if the file is lost, history is lost and
// nothing is done twice. Package journal writes an effect down before it happens and
// again after it.
// Package config reads pinwheel.yaml in layers, so that each setting has a source.
//
// Package reconcile is one run over one project. Start at Runner.Run: observe reads
// GitLab and the index, apply lets Decide judge and carries the actions out,
// publish writes the dashboard. The process may crash after any of these; the next
// run starts from what it sees and comes to the same end.
//
// Package prepare makes one set of software for every job of a pipeline: it locks
// projects to commits, has pip install them, and packs the result. It is a system of
// its own beside the updater, and knows nothing of updates.
//
// Package renovate reads the configuration of Renovate and says what of it pinwheel
// does, key by key. Only pinwheel import asks it.
//
// Package deploy moves the production branches of the projects of a set: forward, back,
// and all of them at once. What it is about to do stands in a project on GitLab, so that
// whoever comes after a crash completes it.
//
// Package bot judges what comments on merge requests of packages ask for, and package
// bot/round looks at a project for it: it starts pipelines with a proposed commit in
// place of a package. It knows nothing of updates, either. Package comment says which
// lines of a comment are commands.
//
// Package web answers who asks from outside: Prometheus, probes, and the webhooks by which
// GitLab says that a project is to be looked at. It writes nothing and believes nothing.
// Package web/page is the status page: what runs stored, for people who only look. Package
// web/signin stands before it and asks GitLab what each of them may read.
//
// Package scheduler says when a project is looked at, and imports no room. Package fleet
// does so for many processes on one database of PostgreSQL.
//
// In this package command.go lists the commands, each command has a file of its own,
// and wire.go turns a configuration into a reconcile.Runner.
//
// internal/fake has what tests and the demo talk to: gitlabsim is a GitLab and
// pypisim an index. Both are HTTP servers with memory. internal/check has the tests
// of the whole program: the stories of testdata/stories (story), simulated months with
// crashes (sim), the real program that is killed (kill), hostile texts and indexes
// (hostile), and pip as the judge of what was offered (oracle).
//
// To see it move: go run ./cmd/pinwheel demo. To follow one decision, read the
// story testdata/stories/tick_on_friday_opens_at_once.txtar, then
// dashboard.Parse, decide.Decide and mrs.Client in that order.
package main
