// Package story runs the stories of testdata/stories: txtar scripts in which
// the real scheduler, run, clients and store meet a simulated GitLab and index
// for whole weeks, inside a synctest bubble where that takes milliseconds.
//
// Its invariant is that a story asserts the world (branches, merge requests,
// texts) and never the calls; writes are counted for quiescence alone. Beyond
// what a story says, each must end with every request understood by the
// simulators, every "before" used, every run that was not done looked at,
// constraints.txt and its derived file in step on every branch of ours, and texts
// in plain words, of which a merge request of one package shows 130 at most.
//
// With software.deploy there are the projects of the set, each with a protected branch
// production, the one of the sets, and deploy-bot, whose token deploys.
//
// It tests nothing that needs a socket or a process.
//
// # The form of a story
//
// A story is named as a sentence and begins with a comment that tells it. Its
// files: project/... are those of the first project's default branch, NAME/...
// those of any other project with that last path element, be it a root; world.txt is the
// index's world (package pypisim), pinwheel.yaml the configuration. Each of them
// has a small default. With public.txt, another world, pypi.org is an index of its
// own beside the one of world.txt; with html.txt that one answers in HTML, and
// with files.txt its pages name files there, at "https://HOST". late.txt makes GitLab's answers late, see
// gitlabsim.Options: "lists N branches N reads N", with "notes N" or "notes N rechecks DURATION" behind it if so wished. clock.txt
// says by how much GitLab's clock is ahead, "2m" or "-2m". There are alice (Maintainer), bob (Developer), rita
// (Reporter), stranger (no member) and pinwheel-bot (Developer). Beside it there are renovate-bot, another
// bot, and pinwheel-bot-2, the user of a new token; both are Developers.
//
// Time:
//
//	start TIME           starts the scheduler: a run at once, then every hour
//	at TIME              lets the clock go on to TIME; runs happen on the way
//	watch DURATION       before start: looks at each dashboard that often, as serve does
//	webhook on|lost      before or after start: GitLab sends events to serve, or they get lost on the way
//	forge-webhook N TOKEN  N events of issues of the first project, with a token, printed with their answers
//	pause REASON         what an operator does to the project, as op; resume ends it
//	run                  one run now
//	look                 one look of the bot now, at each of its projects
//	second               one run now that must write nothing
//
// People, each of which may stand behind "!", when it has to fail:
//
//	tick|untick USER TEXT              the one box of the dashboard that holds TEXT
//	tick|untick USER !IID TEXT         the same in a merge request
//	open-page|close-page USER          the dashboard: while it is open, what the user does to its
//	                                   items changes the text as it was then, and sends all of it
//	move-item USER TEXT BEFORE         drags the item that holds TEXT before another one
//	delete-item|convert-item USER TEXT
//	rewrite USER OLD NEW               edits the text of the dashboard
//	flood USER N comments|edits        N of them on the dashboard; an edit is taken back at once
//	mention-from-afar USER             the dashboard, in a place that only USER may see
//	merge|close|reopen|revert USER IID
//	approve|unapprove USER IID
//	thread|resolve USER IID            opens a thread in a merge request, resolves one
//	hold-up USER IID [STATUS]          gives it a detailed_merge_status that is in the way; none: takes it away
//	pipeline USER BRANCH|!IID|!IID/merge STATUS [JOB=STATUS...]
//	by-hand USER BRANCH [KEY=VALUE...]  starts a pipeline by the page, with variables
//	title USER IID TEXT
//	propose USER BRANCH TITLE          opens a merge request of a branch into the default one
//	from-fork USER IID                 it is one of a fork of USER's
//	say USER IID TEXT                  comments on a merge request; \n is a line break
//	reword USER IID OLD NEW            changes the newest comment that holds OLD
//	babble USER IID N TEXT             comments the same N times
//	react USER IID TEXT                an emoji on the newest comment that holds TEXT
//	unsay USER IID TEXT                deletes the newest comment that holds TEXT
//	push USER BRANCH PATH FILE         a commit; FILE from the archive
//	edit USER PATH FILE                the same on the default branch
//	replace USER BRANCH PATH OLD NEW   a commit with OLD made NEW; a branch that is not there begins at the default one
//	delete-branch USER BRANCH
//	label|unlabel USER IID LABEL
//	target USER IID BRANCH             the branch a merge request goes into
//	rename-default BRANCH
//	empty-repository                   nothing was pushed to it yet
//	switch-default BRANCH              another default branch, made where it is not there; the old one stays
//	rebase-button USER IID             of the merge request
//	amend USER BRANCH PATH FILE        the head anew with its message and author, the bot's name as committer, and FILE
//	tag USER NAME [PATH FILE...]       at the default branch's head, or at a commit on no branch with files changed
//	change USER TITLE [BRANCH]         a commit with that title, and its pipeline, whose one job passed
//	move-production USER TITLE         moves the branch production to that commit, beside pinwheel
//	comment USER TEXT                  on the dashboard
//	forge USER BRANCH OLD NEW          the head anew with its author and files, and NEW for OLD in its message
//	describe USER IID TEXT             replaces a merge request's description
//	describe-from USER IID FILE        the same, with a text of the archive
//	page USER FILE                     replaces the text of the dashboard
//	new-issue USER TITLE FILE
//	reopen-issue USER [IID]            the newest dashboard, or that issue
//	rename-issue USER TITLE
//	close-issue|delete-issue|empty-issue|move-issue USER
//	role USER LEVEL                    none, guest, planner, reporter, developer, maintainer, owner
//	user-state USER STATE              active, blocked, banned, ...
//	membership USER active|awaiting|until TIME
//	issues-enabled on|off
//
// The world:
//
//	deploy-job USER [REF [manual]]     the job deploy-production of the newest pipeline of a branch, main, or of
//	                                   refs/merge-requests/IID/head; it prints what came of it
//	redeploy USER TITLE                the job of the pipeline of that commit: again, as the environment page
//	                                   does, or late, if it did not run before
//	rollback USER [TITLE]              of the project, to what it had before or to that commit
//	rollback-set USER NUMBER|previous  of all projects
//	rollback-accept USER
//	hold USER REASON [DAY]
//	release
//	index STATEMENT                    see package pypisim; or: yank|release|remove NAME VERSION [TEXT]
//	fault 'METHOD GLOB WHAT'           of GitLab; see gitlabsim.ParseFault. In GLOB, {NAME} is the
//	                                   number of the project whose path ends in NAME
//	index-fault 'METHOD GLOB WHAT'     of the index
//	calm                               ends every fault
//	token revoke|restore|of USER
//	token merges USER                  a token of USER makes the call that merges, and no other
//	settings WORD...                   ff, rebase_merge, squash=never|always|default_on, approvals=N, threads-resolved,
//	                                   sha-required, pipelines-required, raw-notes, no-issues, no-merge-requests, archived,
//	                                   internal or private, releases=enabled|private|disabled
//	publish TAG TITLE FILE             a release on the project's page, with notes of the archive; FILE may be the text
//	fail-merges N                      the next N merges fail themselves, and nothing is merged
//	hang-merge DURATION [fails]        the next merge takes that long, its merge request is locked meanwhile, and its request gets no answer
//	alter-merge PATH FILE              GitLab's next merge gives PATH that content, whatever was asked for
//	protect|unprotect PATTERN [PUSH MERGE]  branches, for these roles; for Maintainers where none are named
//	ci on|off [INPUT...]               CI/CD, and the inputs that its configuration has
//	script FILE|STATEMENT...           what its configuration does: which pipelines begin, how their jobs end; a
//	                                   statement that is quoted is a line, see gitlabsim.Project.Script
//	settled                            lets the clock go on until every pipeline has ended; runs happen on the way
//	version VERSION                    of GitLab
//	project PATH                       another project, from the folder of its last path element, with bob, alice and
//	                                   the bot, who may merge there
//	forget                             deletes the database
//	configure FILE                     takes another configuration
//	in NAME                            what follows is about another project, whose path ends in NAME
//	before 'METHOD GLOB' COMMAND...    a person acts in the instant before the next such request
//
// What there is, printed for stdout, cmp and grep:
//
//	jobs                               of every pipeline of the project, and commit statuses, oldest first
//	given                              what pipelines were started with over the API, oldest first
//	mrs  branches  pipelines  issue  issues  show BRANCH PATH  diff BRANCH  log BRANCH
//	notes [issue|mr IID]  mr IID
//	renovate-sees [ignored=ADDRESS...] [any-author]
//	                                   what Renovate recognises as its own when it is started again; ignored is its
//	                                   gitIgnoredAuthors, any-author its ignorePrAuthor
//	compare                            what Renovate and pinwheel would do differently, as plan --compare
//	releases  sets  environment        what is in production, with the titles of commits in place of their names
//	size                               the words and bytes of the dashboard: words are what is between
//	                                   blanks, marks and folds as well
//	exit                               the last run's status and failures
//	troubles                           every run that was not done since the last such question
//	runs                               how many there were since the last such question
//	reads                              how many requests read in the last hour, and which
//	writes [since=TIME]                requests to GitLab that write
package story
